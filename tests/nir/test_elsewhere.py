"""Graphs made elsewhere run in Nengo as a loop of Euler's method simulates them."""

import nir
import numpy as np
import pytest

import nengo_ngc as ngc

from .graphs import assert_same, probed, simulated


def ones(*shape):
    return np.ones(shape)


def spread(rng, low, high, *shape):
    return rng.uniform(low, high, shape)


def neuron_nodes(rng, *shape):
    """One node of each kind, with a number of its own for each neuron and parameter."""
    tau, r, leak = (lambda a=a, b=b: spread(rng, a, b, *shape) for a, b in RANGES)
    threshold, reset = spread(rng, 0.5, 1.5, *shape), spread(rng, -0.2, 0.2, *shape)
    spiking = {"v_threshold": threshold, "v_reset": reset}
    return {
        "I": nir.I(r()),
        "IF": nir.IF(100 * r(), **spiking),
        "LI": nir.LI(tau(), r(), leak()),
        "LIF": nir.LIF(tau(), r(), leak(), **spiking),
        "CubaLI": nir.CubaLI(tau(), tau(), r(), leak(), w_in=r()),
        "CubaLIF": nir.CubaLIF(tau(), tau(), r(), leak(), **spiking, w_in=r()),
    }


RANGES = (0.005, 0.02), (1.5, 2.5), (-0.1, 0.1)


def drive(n):
    return lambda t: 1.5 + np.sin(30 * t + np.arange(n))


@pytest.mark.parametrize("kind", ["I", "IF", "LI", "LIF", "CubaLI", "CubaLIF"])
def test_neurons_are_those_of_the_loop(kind, rng):
    node = neuron_nodes(rng, 5)[kind]
    affine = nir.Affine(rng.randn(5, 3) / 3, rng.uniform(0, 0.5, 5))
    graph = nir.NIRGraph.from_list(nir.Input(np.array([3])), affine, node)
    sources = {"input": drive(3)}
    (expected,) = simulated(graph, sources).values()
    net = ngc.nir.load(graph, integration="euler")
    outputs, sim = probed(net, sources)
    assert np.allclose(outputs["output"], expected, rtol=0, atol=1e-12)
    assert np.any(expected != 0)
    assert_same(ngc.nir.export(net, sim, integration="euler"), graph)


def test_the_current_changes_before_the_voltage():
    tau = np.array([0.01])
    node = nir.CubaLI(tau, 2 * tau, ones(1), np.zeros(1))
    graph = nir.NIRGraph.from_list(nir.Input(np.array([1])), node)
    outputs, _ = probed(
        ngc.nir.load(graph, integration="euler"), {"input": lambda t: [1.0]}, 1
    )
    assert np.allclose(outputs["output"], 0.1 * 0.05)


@pytest.mark.parametrize(
    "conv",
    [
        {"stride": 1, "padding": 0},
        {"stride": 1, "padding": "same"},
        {"stride": (1, 2), "padding": (1, 1)},
        {"stride": 2, "padding": (0, 2)},
        {"stride": 1, "padding": 0, "dilation": 2},
    ],
)
def test_images_run_as_in_the_loop(conv, rng):
    conv = {"dilation": 1, "groups": 1, **conv}
    weight, bias = rng.randn(4, 2, 3, 3), rng.randn(4)
    convolution = nir.Conv2d((7, 6), weight, bias=bias, **conv)
    shape = convolution.output_type["output"]
    shaped = [np.full(shape, value) for value in (0.01, 1, 0, 1)]
    pool = nir.AvgPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0]))
    layers = [nir.Input(np.array([2, 7, 6])), convolution, nir.LIF(*shaped), pool]
    pooled = nir.NIRGraph.from_list(*layers).outputs["output"].output_type["output"]
    n = int(np.prod(pooled))
    layers += [nir.Flatten(pooled, 0), nir.Linear(rng.randn(2, n))]
    graph = nir.NIRGraph.from_list(*layers)
    sources = {"input": drive(2 * 7 * 6)}
    if conv["padding"] == "same":
        same = {**vars(convolution), "padding": (1, 1)}
        layers[1] = nir.Conv2d(
            **{k: same[k] for k in ("input_shape", "weight", "bias", *conv)}
        )
    expected = simulated(nir.NIRGraph.from_list(*layers), sources, n_steps=20)
    net = ngc.nir.load(graph, integration="euler")
    outputs, sim = probed(net, sources, 20)
    assert np.allclose(outputs["output"], expected["output"], rtol=0, atol=1e-10)
    assert np.std(expected["output"]) > 0.1
    if conv["padding"] != "same" and conv["dilation"] == 1:
        assert_same(ngc.nir.export(net, sim, integration="euler"), graph)


