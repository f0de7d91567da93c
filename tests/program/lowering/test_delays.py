"""What several connections delay is summed first, and nobody can tell the difference."""

import nengo
import numpy as np

from ...conftest import needs_jax

pytestmark = needs_jax


def network():
    """Connections with delays and without to a node and to neurons, one of them to a slice."""
    with nengo.Network(seed=0) as model:
        noise = nengo.Node(nengo.processes.WhiteNoise(), size_out=3)
        x = nengo.Node(lambda t: [t, t**2, 1 - t])
        y = nengo.Node(size_in=3)
        neurons = nengo.Ensemble(3, 1, neuron_type=nengo.RectifiedLinear()).neurons
        for post in (y, neurons):
            nengo.Connection(x, post, transform=np.diag([1, 2, 3]), synapse=0)
            nengo.Connection(noise, post, transform=-0.5, synapse=0)
            nengo.Connection(x[:2], post[1:], synapse=0)
            nengo.Connection(x, post, synapse=0.01)
        probes = [nengo.Probe(y), nengo.Probe(neurons, "input")]
    return model, probes


def test_sums_that_are_delayed_are_those_of_nengo():
    from nengo_ngc.jax import Simulator

    model, probes = network()
    with nengo.Simulator(model, progress_bar=False) as sim:
        sim.run_steps(12)
        expected = [sim.data[probe] for probe in probes]
    n_carried = []
    for optimize in (False, True):
        with Simulator(model, dtype="float64", optimize=optimize, progress_bar=False) as sim:
            sim.run_steps(12)
            for values, probe in zip(expected, probes):
                np.testing.assert_allclose(sim.data[probe], values, atol=1e-12)
            n_carried.append(len(sim.program.state))
    # of two delays, to the node and to the neurons, one is left
    assert n_carried[0] - n_carried[1] >= 2
