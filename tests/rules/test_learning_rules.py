"""Local rules on any connection, on both simulators."""

import nengo
import numpy as np
import pytest
from nengo.exceptions import BuildError, ValidationError

import nengo_ngc as ngc
from nengo_ngc.namespace import NUMPY

from ..conftest import needs_dl, simulator


class Oja(ngc.LocalRule):
    """The rule of the documentation."""

    def update(self, xp, pre, post, error, weights):
        growth = xp.einsum("bi,bj->ij", post, pre)
        return growth - xp.sum(post**2, axis=0)[:, None] * weights


RULES = [
    Oja(),
    ngc.ErrorDriven(norm_bound=0.5),
    ngc.Precision(),
    ngc.SynapticScaling(0.3, active_above=0.5),
    ngc.Homeostasis(0.3),
    ngc.Competitive(),
]


def two_populations(rule, n_pre=6, n_post=4, rows=slice(None), columns=slice(None)):
    with nengo.Network(seed=1) as model:
        stimulus = nengo.Node(lambda t: np.sin(40 * t + np.arange(n_pre)))
        pre, post = (
            nengo.Ensemble(
                n, 1, neuron_type=nengo.RectifiedLinear(), gain=np.ones(n), bias=np.zeros(n)
            )
            for n in (n_pre, n_post)
        )
        nengo.Connection(stimulus, pre.neurons, synapse=None)
        connection = nengo.Connection(
            pre.neurons[columns],
            post.neurons[rows],
            transform=np.random.RandomState(2).rand(n_post, n_pre)[rows][:, columns],
            synapse=None,
            learning_rule_type=rule,
        )
    return model, connection


def weights(sim, connection):
    return np.array(sim.signals[sim.model.sig[connection]["weights"]])


def test_oja_as_nengos(simulate):
    rate = 5.0
    theirs, connection = two_populations(
        nengo.Oja(rate, beta=1.0, pre_synapse=None, post_synapse=None)
    )
    with nengo.Simulator(theirs, progress_bar=False) as sim:
        # Nengo adds a change at the start of the next timestep
        sim.run_steps(201)
        expected = weights(sim, connection)
    ours, connection = two_populations(Oja(ngc.SGD(rate * 0.001)))
    sim = simulate(ours, 1, 200)
    np.testing.assert_allclose(weights(sim, connection), expected, rtol=0, atol=1e-5)
    assert np.abs(expected - connection.transform.init).max() > 0.1


