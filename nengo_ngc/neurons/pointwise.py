"""Neurons whose activity is a function of their present input."""

from typing import Any

import numpy as np
from nengo.neurons import NeuronType
from numpy.typing import ArrayLike, NDArray

from ..namespace import NUMPY, Array


class _Linear(NeuronType):
    """Neurons that take their input as it is, with a gain of 1 and a bias of 0."""

    negative = True
    spiking = False

    def gain_bias(
        self, max_rates: ArrayLike, intercepts: ArrayLike
    ) -> tuple[NDArray, NDArray]:
        """Return gains of 1 and biases of 0, whatever is asked for."""
        return np.ones_like(max_rates), np.zeros_like(max_rates)

    def max_rates_intercepts(
        self, gain: ArrayLike, bias: ArrayLike
    ) -> tuple[NDArray, NDArray]:
        """Return the inverse of ``gain_bias``."""
        return np.ones_like(gain), np.zeros_like(gain)

    def rates(self, x: ArrayLike, gain: ArrayLike, bias: ArrayLike) -> NDArray:
        """Return the input current."""
        return self.current(x, gain, bias)


class Pointwise(_Linear):
    """Base class of neurons whose activity depends on the present input only.

    Subclasses write ``activity``, a pure function like the ``update`` of a rule, which runs on
    every backend.
    """

    def activity(self, xp: Any, J: Array) -> Array:
        """Return the activity of the neurons.

        Parameters
        ----------
        xp : namespace
            The functions to compute with, see `nengo_ngc.namespace`.
        J : (batch, n_neurons) array
            Input currents.

        Returns
        -------
        (batch, n_neurons) array
        """
        raise TypeError(f"{type(self).__name__} needs a method activity(self, xp, J)")

    def check(self, n_neurons: int) -> None:
        """Raise a ValidationError if an ensemble cannot have this number of neurons."""

    def rates(self, x: ArrayLike, gain: ArrayLike, bias: ArrayLike) -> NDArray:
        """Return the activity for inputs before gain and bias, (n_samples, n_neurons)."""
        return self.activity(NUMPY, self.current(x, gain, bias))

    def step(self, dt: float, J: NDArray, output: NDArray) -> None:
        """Write the activity of one timestep into ``output``."""
        output[...] = self.activity(NUMPY, J[None])[0]


class Identity(Pointwise):
    """Neurons whose activity is their input, such as predictions and errors."""

    def activity(self, xp: Any, J: Array) -> Array:
        """Return the input currents, see `.Pointwise.activity`."""
        return J
