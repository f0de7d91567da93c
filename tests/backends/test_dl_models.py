"""Models that are not ours on the simulator that is: as on Nengo, as on NengoDL, as fast."""

import nengo
import numpy as np
import pytest
from nengo.exceptions import BuildError, SimulationError

import nengo_ngc as ngc

from ..conftest import needs_dl

pytestmark = needs_dl

RATE = nengo.RectifiedLinear()
SIZES = [3, 2**15 + 1]  # what is merged, and what is left alone


def on_both(build, n_steps=30, tolerance=1e-5, **kwargs):
    """Simulate what ``build`` makes on Nengo and on ours, and compare all that is probed."""
    with nengo.Network(seed=1) as model:
        build()
    with nengo.Simulator(model, progress_bar=False) as sim:
        sim.run_steps(n_steps)
        expected = [sim.data[probe] for probe in model.all_probes]
    with ngc.dl.Simulator(model, progress_bar=False, **kwargs) as sim:
        sim.run_steps(n_steps)
        found = [sim.data[probe] for probe in model.all_probes]
    for probe, a, b in zip(model.all_probes, expected, found):
        scale = max(1, np.max(np.abs(a)))
        # NengoDL has scalars as vectors of one number
        b = np.reshape(b, a.shape)
        np.testing.assert_allclose(b / scale, a / scale, rtol=0, atol=tolerance, err_msg=probe)
    return found


def moving():
    return nengo.Node(lambda t: [0.1 + t, 0.2 - 3 * t, 0.3 + 5 * t])


def passthrough(size=3):
    return nengo.Node(size_in=size)


# --- slices


@pytest.mark.parametrize(
    "part", [np.array([0]), np.array([2, 0]), np.array([True, False, True]), [0, 1]], ids=str
)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("transform", [2.0, None])
def test_arrays_as_indices(part, transform, size):
    def build():
        post, n = passthrough(size), np.arange(3)[part].size
        rows = np.arange(3)[part] if size > 3 else part
        kwargs = {} if transform is None else {"transform": transform}
        nengo.Connection(moving()[:n], post[rows], synapse=None, **kwargs)
        nengo.Connection(moving()[part], passthrough(n), synapse=None, **kwargs)
        nengo.Probe(post)
        nengo.Probe(post[rows])

    found, _ = on_both(build, n_steps=3)
    assert np.any(found != 0)


def test_whole_arrays_backwards():
    def build():
        pre, post, both = moving(), passthrough(), passthrough()
        nengo.Connection(pre[::-1], post, synapse=None)
        nengo.Connection(pre, both[::-1], synapse=None, transform=np.arange(9).reshape(3, 3))
        layer = nengo.Ensemble(9, 1, neuron_type=RATE)
        nengo.Connection(pre[0], layer)
        seen = passthrough(9)
        nengo.Connection(layer.neurons[8::-1], seen, transform=2, synapse=None)
        for obj in (pre[::-1], post, both, both[::-1], seen):
            nengo.Probe(obj)

    on_both(build)


def test_a_view_that_cannot_be_read_is_refused():
    from nengo.builder import Model, Signal
    from nengo.builder.operator import Copy, ElementwiseInc, Reset

    model = Model(dt=0.001)
    matrix, ones, copy = (Signal(np.ones((2, 2)), name=n) for n in ("matrix", "ones", "copy"))
    model.add_op(Reset(matrix))
    model.add_op(ElementwiseInc(model.time, ones, matrix))
    model.add_op(Copy(matrix[:, ::-1], copy))
    with pytest.warns(UserWarning, match="No top-level network"):
        with pytest.raises(BuildError, match="matrix.*only the order of the first axis"):
            ngc.dl.Simulator(None, model=model, progress_bar=False)


# --- arguments of the simulator


def test_arguments_are_in_nengo_dls_order():
    import inspect

    import nengo_dl

    with nengo.Network() as model:
        nengo.Ensemble(5, 1)
    with ngc.dl.Simulator(model, 0.002, 7, progress_bar=False) as sim:
        assert (sim.dt, sim.seed, sim.minibatch_size) == (0.002, 7, 1)
    ours, stock = (
        inspect.signature(kind).parameters for kind in (ngc.dl.Simulator, nengo_dl.Simulator)
    )
    assert [(p.name, p.default) for p in ours.values()] == [
        (p.name, p.default) for p in stock.values()
    ]


@pytest.mark.parametrize(
    "argument, value",
    [
        ("network", "x"),
        ("network", None),
        ("dt", 0),
        ("dt", float("nan")),
        ("seed", "x"),
        ("model", 1),
        ("unroll_simulation", 0),
        ("minibatch_size", True),
        ("minibatch_size", 2.5),
        ("device", 1),
    ],
)
def test_bad_arguments_are_named(argument, value):
    with pytest.raises(ValueError, match=f"{argument}: must be .* got {value!r}"):
        ngc.dl.Simulator(**{"network": nengo.Network(), argument: value})


