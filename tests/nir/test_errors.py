"""What NIR or Nengo cannot express, and damaged files, are errors that name what is wrong."""

import subprocess
import sys

import nengo
import nir
import numpy as np
import pytest
from nengo.exceptions import ValidationError

import nengo_ngc as ngc
from nengo_ngc.networks.parts import neurons
from nengo_ngc.neurons import Integrator
from nengo_ngc.objects import AtStart

from .graphs import ZERO, lif, probed, simulated_in_nengo


def exported(build, **kwargs):
    with nengo.Network(seed=0) as network:
        u = nengo.Node(lambda t: [np.sin(t)], label="u")
        out = build(u)
        if out is not None:
            nengo.Probe(out)
    return ngc.nir.export(network, simulated_in_nengo(network, 1), **kwargs)


def layer(neuron_type):
    def build(u):
        made = neurons(1, neuron_type, "layer")
        nengo.Connection(u, made, synapse=None)
        return made

    return build


def link(**kwargs):
    def build(u):
        made = neurons(1, lif(), "layer")
        nengo.Connection(u, made, **{"synapse": None, "label": "link", **kwargs})
        return made

    return build


def squares(u):
    node = nengo.Node(lambda t, x: x**2, size_in=1, label="squares")
    nengo.Connection(u, node)
    return node


def constant_through_a_filter(u):
    made = link()(u)
    nengo.Connection(nengo.Node([1.0]), made, label="filtered", synapse=0.1)
    return made


def two_ways(u):
    node = nengo.Node(size_in=1)
    for _ in range(2):
        nengo.Connection(u, node, synapse=None, label="way")
    return node


def image_of_a_vector(u):
    x, y = nengo.Node(size_in=16), nengo.Node(size_in=8)
    nengo.Connection(u, x, transform=np.ones((16, 1)), synapse=None, label="spread")
    nengo.Connection(x, y, transform=nengo.Convolution(2, (4, 4, 1)), synapse=None)
    return y


def biases_within_a_channel(u):
    x = nengo.Node(size_in=16)
    y = neurons(8, lif(), "y", bias=np.arange(8))
    nengo.Connection(x, y, transform=nengo.Convolution(2, (4, 4, 1)), synapse=None)
    return y


def with_noise(u):
    noisy = nengo.Ensemble(3, 1, neuron_type=lif(), noise=nengo.processes.WhiteNoise())
    noisy.label = "noisy"
    nengo.Connection(u, noisy, synapse=None)
    return noisy


def at_the_start(u):
    node = nengo.Node(size_in=1)
    transform = AtStart((1, 1), [[2.0]], ngc.Schedule(2))
    nengo.Connection(u, node, transform=transform, synapse=None, label="first")
    return node


def gains_within_a_channel(u):
    x = nengo.Node(size_in=16)
    y = neurons(8, lif(), "y", gain=1 + np.arange(8))
    nengo.Connection(x, y, transform=nengo.Convolution(2, (4, 4, 1)), synapse=None)
    return y


@pytest.mark.parametrize(
    "build, named",
    [
        (layer(nengo.LIF(initial_state=ZERO, tau_ref=0)), "layer.*min_voltage=0"),
        (layer(nengo.LIF(initial_state=ZERO, min_voltage=-np.inf)), "layer.*tau_ref=0.002"),
        (layer(nengo.LIF(tau_ref=0, min_voltage=-np.inf)), "layer.*do not start from 0"),
        (layer(nengo.SpikingRectifiedLinear(initial_state=ZERO)), "layer.*subtracts 1"),
        (layer(nengo.AdaptiveLIF()), "layer.*AdaptiveLIF"),
        (layer(nengo.RectifiedLinear()), "layer.*RectifiedLinear"),
        (layer(Integrator(tau_syn=[0.01])), "layer.*current and no leak"),
        (link(synapse=nengo.Alpha(0.1)), "link.*Alpha"),
        (link(synapse=nengo.Lowpass(0.1, method="euler")), "link.*method"),
        (link(function=np.square), "link.*function"),
        (squares, "squares.*function"),
        (constant_through_a_filter, "filtered.*synapse=None"),
        (two_ways, "second way from u"),
        (image_of_a_vector, "spread.*image"),
        (with_noise, "noisy.*noise"),
        (at_the_start, "first.*AtStart"),
        (gains_within_a_channel, "y.*gains that differ"),
        (biases_within_a_channel, "y.*within a channel"),
        (lambda u: None, "no probe"),
    ],
)
def test_what_nir_cannot_express_is_named(build, named):
    with pytest.raises(ValidationError, match=named):
        exported(build)


def test_differences_are_ignored_on_request():
    differences = "initial_voltage", "min_voltage", "tau_ref"
    graph = exported(layer(nengo.LIF()), ignore=differences)
    assert type(graph.nodes["layer"]) is nir.LIF
    graph = exported(
        layer(nengo.SpikingRectifiedLinear()), ignore=("initial_voltage", "reset")
    )
    assert type(graph.nodes["layer"]) is nir.IF
    with pytest.raises(ValidationError, match="ignore.*refractory"):
        exported(layer(nengo.LIF()), ignore=("refractory",))


