"""Derivatives of activation functions with respect to their input current."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import nengo
from nengo.exceptions import ValidationError
from nengo.neurons import NeuronType

from ..namespace import Array
from ..validation import CallableParam, InstanceParam, SubclassParam, checked
from .activations import GELU, HardTanh, LeakyRectifiedLinear
from .functions import indicator, logistic
from .pointwise import Identity

_SMOOTHING = 0.02  # of the threshold of spiking LIF neurons, in units of input current


def _step_function(xp, J, neurons):
    return neurons.amplitude * indicator(xp, J >= 0, J)


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
    slope = slope * logistic(xp, x)
    return xp.where(far, xp.zeros_like(j), slope)


def _lif_slope(xp, j, neurons):
    period = neurons.tau_ref + neurons.tau_rc * xp.log1p(1 / j)
    return neurons.amplitude * neurons.tau_rc / (period**2 * j * (j + 1))


def _of_base_type(xp, J, neurons):
    return neurons.amplitude * derivative(neurons.base_type)(xp, J)


def _own(xp, J, neurons):
    return neurons.derivative(xp, J)


_DERIVATIVES = {
    Identity: lambda xp, J, neurons: xp.ones_like(J),
    GELU: _own,
    HardTanh: _own,
    LeakyRectifiedLinear: _own,
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
def derivative(neuron_type: NeuronType) -> Callable[[Any, Array], Array]:
    r"""Return the derivative of a neuron type's activity with respect to its input current.

    ========================  ====================================================
    RectifiedLinear           a step from 0 to 1; it is 1 at an input of 0, since
                              states that start from 0 could not move otherwise
    LeakyRectifiedLinear      exact, and 1 at an input of 0
    HardTanh                  exact, and 1 at inputs of -1 and 1
    Sigmoid, Tanh, GELU       exact
    LIFRate, AdaptiveLIFRate  exact, and 0 up to the threshold
    SpikingRectifiedLinear,   that of their rates, as a surrogate
    RegularSpiking,
    StochasticSpiking,
    PoissonSpiking
    LIF, AdaptiveLIF          that of their rates with a threshold smoothed over
                              0.02, as a surrogate (Hunsberger & Eliasmith 2015,
                              arXiv 1510.08829)
    ========================  ====================================================

    For adaptive neurons it is evaluated at the input current minus the adaptation.

    Parameters
    ----------
    neuron_type : nengo.neurons.NeuronType

    Returns
    -------
    callable
        ``function(xp, J)`` returns the derivative at the input currents J, an array of the
        same shape.

    Raises
    ------
    nengo.exceptions.ValidationError
        If no derivative is known for this type.
    """
    base = _known_base(neuron_type)
    if base is None:
        known = ", ".join(sorted(base.__name__ for base in _DERIVATIVES))
        raise ValidationError(
            f"no derivative is known for {type(neuron_type).__name__}; known are {known}; "
            "give yours to nengo_ngc.neurons.derivatives.register_derivative",
            attr="neuron_type",
        )
    if base is nengo.neurons.RatesToSpikesNeuronType:
        derivative(neuron_type.base_type)  # raises now rather than later
    return _Derivative(neuron_type)


def _known_base(neuron_type):
    """The class that the derivative of a neuron type is registered for, or None."""
    kind = type(neuron_type)
    base = next((base for base in kind.__mro__ if base in _DERIVATIVES), None)
    if base is None or neuron_type.spiking or kind.step is base.step:
        return base
    return None  # it computes another function than its base class


@dataclass(frozen=True)
class _Derivative:
    """The derivative of one neuron type; it can be pickled, whatever is registered."""

    neuron_type: NeuronType

    def __call__(self, xp: Any, J: Array) -> Array:
        return _DERIVATIVES[_known_base(self.neuron_type)](xp, J, self.neuron_type)


@checked(SubclassParam("kind", NeuronType), CallableParam("function"))
def register_derivative(
    kind: type[NeuronType], function: Callable[[Any, Array, NeuronType], Array]
) -> None:
    """Register the derivative of a neuron type's activity by its input current.

    Parameters
    ----------
    kind : type
        A subclass of `nengo.neurons.NeuronType`. Classes derived from it use the same
        derivative, unless they have one of their own. A class that does not spike and
        overrides ``step`` computes another function, and needs its own derivative.
    function : callable
        ``function(xp, J, neuron_type)`` returns an array of the shape of the input currents
        ``J``. It is the derivative of the rates, or a surrogate of it, and it is written
        with the functions of ``xp`` (see `nengo_ngc.namespace`). ``neuron_type`` is the
        instance, with its parameters.

    Raises
    ------
    nengo.exceptions.ValidationError
        If ``kind`` is not a class of neuron types, or ``function`` cannot be called.
    """
    _DERIVATIVES[kind] = function


def adaptation_before(
    neurons: NeuronType, dt: float, adaptation: Array, activity: Array
) -> Array:
    r"""Return the adaptation at the start of a timestep, given its value at the end.

    It inverts :math:`n \leftarrow n + \frac{dt}{\tau_n} (inc_n\, a - n)`, since Nengo
    overwrites n before anything else can read it.

    Parameters
    ----------
    neurons : nengo.neurons.NeuronType
        An adaptive neuron type, which has ``tau_n`` and ``inc_n``.
    dt : float
        Length of a timestep, in seconds.
    adaptation, activity : (batch, n_neurons) arrays
        The adaptation n and the activity a at the end of the timestep.

    Returns
    -------
    (batch, n_neurons) array
    """
    k = dt / neurons.tau_n
    return (adaptation - k * neurons.inc_n * activity) / (1 - k)
