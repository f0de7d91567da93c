"""What holds for every network: names, defaults, and copies."""

import gc
import pickle
from weakref import ref

import nengo
import numpy as np
import pytest

import nengo_ngc as ngc
from nengo_ngc import networks
from nengo_ngc.networks.named_network import NamedNetwork

from ..conftest import needs_jax, simulator

SHORT = ngc.Schedule(steps=4)
RULES = "backprop", "feedback-alignment", "sign-symmetry", "direct-feedback-alignment", "fixed"

MAKERS = {
    "pdh": lambda: networks.GNCN((6, 5, 4, 3), schedule=SHORT, seed=1),
    "t1 with spikes": lambda: networks.GNCN(
        (6, 5, 4),
        "t1",
        schedule=SHORT,
        activation=nengo.SpikingRectifiedLinear(),
        max_rate=400.0,
        seed=1,
    ),
    "previous": lambda: networks.GNCN(
        (6, 5, 4),
        "t1-sigma",
        schedule=SHORT,
        activation="identity",
        initial="previous",
        tolerance=0.3,
        seed=1,
    ),
    "hopfield": lambda: networks.LayeredHopfield((6, 5, 4), schedule=SHORT, seed=1),
    "pff": lambda: networks.PFF(
        (6, 5, 4),
        n_classes=3,
        g_units=2,
        n_group=2,
        positives_only=True,
        noise=0.1,
        schedule=ngc.Schedule(4, online=True),
        seed=1,
    ),
    **{
        rule: lambda rule=rule: networks.FeedforwardClassifier((6, 5, 4, 3), rule, seed=1)
        for rule in RULES
    },
    "predictive coding": lambda: networks.PredictiveCodingClassifier(
        (6, 5, 4, 3), "tanh", schedule=SHORT, seed=1
    ),
    "nudged predictive coding": lambda: networks.PredictiveCodingClassifier(
        (6, 5, 5, 5, 3),
        "gelu",
        schedule=ngc.Schedule(4, online=True, from_start=True),
        loss="squared-error",
        momentum=0.3,
        nudging=-0.4,
        residual=True,
        scaling="mupc",
        seed=1,
    ),
    "sparse encoder": lambda: networks.SparseEncoder(
        (6, 5, 4), scaling=ngc.SynapticScaling(0.3), seed=1
    ),
    "competitive": lambda: networks.CompetitiveLayer(
        (6, 5), optimizer=ngc.SGD(0.1), homeostasis=ngc.SGD(0.1), seed=1
    ),
    "patches": lambda: networks.PatchEncoder(
        (2, 3), np.eye(4), np.zeros(4), 1, 5, optimizer=ngc.SGD(0.1), seed=1
    ),
    "associative": lambda: networks.AssociativeMemory(6, iterated=True, schedule=SHORT),
    "adaptive winners": lambda: networks.AdaptiveWinners(6, seed=1),
    "spiking winners": lambda: networks.SpikingWinners(6, 0.3, schedule=ngc.Schedule(30)),
}


@pytest.fixture(params=MAKERS, scope="module")
def make(request):
    """Makes each network in turn."""
    return MAKERS[request.param]


@pytest.fixture(scope="module")
def expected(make):
    """What each network computes and learns by itself."""
    return computed(in_a_model(make))


def test_makers_are_of_all_networks():
    made = {type(make()) for make in MAKERS.values()}
    assert made == {getattr(networks, name) for name in networks.__all__}


HOSTILE = {
    nengo.Connection: {
        "transform": 2,
        "synapse": 0.1,
        "solver": nengo.solvers.LstsqL2(weights=True),
        "learning_rule_type": nengo.PES(),
        "seed": 3,
    },
    nengo.Ensemble: {
        "neuron_type": nengo.Sigmoid(),
        "noise": nengo.processes.WhiteNoise(),
        "radius": 3.0,
        "gain": nengo.dists.Choice([5.0]),
        "bias": nengo.dists.Choice([2.0]),
        "encoders": nengo.dists.Choice([[-1.0]]),
        "normalize_encoders": False,
        "seed": 3,
    },
    nengo.Node: {"output": np.ones(2), "size_in": 3, "size_out": 2, "seed": 3},
    nengo.Probe: {"synapse": 0.1, "sample_every": 0.002, "seed": 3},
}


