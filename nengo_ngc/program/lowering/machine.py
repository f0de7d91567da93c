"""What compiled timesteps need besides the functions of ``xp``."""

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
        Samples that are simulated at once.
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
        """Return what a Python function makes of arrays, in the order of the timesteps.

        Parameters
        ----------
        function : callable
            It is given NumPy arrays, and returns one.
        shape : sequence of int
            Shape of what it returns.
        *arrays
        """

    @abstractmethod
    def uniform(self, shape: Sequence[int]) -> Array:
        """Return random numbers from 0 to below 1, others in each call and timestep."""

    @abstractmethod
    def poisson(self, mean: Array) -> Array:
        """Return random numbers of a Poisson distribution with this mean, as floats."""

    @abstractmethod
    def convolve(
        self,
        x: Array,
        kernel: Array,
        strides: Sequence[int],
        padding: Sequence[tuple[int, int]],
        dilation: Sequence[int],
        groups: int,
    ) -> Array:
        """Return the cross-correlation of images with a kernel.

        Parameters
        ----------
        x : (b, ..., channels) array
            With one axis for each dimension of space.
        kernel : (..., channels / groups, filters) array
        strides : sequence of int
            Of the kernel, for each axis in space.
        padding : sequence of (int, int)
            Zeros before and after the image, for each axis in space. Negative numbers take
            pixels away.
        dilation : sequence of int
            Distance of the pixels of x, between which there are zeros.
        groups : int
            Into so many groups channels and filters are divided.
        """
