"""The functions that compiled timesteps need in addition to those of ``xp``."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from ...namespace import Array


class Machine(ABC):
    """The primitives of one timestep on a compiled backend.

    Attributes
    ----------
    xp : module
        The functions that `nengo_ngc.namespace` lists. Its ``training`` is a Python boolean.
    dtype : numpy.dtype
        Floating-point type of the simulation.
    n_samples : int
        Number of samples that are simulated at once.
    """

    xp: ModuleType
    dtype: Any
    n_samples: int

    @abstractmethod
    def choose(self, condition: Array, then: Callable, otherwise: Callable) -> Any:
        """Return ``then()`` where a condition holds, else ``otherwise()``.

        Only one of the two is computed. Both return arrays of the same shapes, in the same
        dictionary.
        """

    @abstractmethod
    def on_host(self, function: Callable, shape: Sequence[int], *arrays: Array) -> Array:
        """Call a Python function with arrays, in the order of the timesteps.

        Parameters
        ----------
        function : callable
            A function of NumPy arrays that returns a NumPy array.
        shape : sequence of int
            Shape of the array that the function returns.
        *arrays
        """

    @abstractmethod
    def uniform(self, shape: Sequence[int]) -> Array:
        """Return uniform random numbers of at least 0 and below 1, new ones in each call."""

    @abstractmethod
    def normal(self, shape: Sequence[int]) -> Array:
        """Return standard normal random numbers, new ones in each call."""

    @abstractmethod
    def poisson(self, mean: Array) -> Array:
        """Return random numbers from a Poisson distribution with this mean, as floats."""
