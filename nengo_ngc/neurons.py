r"""Latent states, and derivatives of activation functions."""

import nengo
import numpy as np
from nengo.exceptions import ValidationError
from nengo.neurons import NeuronType
from nengo.params import NumberParam

from .params import InstanceParam
from .schedule import Schedule


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


class Identity(_Linear):
    """Neurons whose activity is their input: predictions and errors as they are."""

    def step(self, dt, J, output):
        """Copy the input."""
        output[...] = J


class LatentState(_Linear):
    r"""States that settle on an explanation of the input: leaky integrators.

    .. math:: z \leftarrow z + \beta \bigl(J - \gamma z - \lambda\,\mathrm{sign}(z)\bigr)

    once a timestep, starting from rest at the first timestep of each presentation.
    The input J reaches them with the delay of one timestep (``synapse=0``), so what
    is left of the previous presentation is ignored at the first one.

    Parameters
    ----------
    beta : float, optional
        Step size of inference.
    leak : float, optional
        Decay :math:`\gamma`.
    prior : float, optional
        Strength :math:`\lambda` of the Laplace prior, 0 for none.
    schedule : Schedule, optional
        When presentations begin.

    References
    ----------
    Ororbia & Kifer 2022, Nature Communications 13, 2064, equation 1.
    """

    beta = NumberParam("beta", low=0, low_open=True, readonly=True)
    leak = NumberParam("leak", low=0, readonly=True)
    prior = NumberParam("prior", low=0, readonly=True)
    schedule = InstanceParam("schedule", Schedule)

    def __init__(self, beta=0.1, leak=0.001, prior=0.0, schedule=None):
        super().__init__()
        self.beta = beta
        self.leak = leak
        self.prior = prior
        self.schedule = Schedule() if schedule is None else schedule

    def move(self, xp, z, drive, step):
        """The states after one timestep."""
        force = drive - self.leak * z
        if self.prior > 0:
            force = force - self.prior * xp.sign(z)
        moved = z + self.beta * force
        return xp.where(self.schedule.is_first(step), 0.0, moved)


_DERIVATIVES = {
    Identity: lambda xp, J: xp.ones_like(J),
    nengo.RectifiedLinear: lambda xp, J: xp.where(
        J >= 0, xp.ones_like(J), xp.zeros_like(J)
    ),
    nengo.Tanh: lambda xp, J: 1 - xp.tanh(J) ** 2,
    nengo.Sigmoid: lambda xp, J: 0.25 * (1 - xp.tanh(0.5 * J) ** 2),
}


def derivative(neuron_type):
    """The derivative of an activation function by its input current.

    Parameters
    ----------
    neuron_type : nengo.neurons.NeuronType
        Of unit amplitude: the derivative of relu, tanh or the logistic function.

    Returns
    -------
    callable
        Takes ``(xp, J)``. The derivative of relu at 0 is 1, as in the original
        programs: states that start at rest could not leave it otherwise.

    Raises
    ------
    nengo.exceptions.ValidationError
        If no derivative is known for this type.
    """
    for kind in type(neuron_type).__mro__:
        if kind in _DERIVATIVES:
            return _DERIVATIVES[kind]
    known = ", ".join(sorted(kind.__name__ for kind in _DERIVATIVES))
    raise ValidationError(
        f"no derivative is known for {type(neuron_type).__name__}; "
        f"known are {known}",
        attr="neuron_type",
    )
