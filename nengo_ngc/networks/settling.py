"""When settling is over."""

import nengo

from ..neurons import Identity
from ..objects import PureNode
from .parts import neurons


def end_of_settling(states, held, tolerance, schedule):
    """Find out whether states have stopped moving, and have them held if so.

    Parameters
    ----------
    states : sequence of nengo.ensemble.Neurons
        All of them, of neuron type `.LatentState` with ``held``.
    held : nengo.ensemble.Neurons
        One neuron: 1 from the timestep on that follows the one at which states moved by
        no more than the tolerance.
    tolerance : float
        Part of the states' norm.
    schedule : Schedule

    Returns
    -------
    PureNode
        Timesteps of this presentation in which states were not held.
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
