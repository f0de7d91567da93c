"""Products that take a shorter way than their matrices have entries."""

import nengo
import numpy as np
import pytest

from nengo_ngc.networks.gncn_parameters import lateral_inhibition

from ...conftest import needs_jax

pytestmark = needs_jax


@pytest.fixture
def opened():
    """A function that opens the simulator of a product, and the matrix and the probe."""
    from nengo_ngc.jax import Simulator

    def run(matrix):
        with nengo.Network(seed=0) as model:
            x = nengo.Node(np.arange(1.0, 1 + matrix.shape[1]))
            y = nengo.Node(size_in=len(matrix))
            connection = nengo.Connection(x, y, transform=matrix, synapse=None)
            probe = nengo.Probe(y)
        sim = Simulator(model, progress_bar=False)
        return sim, sim.model.sig[connection]["weights"], probe

    return run


def test_groups_are_multiplied_by_the_present_matrix(opened):
    n = 72
    x, first = np.arange(1.0, 1 + n), lateral_inhibition(n, 12, 0.15, 0.1)
    others = [2 * first, np.random.RandomState(0).randn(n, n), first]
    sim, weights, probe = opened(first)
    with sim:
        assert sim.program.matrices.product(weights) is not None
        for matrix in [first, *others]:
            sim.signals[weights] = matrix
            sim.step()
            np.testing.assert_allclose(sim.data[probe][-1], matrix @ x, rtol=1e-4)
        sim.signals[weights] = others[1]
        sim.reset()
        sim.step()
        np.testing.assert_allclose(sim.data[probe][-1], first @ x, rtol=1e-4)


def test_programs_are_kept_as_long_as_they_hold(opened):
    matrix = lateral_inhibition(72, 12, 0.15, 0.1)
    sim, weights, _ = opened(matrix)
    with sim:
        before = sim._loop
        sim.signals[weights] = matrix.astype(np.float32)
        sim.reset()
        assert sim._loop is before
        sim.signals[weights] = 2 * matrix
        assert sim._loop is not before


@pytest.mark.parametrize("size_in, size_out", [(1, 30), (2, 30), (30, 1), (30, 3), (30, 30)])
def test_many_blocks(size_in, size_out):
    from nengo_ngc.jax import Simulator

    rng = np.random.RandomState(0)
    matrices = rng.randn(40, size_out, size_in)
    x = rng.randn(40, size_in)
    with nengo.Network(seed=0) as model:
        probes = []
        for matrix, values in zip(matrices, x):
            y = nengo.Node(size_in=size_out)
            nengo.Connection(nengo.Node(values), y, transform=matrix, synapse=None)
            probes.append(nengo.Probe(y))
    with Simulator(model, minibatch_size=2, progress_bar=False) as sim:
        kinds = [type(op).__name__ for op in sim.program.operators]
        assert kinds.count("BsrDotInc") >= 1 and "DotInc" not in kinds
        sim.step()
        for matrix, values, probe in zip(matrices, x, probes):
            expected = np.tile(matrix @ values, (2, 1))
            np.testing.assert_allclose(sim.data[probe][:, -1], expected, rtol=1e-4, atol=1e-5)
