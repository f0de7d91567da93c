r"""Latent states, and derivatives of activation functions."""

import nengo
import numpy as np
from nengo.ensemble import Neurons
from nengo.exceptions import ValidationError
from nengo.neurons import NeuronType

from .arguments import checked
from .params import (
    CallableParam,
    FiniteParam,
    InstanceParam,
    PositiveParam,
    SubclassParam,
)
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
        return self.activity(np, self.current(x, gain, bias))

    def step(self, dt, J, output):
        """The activity of one timestep."""
        output[...] = self.activity(np, J[None])[0]


class Identity(Pointwise):
    """Neurons whose activity is their input: predictions and errors as they are."""

    def activity(self, xp, J):
        return J


class LatentState(_Linear):
    r"""States that settle on an explanation of the input: leaky integrators.

    .. math::
        v &\leftarrow m v + J - \gamma z - \lambda\,\mathrm{sign}(z) \\
        z &\leftarrow z + \beta v

    once a timestep, starting from rest (v = 0) at the first timestep of each presentation.
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
    start : nengo.ensemble.Neurons, optional
        Neurons, created before, whose activity is what the states start from, instead
        of from rest.
    held : nengo.ensemble.Neurons, optional
        One neuron, created before; where its activity is above 0, the states stay as they are.
    momentum : float, optional
        m, at least 0 and below 1: the part of the last timestep's movement that goes on.
        States come :math:`1 / (1 - m)` times as far in as many timesteps.

    References
    ----------
    Ororbia & Kifer 2022, Nature Communications 13, 2064, equation 1; Polyak 1964, "Some
    methods of speeding up the convergence of iteration methods", of momentum.
    """

    beta = PositiveParam("beta")
    leak = FiniteParam("leak", low=0)
    prior = FiniteParam("prior", low=0)
    schedule = InstanceParam("schedule", Schedule)
    start = InstanceParam("start", Neurons, optional=True)
    held = InstanceParam("held", Neurons, optional=True)
    momentum = FiniteParam("momentum", low=0, high=1, high_open=True)

    def __init__(
        self,
        beta=0.1,
        leak=0.001,
        prior=0.0,
        schedule=None,
        start=None,
        held=None,
        momentum=0.0,
    ):
        super().__init__()
        self.beta = beta
        self.leak = leak
        self.prior = prior
        self.schedule = Schedule() if schedule is None else schedule
        self.start = start
        self.held = held
        self.momentum = momentum

    def move(self, xp, z, v, drive, step, start=0.0, held=None):
        """The states and their velocity after one timestep."""
        force = drive - self.leak * z
        if self.prior > 0:
            force = force - self.prior * xp.sign(z)
        v = self.momentum * v + force if self.momentum > 0 else force
        moved = z + self.beta * v
        if held is not None:
            moved = xp.where(held > 0, z, moved)
        first = self.schedule.is_first(step)
        return xp.where(first, start, moved), xp.where(first, xp.zeros_like(v), v)


# --- derivatives

_SMOOTHING = 0.02  # of the threshold of spiking LIF neurons, in units of input current


def _step_function(xp, J, neurons):
    return xp.where(J >= 0, neurons.amplitude * xp.ones_like(J), xp.zeros_like(J))


def _sigmoid(xp, J, neurons):
    return 0.25 * (1 - xp.tanh(0.5 * J) ** 2) / neurons.tau_ref


def _tanh(xp, J, neurons):
    return (1 - xp.tanh(J) ** 2) / neurons.tau_ref


def _lif_rate(xp, J, neurons):
    fires = J > 1
    j = xp.where(fires, J - 1, xp.ones_like(J))
    return xp.where(fires, _lif_slope(xp, j, neurons), xp.zeros_like(J))


def _lif(xp, J, neurons):
    x = (J - 1) / _SMOOTHING
    j = _SMOOTHING * (xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x))))
    # so far below the threshold, 1 / j**2 would overflow
    far = j < 1e-8
    slope = _lif_slope(xp, xp.where(far, xp.ones_like(j), j), neurons)
    slope = slope * 0.5 * (1 + xp.tanh(0.5 * x))
    return xp.where(far, xp.zeros_like(j), slope)


