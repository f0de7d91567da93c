"""What ngc.jax.Simulator has in common with nengo.Simulator besides its numbers."""

import gc
import pickle

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError

import nengo_ngc as ngc

from ..conftest import needs_jax

pytestmark = needs_jax


def learning():
    with nengo.Network(seed=0) as net:
        net.input = nengo.Node([0.5])
        pre = nengo.Ensemble(10, 1, neuron_type=nengo.StochasticSpiking(nengo.LIFRate()))
        post = nengo.Ensemble(10, 1)
        learned = nengo.Connection(pre, post, learning_rule_type=nengo.PES(1e-3))
        nengo.Connection(net.input, pre, synapse=0.01)
        nengo.Connection(post, learned.learning_rule)
        net.weights = nengo.Probe(learned, "weights")
        net.output = nengo.Probe(post, sample_every=0.002)
    return net


@pytest.mark.parametrize("minibatch_size", [None, 2])
def test_pickled_simulator_goes_on_where_it_was(minibatch_size):
    net = learning()
    with ngc.jax.Simulator(net, minibatch_size=minibatch_size, progress_bar=False) as sim:
        sim.run_steps(7)
        text = pickle.dumps({"sim": sim, "probes": net.probes})
        sim.run_steps(6)
        expected = [sim.data[probe] for probe in net.probes]
        assert all(np.any(values) for values in expected)
    copy = pickle.loads(text)
    with copy["sim"] as sim:
        assert (sim.n_steps, sim.minibatch_size) == (7, minibatch_size)
        sim.run_steps(6)
        for probe, values in zip(copy["probes"], expected):
            np.testing.assert_array_equal(sim.data[probe], values)
    assert pickle.loads(pickle.dumps(sim)).closed


@pytest.mark.parametrize("minibatch_size", [None, 2])
def test_pickled_simulator_keeps_summed_delays_and_the_place_in_noise(minibatch_size):
    with nengo.Network(seed=1) as net:
        ens = nengo.Ensemble(10, 1)
        for process in (nengo.processes.FilteredNoise(), nengo.processes.WhiteSignal(1, 20)):
            # what returns from both is one delay of a sum
            nengo.Connection(nengo.Node(process, size_out=1), ens, synapse=nengo.Lowpass(0.0))
        net.output = nengo.Probe(ens, sample_every=0.002)
        net.sources = [nengo.Probe(node) for node in net.nodes]
    with ngc.jax.Simulator(net, minibatch_size=minibatch_size, progress_bar=False) as sim:
        sim.run_steps(7)
        text = pickle.dumps({"sim": sim, "probes": net.probes})
        sim.run_steps(6)
        expected = [sim.data[probe] for probe in net.probes]
    copy = pickle.loads(text)
    with copy["sim"] as sim:
        again = pickle.loads(pickle.dumps(copy))
        sim.run_steps(6)
        assert all(
            np.array_equal(sim.data[probe], values)
            for probe, values in zip(copy["probes"], expected)
        )
    with again["sim"] as sim:
        sim.run_steps(6)
        np.testing.assert_array_equal(sim.data[again["probes"][0]], expected[0])


class Walk(nengo.Process):
    """A random walk that its input drives."""

    def make_state(self, shape_in, shape_out, dt, dtype=None):
        return {"place": np.zeros(shape_out)}

    def make_step(self, shape_in, shape_out, dt, rng, state):
        def step(t, x):
            state["place"] += x + rng.uniform(-1, 1, shape_out)
            return state["place"]

        return step


@pytest.mark.parametrize("minibatch_size", [None, 2])
def test_pickled_simulator_keeps_the_states_of_processes_with_an_input(minibatch_size):
    with nengo.Network(seed=1) as net:
        walk = nengo.Node(Walk(), size_in=1, size_out=1)
        nengo.Connection(nengo.Node([0.5]), walk, synapse=None)
        net.place = nengo.Probe(walk)
    with ngc.jax.Simulator(net, minibatch_size=minibatch_size, progress_bar=False) as sim:
        sim.run_steps(4)
        text = pickle.dumps((sim, net.place))
        sim.run_steps(3)
        expected = sim.data[net.place]
    copy, probe = pickle.loads(text)
    with copy:
        copy.run_steps(3)
        np.testing.assert_array_equal(copy.data[probe], expected)


def test_simulator_left_open_is_warned_of():
    sim = ngc.jax.Simulator(nengo.Network(label="mine"), progress_bar=False)
    with pytest.warns(ResourceWarning, match="mine.*deallocated while open"):
        del sim
        gc.collect()


def test_records_cannot_be_changed_by_mistake():
    net = learning()
    with ngc.jax.Simulator(net, progress_bar=False) as sim:
        sim.run_steps(4)
    with pytest.raises(ValueError, match="read-only"):
        sim.data[net.weights][0] = 0


def test_a_constant_that_is_fed_has_a_record_for_each_sample():
    with nengo.Network() as net:
        stimulus = nengo.Node([0.5, 0.0])
        whole, part = nengo.Probe(stimulus), nengo.Probe(stimulus[0])
    with ngc.jax.Simulator(net, minibatch_size=4, progress_bar=False) as sim:
        sim.run_steps(2)
        assert sim.data[whole].shape == (4, 2, 2) and sim.data[part].shape == (4, 2, 1)
        given = np.random.RandomState(0).rand(4, 3, 2).astype(np.float32)
        sim.run_steps(3, data={stimulus: given})
        np.testing.assert_array_equal(sim.data[whole][:, 2:], given)
        np.testing.assert_array_equal(sim.data[part][:, 2:], given[..., :1])


