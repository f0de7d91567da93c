"""Kernels that a rule has learned are kept as matrices are."""

import nengo
import numpy as np

import nengo_ngc as ngc

from ..conftest import simulator


def network():
    """A network without a seed, in which a convolution learns by backprop."""
    with nengo.Network() as model:
        net = ngc.networks.FeedforwardClassifier(
            ((6, 6), ngc.Conv(3, 3, stride=2), 4),
            neuron_type="tanh",
            optimizer=ngc.SGD(0.1),
            label="net",
        )
        nengo.Connection(nengo.Node(np.linspace(0, 1, 36)), net.input, synapse=None)
        nengo.Connection(nengo.Node([0, 1, 0, 0]), net.target, synapse=None)
    return model, net


def test_a_kernel_goes_into_another_network(tmp_path, backend):
    model, net = network()
    path = tmp_path / "learned.npz"
    with nengo.Simulator(model, progress_bar=False) as sim:
        start = net.parameters(sim)["W1"]
        sim.run_steps(5)
        learned = net.parameters(sim)
        ngc.save(path, model, sim)
        sim.run_steps(5)
        later = net.parameters(sim)
    assert learned["W1"].shape == (3, 3, 1, 3) and np.any(learned["W1"] != start)
    model, net = network()
    ngc.load(path, model)
    with simulator(backend, model) as sim:
        for name, array in net.parameters(sim).items():
            np.testing.assert_allclose(array, learned[name], atol=1e-6)
        sim.run_steps(5)
        for name, array in net.parameters(sim).items():
            np.testing.assert_allclose(array, later[name], atol=1e-5)
