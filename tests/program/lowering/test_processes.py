"""Processes and Python functions give the numbers of nengo.Simulator, in its order."""

import itertools

import nengo
import numpy as np
import pytest
from nengo.base import Process
from nengo.exceptions import SimulationError

from nengo_ngc.program.lowering import merge

PROCESSES = {
    "WhiteNoise": nengo.processes.WhiteNoise(seed=1),
    "WhiteSignal": nengo.processes.WhiteSignal(0.1, high=50, seed=2),
    "FilteredNoise": nengo.processes.FilteredNoise(nengo.Alpha(0.01), seed=3),
    "BrownNoise": nengo.processes.BrownNoise(seed=4),
    "PresentInput": nengo.processes.PresentInput([[1, 2], [3, 4], [5, 6]], 0.004),
    "Piecewise": nengo.processes.Piecewise({0.002: [1, 2], 0.005: [3, 4]}),
    "interpolated": nengo.processes.Piecewise({0: [1, 2], 0.05: [3, 4]}, "linear"),
}


class Noisy(Process):
    """Adds noise and what was there before to its input, if it has one."""

    def make_state(self, shape_in, shape_out, dt, dtype=None):
        return {"before": np.zeros(shape_out)}

    def make_step(self, shape_in, shape_out, dt, rng, state):
        before = state["before"]

        def step(t, x=0):
            before[...] = 0.5 * before + x + t + rng.normal(size=shape_out)
            return before

        return step


def build(processes):
    with nengo.Network(seed=0) as net:
        for label, process in processes.items():
            nengo.Probe(nengo.Node(process, size_out=2), label=label)
    return net


def test_processes(same):
    same(build(PROCESSES))


def test_processes_without_seeds_have_those_that_nengo_would_draw(same):
    with build({"one": nengo.processes.WhiteNoise()}) as net:
        before = nengo.Node(np.sin)
        node = nengo.Node(size_in=1)
        nengo.Connection(before, node, synapse=0.01)  # a process as well
        noise = nengo.Node(Noisy(), size_in=1, size_out=1)
        nengo.Connection(node, noise, synapse=0.01)
        nengo.Probe(noise, label="another")
    same(net, optimize=False)


def test_seeds_do_not_depend_on_what_is_merged(same, monkeypatch):
    monkeypatch.setattr(merge, "_FEW", 2)
    with build({"one": nengo.processes.WhiteNoise()}) as net:
        source = nengo.Node([1.0])
        for _ in range(20):
            nengo.Connection(source, nengo.Ensemble(5, 1))
        noise = nengo.Node(Noisy(), size_in=1, size_out=1)
        nengo.Connection(source, noise)
        nengo.Probe(noise, label="another")
    same(net)


@pytest.mark.parametrize("kind", [nengo.StochasticSpiking, nengo.PoissonSpiking])
def test_random_neurons_spike_differently_in_samples_of_one_input(kind, compiled):
    count = itertools.count()
    with nengo.Network(seed=0) as net:
        ens = nengo.Ensemble(20, 1, neuron_type=kind(nengo.LIFRate()))
        nengo.Connection(nengo.Node([0.5]), ens, synapse=None)
        probe, of_time = nengo.Probe(ens.neurons), nengo.Node(np.sin)
        counted = nengo.Node(lambda t, x: x + next(count), size_in=1)
        nengo.Connection(of_time, counted, synapse=None)
        numbers = nengo.Probe(counted)
    sim = compiled(net, minibatch_size=3)
    sim.run_steps(20)
    assert len({sample.tobytes() for sample in sim.data[probe]}) == 3
    assert len({sample.tobytes() for sample in sim.data[numbers]}) == 3


def test_processes_of_ones_own(same):
    with build({"without": Noisy(seed=1)}) as net:
        source = nengo.Node(lambda t: [t, -t])
        node = nengo.Node(Noisy(seed=2), size_in=2, size_out=2)
        nengo.Connection(source, node, synapse=None)
        nengo.Probe(node, label="with an input")
        nengo.Probe(nengo.Ensemble(10, 1, noise=Noisy(seed=3)).neurons, label="noise")
    same(net)


def test_samples_see_noise_of_their_own_and_the_first_one_nengos(compiled):
    net = build({"noise": nengo.processes.WhiteNoise(), "given": PROCESSES["WhiteNoise"]})
    free, given = net.probes
    sim = compiled(net, minibatch_size=3)
    sim.run_steps(5)
    assert len({sample.tobytes() for sample in sim.data[free]}) == 3
    assert len({sample.tobytes() for sample in sim.data[given]}) == 1
    first = sim.data[free].copy()
    sim.reset()
    sim.run_steps(5)
    np.testing.assert_array_equal(sim.data[free], first)
    sim.reset(seed=2)
    sim.run_steps(5)
    assert np.all(sim.data[free] != first)


