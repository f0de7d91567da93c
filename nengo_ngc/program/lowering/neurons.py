"""Lowers neuron types: one timestep of each, as a pure function of arrays."""

from collections.abc import Callable
from functools import partial
from typing import Any

import nengo
import numpy as np
from nengo.builder.neurons import SimNeurons
from nengo.exceptions import BuildError

from ...namespace import Array
from ...neurons import Pointwise
from .registry import lowers
from .values import Values

Step = Callable[..., tuple[Array, dict[str, Array]]]

STEPS: dict[type[nengo.neurons.NeuronType], Step] = {}
RATES: dict[type[nengo.neurons.NeuronType], Step] = {}


def steps(
    *types: type[nengo.neurons.NeuronType], rate: Step | None = None
) -> Callable[[Step], Step]:
    """Register the function that computes one timestep of some neuron types.

    The function is called with ``(neurons, values, J, **state)``, and returns the output and a
    dict of the new state. Other neuron types run in Python, sample by sample, which is much
    slower. Subclasses that inherit the method ``step`` need no function of their own.

    Parameters
    ----------
    *types : subclasses of nengo.neurons.NeuronType
    rate : callable, optional
        A function with the same arguments for neurons that spike, which have no gradient. It
        computes their rates, which replace the spikes while a model is trained by gradients.
        States that it does not return do not change.
    """

    def register(function: Step) -> Step:
        for neuron_type in types:
            STEPS[neuron_type] = function
            if rate is not None:
                RATES[neuron_type] = rate
        return function

    return register


def step_of(neurons: nengo.neurons.NeuronType, training: bool = False) -> Step | None:
    """Return the function that is registered for neurons, or None if there is none.

    A subclass that inherits the method ``step`` uses the function of its base class.
    """
    known = RATES if training and neurons.spiking else STEPS
    for cls in type(neurons).__mro__:
        if cls in known:
            return known[cls] if type(neurons).step is cls.step else None
    return None


@lowers(
    SimNeurons,
    keeps=lambda op: [*op.state.values()],
    calls_python=lambda op: step_of(op.neurons) is None,
)
def lower_neurons(op: SimNeurons, values: Values) -> None:
    """``output, state = step(J, state)``; neurons without a function run in Python."""
    training = values.xp.training
    step = step_of(op.neurons, training)
    if step is None and training:
        raise BuildError(
            f"{op.neurons} cannot be trained by gradients; a function, or a rate for neurons "
            "that spike, that is registered by nengo_ngc.program.lowering.steps would allow it"
        )
    state = {name: values[signal] for name, signal in op.state.items()}
    if step is None:
        output, state = _step_in_python(op, values, values[op.J], state)
    else:
        output, state = step(op.neurons, values, values[op.J], **state)
    values.set(op.output, output)
    for name, array in state.items():
        values.set(op.state[name], array)


def _step_in_python(op, values, J, state):
    arrays = [values.repeat(x, values.machine.n_samples) for x in (J, *state.values())]
    sizes = [op.output.size, *(op.state[name].size for name in state)]
    run = partial(values.host.neurons, op)
    made = values.machine.on_host(run, (len(arrays[0]), sum(sizes)), *arrays)
    ends = np.cumsum(sizes)
    output, *parts = (made[:, end - size : end] for end, size in zip(ends, sizes))
    return output, dict(zip(state, parts))


@steps(Pointwise)
def pointwise(neurons: Any, values: Values, J: Array) -> tuple:
    """``activity(J)``, of types of this package that Nengo's spiking types are made of."""
    return neurons.activity(values.xp, J), {}


@steps(nengo.RectifiedLinear)
def rectified_linear(neurons: Any, values: Values, J: Array, **state: Array) -> tuple:
    """``a max(J, 0)``, whose derivative at 0 is 0, as in NengoDL."""
    return neurons.amplitude * values.xp.where(J <= 0, 0.0, J), {}


@steps(nengo.Sigmoid)
def sigmoid(neurons: Any, values: Values, J: Array) -> tuple:
    """``1 / (tau_ref (1 + exp(-J)))``."""
    J = values.xp.maximum(J, -80.0)  # beyond it the derivative would be infinity times 0
    return (1 / neurons.tau_ref) / (1 + values.xp.exp(-J)), {}


@steps(nengo.Tanh)
def tanh(neurons: Any, values: Values, J: Array) -> tuple:
    """``tanh(J) / tau_ref``."""
    return (1 / neurons.tau_ref) * values.xp.tanh(J), {}


@steps(nengo.LIFRate)
def lif_rate(neurons: Any, values: Values, J: Array, **state: Array) -> tuple:
    """``a / (tau_ref + tau_rc log(1 + 1 / (J - 1)))`` where J is above 1."""
    xp = values.xp
    j = J - 1
    above = j > 0
    rate = neurons.tau_ref + neurons.tau_rc * xp.log1p(1 / xp.where(above, j, 1.0))
    return xp.where(above, neurons.amplitude / rate, 0.0), {}


@steps(nengo.AdaptiveLIFRate)
def adaptive_lif_rate(
    neurons: Any, values: Values, J: Array, adaptation: Array, **state: Array
) -> tuple:
    """`nengo.LIFRate` with a current that grows with the output."""
    output, _ = lif_rate(neurons, values, J - adaptation)
    return output, {"adaptation": _adapted(neurons, values.dt, adaptation, output)}