def test_oja_filtered_as_nengos(simulate):
    synapses = {"pre_synapse": 0.005, "post_synapse": 0.01}
    theirs, connection = two_populations(nengo.Oja(5.0, beta=1.0, **synapses))
    with nengo.Simulator(theirs, progress_bar=False) as sim:
        sim.run_steps(201)
        expected = weights(sim, connection)
    ours, connection = two_populations(Oja(ngc.SGD(0.005), **synapses))
    sim = simulate(ours, 1, 200)
    np.testing.assert_allclose(weights(sim, connection), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("rows", [slice(1, 3), [2, 0]], ids=str)
def test_some_of_the_neurons(rows, simulate):
    (whole, to_all), (part, to_some) = (
        two_populations(Oja()),
        two_populations(Oja(), rows=rows),
    )
    learned = weights(simulate(part, 1, 50), to_some)
    expected = weights(simulate(whole, 1, 50), to_all)[rows]
    np.testing.assert_allclose(learned, expected, rtol=1e-5)
    assert np.abs(learned - to_some.transform.init).max() > 0.01


@pytest.mark.parametrize("columns", [slice(1, 3), [2, 0]], ids=str)
def test_from_some_of_the_neurons(columns, simulate):
    rule = ngc.Homeostasis(0.3, ngc.SGD(0.1), schedule=ngc.Schedule(5))
    model, connection = two_populations(rule, columns=columns)
    sim = simulate(model, 1, 5)
    x = np.maximum(np.sin(40 * 0.005 + np.arange(6)), 0)[columns]
    W = connection.transform.init
    expected = W + 0.1 * np.outer(0.3 - W @ x, x)
    np.testing.assert_allclose(weights(sim, connection), expected, rtol=1e-5)


@pytest.mark.parametrize("kind", ["node", "ensemble"])
def test_some_of_the_dimensions(kind, simulate):
    def learned(dimensions):
        model, connection = two_populations(None)
        with model:
            if kind == "node":
                post = nengo.Node(size_in=3)
            else:
                post = nengo.Ensemble(5, 3)
            decoded = nengo.Connection(
                connection.pre_obj,
                post if dimensions is None else post[dimensions],
                transform=np.random.RandomState(2).rand(3, 6)[dimensions or slice(None)],
                synapse=None,
                learning_rule_type=Oja(),
            )
        return weights(simulate(model, 1, 50), decoded), decoded.transform.init

    (part, before), (whole, _) = learned([2, 1]), learned(None)
    np.testing.assert_allclose(part, whole[[2, 1]], rtol=1e-5)
    assert np.abs(part - before).max() > 0.01


def test_all_neurons_of_a_dimension_that_a_solver_gives_weights_to(simulate):
    with nengo.Network(seed=0) as model:
        pre, post = nengo.Ensemble(6, 1), nengo.Ensemble(5, 2)
        nengo.Connection(nengo.Node(0.8), pre, synapse=None)
        solver = nengo.solvers.LstsqL2(weights=True)
        connection = nengo.Connection(pre, post[0], solver=solver, learning_rule_type=Oja())
    assert weights(simulate(model, 1, 5), connection).shape == (5, 6)


def test_biases_of_some_neurons():
    model, _ = two_populations(Oja(biases=True), rows=[0])
    with pytest.raises(ValidationError, match="biases learn on connections to all neurons"):
        nengo.Simulator(model, progress_bar=False)


def error_driven(learn=1.0, **kwargs):
    with nengo.Network() as model:
        model.learn = nengo.Node([learn])
        rule = ngc.ErrorDriven(ngc.SGD(0.1), learn=model.learn, **kwargs)
    ours, connection = two_populations(rule)
    with model:
        model.add(ours)
        nengo.Connection(
            nengo.Node([1.0, -1.0, 0.5, 0.0]), connection.learning_rule, synapse=None
        )
    return model, connection


def test_learning_off_changes_nothing(simulate):
    model, connection = error_driven(learn=0.0)
    sim = simulate(model, 1, 20)
    initial = connection.transform.init.astype(weights(sim, connection).dtype)
    np.testing.assert_array_equal(weights(sim, connection), initial)


def test_learning_on_follows_the_error(simulate):
    model, connection = error_driven()
    change = weights(simulate(model, 1, 20), connection) - connection.transform.init
    assert np.sign(change.sum(axis=1).round(5)).tolist() == [1, -1, 1, 0]


def test_batch_is_averaged_over_presentations(simulate):
    # constant input: the mean of presentations is one presentation
    schedule = {"steps": 5}
    changes = []
    for batch_size, presentations in ((None, 1), (3, 3)):
        rule = ngc.ErrorDriven(
            ngc.SGD(1.0), schedule=ngc.Schedule(**schedule, batch_size=batch_size)
        )
        with nengo.Network() as model:
            pre = nengo.Ensemble(2, 1, neuron_type=ngc.neurons.Identity()).neurons
            post = nengo.Ensemble(1, 1, neuron_type=ngc.neurons.Identity()).neurons
            nengo.Connection(nengo.Node([1.0, 2.0]), pre, synapse=None)
            connection = nengo.Connection(
                pre, post, transform=np.zeros((1, 2)), learning_rule_type=rule
            )
            nengo.Connection(nengo.Node([3.0]), connection.learning_rule, synapse=None)
        sim = simulate(model, 1, 5 * presentations - 1)
        np.testing.assert_array_equal(weights(sim, connection), 0)
        sim.run_steps(1)
        changes.append(weights(sim, connection))
    np.testing.assert_allclose(changes[0], [[3.0, 6.0]], rtol=1e-6)
    np.testing.assert_allclose(changes[1], changes[0], rtol=1e-6)


def test_norm_bound(simulate):
    model, connection = error_driven(norm_bound=0.7)
    norms = np.linalg.norm(weights(simulate(model, 1, 20), connection), axis=1)
    np.testing.assert_allclose(norms.max(), 0.7, rtol=1e-6)


def test_a_bound_of_the_rule_is_one_of_the_optimizer(simulate):
    found = []
    for kwargs in ({"norm_bound": 0.7}, {"bounded": True}):
        optimizer = ngc.SGD(0.1)
        if kwargs.pop("bounded", False):
            optimizer = ngc.Bounded(optimizer, 0.7)
        model, connection = two_populations(ngc.ErrorDriven(optimizer, **kwargs))
        with model:
            error = nengo.Node([1.0, -1.0, 0.5, 0.0])
            nengo.Connection(error, connection.learning_rule, synapse=None)
        found.append(weights(simulate(model, 1, 20), connection))
    np.testing.assert_array_equal(*found)
    assert np.linalg.norm(found[0], axis=1).max() == pytest.approx(0.7)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
def test_update_is_a_sum_over_samples(rule):
    rng = np.random.RandomState(0)
    pre, post, error = rng.rand(3, 6, 4)
    w = rng.rand(4, 4)
    parts = [rule.update(np, pre[s], post[s], error[s], w) for s in (slice(2), slice(2, 6))]
    np.testing.assert_allclose(rule.update(np, pre, post, error, w), sum(parts))


@needs_dl
def test_error_driven_is_the_gradient_of_the_prediction():
    import tensorflow as tf

    import nengo_ngc.dl  # noqa: F401

    rng = np.random.RandomState(0)
    phi, target = rng.randn(5, 4), rng.randint(0, 2, size=(5, 3)).astype(float)
    W = tf.Variable(rng.randn(3, 4))
    with tf.GradientTape() as tape:
        logits = tf.matmul(tf.constant(phi), W, transpose_b=True)
        loss = tf.reduce_sum(
            tf.nn.sigmoid_cross_entropy_with_logits(labels=target, logits=logits)
        )
    e = target - tf.sigmoid(logits).numpy()
    update = ngc.ErrorDriven().update(np, phi, None, e, None)
    np.testing.assert_allclose(update, -tape.gradient(loss, W).numpy(), rtol=1e-10)


@needs_dl
def test_a_rule_gives_the_same_in_tensorflow():
    import tensorflow as tf

    import nengo_ngc.dl  # noqa: F401
    from nengo_ngc.backends.nengo_dl.namespace import tensorflow_namespace

    rng = np.random.RandomState(0)
    pre, post, error, w = rng.rand(4, 4, 4).astype(np.float32)
    w = np.eye(4, dtype=np.float32) + 0.01 * w
    for rule in RULES:
        for function, arrays in ((rule.update, (pre, post, error, w)), (rule.constrain, (w,))):
            expected = function(NUMPY, *arrays)
            found = function(tensorflow_namespace(tf.float32), *map(tf.constant, arrays))
            for e, f in zip(np.atleast_3d(expected), np.atleast_3d(found)):
                assert np.asarray(f).dtype == np.float32
                np.testing.assert_allclose(f, e, rtol=1e-5)


@needs_dl
def test_a_number_is_of_the_type_of_what_it_stands_beside():
    import tensorflow as tf

    from nengo_ngc.backends.nengo_dl.namespace import tensorflow_namespace

    xp, yes = tensorflow_namespace(tf.float64), tf.constant([True, False])
    ones = tf.ones(2, tf.float64)
    for args in ((0.0, ones), (ones, 0.0), (2 * ones, np.zeros(2)), (1.0, 0.0)):
        assert xp.where(yes, *args).dtype == tf.float64
    assert xp.where(yes, 0, tf.ones(2, tf.int32)).dtype == tf.int32


def test_a_circuit_in_double_precision(at_once):
    with nengo.Network(seed=0) as model:
        net = ngc.networks.GNCN((5, 4, 3), schedule=ngc.Schedule(4), seed=1)
        nengo.Connection(nengo.Node(np.linspace(0, 1, 5)), net.input, synapse=None)
    found = []
    for backend in ("nengo", at_once):
        with simulator(backend, model, None, "float64") as sim:
            sim.run_steps(8)
            found.append(net.parameters(sim))
    for name, array in found[0].items():
        np.testing.assert_allclose(found[1][name], array, rtol=1e-9, err_msg=name)


def test_replace_keeps_the_rest():
    rule = ngc.ErrorDriven(ngc.Adam(0.02), norm_bound=0.5)
    changed = rule.replace(schedule=ngc.Schedule(7))
    assert changed.schedule.steps == 7 and rule.schedule.steps == 1
    assert changed.norm_bound == 0.5 and changed.optimizer == ngc.Adam(0.02)


@pytest.mark.parametrize(
    "argument, bad",
    [
        ("optimizer", "adam"),
        ("norm_bound", 0),
        ("schedule", 50),
        ("learn", True),
        ("pre_synapse", "slow"),
    ],
)
def test_bad_arguments(argument, bad):
    with pytest.raises(ValidationError, match=argument):
        ngc.ErrorDriven(**{argument: bad})


def test_two_local_rules_on_one_connection():
    model, _ = two_populations([Oja(), Oja()])
    with pytest.raises(BuildError, match="another local rule"):
        nengo.Simulator(model, progress_bar=False)


def test_a_rule_without_update(simulate):
    model, _ = two_populations(ngc.LocalRule())
    with pytest.raises(BuildError, match="needs a method update"):
        simulate(model, 1, 1)


def test_synaptic_scaling(simulate):
    W = np.array([[2.0, -1.0], [0.5, 3.0]])
    with nengo.Network() as model:
        pre = nengo.Node([0.3, 0.1])
        post = nengo.Ensemble(2, 1, neuron_type=ngc.neurons.Identity()).neurons
        relay = nengo.Ensemble(2, 1, neuron_type=ngc.neurons.Identity()).neurons
        nengo.Connection(pre, relay, synapse=None)
        rule = ngc.SynapticScaling(0.2, optimizer=ngc.SGD(0.5))
        connection = nengo.Connection(
            relay, post, transform=W, learning_rule_type=rule, synapse=None
        )
    sim = simulate(model, 1, 1)
    y = W @ [0.3, 0.1]
    expected = W * (1 + 0.5 * (0.2 - y))[:, None]
    np.testing.assert_allclose(weights(sim, connection), expected, rtol=1e-6)
    sim.run_steps(200)
    scaled = weights(sim, connection)
    np.testing.assert_allclose(scaled @ [0.3, 0.1], 0.2, rtol=1e-4)
    np.testing.assert_allclose(scaled / scaled[:, :1], W / W[:, :1], rtol=1e-4)


@pytest.mark.parametrize("rule", ["SynapticScaling", "Homeostasis"])
def test_winners_are_brought_to_the_target(rule, simulate):
    rng = np.random.RandomState(0)
    noise = nengo.processes.WhiteNoise(nengo.dists.Uniform(0, 1), scale=False, seed=0)
    transform = rng.rand(20, 10) ** 2 * np.linspace(0.5, 1.5, 20)[:, None]
    scaling = ngc.SynapticScaling(0.2, 0.5, ngc.SGD(0.02))
    with nengo.Network(seed=0) as model:
        stimulus = nengo.Node(noise, size_out=10)
        relay = nengo.Ensemble(10, 1, neuron_type=ngc.neurons.Identity()).neurons
        always = nengo.Ensemble(1, 1, neuron_type=ngc.neurons.Identity()).neurons
        nengo.Connection(stimulus, relay, synapse=None)
        nengo.Connection(nengo.Node(1.0), always, synapse=None)
        probes = []
        for learns in (False, True):
            code = nengo.Ensemble(20, 1, neuron_type=ngc.KWinnersTakeAll(0.2)).neurons
            scales = learns and rule == "SynapticScaling"
            nengo.Connection(
                relay,
                code,
                transform=transform,
                learning_rule_type=scaling if scales else None,
                synapse=None,
            )
            if learns and rule == "Homeostasis":
                nengo.Connection(
                    always,
                    code,
                    transform=np.zeros((20, 1)),
                    learning_rule_type=ngc.Homeostasis(0.2, ngc.SGD(0.02)),
                    synapse=None,
                )
            probes.append(nengo.Probe(code))
    sim = simulate(model, 1, 3000)
    without, moved = (np.reshape(sim.data[probe], (3000, 20))[-1000:] for probe in probes)
    assert np.ptp(without.mean(axis=0)) > 0.5
    np.testing.assert_allclose(moved.mean(axis=0), 0.2, atol=0.08)


def test_a_copy_is_changed_in_known_parameters_only():
    rule = ngc.ErrorDriven()
    assert rule.replace(norm_bound=2.0).norm_bound == 2.0
    with pytest.raises(
        TypeError, match=r"unknown parameter 'norm_bond' \(did you mean 'norm_b"
    ):
        rule.replace(norm_bond=2.0)
    with pytest.raises(ValidationError, match="norm_bound: must be a finite number above 0"):
        rule.replace(norm_bound=True)


@pytest.mark.parametrize("n, n_group", [(7, 3), (210, 10), (230, 100), (200, 200)])
def test_lateral_weights_grow_within_groups_only(n, n_group):
    from nengo_ngc.namespace import NUMPY

    rng, groups = np.random.RandomState(0), np.arange(n) // n_group
    error, pre = rng.randn(2, 5, n)
    mask = (groups[:, None] == groups).astype(float)
    rule = ngc.Lateral(rng.rand(n, n), mask)
    update = rule.update(NUMPY, pre, pre, error, np.zeros((n, n)))
    signs = mask * (1 - np.eye(n)) - np.eye(n)
    np.testing.assert_allclose(update, -(error.T @ pre) * signs, atol=1e-12)


@pytest.mark.parametrize(
    "rule", [Oja(biases=True), ngc.ErrorDriven(biases=True, norm_bound=0.3)]
)
def test_biases_are_a_vector_also_where_nengo_merges_signals(rule):
    with nengo.Network(seed=0) as model:
        pre = nengo.Ensemble(3, 1, neuron_type=ngc.neurons.Identity()).neurons
        nengo.Connection(nengo.Node(np.ones(3)), pre, synapse=None)
        posts = [
            nengo.Ensemble(
                4, 1, neuron_type=nengo.RectifiedLinear(), gain=np.ones(4), bias=np.arange(4.0)
            )
            for _ in range(2)
        ]
        learned = nengo.Connection(
            pre, posts[0].neurons, transform=np.eye(4)[:, :3], learning_rule_type=rule
        )
        if rule.size_in:
            nengo.Connection(nengo.Node(np.ones(4)), learned.learning_rule, synapse=None)
    found = []
    for optimize in (True, False):
        with nengo.Simulator(model, optimize=optimize, progress_bar=False) as sim:
            sim.run_steps(3)
            found.append(np.array(sim.signals[sim.model.sig[posts[0].neurons]["bias"]]))
    assert np.abs(found[1] - np.arange(4)).max() > 1e-6
    np.testing.assert_allclose(*found, rtol=1e-12)


class Signs(ngc.LocalRule):
    """Weights of -1, 0 and 1 that follow what is learned."""

    def update(self, xp, pre, post, error, weights):
        return xp.einsum("bi,bj->ij", post, pre)

    def constrain(self, xp, parameter):
        return parameter, xp.sign(parameter)


def test_weights_are_what_constrain_says(simulate):
    model, connection = two_populations(Signs(ngc.SGD(1e-3)))
    sim = simulate(model, 1, 5)
    parameter = np.array(sim.signals[sim.model.sig[connection.learning_rule]["parameter"]])
    before = connection.transform.init
    assert 0 < np.abs(parameter - before).max() < 0.5
    np.testing.assert_array_equal(weights(sim, connection), np.sign(parameter))


def test_a_switch_that_is_built_later():
    with nengo.Network() as model:
        pre, post = nengo.Ensemble(3, 1).neurons, nengo.Ensemble(2, 1).neurons
        of_rule, of_switch = nengo.Network(), nengo.Network()
        with of_switch:
            switch = nengo.Node([1.0], label="switch")
        with of_rule:
            nengo.Connection(
                pre, post, transform=np.ones((2, 3)), learning_rule_type=Oja(learn=switch)
            )
    with pytest.raises(BuildError, match="Oja, the rule of .*: its switch .*is built later"):
        nengo.Simulator(model, progress_bar=False)


@pytest.mark.parametrize("kind", ["solved", "decoded"])
def test_an_error_for_each_unit_where_units_are_neurons(kind, simulate):
    class Told(ngc.LocalRule):
        """The error of each side says how its weights grow."""

        def __init__(self):
            super().__init__(ngc.SGD(1e-3), size_in="post" if kind == "solved" else "pre")

        def update(self, xp, pre, post, error, weights):
            total = xp.sum(error, axis=0)
            if self.size_in == "post":
                return total[:, None] + xp.zeros_like(weights)
            return total[None, :] + xp.zeros_like(weights)

    with nengo.Network(seed=0) as model:
        pre, post = nengo.Ensemble(6, 1), nengo.Ensemble(4, 1)
        solver = nengo.solvers.LstsqL2(weights=kind == "solved")
        learned = nengo.Connection(pre, post, solver=solver, learning_rule_type=Told())
        n = 4 if kind == "solved" else 6
        assert learned.learning_rule.size_in == n
        nengo.Connection(nengo.Node(np.arange(n)), learned.learning_rule, synapse=None)
    sim = simulate(model, 1, 2)
    signal = sim.model.sig[learned]["weights"]
    change = np.array(sim.signals[signal]) - signal.initial_value
    expected = 2e-3 * np.arange(n)
    expected = expected[:, None] if kind == "solved" else expected[None, :]
    np.testing.assert_allclose(change, np.broadcast_to(expected, change.shape), atol=1e-6)