def test_other_arguments_are_named():
    with nengo.Network() as network:
        nengo.Probe(nengo.Node(lambda t: t))
    sim = simulated_in_nengo(network, 1)
    with pytest.raises(ValidationError, match="simulator of this network"):
        ngc.nir.export(nengo.Network(), sim)
    with pytest.raises(ValidationError, match="integration.*midpoint"):
        ngc.nir.export(network, sim, integration="midpoint")
    sim.close()
    with pytest.raises(ValidationError, match="open simulator"):
        ngc.nir.export(network, sim)
    with pytest.raises(ValidationError, match="graph.*path.*got 3"):
        ngc.nir.load(3)


ONE = np.ones(1)


@pytest.mark.parametrize(
    "node, named",
    [
        (nir.Threshold(ONE), "threshold.*Threshold"),
        (nir.Delay(np.array([0.0005])), "delay.*whole timesteps of 0.001"),
        (nir.Linear(np.ones((2, 3, 1))), "linear.*matrix"),
    ],
)
def test_what_nengo_cannot_express_is_named(node, named):
    graph = nir.NIRGraph.from_list(nir.Input(node.input_type), node)
    with pytest.raises(ValidationError, match=named):
        ngc.nir.load(graph)


@pytest.mark.parametrize("damage", ["truncated", "other", "flipped"])
def test_damaged_files_are_errors(damage, tmp_path):
    path = tmp_path / "graph.nir"
    nir.write(path, nir.NIRGraph.from_list(nir.Linear(np.random.rand(20, 20))))
    content = path.read_bytes()
    if damage == "truncated":
        content = content[: len(content) // 2]
    elif damage == "other":
        content = b"no graph"
    else:
        content = content.replace(b"Linear", b"Lunear")
    path.write_bytes(content)
    with pytest.raises(ValueError, match="graph.nir is damaged or not a NIR file"):
        ngc.nir.load(path)


def test_missing_files_are_errors(tmp_path):
    with pytest.raises(FileNotFoundError, match="no NIR file"):
        ngc.nir.load(tmp_path / "graph.nir")
    nir.write(tmp_path / "node.nir", nir.Scale(ONE))
    with pytest.raises(ValueError, match="node.nir is damaged or not a NIR file"):
        ngc.nir.load(tmp_path / "node.nir")


def test_nir_is_imported_when_it_is_needed():
    program = (
        "import sys; import nengo_ngc as ngc; ngc.nir; assert 'nir' not in sys.modules;"
        "sys.modules['nir'] = None; ngc.nir.load('graph.nir')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    last = done.stderr.splitlines()[-1]
    assert last.startswith("ImportError: NIR needs the package nir: pip install"), last


@pytest.mark.parametrize("name", ["tau", "tau_syn"])
def test_time_constants_are_above_0(name):
    with pytest.raises(ValidationError, match=f"{name}.*above 0, got 0.0"):
        Integrator(**{name: [0.1, 0.0]})


def test_integrators_fit_their_ensemble():
    with nengo.Network() as network:
        neurons(3, Integrator(r=[1, 2]), "a")
    with pytest.raises(ValidationError, match="r: .*3 neurons, got 2"):
        nengo.Simulator(network, progress_bar=False)


def test_integrators_have_no_decoders():
    with nengo.Network() as network:
        ensemble = nengo.Ensemble(3, 1, neuron_type=Integrator(tau=[0.02]))
        nengo.Connection(ensemble, nengo.Node(size_in=1))
    with pytest.raises(ValidationError, match="no decoders; connect the neurons"):
        nengo.Simulator(network, progress_bar=False)


def test_inner_graphs_have_one_input_and_output():
    inner = nir.NIRGraph.from_list(nir.Input(np.array([1])), nir.Scale(2 * ONE))
    nodes = {"u": nir.Input(np.array([1])), "inner": inner, "y": nir.Output(np.array([1]))}
    graph = nir.NIRGraph(nodes, [("u", "inner"), ("inner", "y")], type_check=False)
    outputs, _ = probed(ngc.nir.load(graph), {"u": lambda t: [3.0]}, 2)
    assert np.all(outputs["y"] == 6)
    inner.nodes["more"] = nir.Input(np.array([1]))
    with pytest.raises(ValidationError, match="'inner' must have one input, got 2"):
        ngc.nir.load(graph)


@pytest.mark.parametrize("attr", ["voltage", "input"])
def test_probes_without_an_output_in_nir(attr):
    def build(u):
        made = layer(lif())(u)
        nengo.Probe(made if attr == "voltage" else made.ensemble, attr)
        return made

    with pytest.raises(ValidationError, match=f"network: .*records {attr!r} of .*no output"):
        exported(build)


@pytest.mark.parametrize(
    "noted, message",
    [
        ({"dt": "x"}, "dt in graph.metadata: must be"),
        ({"dt": -1.0}, "dt in graph.metadata: must be"),
        ({"integration": "other"}, "integration in graph.metadata: unknown"),
    ],
)
def test_metadata_that_are_not_valid(noted, message):
    graph = exported(link())
    graph.metadata["nengo_ngc"] = noted
    with pytest.raises(ValidationError, match=message):
        ngc.nir.load(graph)


@pytest.mark.parametrize("delay", [np.nan, -0.002])
def test_errors_of_a_part_name_its_node(delay):
    ends = {
        "i": nir.Input({"input": np.array([1])}),
        "o": nir.Output({"output": np.array([1])}),
    }
    nodes = {**ends, "late": nir.Delay(np.array([delay]))}
    graph = nir.NIRGraph(nodes=nodes, edges=[("i", "late"), ("late", "o")])
    with pytest.raises(ValidationError, match="graph: the node 'late' "):
        ngc.nir.load(graph)