def test_a_model_that_is_built_already():
    with nengo.Network(seed=0) as network:
        stimulus, ensemble = nengo.Node(0.5), nengo.Ensemble(20, 1)
        nengo.Connection(stimulus, ensemble)
        probe = nengo.Probe(ensemble)
    model = nengo.builder.Model(dt=0.001)
    model.build(network)
    results = []
    for args in ({"network": network}, {"network": None, "model": model}):
        with ngc.dl.Simulator(progress_bar=False, **args) as sim:
            sim.run_steps(20)
            results.append(sim.data[probe])
    np.testing.assert_allclose(results[1], results[0], rtol=0, atol=1e-5)


# --- what is trained


@pytest.mark.parametrize("size", SIZES)
def test_numbers_as_transforms_are_trained(size):
    import tensorflow as tf

    with nengo.Network(seed=0) as model:
        inputs = [nengo.Node(np.ones(size)), nengo.Node(np.ones(size))]
        post = passthrough(size)
        both = [nengo.Connection(n, post, transform=0.3, synapse=None) for n in inputs]
        probe = nengo.Probe(post)
    with ngc.dl.Simulator(model, minibatch_size=1, progress_bar=False) as sim:
        sim.compile(tf.keras.optimizers.SGD(0.1), loss="mse")
        ones = np.ones((8, 1, size))
        sim.fit({n: ones for n in inputs}, {probe: ones}, verbose=0)
        weights = [sim.data[connection].weights.item() for connection in both]
    assert weights[0] == pytest.approx(weights[1])
    assert 0.4 < weights[0] < 0.6


# --- how operators are planned


def arrays():
    stimulus = nengo.Node(np.linspace(-1, 1, 20))
    a, b = (nengo.networks.EnsembleArray(10, 20) for _ in range(2))
    nengo.Connection(stimulus, a.input)
    nengo.Connection(a.output, b.input)
    nengo.Probe(b.output, synapse=0.01)


def test_small_ensembles_are_merged_and_plans_are_repeatable():
    plans = []
    for _ in range(2):
        with nengo.Network(seed=0) as model:
            arrays()
        with ngc.dl.Simulator(model, progress_bar=False) as sim:
            plans.append([[type(op) for op in group] for group in sim.tensor_graph.plan])
            n_operators = len(sim.model.operators)
    assert n_operators > 300
    assert len(plans[0]) < 20
    assert plans[0] == plans[1]


def test_a_cycle_without_a_delay_is_an_error():
    with nengo.Network() as model:
        around = nengo.Node(lambda t, x: x, size_in=1, label="around")
        nengo.Connection(around, around, synapse=None)
    with pytest.raises(BuildError, match="depend on themselves.*around"):
        ngc.dl.Simulator(model, progress_bar=False)


def test_what_is_merged_computes_the_same():
    on_both(arrays)


@pytest.mark.parametrize("minibatch_size, alone", [(1, False), (500, True)])
def test_large_arrays_are_left_alone(minibatch_size, alone):
    with nengo.Network(seed=0) as model:
        for _ in range(3):
            nengo.Connection(nengo.Node(np.ones(100)), passthrough(100), synapse=0.1)
    with ngc.dl.Simulator(model, minibatch_size=minibatch_size, progress_bar=False) as sim:
        largest = max(len(group) for group in sim.tensor_graph.plan)
    assert (largest == 1) == alone


def test_a_planner_of_ones_own_is_used_and_nengo_dls_left_as_it_is():
    import nengo_dl
    from nengo_dl import graph_optimizer

    before = graph_optimizer.tree_planner, graph_optimizer.order_signals
    planned = []

    def planner(operators):
        planned.append(len(operators))
        return graph_optimizer.noop_planner(operators)

    with nengo.Network(seed=0) as model:
        arrays()
        nengo_dl.configure_settings(planner=planner)
    with ngc.dl.Simulator(model, progress_bar=False):
        assert len(planned) == 1
    assert (graph_optimizer.tree_planner, graph_optimizer.order_signals) == before


