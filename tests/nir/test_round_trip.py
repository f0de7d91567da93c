"""A Nengo network, and the same network after it was a file of NIR, do the same."""

import nengo
import nir
import numpy as np
import pytest

import nengo_ngc as ngc
from nengo_ngc.networks.parts import neurons
from nengo_ngc.neurons import Identity, Integrator
from nengo_ngc.objects import Delay

from ..conftest import needs_jax
from .graphs import assert_same, lif, probed, simulated, simulated_in_nengo


def wave(n):
    return lambda t: np.sin(20 * t + np.arange(n)) + 0.5


def communication():
    """Decoded functions, slices, recurrence, different synapses, and several probes."""
    u = nengo.Node(wave(2), label="u")
    a = nengo.Ensemble(30, 2, neuron_type=lif(amplitude=0.7), label="a", radius=1.5)
    b = nengo.Ensemble(20, 3, neuron_type=lif(), label="b")
    nengo.Connection(u, a, synapse=0.003)
    nengo.Connection(a, b[[0, 2]], function=lambda x: [x[0] * x[1], x[0]], synapse=0.01)
    nengo.Connection(b[0], b[1], synapse=0.1, transform=0.5)
    nengo.Connection(b, b.neurons[3:10], transform=np.ones((7, 3)) / 9, synapse=0.02)
    return nengo.Probe(b, synapse=0.01), nengo.Probe(b[1:]), nengo.Probe(a.neurons[:5])


def array_of_ensembles():
    u = nengo.Node(wave(3), label="u")
    array = nengo.networks.EnsembleArray(10, 3, neuron_type=lif(), seed=3)
    nengo.Connection(u, array.input, synapse=None)
    nengo.Connection(array.output, array.input, synapse=0.05, transform=0.3)
    nengo.Connection(nengo.Node([0.2, 0.0, -0.2]), array.input, synapse=None)
    return (nengo.Probe(array.output, synapse=0.01),)


def solved_weights():
    u = nengo.Node(wave(1), label="u")
    a, b = (nengo.Ensemble(12, 1, neuron_type=lif(), label=name) for name in "ab")
    nengo.Connection(u, a, synapse=None)
    nengo.Connection(a, b, solver=nengo.solvers.LstsqL2(weights=True), synapse=0.005)
    return (nengo.Probe(b.neurons),)


def delays():
    u = nengo.Node(wave(2), label="u")
    a = neurons(2, Integrator(tau=[0.02], v_threshold=[0.3], r=[1, 2]), "a")
    passive = nengo.Ensemble(2, 1, gain=[2, 3], bias=[0.1, -0.2], neuron_type=Identity())
    nengo.Connection(u, a, synapse=Delay(3))
    nengo.Connection(a, a, synapse=0, transform=[[0, -1], [0.3, 0]])
    nengo.Connection(a, passive.neurons, synapse=0.02)
    later = nengo.Node(size_in=2, label="later")
    nengo.Connection(later, later, synapse=0, transform=0.5)
    held = nengo.Node(size_in=2, label="held")  # a cycle without any weights
    nengo.Connection(later, held, synapse=None)
    nengo.Connection(held, held, synapse=0)
    nengo.Connection(passive.neurons, later, synapse=0)
    return nengo.Probe(later), nengo.Probe(a), nengo.Probe(held)


def chain_of_neurons():
    """Every kind of weights between neurons that have a gain and a bias."""
    u = nengo.Node(wave(4), label="u")
    gain, bias = np.linspace(0.5, 2, 4), np.linspace(0.2, 0.8, 4)
    layers = [
        nengo.Ensemble(4, 1, gain=gain, bias=bias, neuron_type=lif(amplitude=0.01)).neurons
        for _ in range(5)
    ]
    transforms = [
        2.0,
        [1, 2, 3, 4],
        nengo.Sparse((4, 4), indices=[[0, 1], [2, 3], [1, 1], [3, 0]], init=[1, 2, 3, 4]),
        np.arange(16).reshape(4, 4) / 20,
    ]
    nengo.Connection(u, layers[0], synapse=None)
    for pre, post, transform, tau in zip(
        layers, layers[1:], transforms, (None, 0.01, 0, 0.02)
    ):
        nengo.Connection(pre, post, transform=transform, synapse=tau)
    return tuple(nengo.Probe(layer) for layer in layers)


