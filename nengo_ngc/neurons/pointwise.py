"""Neurons whose activity is a function of their input of the moment."""

import numpy as np
from nengo.neurons import NeuronType

from ..namespace import NUMPY


class _Linear(NeuronType):
    """Neurons that take their input as it is: gain 1, bias 0."""

    negative = True
    spiking = False

    def gain_bias(self, max_rates, intercepts):
        """Gain 1 and bias 0, whatever is asked for."""
        return np.ones_like(max_rates), np.zeros_like(max_rates)

    def max_rates_intercepts(self, gain, bias):
        """The inverse of ``gain_bias``."""
        return np.ones_like(gain), np.zeros_like(gain)

    def rates(self, x, gain, bias):
        """The input current."""
        return self.current(x, gain, bias)


class Pointwise(_Linear):
    """Neurons whose activity depends on nothing but the ensemble's input of the moment.

    ``activity`` is a pure function, like a rule's ``update``, and runs on every backend.
    """

    def activity(self, xp, J):
        """The activity of neurons for input currents, both (batch, n_neurons)."""
        raise TypeError(f"{type(self).__name__} needs a method activity(self, xp, J)")

    def check(self, n_neurons):
        """Raise a ValidationError if an ensemble cannot have so many neurons."""

    def rates(self, x, gain, bias):
        """The activity for inputs before gain and bias, (n_samples, n_neurons)."""
        return self.activity(NUMPY, self.current(x, gain, bias))

    def step(self, dt, J, output):
        """The activity of one timestep."""
        output[...] = self.activity(NUMPY, J[None])[0]


class Identity(Pointwise):
    """Neurons whose activity is their input: predictions and errors as they are."""

    def activity(self, xp, J):
        return J
