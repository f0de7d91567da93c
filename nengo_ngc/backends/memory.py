"""What a simulation keeps from one timestep to the next."""

import nengo
import numpy as np
from nengo.builder import Model, Signal
from nengo.builder.neurons import SimNeurons
from nengo.builder.processes import SimProcess

from ..objects import Delay


def memory(
    model: Model,
) -> tuple[list[Signal], list[np.random.RandomState]]:
    """What neurons and synapses of a model keep for the next timestep.

    Returns
    -------
    signals : list of nengo.builder.Signal
    generators : list of numpy.random.RandomState
        Of random neurons.

    Notes
    -----
    Both are empty if there is nothing but delays of whole timesteps: networks that begin
    afresh, as `.neurons.LatentState` does, don't look at what these still hold.
    """
    neurons = [op for op in model.operators if isinstance(op, SimNeurons)]
    synapses = [op for op in model.operators if isinstance(op, SimProcess)]
    signals = [signal for op in neurons for signal in op.state.values()]
    generators = [rng for op in neurons for rng in op.state_extra.values()]
    lasting = [op for op in synapses if op.updates and not _is_delay(op.process)]
    if signals or generators or lasting:
        signals += [signal for op in synapses for signal in op.updates]
    return signals, generators


def _is_delay(synapse):
    return isinstance(synapse, Delay) or (
        isinstance(synapse, nengo.Lowpass) and synapse.tau == 0
    )
