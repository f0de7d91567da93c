"""Values at the ends of presentations."""

import nengo
import numpy as np
import pytest

from nengo_ngc.gui import Settled


def run(node_function, n_steps=12):
    with nengo.Network() as model:
        rising = nengo.Node(lambda t: [round(t * 1000), 1.0])
        node = nengo.Node(node_function, size_in=2)
        nengo.Connection(rising, node, synapse=None)
        probe = nengo.Probe(node)
    with nengo.Simulator(model, progress_bar=False) as sim:
        sim.run_steps(n_steps)
        first = sim.data[probe].copy()
        sim.reset()
        sim.run_steps(n_steps)
        np.testing.assert_array_equal(sim.data[probe], first)
    return first


def test_last_timesteps_are_held():
    shown = run(Settled(4))
    assert shown[:, 0].tolist() == [1, 2, 3, 4, 4, 4, 4, 8, 8, 8, 8, 12]
    assert np.all(shown[:, 1] == 1)


def test_mean_of_a_function():
    shown = run(Settled(3, lambda x: x @ x - 1, n_mean=2))
    squares = [1, 4, 9, 9, 9, (9 + 36) / 2, *[(9 + 36) / 2] * 2, (36 + 81) / 2]
    np.testing.assert_allclose(shown[:9, 0], squares)


@pytest.mark.parametrize("steps", [0, 1.5, None])
def test_bad_steps(steps):
    with pytest.raises(ValueError, match="Settled.steps|steps: "):
        Settled(steps)
