"""A network that is loaded does what the one that was saved did, on any simulator."""

import nengo
import numpy as np
import pytest

import nengo_ngc as ngc
from nengo_ngc import networks

from ..conftest import AT_ONCE, needs_jax, simulator
from ..networks.test_every_network import MAKERS as OURS
from .networks import MAKERS, alignment, channel, memory

STEPS = 60


@pytest.fixture(params=MAKERS)
def make(request):
    """Each network in turn."""
    return MAKERS[request.param]


def learn(net, backend="nengo", n_steps=150):
    """A simulator in which a network has learned something."""
    sim = simulator(backend, net, minibatch_size=None)
    sim.run_steps(n_steps)
    return sim


def begun_anew(sim, net):
    """The output of a simulator that begins at time 0 with what was learned in another."""
    with nengo.Simulator(None, model=sim.model, optimize=False, progress_bar=False) as new:
        for signal in net.learned(sim.model):
            assert not np.array_equal(sim.signals[signal], signal.initial_value)
            new.signals[signal] = sim.signals[signal]
        new.run_steps(STEPS)
        return new.data[net.output]


def output(net, backend):
    with simulator(backend, net, minibatch_size=None) as sim:
        sim.run_steps(STEPS)
        return sim.data[net.output]


def close(a, b, rtol):
    np.testing.assert_allclose(a, b, rtol=0, atol=rtol * np.abs(b).max())


def test_a_loaded_network_does_what_the_saved_one_did(make, tmp_path):
    net, copy = make(), make()
    with learn(net) as sim:
        expected = begun_anew(sim, net)
        ngc.save(tmp_path / "learned", net, sim)
    before = output(copy, "nengo")
    ngc.load(tmp_path / "learned", copy)
    close(output(copy, "nengo"), expected, 1e-9)
    assert np.abs(before - expected).max() > 1e-2 * np.abs(expected).max()


@needs_jax
@pytest.mark.parametrize("make", [channel, memory, alignment])
def test_what_nengo_learned_is_loaded_into_another_simulator(make, tmp_path):
    net, copy = make(), make()
    with learn(net) as sim:
        expected = begun_anew(sim, net)
        ngc.save(tmp_path / "learned", net, sim)
    ngc.load(tmp_path / "learned", copy)
    close(output(copy, "jax"), expected, 1e-3)


@pytest.mark.parametrize("backend", AT_ONCE)
def test_what_another_simulator_learned_is_loaded_into_nengo(backend, tmp_path):
    net, copy = channel(seed=0), channel()
    with learn(net, backend) as sim:
        ngc.save(tmp_path / "learned", net, sim)
        (expected,) = (np.array(sim.signals[signal]) for signal in net.learned(sim.model))
    ngc.load(tmp_path / "learned", copy)
    with nengo.Simulator(copy, progress_bar=False) as sim:
        (found,) = (sim.signals[signal] for signal in copy.learned(sim.model))
        np.testing.assert_array_equal(found, expected)


def test_learning_goes_on_with_the_same_random_feedback(tmp_path):
    net, copy = alignment(), alignment()
    with learn(net) as sim:
        ngc.save(tmp_path / "learned", net, sim)
        B = sim.signals[sim.model.sig[net.encoding.learning_rule]["feedback"]].copy()
    ngc.load(tmp_path / "learned", copy)
    with nengo.Simulator(copy, progress_bar=False) as sim:
        np.testing.assert_array_equal(
            sim.signals[sim.model.sig[copy.encoding.learning_rule]["feedback"]], B
        )
        before = [np.array(sim.signals[signal]) for signal in copy.learned(sim.model)]
        sim.run_steps(STEPS)
        for signal, value in zip(copy.learned(sim.model), before):
            assert not np.array_equal(sim.signals[signal], value)


def simple(name):
    """One of our networks, with a stimulus and something to learn from."""
    with nengo.Network() as model:
        model.net = OURS[name]()
        rng = np.random.RandomState(0)
        for node in model.net.nodes:
            if node.output is None and node.label in ("input", "label", "target"):
                values = nengo.Node(rng.rand(node.size_in))
                nengo.Connection(values, node, synapse=None)
    return model


@pytest.mark.parametrize("name", ["pdh", "pff", "backprop", "competitive"])
def test_networks_of_this_package_are_loaded_like_any_other(name, tmp_path):
    model, copy, other = (simple(name) for _ in range(3))
    with learn(model, n_steps=40) as sim:
        ngc.save(tmp_path / "learned", model.net, sim)
        expected = model.net.parameters(sim)
    ngc.load(tmp_path / "learned", copy.net)
    with (
        nengo.Simulator(copy, seed=0, progress_bar=False) as sim,
        nengo.Simulator(other, seed=0, progress_bar=False) as reference,
    ):
        other.net.set_parameters(reference, expected)
        for _ in range(2):
            found = copy.net.parameters(sim)
            for key, value in other.net.parameters(reference).items():
                np.testing.assert_allclose(found[key], value, atol=1e-12, err_msg=key)
            sim.run_steps(40)
            reference.run_steps(40)
        changed = [key for key in expected if not np.array_equal(found[key], expected[key])]
        assert changed