@pytest.mark.parametrize("scale", [False, True])
def test_all_samples_see_noise_of_the_same_distribution(scale, compiled):
    noise = nengo.processes.WhiteNoise(nengo.dists.Gaussian(0.3, 0.02), scale=scale)
    with nengo.Network(seed=0) as net:
        probe = nengo.Probe(nengo.Node(noise, size_out=100))
        ensemble = nengo.Ensemble(100, 1, neuron_type=nengo.RectifiedLinear(), noise=noise)
        current = nengo.Probe(ensemble.neurons, "input")
    sim = compiled(net, minibatch_size=4)
    sim.run_steps(20)
    size = 0.001**-0.5 if scale else 1.0
    for sample in sim.data[probe]:
        assert sample.mean() == pytest.approx(0.3 * size, abs=0.002 * size)
        assert sample.std() == pytest.approx(0.02 * size, rel=0.1)
        steps = np.corrcoef(sample)
        assert np.abs(steps - np.eye(20)).max() < 0.5
    samples = np.corrcoef(sim.data[probe].reshape(4, -1))
    assert np.abs(samples - np.eye(4)).max() < 0.1
    with nengo.Simulator(net, progress_bar=False) as alone:
        alone.run_steps(20)
    for seen in (probe, current):
        np.testing.assert_allclose(sim.data[seen][0], alone.data[seen], rtol=1e-5)


def test_only_what_samples_do_not_share_is_computed_for_each_of_them(compiled):
    seeded = nengo.processes.BrownNoise(seed=4)
    program = compiled(
        build({"function": lambda t: [t, t], "own": nengo.processes.BrownNoise()}),
        minibatch_size=3,
    ).program
    assert sorted(map(program.host.rows, program.sources.values())) == [1, 3]
    drawn = build({"own": nengo.processes.WhiteNoise(), "seeded": seeded})
    host = compiled(drawn, minibatch_size=3).program.host
    rows = {type(op.process).__name__: host.rows(op) for op in host.sources.values()}
    assert rows == {"WhiteNoise": 1, "BrownNoise": 3}  # other samples' white noise is JAX's


@pytest.mark.parametrize("by", ["a function", "a process"])
def test_a_function_of_time_may_read_what_another_function_has_left_behind(by, compiled):
    def run(simulator):
        world = {"x": 0.0}

        def read(t):
            return world["x"]

        with nengo.Network() as net:
            is_one = by == "a process"
            source = nengo.Node(nengo.processes.Piecewise({0: read}) if is_one else read)
            sink = nengo.Node(lambda t, x: world.update(x=0.5 * x[0] + 1), size_in=1)
            nengo.Connection(source, sink, synapse=0)
            probe = nengo.Probe(source)
        with simulator(net, progress_bar=False) as sim:
            sim.run_steps(10)
            return sim.data[probe]

    np.testing.assert_allclose(run(compiled), run(nengo.Simulator))


def test_node_sees_copies_and_the_time(compiled):
    seen = []

    def function(t, x):
        seen.append((t, x))
        x[...] = 7  # has no influence on others
        return -x

    with nengo.Network() as net:
        source = nengo.Node(lambda t: [t, 1])
        node = nengo.Node(function, size_in=2, size_out=2)
        nengo.Connection(source, node, synapse=None)
        probe = nengo.Probe(source)
    sim = compiled(net)
    sim.run_steps(3)
    assert [t for t, _ in seen] == [0.001, 0.002, 0.003]
    assert all(isinstance(t, float) and x.base is None for t, x in seen)
    np.testing.assert_allclose(sim.data[probe], [[0.001, 1], [0.002, 1], [0.003, 1]])


@pytest.mark.parametrize("value", [None, np.nan, np.inf, "text", [1, 2, 3]])
@pytest.mark.parametrize("size_in", [0, 1])
def test_bad_output_is_a_simulation_error(value, size_in, compiled):
    def function(t, x=None):
        return [0, 0] if t < 0.0025 else value

    with nengo.Network() as net:
        node = nengo.Node(function, size_in=size_in, size_out=2)
        if size_in:
            nengo.Connection(nengo.Node([1]), node, synapse=None)
    sim = compiled(net)
    sim.run_steps(2)
    with pytest.raises(SimulationError, match="function"):
        sim.run_steps(2)


def test_errors_of_functions_reach_the_caller(compiled):
    broken = [True]

    def function(t, x):
        if broken and t > 0.0055:
            raise LookupError("not here")
        return x + 1

    with nengo.Network() as net:
        node = nengo.Node(function, size_in=1)
        nengo.Connection(node, node, synapse=0)
        probe = nengo.Probe(node)
    sim = compiled(net)
    sim.run_steps(3)
    for _ in range(2):
        with pytest.raises(LookupError, match="not here"):
            sim.run_steps(10)
    broken.clear()
    sim.run_steps(4)  # goes on from what there was before the error
    np.testing.assert_allclose(sim.data[probe][:, 0], np.arange(1, 8))


@pytest.mark.parametrize("minibatch_size", [None, 64])
def test_large_nodes_in_a_loop(minibatch_size, compiled):
    with nengo.Network() as net:
        node = nengo.Node(lambda t, x: 0.5 * x + 1, size_in=1000)
        nengo.Connection(node, node, synapse=0)
        probe = nengo.Probe(node, sample_every=0.02)
    sim = compiled(net, minibatch_size=minibatch_size)
    sim.run_steps(40)
    np.testing.assert_allclose(sim.data[probe], 2, atol=1e-5)


def test_functions_are_called_from_other_devices_than_processors(same, monkeypatch):
    """GPUs call Python in another way, which is taken here on the processor."""
    monkeypatch.setattr("jax.lax.platform_dependent", lambda *x, cpu, default: default(*x))
    with nengo.Network() as net:
        node = nengo.Node(lambda t, x: 0.9 * x + [t, 1 / 3], size_in=2)
        other = nengo.Node(lambda t, x: x[0] - x[1], size_in=2)
        nengo.Connection(node, node, synapse=0)
        nengo.Connection(node, other, synapse=None)
        nengo.Probe(node, label="node")
        nengo.Probe(other, label="other")
    same(net)