def _lif_slope(xp, j, neurons):
    period = neurons.tau_ref + neurons.tau_rc * xp.log1p(1 / j)
    return neurons.amplitude * neurons.tau_rc / (period**2 * j * (j + 1))


def _of_base_type(xp, J, neurons):
    return neurons.amplitude * derivative(neurons.base_type)(xp, J)


_DERIVATIVES = {
    Identity: lambda xp, J, neurons: xp.ones_like(J),
    nengo.RectifiedLinear: _step_function,  # SpikingRectifiedLinear is one of them
    nengo.Sigmoid: _sigmoid,
    nengo.Tanh: _tanh,
    nengo.LIFRate: _lif_rate,
    nengo.AdaptiveLIFRate: _lif_rate,
    nengo.LIF: _lif,
    nengo.AdaptiveLIF: _lif,
    nengo.neurons.RatesToSpikesNeuronType: _of_base_type,
}


@checked(InstanceParam("neuron_type", NeuronType))
def derivative(neuron_type):
    r"""The derivative of an activation function by its input current.

    ========================  ====================================================
    RectifiedLinear           a step at 0, where it is 1: states that start at rest
                              could not leave it otherwise
    Sigmoid, Tanh             exact
    LIFRate, AdaptiveLIFRate  exact, 0 up to the threshold
    SpikingRectifiedLinear,   surrogate: that of their rates
    RegularSpiking,
    StochasticSpiking,
    PoissonSpiking
    LIF, AdaptiveLIF          surrogate: that of their rates with a threshold
                              smoothed over 0.02 (Hunsberger & Eliasmith 2015,
                              arXiv 1510.08829)
    ========================  ====================================================

    Of adaptive neurons it is taken at the current less the adaptation.

    Parameters
    ----------
    neuron_type : nengo.neurons.NeuronType

    Returns
    -------
    callable
        Takes ``(xp, J)``.

    Raises
    ------
    nengo.exceptions.ValidationError
        If no derivative is known for this type.
    """
    for kind in type(neuron_type).__mro__:
        if kind in _DERIVATIVES:
            function = _DERIVATIVES[kind]
            if kind is nengo.neurons.RatesToSpikesNeuronType:
                derivative(neuron_type.base_type)  # raises now rather than later
            return lambda xp, J: function(xp, J, neuron_type)
    known = ", ".join(sorted(kind.__name__ for kind in _DERIVATIVES))
    raise ValidationError(
        f"no derivative is known for {type(neuron_type).__name__}; known are {known}; "
        "give yours to nengo_ngc.neurons.register_derivative",
        attr="neuron_type",
    )


@checked(SubclassParam("kind", NeuronType), CallableParam("function"))
def register_derivative(kind, function):
    """Say how the activity of a neuron type changes with its input current.

    Parameters
    ----------
    kind : type
        A subclass of `nengo.neurons.NeuronType`. Types derived from it, too, use the
        derivative, unless they have one of their own.
    function : callable
        ``function(xp, J, neuron_type)`` returns an array of the shape of the currents
        ``J``, made by operators and functions of the namespace ``xp``: the derivative
        of rates, or a surrogate of it, with the neuron type's parameters at hand.

    Raises
    ------
    nengo.exceptions.ValidationError
        If ``kind`` is not a neuron type, or ``function`` cannot be called.
    """
    _DERIVATIVES[kind] = function


def adaptation_before(neurons, dt, adaptation, activity):
    r"""The adaptation that neurons started a timestep with, from what it ended with.

    Inverts :math:`n \leftarrow n + \frac{dt}{\tau_n} (inc_n\, a - n)`, since Nengo
    overwrites n before anything else can read it.
    """
    k = dt / neurons.tau_n
    return (adaptation - k * neurons.inc_n * activity) / (1 - k)