def test_weights_that_no_rule_learned_but_that_have_changed_are_saved(tmp_path):
    """As after training by gradients."""
    net, copy = (networks.GNCN((6, 5, 4), learning_rule_type=None, seed=1) for _ in range(2))
    with nengo.Simulator(net, progress_bar=False) as sim:
        changed = {k: v + 0.1 for k, v in net.parameters(sim).items()}
        net.set_parameters(sim, changed)
        ngc.save(tmp_path / "learned", net, sim)
    ngc.load(tmp_path / "learned", copy)
    with nengo.Simulator(copy, progress_bar=False) as sim:
        for name, value in copy.parameters(sim).items():
            np.testing.assert_array_equal(value, changed[name])


def test_a_subnetwork_is_loaded_into_another_network(tmp_path):
    with nengo.Network() as whole:
        inner = channel()
    with learn(whole) as sim:
        ngc.save(tmp_path / "learned", inner, sim)
        (expected,) = (np.array(sim.signals[signal]) for signal in inner.learned(sim.model))
    with nengo.Network() as other:
        nengo.Ensemble(10, 1)
        copy = channel()
    ngc.load(tmp_path / "learned", copy)
    with nengo.Simulator(other, progress_bar=False) as sim:
        (found,) = (sim.signals[signal] for signal in copy.learned(sim.model))
        np.testing.assert_array_equal(found, expected)


def test_what_the_script_gives_stays_as_it_is(tmp_path):
    def model(transform):
        with nengo.Network() as net:
            node, a = nengo.Node([1.0]), nengo.Ensemble(10, 1)
            given = nengo.Connection(node, a, transform=transform)
            drawn = nengo.Connection(
                a.neurons, a.neurons, transform=nengo.dists.Gaussian(0, 1)
            )
        return net, given, drawn

    net, _, drawn = model(2.0)
    with nengo.Simulator(net, progress_bar=False) as sim:
        ngc.save(tmp_path / "learned", net, sim)
        expected = sim.data[drawn].weights
    net, given, drawn = model(3.0)
    ngc.load(tmp_path / "learned", net)
    assert given.transform.init == 3.0
    np.testing.assert_array_equal(drawn.transform.init, expected)


def test_kernels_of_convolutions_are_saved(tmp_path):
    def model():
        with nengo.Network() as net:
            image, out = nengo.Node(np.ones(32)), nengo.Node(size_in=3 * 9)
            transform = nengo.Convolution(3, (4, 4, 2), kernel_size=(2, 2))
            return net, nengo.Connection(image, out, transform=transform)

    (net, connection), (copy, other) = model(), model()
    with nengo.Simulator(net, progress_bar=False) as sim:
        ngc.save(tmp_path / "learned", net, sim)
        kernel = sim.data[connection].weights
    ngc.load(tmp_path / "learned", copy)
    np.testing.assert_array_equal(other.transform.init, kernel)
    with nengo.Simulator(copy, progress_bar=False) as sim:
        np.testing.assert_array_equal(sim.data[other].weights, kernel)


def test_networks_of_nengo_spa_are_found_by_position(tmp_path):
    spa = pytest.importorskip("nengo_spa")

    def model():
        with spa.Network() as net:
            states = [spa.State(4, subdimensions=2, neurons_per_dimension=10) for _ in "ab"]
            states[0] >> states[1]
            net.output = nengo.Probe(states[1].output, synapse=0.01)
        return net

    net, copy = model(), model()
    net.learned = lambda model: []
    with nengo.Simulator(net, progress_bar=False) as sim:
        expected = begun_anew(sim, net)
        ngc.save(tmp_path / "learned", net, sim)
    ngc.load(tmp_path / "learned", copy)
    close(output(copy, "nengo"), expected, 1e-9)


def test_a_network_can_be_loaded_twice(tmp_path):
    """FromParameter, for instance, is replaced by what the second file has."""
    files, copy, expected = [], simple("pdh"), []
    for n_steps in (8, 16):
        model = simple("pdh")
        with learn(model, n_steps=n_steps) as sim:
            files.append(tmp_path / f"{n_steps}")
            ngc.save(files[-1], model.net, sim)
            expected.append(model.net.parameters(sim))
    for file, values in zip(files, expected):
        ngc.load(file, copy.net)
        with nengo.Simulator(copy, progress_bar=False) as sim:
            for name, value in copy.net.parameters(sim).items():
                np.testing.assert_array_equal(value, values[name])
    assert np.any(expected[0]["Sigma1"] != expected[1]["Sigma1"])


def test_sparse_weights_that_are_drawn_are_drawn_again(tmp_path, backend):
    def made():
        with nengo.Network() as net:
            x, y = nengo.Node(np.arange(1.0, 6)), nengo.Node(size_in=5)
            drawn = nengo.dists.Uniform(-1, 1)
            transform = nengo.Sparse((5, 5), indices=[[0, 1], [2, 3], [4, 0]], init=drawn)
            nengo.Connection(x, y, transform=transform, synapse=None)
            net.output = nengo.Probe(y)
        return net

    net, copy = made(), made()
    with simulator(backend, net, minibatch_size=None) as sim:
        sim.run_steps(1)
        expected = sim.data[net.output]
        ngc.save(tmp_path / "net", net, sim)
    assert np.abs(output(copy, backend)[:1] - expected).max() > 1e-3
    ngc.load(tmp_path / "net", copy)
    np.testing.assert_array_equal(output(copy, backend)[:1], expected)