def _adapted(neurons, dt, adaptation, output):
    return adaptation + (dt / neurons.tau_n) * (neurons.inc_n * output - adaptation)


@steps(nengo.LIF, rate=lif_rate)
def lif(
    neurons: Any, values: Values, J: Array, voltage: Array, refractory_time: Array
) -> tuple:
    """The voltage decays towards J, and the neuron spikes when it is above 1."""
    xp, dt = values.xp, values.dt
    refractory = refractory_time - dt
    active = xp.clip(dt - refractory, 0.0, dt)
    # the same as voltage - (J - voltage) * expm1(-active / tau_rc) in half the time: tanh is
    # a faster function, and what ends with a division is not computed again for each output
    t = xp.tanh(active * (0.5 / neurons.tau_rc))
    voltage = (voltage + t * (2 * J - voltage)) / (1 + t)
    spiked = voltage > 1
    # how far J was from the voltage, compared with the distance from the threshold
    left = xp.where(spiked, xp.maximum(J - voltage, 0.0) / xp.where(spiked, J - 1, 1.0), 1.0)
    t_spike = dt + neurons.tau_rc * xp.log(left)
    state = {
        "voltage": xp.where(spiked, 0.0, xp.maximum(voltage, neurons.min_voltage)),
        "refractory_time": xp.where(spiked, neurons.tau_ref + t_spike, refractory),
    }
    return xp.where(spiked, neurons.amplitude / dt, xp.zeros_like(J)), state


@steps(nengo.AdaptiveLIF, rate=adaptive_lif_rate)
def adaptive_lif(
    neurons: Any, values: Values, J: Array, adaptation: Array, **state: Array
) -> tuple:
    """`nengo.LIF` with a current that grows with each spike."""
    output, state = lif(neurons, values, J - adaptation, **state)
    adaptation = _adapted(neurons, values.dt, adaptation, output)
    return output, {**state, "adaptation": adaptation}


@steps(nengo.Izhikevich)
def izhikevich(
    neurons: Any, values: Values, J: Array, voltage: Array, recovery: Array
) -> tuple:
    """Izhikevich's quadratic model, in milliseconds."""
    xp, dt = values.xp, values.dt
    J = xp.maximum(J, -30.0)
    dV = (0.04 * xp.square(voltage) + 5 * voltage + 140 - recovery + J) * 1000
    voltage = voltage + dV * dt
    spiked = voltage >= 30
    voltage = xp.where(spiked, neurons.reset_voltage, voltage)
    dU = neurons.tau_recovery * (neurons.coupling * voltage - recovery) * 1000
    recovery = recovery + dU * dt
    state = {
        "voltage": voltage,
        "recovery": xp.where(spiked, recovery + neurons.reset_recovery, recovery),
    }
    return xp.where(spiked, 1 / dt, xp.zeros_like(J)), state


def _integrated(neurons, values, rate, voltage):
    voltage = voltage + values.dt * rate
    n_spikes = values.xp.floor(voltage)
    return (neurons.amplitude / values.dt) * n_spikes, {"voltage": voltage - n_spikes}


@steps(nengo.SpikingRectifiedLinear, rate=rectified_linear)
def spiking_rectified_linear(neurons: Any, values: Values, J: Array, voltage: Array) -> tuple:
    """Spikes whenever the integral of ``max(J, 0)`` passes a whole number."""
    return _integrated(neurons, values, values.xp.maximum(J, 0.0), voltage)


def _rate_given(neurons, values, J, **state):
    """``a J``: the input of these neurons is the rate at which they spike."""
    return neurons.amplitude * J, {}


@steps(nengo.RegularSpiking, rate=_rate_given)
def regular_spiking(neurons: Any, values: Values, J: Array, voltage: Array) -> tuple:
    """Spikes whenever the integral of the rate J passes a whole number."""
    return _integrated(neurons, values, J, voltage)


@steps(nengo.StochasticSpiking, rate=_rate_given)
def stochastic_spiking(neurons: Any, values: Values, J: Array) -> tuple:
    """The whole part of the expected number of spikes, and one more by chance."""
    xp = values.xp
    J = values.repeat(J, values.machine.n_samples)  # each has random numbers of its own
    expected = values.dt * (xp.abs(J) if neurons.negative else J)
    n_spikes = xp.sign(expected) * xp.floor(xp.abs(expected))
    chance = values.machine.uniform(J.shape) < expected - n_spikes
    n_spikes = n_spikes + xp.where(chance, xp.ones_like(J), xp.zeros_like(J))
    return _signed(neurons, values, J, n_spikes)


@steps(nengo.PoissonSpiking, rate=_rate_given)
def poisson_spiking(neurons: Any, values: Values, J: Array) -> tuple:
    """A number of spikes that has a Poisson distribution."""
    J = values.repeat(J, values.machine.n_samples)  # each has random numbers of its own
    expected = values.dt * (values.xp.abs(J) if neurons.negative else J)
    return _signed(neurons, values, J, values.machine.poisson(expected))


def _signed(neurons, values, J, n_spikes):
    spikes = (neurons.amplitude / values.dt) * n_spikes
    return (spikes * values.xp.sign(J) if neurons.negative else spikes), {}
