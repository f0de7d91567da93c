"""When the states of a network have settled, and what they have settled on."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import nengo
from nengo.ensemble import Neurons
from nengo.synapses import Synapse

from ..namespace import Array
from ..neurons import Identity
from ..objects import PureNode
from ..schedule import Schedule
from .parts import neurons


def end_of_settling(
    states: Sequence[Neurons],
    held: Neurons,
    tolerance: float,
    schedule: Schedule,
    delay: Synapse,
) -> PureNode:
    """Hold states once they have stopped moving, until the presentation ends.

    Parameters
    ----------
    states : sequence of nengo.ensemble.Neurons
        All states, of neuron type `.LatentState` with ``held``.
    held : nengo.ensemble.Neurons
        One neuron. Its activity is 1 from the timestep that follows the first one in which
        states moved by no more than the tolerance.
    tolerance : float
        The largest movement of settled states, as a fraction of their norm.
    schedule : Schedule
        Length of presentations.
    delay : nengo.synapses.Synapse
        What leads to the next timestep of the same presentation.

    Returns
    -------
    PureNode
        Number of timesteps of this presentation in which states were not held.
    """
    before = []
    for z in states:
        before.append(neurons(z.size_out, Identity(), label=f"{z.ensemble.label} before"))
        nengo.Connection(z, before[-1], synapse=delay)

    settled = PureNode(
        partial(_over, tolerance),
        1,
        others=[*states, *before],
        schedule=schedule,
        ends=True,
        label="settled",
    )
    nengo.Connection(settled, held, synapse=delay)
    nengo.Connection(held, settled, synapse=None)
    iterations = PureNode(
        _count,
        1,
        others=[held],
        schedule=schedule,
        label="iterations",
    )
    nengo.Connection(iterations, iterations, synapse=delay)
    return iterations


def at_the_end(
    source: Neurons | nengo.Node, schedule: Schedule, delay: Synapse, label: str
) -> PureNode:
    """Keep what an object was at the end of a presentation for the whole of the next one.

    Parameters
    ----------
    source : nengo.ensemble.Neurons or nengo.Node
    schedule : Schedule
        Length of presentations.
    delay : nengo.synapses.Synapse
        What leads to the next timestep of the same presentation.
    label : str

    Returns
    -------
    PureNode
        It has 0 in the first presentation.
    """
    before = neurons(source.size_out, Identity(), label=f"{label} before")
    nengo.Connection(source, before, synapse=delay)
    return hold(before, schedule, delay, label)


def hold(
    source: Neurons | nengo.Node, schedule: Schedule, delay: Synapse, label: str
) -> PureNode:
    """Hold what an object is at the first timestep of a presentation until it ends.

    Parameters
    ----------
    source, schedule, delay, label
        As for `at_the_end`.

    Returns
    -------
    PureNode
    """
    held = PureNode(at_first, source.size_out, [source], schedule, label=label)
    nengo.Connection(held, held, synapse=delay)
    return held


def at_first(xp: Any, first: Any, later: Array, now: Array) -> Array:
    """Return one array at the first timestep of a presentation, and another one later."""
    return xp.where(first, now, later)


def _over(tolerance, xp, first, held, *states):
    n = len(states) // 2
    size = sum(xp.sum(z**2, axis=1, keepdims=True) for z in states[:n])
    moved = sum(
        xp.sum((z - before) ** 2, axis=1, keepdims=True)
        for z, before in zip(states[:n], states[n:])
    )
    still = xp.where(moved <= tolerance**2 * size, xp.ones_like(held), held)
    return xp.where(first, xp.zeros_like(held), still)


def _count(xp, first, n, held):
    return xp.where(first, xp.ones_like(n), n + 1 - held)