def in_a_model(make, configuration=()):
    """A model of a network whose nodes all have an input, and its probes by name."""
    with nengo.Network(seed=0) as model:
        with nengo.Network() as around:
            for kind, defaults in dict(configuration).items():
                for name, value in defaults.items():
                    setattr(around.config[kind], name, value)
            model.net = net = make()
            model.seen = {name: net.probe(name) for name in net._visible}
        fed = {connection.post_obj for connection in net.all_connections}
        inputs = [node for node in net.all_nodes if node.output is None and node not in fed]
        if isinstance(net, networks.AdaptiveWinners):
            inputs = [net.input, net.sparsity]
        for number, node in enumerate(inputs):
            x = np.random.RandomState(number).rand(node.size_in)
            nengo.Connection(nengo.Node(x), node, synapse=None)
    return model


def computed(model, n_steps=12):
    """Everything that a network has computed and learned."""
    with nengo.Simulator(model, progress_bar=False, optimize=False) as sim:
        sim.run_steps(n_steps)
        found = {name: sim.data[probe] for name, probe in model.seen.items()}
        if isinstance(model.net, networks.base.LearningNetwork):
            found.update(model.net.state(sim))
    return found


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        # Nengo adds up what several connections bring in any order
        np.testing.assert_allclose(found[name], array, 1e-12, 1e-15, err_msg=name)


def test_what_can_be_probed_has_a_name(make):
    net = in_a_model(make).net
    for name, obj in net._visible.items():
        found = net.ensembles if name in net.ensembles else net.nodes
        assert getattr(obj, "ensemble", obj) is found[name]
    for kind in ("ensembles", "nodes", "connections"):
        listed = getattr(net, kind)
        for obj in getattr(net, f"all_{kind}"):
            assert obj.label is None or listed[obj.label].label == obj.label
        with pytest.raises(KeyError, match=f"unknown {kind[:-1]} 'nothing'"):
            listed["nothing"]
    if hasattr(net, "learn"):
        assert net.nodes["learn"] is net.learn


def test_names_of_a_gncn():
    net = MAKERS["previous"]()
    assert net.ensembles["phi_z1"] is net.ensembles["z1"]  # their activity is their state
    assert net.ensembles["mu0"].neurons == net.output
    assert net.ensembles[0] is list(net.ensembles)[0] and net.ensembles["z1"] in net.ensembles
    with pytest.raises(KeyError, match=r"'iterations' is a node.*nodes\['iterations'\]"):
        net.ensembles["iterations"]
    spiking = MAKERS["t1 with spikes"]()
    assert spiking.ensembles["spikes1"].neuron_type.spiking
    assert not spiking.ensembles["phi_z1"].neuron_type.spiking


def test_what_surrounds_a_network_does_not_change_it(make, expected):
    assert_same(computed(in_a_model(make, HOSTILE)), expected)


def test_own_configuration_counts(make):
    net = make()
    net.config[nengo.Probe].sample_every = 0.002
    name = next(iter(net._visible))
    assert net.probe(name).sample_every == 0.002


def unpickled(model):
    return pickle.loads(pickle.dumps(model))


@pytest.mark.parametrize("again", [unpickled, nengo.Network.copy])
def test_a_copy_computes_the_same(make, expected, again):
    model = in_a_model(make)
    clone = again(model)
    assert clone.net is not model.net and clone.net in clone.all_networks
    assert clone.net.ensembles[0] is clone.all_ensembles[0]
    assert clone.net.ensembles[0] is not model.net.ensembles[0]
    assert_same(computed(clone), expected)


def test_a_network_is_copied_by_itself(make):
    net = make()
    with nengo.Network() as model:
        clone = net.copy()
    assert type(clone) is type(net) and model.networks == [clone]
    name = next(iter(net._visible))
    assert clone._visible[name] is not net._visible[name]
    assert isinstance(clone, NamedNetwork)


def objects_of(network):
    """Weak references to a network and to all objects in it."""
    return [ref(obj) for obj in (network, *network.all_objects)]


def simulated(make, backend):
    """References to the objects of a model that a simulator has run, and to its parts."""
    model = in_a_model(make)
    with simulator(backend, model) as sim:
        sim.run_steps(2)
    return [*objects_of(model), ref(sim), ref(sim.model)]


def alive(references):
    gc.collect()
    return [found for found in (reference() for reference in references) if found is not None]


def test_a_network_is_freed(make):
    # Nengo keeps parameters of objects in dictionaries of their classes, for as long as the
    # objects live: no parameter may refer to the network, which holds the objects
    built = objects_of(make())
    assert not alive([*built, *simulated(make, "nengo")])


@needs_jax
@pytest.mark.parametrize("name", ["pff", "backprop"])
def test_a_network_that_was_compiled_is_freed(name):
    assert not alive(simulated(MAKERS[name], "jax"))