def recurrent_graph(rng, inner):
    """A recurrent layer with biases, as a graph within the graph or as a part of it."""
    size = np.array([4])
    lif = nir.LIF(*(np.full(4, value) for value in (0.01, 3, 0, 1)))
    nodes = {
        "u": nir.Input(np.array([3])),
        "w_in": nir.Linear(rng.randn(4, 3)),
        "w_rec": nir.Affine(rng.randn(4, 4), rng.uniform(4, 5, 4)),
        "lif": lif,
        "later": nir.Delay(np.full(4, 0.002)),
        "y": nir.Output(size),
    }
    loop = [("lif", "w_rec"), ("w_rec", "lif")]
    if not inner:
        edges = [("u", "w_in"), ("w_in", "lif"), *loop, ("lif", "later"), ("later", "y")]
        return nir.NIRGraph(nodes, edges)
    inside = {name: nodes.pop(name) for name in ("w_rec", "lif")}
    inside |= {"input": nir.Input(size), "output": nir.Output(size)}
    layer = nir.NIRGraph(inside, [("input", "lif"), *loop, ("lif", "output")])
    edges = [("u", "w_in"), ("w_in", "layer"), ("layer", "later"), ("later", "y")]
    return nir.NIRGraph({**nodes, "layer": layer}, edges, type_check=False)


def test_biases_of_recurrent_weights_count_from_the_first_timestep(rng):
    state = rng.get_state()
    graph = recurrent_graph(rng, inner=False)
    sources = {"u": drive(3)}
    expected = simulated(graph, sources)["y"]
    assert expected.sum() > 10
    for inner in (False, True):
        rng.set_state(state)
        net = ngc.nir.load(recurrent_graph(rng, inner), integration="euler")
        outputs, _ = probed(net, sources)
        assert np.array_equal(outputs["y"], expected)
    rng.set_state(state)
    net = ngc.nir.load(graph, integration="euler")
    _, sim = probed(net, sources)
    assert_same(ngc.nir.export(net, sim, integration="euler"), graph)


def test_convolutions_in_groups_and_sums_run_as_in_the_loop(rng):
    weight, bias = rng.randn(4, 1, 2, 2), rng.randn(4)
    layers = [
        nir.Input(np.array([2, 5, 5])),
        nir.Conv2d(None, weight, stride=1, padding=0, dilation=1, groups=2, bias=bias),
        nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])),
        nir.Scale(rng.rand(4, 2, 2)),
        nir.Output(np.array([4, 2, 2])),
    ]
    names = "input", "conv", "sum", "scale", "output"
    graph = nir.NIRGraph(dict(zip(names, layers)), [*zip(names, names[1:])])
    sources = {"input": drive(50)}
    expected = simulated(graph, sources, n_steps=3)["output"]
    net = ngc.nir.load(graph)
    outputs, sim = probed(net, sources, 3)
    assert np.allclose(outputs["output"], expected, rtol=0, atol=1e-12)
    again = ngc.nir.load(ngc.nir.export(net, sim))
    outputs, _ = probed(again, sources, 3)
    assert np.allclose(outputs["output"], expected, rtol=0, atol=1e-12)