def test_parts_of_arrays_are_written_as_by_nengo_dl():
    import tensorflow as tf
    from nengo_dl.signals import SignalDict

    from nengo_ngc.backends.nengo_dl.signals import JoinedSignals

    rng = np.random.RandomState(0)
    for trial in range(60):
        minibatched, mode = bool(trial % 2), ("update", "inc")[trial // 2 % 2]
        n_parts = rng.randint(1, 5)
        edges = np.sort(rng.choice(np.arange(13), 2 * n_parts, replace=False))
        slices = [tuple(map(int, edges[k : k + 2])) for k in range(0, len(edges), 2)]
        rng.shuffle(slices)
        size = sum(stop - start for start, stop in slices)
        shape = (3,) if trial % 3 else ()
        lead = (2,) if minibatched else ()
        base, new = (rng.randn(*lead, n, *shape).astype("f4") for n in (12, size))
        written = []
        for kind in (SignalDict, JoinedSignals):
            signals = kind("float32", 2)
            place = signals.get_tensor_signal(
                slices, "key", "float32", (size, *shape), minibatched
            )
            signals.bases["key"] = tf.constant(base)
            signals.scatter(place, tf.constant(new), mode=mode)
            written.append(signals.bases["key"].numpy())
        np.testing.assert_array_equal(written[1], written[0], err_msg=f"{slices} {mode}")


# --- filters, probes, rules and functions


def test_filters_that_pass_on_their_input():
    def build():
        for numerator, denominator, analog in (
            ([0.01, 1], [0.02, 1], True),
            ([0.01, 0.3, 1], [2e-4, 0.03, 1], True),
            ([2.0], [1.0], False),
            ([1.0], [2e-4, 0.03, 1], True),
        ):
            post = passthrough()
            synapse = nengo.LinearFilter(numerator, denominator, analog=analog)
            nengo.Connection(moving(), post, synapse=synapse)
            nengo.Probe(post)

    on_both(build)


class Legendre(nengo.LinearFilter):
    """A delay of 0.1 s by 256 Legendre polynomials, of which the sum is taken."""

    def _get_ss(self, dt):
        from nengo.utils.filter_design import cont2discrete

        row, column = np.mgrid[:256, :256]
        sign = np.where(row < column, -1.0, (-1.0) ** (row - column + 1))
        scale = (2 * np.arange(256)[:, None] + 1) / 0.1
        B = (-1.0) ** np.arange(256)[:, None] * scale
        C, D = np.ones((1, 256)), np.zeros((1, 1))
        return cont2discrete((sign * scale, B, C, D), dt)[:4]


def test_filters_of_many_states():
    from nengo_ngc.backends.nengo_dl.compat import numpy_1_names

    def build():
        post = passthrough()
        nengo.Connection(moving(), post, synapse=Legendre([1], [1, 1]))
        nengo.Probe(post)

    with numpy_1_names():  # nengo.Simulator needs them as well
        (found,) = on_both(build)
    assert np.all(np.ptp(found, axis=0) > 1e-4)


def test_filters_of_many_states_in_processes():
    with nengo.Network(seed=0) as model:
        noise = nengo.processes.FilteredNoise(Legendre([1], [1, 1]), seed=1)
        probe = nengo.Probe(nengo.Node(noise))
    with ngc.dl.Simulator(model, progress_bar=False) as sim:
        sim.run_steps(2)
        before = sim.data[probe]
        sim.reset()
        sim.run_steps(2)
        np.testing.assert_array_equal(sim.data[probe], before)


@pytest.mark.parametrize("synapse", [0.01, nengo.Alpha(0.01)], ids=str)
def test_filtered_weights(synapse):
    def build():
        stimulus, output = nengo.Node(0.5), passthrough(1)
        pre, post = (nengo.Ensemble(8, 1, neuron_type=RATE, seed=k) for k in range(2))
        nengo.Connection(stimulus, pre)
        decoders = nengo.Connection(pre, output, learning_rule_type=nengo.PES(1e-3))
        nengo.Connection(output, decoders.learning_rule)
        weights = nengo.Connection(
            pre.neurons,
            post.neurons,
            transform=1e-3 * np.eye(8),
            learning_rule_type=nengo.Oja(1e-6),
        )
        scaled = nengo.Connection(stimulus, output, transform=0.3)
        for connection in (decoders, weights, scaled):
            nengo.Probe(connection, "weights", synapse=synapse)
        nengo.Probe(decoders, "weights", sample_every=0.003)

    on_both(build)


def test_recursive_least_squares():
    def build():
        stimulus, output = nengo.Node(lambda t: np.sin(20 * t)), passthrough(2)
        pre = nengo.Ensemble(20, 1, neuron_type=RATE)
        nengo.Connection(stimulus, pre)
        learned = nengo.Connection(
            pre, output, function=lambda x: [0, 0], learning_rule_type=nengo.RLS(1e-4)
        )
        nengo.Connection(output, learned.learning_rule)
        nengo.Connection(stimulus, learned.learning_rule, transform=[[-1], [1]])
        nengo.Probe(output)

    (found,) = on_both(build, n_steps=100)
    assert np.max(np.abs(found)) > 0.1


def test_functions_see_the_time_that_nengo_has():
    seen = []

    class Step(nengo.Process):
        def make_step(self, shape_in, shape_out, dt, rng, state):
            return note

    def note(t, x):
        seen.append(t)
        return x

    with nengo.Network() as model:
        for output in (note, Step(default_size_in=3, default_size_out=3)):
            nengo.Connection(moving(), nengo.Node(output, size_in=3))
    for simulator in (nengo.Simulator, ngc.dl.Simulator):
        with simulator(model, progress_bar=False) as sim:
            seen.clear()
            sim.run_steps(7)
        assert sorted(seen) == [k * 0.001 for k in range(1, 8) for _ in range(2)]
        assert {type(t) for t in seen} == {float}


# --- parameter files


def learning():
    with nengo.Network(seed=0) as model:
        stimulus, output = nengo.Node([0.3, 0.3, 0.3]), passthrough()
        array, ensemble = nengo.networks.EnsembleArray(10, 3), nengo.Ensemble(20, 3)
        nengo.Connection(stimulus, array.input, transform=0.7)
        nengo.Connection(array.output, ensemble, transform=1.1)
        learned = nengo.Connection(ensemble, output, learning_rule_type=nengo.PES(1e-3))
        nengo.Connection(output, learned.learning_rule)
        nengo.Connection(stimulus, output, transform=0.5, synapse=None)
        model.seen = nengo.Probe(output)
    return model


def circuit():
    with nengo.Network(seed=0) as model:
        net = ngc.networks.GNCN((16, 8, 6), n_group=2, n_top_group=3, schedule=ngc.Schedule(5))
        nengo.Connection(nengo.Node(np.full(16, 0.3)), net.input, synapse=None)
        model.seen = net.probe("mu0")
    return model


@pytest.mark.parametrize("build", [learning, circuit])
@pytest.mark.parametrize(
    "writer, reader", [("ours", "stock"), ("stock", "ours"), ("ours", "ours")]
)
def test_parameter_files_are_nengo_dls(tmp_path, build, writer, reader):
    import nengo_dl

    simulators = {"ours": ngc.dl.Simulator, "stock": nengo_dl.Simulator}
    model = build()
    kwargs = {"minibatch_size": 2, "seed": 1, "progress_bar": False}
    with simulators[writer](model, **kwargs) as sim:
        sim.run_steps(12)
        sim.save_params(tmp_path / "file", include_state=True)
        sim.run_steps(10)
        expected = sim.data[model.seen][:, 12:]
    with simulators[reader](model, **kwargs) as sim:
        sim.load_params(tmp_path / "file", include_state=True)
        sim.run_steps(10)
        np.testing.assert_allclose(sim.data[model.seen], expected, rtol=0, atol=1e-5)
    assert list(tmp_path.iterdir()) == [tmp_path / "file.npz"]


@pytest.mark.parametrize("writer, reader", [("ours", "stock"), ("stock", "ours")])
def test_parameter_files_without_the_state(tmp_path, writer, reader):
    import nengo_dl

    simulators = {"ours": ngc.dl.Simulator, "stock": nengo_dl.Simulator}
    model = learning()
    kwargs = {"minibatch_size": 2, "seed": 1, "progress_bar": False}
    results = []
    with simulators[writer](model, **kwargs) as sim:
        sim.run_steps(50)
        results.append(sim.data[model.seen][:, :10])
        sim.save_params(tmp_path / "file")
        sim.reset(include_trainable=False)
        sim.run_steps(10)
        results.append(sim.data[model.seen])
    with simulators[reader](model, **kwargs) as sim:
        sim.load_params(tmp_path / "file")
        sim.run_steps(10)
        np.testing.assert_allclose(sim.data[model.seen], results[1], rtol=0, atol=1e-5)
    assert np.max(np.abs(results[1] - results[0])) > 1e-3  # something was learned


@pytest.mark.parametrize("content", [b"", b"PK no archive", b"\x93NUMPY"])
def test_damaged_parameter_files(tmp_path, content):
    (tmp_path / "file.npz").write_bytes(content)
    with ngc.dl.Simulator(learning(), progress_bar=False) as sim:
        with pytest.raises(SimulationError, match="file.npz is damaged"):
            sim.load_params(tmp_path / "file")
        with pytest.raises(FileNotFoundError):
            sim.load_params(tmp_path / "other")


def test_parameter_files_of_another_model(tmp_path):
    with ngc.dl.Simulator(learning(), progress_bar=False) as sim:
        sim.save_params(tmp_path / "file")
    with ngc.dl.Simulator(circuit(), progress_bar=False) as sim:
        with pytest.raises(SimulationError, match="parameters of this model"):
            sim.load_params(tmp_path / "file")
