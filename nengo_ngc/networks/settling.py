"""Finds out when the states of a network have settled."""

from collections.abc import Sequence

import nengo
from nengo.ensemble import Neurons

from ..neurons import Identity
from ..objects import PureNode
from ..schedule import Schedule
from .parts import neurons


def end_of_settling(
    states: Sequence[Neurons], held: Neurons, tolerance: float, schedule: Schedule
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

    Returns
    -------
    PureNode
        Number of timesteps of this presentation in which states were not held.
    """
    before = []
    for z in states:
        before.append(neurons(z.size_out, Identity(), label=f"{z.ensemble.label} before"))
        nengo.Connection(z, before[-1], synapse=0)

    def over(xp, first, held, *states):
        n = len(states) // 2
        size = sum(xp.sum(z**2, axis=1, keepdims=True) for z in states[:n])
        moved = sum(
            xp.sum((z - before) ** 2, axis=1, keepdims=True)
            for z, before in zip(states[:n], states[n:])
        )
        still = xp.where(moved <= tolerance**2 * size, xp.ones_like(held), held)
        return xp.where(first, xp.zeros_like(held), still)

    settled = PureNode(
        over, 1, others=[*states, *before], schedule=schedule, ends=True, label="settled"
    )
    nengo.Connection(settled, held, synapse=0)
    nengo.Connection(held, settled, synapse=None)
    iterations = PureNode(
        lambda xp, first, n, held: xp.where(first, xp.ones_like(n), n + 1 - held),
        1,
        others=[held],
        schedule=schedule,
        label="iterations",
    )
    nengo.Connection(iterations, iterations, synapse=0)
    return iterations