@pytest.mark.parametrize("optimize", [True, False])
def test_a_constant_is_itself_again_once_it_is_not_fed(optimize):
    with nengo.Network(seed=0) as net:
        stimulus = nengo.Node(np.zeros(16))
        array = nengo.networks.EnsembleArray(10, 16)
        nengo.Connection(stimulus, array.input, synapse=None)
        nengo.Connection(array.output, nengo.Ensemble(20, 16))
        seen = nengo.Node(size_in=16)
        nengo.Connection(stimulus, seen, synapse=None)
        probe = nengo.Probe(seen)
    with ngc.jax.Simulator(net, optimize=optimize, progress_bar=False) as sim:
        sim.run_steps(2, data={stimulus: np.ones((1, 16))})
        sim.run_steps(2)
        np.testing.assert_array_equal(sim.data[probe].reshape(4, 16)[:, 0], [1, 1, 0, 0])


def test_functions_in_a_process_beside_another_function():
    with nengo.Network() as net:
        process = nengo.processes.Piecewise({0.0: [0.5], 0.003: lambda t: [np.sin(50 * t)]})
        stimulus, squared = nengo.Node(process), nengo.Node(lambda t, x: x**2, size_in=1)
        nengo.Connection(stimulus, squared, synapse=None)
        probe = nengo.Probe(squared)
    with nengo.Simulator(net, progress_bar=False) as sim:
        sim.run_steps(6)
        expected = sim.data[probe]
    with ngc.jax.Simulator(net, minibatch_size=3, progress_bar=False) as sim:
        sim.run_steps(6)
        np.testing.assert_allclose(sim.data[probe], [expected] * 3, rtol=1e-6)


def test_values_of_signals_are_a_mapping():
    with ngc.jax.Simulator(learning(), progress_bar=False) as sim:
        assert len(sim.signals) == len([*sim.signals]) == len(dict(sim.signals)) > 0
        assert all(signal in sim.signals for signal in sim.signals)


def test_simulators_of_one_model_leave_each_other_alone():
    with nengo.Network(seed=0) as net:
        kind = nengo.LIFRate()
        arrays = [nengo.networks.EnsembleArray(4, 16, neuron_type=kind) for _ in range(2)]
        nengo.Connection(nengo.Node(np.linspace(-1, 1, 16)), arrays[0].input, synapse=None)
        for pre, post in zip(arrays[0].ensembles, arrays[1].ensembles):
            nengo.Connection(pre, post)
        probes = [nengo.Probe(array.output) for array in arrays]
    model = nengo.builder.Model()
    model.build(net)
    given = {"network": None, "model": model, "progress_bar": False}
    simulators = [ngc.jax.Simulator(optimize=False, **given), nengo.Simulator(**given)]
    simulators.append(ngc.jax.Simulator(**given))
    for sim in simulators:
        sim.run_steps(5)
    first, expected, last = ([sim.data[probe] for probe in probes] for sim in simulators)
    for sim in simulators:
        sim.close()
    np.testing.assert_allclose(first, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(last, first, rtol=1e-4, atol=1e-5)
    assert all(np.any(values[-1]) for values in expected)


def test_data_that_are_no_arrays_of_nodes():
    with nengo.Network() as net:
        stimulus = nengo.Node([0.5])
        nengo.Probe(stimulus)
    with ngc.jax.Simulator(net, progress_bar=False) as sim:
        with pytest.raises(ValidationError, match="data: must be a mapping"):
            sim.run_steps(2, data=np.array([0.5, 0.5]))
        for wrong in ("half", [[0.5], [0.5, 0.1]]):
            with pytest.raises(ValidationError, match="data: must hold an array of numbers"):
                sim.run_steps(2, data={stimulus: wrong})


@pytest.mark.parametrize(
    "pairs",
    [
        [(slice(None), slice(None, None, -1))],
        [(slice(5, 3, -1), slice(4, 6)), (slice(7, 5, -1), slice(6, 8))],
        [(slice(0, 4, 2), slice(0, 4, 2)), (slice(2, 6, 2), slice(2, 6, 2))],
        [(slice(0, None, 2), slice(1, None, 2)), (slice(1, None, 2), slice(0, None, 2))],
    ],
)
def test_slices_with_steps_are_not_merged_wrongly(pairs):
    """Nengo's optimiser takes each view of a signal for one without gaps."""
    with nengo.Network(seed=0) as net:
        for number in range(40):
            x = nengo.Node(np.arange(8.0) + number)
            y = nengo.Node(size_in=8)
            for source, place in pairs:
                nengo.Connection(x[source], y[place], synapse=None)
            nengo.Probe(y)
    found = []
    for optimize in (True, False):
        with ngc.jax.Simulator(net, optimize=optimize, progress_bar=False) as sim:
            sim.run_steps(2)
            found.append([sim.data[probe] for probe in net.probes])
    np.testing.assert_array_equal(*found)
    expected = np.zeros(8)
    for source, place in pairs:
        expected[place] += np.arange(8.0)[source]
    np.testing.assert_array_equal(found[0][0][-1], expected)
