"""Derivatives of activation functions by their input current."""

import nengo
from nengo.exceptions import ValidationError
from nengo.neurons import NeuronType

from ..validation import CallableParam, InstanceParam, SubclassParam, checked
from .pointwise import Identity

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
        "give yours to nengo_ngc.neurons.derivatives.register_derivative",
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