def cycle_with_two_entries():
    """Where a graph alone does not tell which of the connections has a delay."""
    u = nengo.Node(wave(2), label="u")
    a, b = (neurons(2, lif(amplitude=0.01), name) for name in "ab")
    nengo.Connection(u, b, synapse=None, transform=2)
    nengo.Connection(u, a, synapse=None, transform=[[1, 2], [-1, 0.5]])
    nengo.Connection(a, b, synapse=None)
    nengo.Connection(b, a, synapse=0, transform=-0.5)
    return nengo.Probe(a), nengo.Probe(b)


def images(channels_last=True):
    """Strided and padded convolutions, pooling, and biases of channels."""
    rng = np.random.RandomState(0)
    u = nengo.Node(wave(9 * 9 * 2), label="u")
    x = nengo.Node(size_in=9 * 9 * 2, label="x")
    nengo.Connection(u, x, synapse=None)
    shape = nengo.transforms.ChannelShape.from_space_and_channels
    settings = [(4, 3, 2, "same", 1), (4, 2, 2, "same", 4), (6, 2, 1, "valid", 2)]
    before, space, channels = x, (9, 9), 2
    for n, size, stride, padding, groups in settings:
        init = rng.randn(size, size, channels // groups, n) / 2
        convolution = nengo.Convolution(
            n,
            shape(space, channels, channels_last=channels_last),
            (size, size),
            (stride, stride),
            padding,
            channels_last,
            np.full(init.shape, 0.25) if groups == n else init,
            groups,
        )
        space, channels = convolution.output_shape.spatial_shape, n
        bias = np.arange(n) / n
        tiles = (np.prod(space), 1) if channels_last else (1, np.prod(space))
        bias = np.tile(bias if channels_last else bias[:, None], tiles).ravel()
        kwargs = {"gain": 1 + bias, "bias": bias}
        layer = neurons(bias.size, lif(amplitude=0.01), f"layer{n}{size}", **kwargs)
        nengo.Connection(before, layer, transform=convolution, synapse=None)
        before = layer
    out = nengo.Node(size_in=3, label="out")
    nengo.Connection(before, out, transform=rng.randn(3, before.size_out), synapse=0.01)
    return (nengo.Probe(out),)


def images_with_channels_first():
    return images(channels_last=False)


NETWORKS = [
    communication,
    array_of_ensembles,
    solved_weights,
    delays,
    chain_of_neurons,
    cycle_with_two_entries,
    images,
    images_with_channels_first,
]


@pytest.mark.parametrize("integration", ["exponential", "euler"])
@pytest.mark.parametrize("build", NETWORKS)
def test_outputs_and_graphs_are_the_same(build, integration, tmp_path):
    with nengo.Network(seed=0) as network:
        probes = build()
    sim = simulated_in_nengo(network)
    graph = ngc.nir.export(network, sim, integration)
    nir.write(tmp_path / "graph.nir", graph)
    net = ngc.nir.load(tmp_path / "graph.nir")
    (source,) = (node for node in network.all_nodes if callable(node.output))
    order = np.arange(source.size_out)
    if build is images:
        order = order.reshape(9, 9, 2).transpose(2, 0, 1).ravel()
    sources = {"u": lambda t: source.output(t)[order]}
    outputs, sim_of_loaded = probed(net, sources)
    assert outputs.keys() == graph.outputs.keys()
    for probe, name in zip(probes, graph.outputs):
        expected = sim.data[probe]
        assert np.std(expected) > 0
        assert np.allclose(outputs[name], expected, rtol=0, atol=1e-9 * np.abs(expected).max())
    assert_same(ngc.nir.export(net, sim_of_loaded, integration), graph, rtol=1e-12)


def recurrent():
    u = nengo.Node(wave(2), label="u")
    a = nengo.Ensemble(20, 2, neuron_type=lif(), label="a")
    nengo.Connection(u, a, synapse=None)
    nengo.Connection(a, a, synapse=0.1)
    return (nengo.Probe(a.neurons),)


@pytest.mark.parametrize("build, n_late", [(recurrent, 0), (images_with_channels_first, 1)])
def test_a_loop_simulates_what_is_exported(build, n_late):
    """Nengo's filters on the way to an output, and not on a cycle, are one timestep late."""
    with nengo.Network(seed=0) as network:
        (probe,) = build()
    sim = simulated_in_nengo(network, 100)
    graph = ngc.nir.export(network, sim, "euler")
    (source,) = (node for node in network.all_nodes if callable(node.output))
    (found,) = simulated(graph, {"u": source.output}, n_steps=100 - n_late).values()
    expected = sim.data[probe][n_late:]
    assert np.std(expected) > 0
    assert np.allclose(found, expected, rtol=0, atol=1e-9 * np.abs(expected).max())


@pytest.mark.parametrize("simulator", [nengo.Simulator, pytest.param("jax", marks=needs_jax)])
def test_what_was_learned_is_exported(simulator):
    simulator = ngc.jax.Simulator if simulator == "jax" else simulator
    with nengo.Network(seed=1) as network:
        u = nengo.Node(wave(1), label="u")
        a, b = (nengo.Ensemble(20, 1, neuron_type=lif(), label=name) for name in "ab")
        nengo.Connection(u, a, synapse=None)
        pes = nengo.PES(1e-3)
        learned = nengo.Connection(a, b, function=lambda x: 0, learning_rule_type=pes)
        error = nengo.Node(size_in=1)
        nengo.Connection(b, error, synapse=0.01)
        nengo.Connection(u, error, transform=-1, synapse=None)
        nengo.Connection(error, learned.learning_rule, synapse=0.01)
        nengo.Probe(b, synapse=0.01)
    sim = simulator_after(network, simulator)
    graph = ngc.nir.export(network, sim)
    height = 1 / sim.dt
    weights = sim.signals[sim.model.sig[learned]["weights"]]
    assert np.abs(weights).max() > 1e-4
    assert np.allclose(graph.nodes["a_to_b"].weight, height * weights, rtol=1e-6)
    assert "error" not in graph.nodes and "b_to_error" not in graph.nodes


def simulator_after(network, simulator):
    return simulated_in_nengo(network, 100, simulator)


@needs_jax
def test_loaded_neurons_are_the_same_on_jax():
    with nengo.Network(seed=0) as network:
        delays()
    graph = ngc.nir.export(network, simulated_in_nengo(network))
    expected, _ = probed(ngc.nir.load(graph), {"u": wave(2)})
    found, _ = probed(ngc.nir.load(graph), {"u": wave(2)}, simulator=ngc.jax.Simulator)
    for name, outputs in expected.items():
        assert np.allclose(found[name].reshape(outputs.shape), outputs, atol=1e-5)


def test_a_classifier_is_exported_without_what_it_learns_by():
    net = ngc.networks.FeedforwardClassifier(
        (6, 5, 3),
        neuron_type=lif(amplitude=1 / 200),
        schedule=ngc.Schedule(20),
        init="uniform",
        seed=0,
    )
    with net:
        nengo.Probe(net.output, label="output")
    sim = simulated_in_nengo(net, 1)
    graph = ngc.nir.export(net, sim)
    kinds = {name: type(node).__name__ for name, node in graph.nodes.items()}
    assert kinds == {
        "input": "Input",
        "W1": "Affine",
        "a1": "LIF",
        "W2_synapse": "LI",
        "W2": "Affine",
        "output": "Output",
    }
    parameters = net.parameters(sim)
    assert np.allclose(graph.nodes["W2"].weight, parameters["W2"] / 200 / 0.001)
    assert np.allclose(graph.nodes["W2"].bias, parameters["b2"])
