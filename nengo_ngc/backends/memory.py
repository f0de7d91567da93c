"""The values that a simulation keeps from one timestep to the next."""

import nengo
import numpy as np
from nengo.builder import Model, Signal
from nengo.builder.neurons import SimNeurons
from nengo.builder.processes import SimProcess

from ..objects import Delay


def memory(
    model: Model,
) -> tuple[list[Signal], list[np.random.RandomState]]:
    """Return the values that neurons and synapses of a model keep for the next timestep.

    Returns
    -------
    signals : list of nengo.builder.Signal
    generators : list of numpy.random.RandomState
        Generators of random neurons.

    Notes
    -----
    Both are empty if the model has no memory other than delays of one timestep. Networks
    whose states start again in each presentation, as those of `.neurons.LatentState` do,
    ignore the content of these delays.
    """
    neurons = [op for op in model.operators if isinstance(op, SimNeurons)]
    synapses = [op for op in model.operators if isinstance(op, SimProcess)]
    signals = [signal for op in neurons for signal in op.state.values()]
    generators = [rng for op in neurons for rng in op.state_extra.values()]
    lasting = [op for op in synapses if op.updates and not _is_delay(op.process)]
    if signals or generators or lasting:
        signals += [signal for op in synapses for signal in op.updates]
    return signals, generators


def is_random(model: Model) -> bool:
    """Return whether neurons or processes of a model may draw random numbers."""
    return any(
        (isinstance(op, SimNeurons) and op.state_extra)
        or (isinstance(op, SimProcess) and not isinstance(op.process, nengo.synapses.Synapse))
        for op in model.operators
    )


def _is_delay(synapse):
    return isinstance(synapse, Delay) or (
        isinstance(synapse, nengo.Lowpass) and synapse.tau == 0
    )
