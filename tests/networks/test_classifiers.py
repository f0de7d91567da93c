"""Networks and models that learn to classify, by every rule."""

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError
from scipy.special import expit

import nengo_ngc as ngc
from nengo_ngc import datasets
from nengo_ngc.backends import Backend, open_session
from nengo_ngc.metrics import angle, cross_entropy
from nengo_ngc.models import RULES, RuleClassifier
from nengo_ngc.networks import FeedforwardClassifier, PredictiveCodingClassifier
from nengo_ngc.networks.classifiers import HIDDEN_RULES, NEURONS
from nengo_ngc.neurons.functions import softmax

from ..conftest import needs_dl, needs_jax

DIGITS = datasets.load("digits", binarize=False)
X, Y = DIGITS.X_train[:200], DIGITS.y_train[:200]
ONLINE = [rule for rule in RULES if not RULES[rule].offline]


def one_hot(y):
    return np.eye(10)[y]


def model(rule="backprop", **kwargs):
    return RuleClassifier(
        **{
            "n_hidden": (20, 15),
            "rule": rule,
            "batch_size": 20,
            "max_epochs": 2,
            "backend": "nengo",
            "random_state": 3,
            **kwargs,
        }
    )


def random_parameters(shape, rng):
    parameters = {}
    for level, (pre, post) in enumerate(zip(shape, shape[1:]), start=1):
        parameters[f"W{level}"] = rng.randn(post, pre) / np.sqrt(pre)
        parameters[f"b{level}"] = 0.1 * rng.randn(post)
    return parameters


# --- networks


def forward(parameters, x, phi):
    """Outputs of a multilayer perceptron."""
    n_layers, a = len(parameters) // 2, x
    for level in range(1, n_layers + 1):
        J = a @ parameters[f"W{level}"].T + parameters[f"b{level}"]
        a = J if level == n_layers else phi(J)
    return a


@pytest.mark.parametrize("make", [FeedforwardClassifier, PredictiveCodingClassifier])
@pytest.mark.parametrize(
    "neurons, phi",
    [
        ("relu", lambda J: np.maximum(J, 0)),
        ("leaky-relu", lambda J: np.where(J < 0, 0.01 * J, J)),
        ("gelu", lambda J: J / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (J + 0.044715 * J**3)))),
        ("tanh", np.tanh),
        ("hard-tanh", lambda J: np.clip(J, -1, 1)),
        ("sigmoid", expit),
    ],
)
def test_prediction_is_a_multilayer_perceptron(backend, make, neurons, phi):
    shape, rng = (64, 12, 9, 10), np.random.RandomState(0)
    parameters = random_parameters(shape, rng)
    run = open_session(
        backend,
        lambda: make(
            shape, neuron_type=neurons, parameters=parameters, schedule=ngc.Schedule(1)
        ),
        4,
        ["output"],
    )
    output = run.present(X[:4])["output"]
    np.testing.assert_allclose(output, forward(parameters, X[:4], phi), atol=1e-5)


@needs_jax
@pytest.mark.parametrize("neurons", ["relu", "leaky-relu", "gelu", "tanh", "hard-tanh"])
def test_backprop_updates_are_gradients_of_cross_entropy(backend, neurons):
    import jax
    import jax.numpy as jnp

    shape = (64, 12, 9, 10)
    parameters = random_parameters(shape, np.random.RandomState(0))
    phi = getattr(jax.nn, neurons.replace("-", "_"))

    def loss(p):
        a = X[:4]
        for level in (1, 2):
            a = phi(a @ p[f"W{level}"].T + p[f"b{level}"])
        log_p = jax.nn.log_softmax(a @ p["W3"].T + p["b3"])
        return -jnp.sum(one_hot(Y[:4]) * log_p) / 4

    run = open_session(
        backend,
        lambda: FeedforwardClassifier(
            shape,
            neuron_type=neurons,
            parameters=parameters,
            optimizer=ngc.SGD(1.0),
            schedule=ngc.Schedule(1, 4),
        ),
        4,
        ["output"],
        inputs=("input", "target"),
    )
    run.present(X[:4], learn=True, target=one_hot(Y[:4]))
    learned = run.parameters()
    for name, gradient in jax.grad(loss)(parameters).items():
        change = parameters[name] - learned[name]
        np.testing.assert_allclose(change, gradient, rtol=1e-4, atol=2e-7)
        assert np.linalg.norm(change - gradient) < 1e-5 * np.linalg.norm(gradient)


def settled(parameters, x, y, beta, steps):
    """Whittington and Bogacz's equations, in a loop of their own."""
    n_layers = len(parameters) // 2
    W = [parameters[f"W{level}"] for level in range(1, n_layers + 1)]
    b = [parameters[f"b{level}"] for level in range(1, n_layers + 1)]
    z, e = [], []
    a = x
    for level in range(n_layers - 1):
        z.append(W[level] @ a + b[level])
        a = np.tanh(z[-1])
    for step in range(steps):
        if step > 0:
            z = [
                z[k] + beta * ((1 - np.tanh(z[k]) ** 2) * (W[k + 1].T @ e[k + 1]) - e[k])
                for k in range(n_layers - 1)
            ]
        a = [x, *map(np.tanh, z)]
        mu = [W[k] @ a[k] + b[k] for k in range(n_layers)]
        e = [z[k] - mu[k] for k in range(n_layers - 1)]
        e.append(y - softmax(mu[-1][None])[0])
    return a, z, e


def test_predictive_coding_settles_and_learns_as_written(backend):
    shape, steps, beta = (64, 12, 9, 10), 7, 0.2
    parameters = random_parameters(shape, np.random.RandomState(0))
    run = open_session(
        backend,
        lambda: PredictiveCodingClassifier(
            shape,
            neuron_type="tanh",
            beta=beta,
            parameters=parameters,
            optimizer=ngc.SGD(1.0),
            schedule=ngc.Schedule(steps, 2),
        ),
        2,
        ["z1", "z2", "e1", "e2", "error", "output"],
        inputs=("input", "target"),
    )
    # one presentation before, which must leave no trace
    run.present(X[5:7], target=one_hot(Y[5:7]))
    probed = run.present(X[:2], learn=True, target=one_hot(Y[:2]))
    total = {name: 0 for name in parameters}
    for k in range(2):
        a, z, e = settled(parameters, X[k], one_hot(Y[k]), beta, steps)
        for name, values in (("z1", z[0]), ("z2", z[1]), ("e1", e[0]), ("error", e[2])):
            np.testing.assert_allclose(probed[name][k], values, atol=1e-5)
        for level in (1, 2, 3):
            total[f"W{level}"] = total[f"W{level}"] + np.outer(e[level - 1], a[level - 1])
            total[f"b{level}"] = total[f"b{level}"] + e[level - 1]
    learned = run.state()
    for name, array in parameters.items():
        assert np.abs(total[name]).max() > 1e-3
        np.testing.assert_allclose(learned[name] - array, total[name] / 2, atol=1e-5)


def test_predictive_coding_becomes_backprop_for_small_steps():
    shape = (64, 12, 9, 10)
    parameters = random_parameters(shape, np.random.RandomState(0))

    def update(make, **kwargs):
        run = open_session(
            "nengo",
            lambda: make(
                shape,
                neuron_type="tanh",
                parameters=parameters,
                schedule=ngc.Schedule(kwargs.pop("steps"), 100),
                **kwargs,
            ),
            4,
            ["output"],
            inputs=("input", "target"),
        )
        run.present(X[:4], learn=True, target=one_hot(Y[:4]))
        return run.net.pending(run.sim)

    exact = update(FeedforwardClassifier, steps=1)
    close = update(PredictiveCodingClassifier, steps=3, beta=1e-3)
    far = update(PredictiveCodingClassifier, steps=60, beta=0.2)
    for name in ("W1", "W2", "W3"):
        assert angle(close[name], exact[name]) < 0.5
        assert angle(far[name], exact[name]) > 2


def test_all_rules_start_alike():
    weights = []
    for make in (
        lambda: FeedforwardClassifier((5, 4, 3), seed=1),
        lambda: FeedforwardClassifier((5, 4, 3), rule=None, seed=1),
        lambda: FeedforwardClassifier((5, 4, 3), rule="feedback-alignment", seed=1),
        lambda: PredictiveCodingClassifier((5, 4, 3), seed=1),
    ):
        net = make()
        with nengo.Simulator(net, progress_bar=False) as sim:
            weights.append(net.parameters(sim))
    for other in weights[1:]:
        for name, array in weights[0].items():
            np.testing.assert_array_equal(other[name], array)
    assert np.abs(weights[0]["W1"]).min() > 0


@pytest.mark.parametrize("make", [FeedforwardClassifier, PredictiveCodingClassifier])
def test_uniform_initial_values(make):
    drawn = []
    for given in ({}, {"W2": np.zeros((3, 300))}):
        net = make((100, 300, 3), init="uniform", seed=1, parameters=given)
        with nengo.Simulator(net, progress_bar=False) as sim:
            drawn.append(net.parameters(sim))
    for level, n in ((1, 100), (2, 300)):
        for values in (drawn[0][f"W{level}"], drawn[0][f"b{level}"]):
            assert np.abs(values).max() <= n**-0.5
            assert len(np.unique(values)) == values.size
    W = drawn[0]["W1"]
    assert np.std(W) == pytest.approx((3 * 100) ** -0.5, rel=0.02)
    np.testing.assert_array_equal(drawn[1]["W1"], W)
    assert not np.any(drawn[1]["W2"])


@pytest.mark.parametrize("neurons", NEURONS)
def test_activity_is_one_for_an_input_of_one(neurons):
    net = FeedforwardClassifier(
        (1, 1, 2), rule=None, neuron_type=neurons, parameters={"W1": [[1.0]]}, seed=0
    )
    with net:
        nengo.Connection(nengo.Node([1.0]), net.input, synapse=None)
        probe = net.probe("a1")
    with nengo.Simulator(net, progress_bar=False) as sim:
        sim.run(1.0)
    activity = sim.data[probe]
    at_one = {"tanh": np.tanh(1), "sigmoid": expit(1), "gelu": 0.8412}
    expected = at_one.get(neurons, 1.0)
    if "adaptive" in neurons:  # it starts like others, and then tires
        assert 0.05 < activity[-200:].mean() < 0.95
        expected = pytest.approx(expected, rel=1e-3)
        assert neurons == "adaptive-lif" or activity[0, 0] == expected
    else:
        assert activity.mean() == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize(
    "make, kwargs, message",
    [
        (FeedforwardClassifier, {"rule": "bakprop"}, "did you mean 'backprop'"),
        (FeedforwardClassifier, {"neuron_type": "rellu"}, "did you mean 'relu'"),
        (FeedforwardClassifier, {"shape": (784,)}, "shape"),
        (FeedforwardClassifier, {"optimizer": 0.1}, "optimizer.*Optimizer"),
        (FeedforwardClassifier, {"max_rate": -1}, "max_rate"),
        (FeedforwardClassifier, {"parameters": {"W9": [[1]]}}, "W9"),
        (FeedforwardClassifier, {"parameters": {"b1": np.ones(3)}}, r"b1 must have shape"),
        (PredictiveCodingClassifier, {"neuron_type": "lif"}, "rate neurons"),
        (PredictiveCodingClassifier, {"neuron_type": nengo.LIF()}, "rate neurons"),
        (PredictiveCodingClassifier, {"beta": 0}, "beta"),
    ],
)
def test_bad_network(make, kwargs, message):
    with pytest.raises(ValidationError, match=message):
        make(**kwargs)


def test_a_class_is_no_neuron_type(monkeypatch):
    monkeypatch.setitem(NEURONS, "mine", nengo.LIFRate)
    with pytest.raises(
        ValidationError, match=r"such as LIFRate\(\), .* got the class LIFRate"
    ):
        FeedforwardClassifier((4, 3, 2), neuron_type="mine")


# --- models


def test_a_function_is_no_rule(monkeypatch):
    monkeypatch.setitem(RULES, "mine", lambda model, learns, **kwargs: None)
    said = r"RULES\['mine'\]: must be an object of class Rule, got <function"
    with pytest.raises(ValidationError, match=said):
        RuleClassifier(rule="mine").check_parameters()


@pytest.mark.parametrize("rule", ONLINE)
def test_every_rule_learns(rule, backend):
    incremental = rule == "incremental-predictive-coding"
    if backend == "jax" and not incremental and rule not in ("backprop", "pes"):
        pytest.skip("test_ten_updates has them")
    if backend == "nengo" and incremental:
        pytest.skip("it learns the same on JAX, in less time")
    learned = model(rule, backend=backend, max_epochs=10, learning_rate=0.01)
    if rule == "pes":
        learned.set_params(learning_rate=0.5)
    learned.fit(X, Y, DIGITS.X_test, DIGITS.y_test)
    errors = [record["error"] for record in learned.history_]
    assert errors[-1] < 0.7 * errors[0]
    assert learned.history_[-1]["val_error"] == pytest.approx(
        100 * (1 - learned.score(DIGITS.X_test, DIGITS.y_test))
    )


MODERN = {
    "loss": "squared-error",
    "optimizer": "adamw",
    "weight_decay": 0.1,
    "anneal": "cosine",
    "warm_up": 0.2,
    "warm_up_from": 0.5,
    "floor": 0.1,
}


@pytest.mark.parametrize("settings", [{}, MODERN], ids=["usual", "modern"])
def test_backprop_learns_what_automatic_differentiation_does(at_once, settings):
    learned = [
        model(rule, backend=at_once, max_epochs=3, **settings).fit(X, Y)
        for rule in ("autodiff", "backprop")
    ]
    for name, array in learned[0].parameters_.items():
        np.testing.assert_allclose(learned[1].parameters_[name], array, atol=1e-5)
    for theirs, ours in zip(*(m.history_ for m in learned)):
        assert ours["loss"] == pytest.approx(theirs["loss"], rel=1e-5)
        assert ours["error"] == pytest.approx(theirs["error"], rel=1e-5)


@needs_dl
def test_automatic_differentiation_of_spikes_in_parts(monkeypatch):
    import nengo_ngc.backends.nengo_dl.autodiff

    learned, told = [], []
    spiking = {"neuron_type": "lif", "steps": 10, "backend": "nengo-dl"}
    for limit in (2**28, 2 * 20 * 10 * 64 * 4):  # all at once; two batches at once
        monkeypatch.setattr(nengo_ngc.backends.nengo_dl.autodiff, "_MAX_BYTES", limit)
        learner = model("autodiff", **spiking)
        list(learner.epochs(X[:120], Y[:120], on_batch=told.append))
        learned.append(learner)
    for name, array in learned[0].parameters_.items():
        np.testing.assert_allclose(learned[1].parameters_[name], array, atol=1e-5)
    losses = [[record["loss"] for record in m.history_] for m in learned]
    np.testing.assert_allclose(*losses, rtol=1e-5)
    assert losses[0][1] < losses[0][0]
    assert [report["batch"] for report in told] == 4 * [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    "rule, neuron_type",
    [
        *((rule, "relu") for rule in ONLINE),
        ("backprop", "lif"),
        ("backprop", "poisson-relu"),
    ],
)
def test_saved_and_resumed_as_if_not_interrupted(rule, neuron_type, tmp_path):
    check_resuming(rule, neuron_type, "nengo", tmp_path)


@pytest.mark.parametrize("neuron_type", ["relu", "lif"])
def test_automatic_differentiation_is_resumed(neuron_type, at_once, tmp_path):
    check_resuming("autodiff", neuron_type, at_once, tmp_path)


def check_resuming(rule, neuron_type, backend, tmp_path):
    kwargs = {"neuron_type": neuron_type, "backend": backend, "steps": 5}
    whole = model(rule, max_epochs=3, **kwargs).fit(X, Y)
    part = model(rule, max_epochs=3, **kwargs)
    next(part.epochs(X, Y))
    part.save(tmp_path / "model.npz")
    resumed = RuleClassifier.load(tmp_path / "model.npz")
    list(resumed.epochs(X, Y, resume=True))
    assert resumed.n_iter_ == 3
    for name, array in whole.parameters_.items():
        np.testing.assert_array_equal(resumed.parameters_[name], array)
    np.testing.assert_array_equal(resumed.predict(X), whole.predict(X))
    assert set(resumed.classes_) == set(Y)


def test_spiking_neurons_learn(backend):
    learned = model(
        "direct-feedback-alignment",
        n_hidden=(30,),
        neuron_type="lif",
        backend=backend,
        steps=20,
        max_epochs=8,
        learning_rate=0.01,
    )
    learned.fit(X[:100], Y[:100])
    errors = [record["error"] for record in learned.history_]
    assert errors[-1] < errors[0]


@pytest.mark.parametrize("neurons", ["lif", "adaptive-lif-rate", "poisson-relu"])
def test_images_are_presented_from_rest(backend, neurons):
    """Neither order, nor batch, nor what was done before changes what is said of images."""
    if neurons == "poisson-relu" and backend != "nengo":
        pytest.skip("each sample of a minibatch has random numbers of its own")
    learned = model(
        n_hidden=(12,), neuron_type=neurons, steps=10, batch_size=8, backend=backend
    )
    expected = learned.fit(X[:16], Y[:16]).predict_proba(X[:11])
    assert len(np.unique(expected, axis=0)) > 1
    order = np.random.RandomState(0).permutation(11)
    np.testing.assert_array_equal(learned.predict_proba(X[:11][order]), expected[order])
    np.testing.assert_array_equal(learned.predict_proba(X[9:11]), expected[9:])
    np.testing.assert_array_equal(learned.predict_proba(X[:11]), expected)


@pytest.mark.parametrize("neurons", ["lif", "poisson-relu"])
def test_alignment_of_spiking_neurons(neurons):
    kwargs = {"neuron_type": neurons, "steps": 10, "max_epochs": 1}
    backprop = model("backprop", **kwargs).fit(X[:40], Y[:40])
    assert max(backprop.alignment(X[:40], Y[:40]).values()) < 1e-5
    other = model("feedback-alignment", **kwargs).fit(X[:40], Y[:40])
    assert other.alignment(X[:40], Y[:40]) == other.alignment(X[:40], Y[:40])


def test_alignment():
    backprop = model("backprop").fit(X, Y).alignment(X, Y)
    assert all(degrees < 0.1 for degrees in backprop.values())
    assert set(backprop) == {"W1", "W2", "W3"}
    aligned = model("feedback-alignment")
    epochs = aligned.epochs(X, Y)
    start = aligned.alignment(X, Y)
    for _ in epochs:
        pass
    assert start["W3"] < 0.1
    assert all(60 < start[name] < 120 for name in ("W1", "W2"))
    # measuring leaves no trace
    again = model("feedback-alignment").fit(X, Y)
    np.testing.assert_array_equal(again.parameters_["W1"], aligned.parameters_["W1"])
    assert set(model("pes").fit(X, Y).alignment(X, Y)) == {"W3"}


def test_labels_may_be_anything():
    names = np.array(["zero", "one", "two"])
    rows = Y < 3
    learned = model(max_epochs=20, batch_size=10, learning_rate=0.01).fit(
        X[rows], names[Y[rows]]
    )
    assert set(learned.predict(X[rows])) <= set(names)
    assert learned.score(X[rows], names[Y[rows]]) > 0.9
    np.testing.assert_allclose(learned.predict_proba(X).sum(axis=1), 1, rtol=1e-5)


def test_metrics():
    outputs = np.array([[1.0, 2.0, -1.0], [1000.0, 0.0, 0.0]])
    target = np.array([[0, 1, 0], [0, 1, 0]])
    expected = -np.log(softmax(outputs[:1])[0, 1]), 1000.0
    np.testing.assert_allclose(cross_entropy(outputs, target), expected)
    assert angle([1, 0], [0, 2]) == pytest.approx(90)
    assert angle([1, 1], [2, 2]) == pytest.approx(0, abs=1e-5)
    assert np.isnan(angle([0, 0], [1, 2]))


@pytest.mark.parametrize(
    "kwargs, message",
    [
        ({"rule": "backporp"}, "did you mean 'backprop'"),
        ({"neuron_type": "LIFF"}, "unknown neuron type 'LIFF'"),
        ({"backend": "tf"}, "unknown backend"),
        ({"batch_size": 0}, "batch_size: must be"),
        ({"steps": 0.5}, "steps: must be"),
        ({"learning_rate": -1.0}, "learning_rate"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"beta": 0.0}, "beta"),
        ({"n_hidden": ()}, "n_hidden: must be"),
        ({"rule": "autodiff"}, "backend: must be 'nengo-dl', 'jax' or 'auto'"),
        ({"device": "/gpu:0"}, "device: must be None"),
        ({"loss": "hinge"}, "loss 'hinge'"),
        ({"optimizer": "adan"}, "did you mean 'adam'"),
        ({"weight_decay": 0.1}, "weight_decay: must be 0 without optimizer='adamw', got 0.1"),
        ({"anneal": "cosinus"}, "anneal.*did you mean 'cosine'"),
        ({"warm_up": 1}, "warm_up: must be a finite number of at least 0 and below 1"),
        ({"nudging": 0.0}, "nudging: must be"),
        ({"centred": True}, "nudging: must be a number with centred=True, got None"),
        ({"scaling": "none"}, "scaling"),
        ({"scaling": "mupc", "init": "uniform"}, "init: must be 'normal' with scaling"),
    ],
)
def test_bad_parameters(kwargs, message, no_work):
    with pytest.raises(ValueError, match=message):
        model(**kwargs).fit(X, Y)


@pytest.fixture
def no_work(monkeypatch):
    """Whoever makes a simulator has not checked everything before."""

    def fail(*args, **kwargs):
        raise AssertionError("work has begun")

    monkeypatch.setattr(Backend, "open", fail)


@pytest.mark.parametrize(
    "images, labels, message",
    [
        (X, Y[:-1], "199 labels and 200 images"),
        (X, None, "requires y to be passed"),
        (X, np.zeros(200, int), "two classes or more, got 1 class"),
        (X, Y + 0.5, "Unknown label type"),
        (np.where(X > 0.9, np.nan, X), Y, "NaN"),
    ],
)
def test_bad_data(images, labels, message, no_work):
    with pytest.raises(ValueError, match=message):
        model().fit(images, labels)


@pytest.mark.parametrize(
    "images, labels",
    [(X[:9], np.linspace(0, 1, 9)), (X[:30], np.zeros(30)), (X[:9, :50], Y[:8])],
)
def test_failed_fit_leaves_the_model_as_it_was(images, labels):
    learned = model().fit(X, Y)
    before = learned.predict(X)
    with pytest.raises(ValueError):
        learned.fit(images, labels)
    np.testing.assert_array_equal(learned.predict(X), before)


def test_bad_validation_data(no_work):
    with pytest.raises(ValueError, match="y_val must have the labels"):
        model().fit(X, Y, X[:3], [0, 1, 10])
    with pytest.raises(ValueError, match="requires y_val to be passed"):
        model().fit(X, Y, X[:3])


def test_divergence_is_caught():
    with pytest.raises(ngc.DivergenceError):
        with np.errstate(all="ignore"):
            deep = {"n_hidden": (8,) * 9, "learning_rate": 1e38}
            model(**deep, anneal=False).fit(X, Y)


# --- modern predictive coding


def test_incremental_learning_changes_weights_in_each_timestep(backend):
    settings = {**MODERN, "optimizer": "sgd", "weight_decay": 0.0, "learning_rate": 0.2}
    settings |= {"steps": 4, "beta": 0.3, "momentum": 0.4, "max_epochs": 1}
    learned = model("incremental-predictive-coding", backend=backend, **settings)
    learned.fit(X[:65], Y[:65])
    state = learned._task.learned
    assert state["W1/optimizer_age"] == 3 * 4  # three batches of four timesteps
    if backend != "nengo":
        theirs = model("incremental-predictive-coding", **settings).fit(X[:65], Y[:65])
        for name, array in theirs.parameters_.items():
            np.testing.assert_allclose(learned.parameters_[name], array, atol=1e-5)
    assert set(learned.alignment(X[:40], Y[:40])) == {"W1", "W2", "W3"}


def test_centred_nudging_alternates_from_epoch_to_epoch():
    settings = {"steps": 4, "beta": 0.3, "loss": "squared-error"}
    centred = model("predictive-coding", nudging=0.5, centred=True, **settings).fit(X, Y)
    in_turn = model("predictive-coding", nudging=0.5, **settings)
    next(in_turn.epochs(X, Y))
    in_turn.set_params(nudging=-0.5)
    list(in_turn.epochs(X, Y, resume=True))
    for name, array in centred.parameters_.items():
        np.testing.assert_allclose(in_turn.parameters_[name], array, atol=1e-12)
    positive = model("predictive-coding", nudging=0.5, **settings).fit(X, Y)
    assert np.abs(positive.parameters_["W1"] - centred.parameters_["W1"]).max() > 1e-6


def test_centred_nudging_does_not_depend_on_the_name_of_a_rule(monkeypatch):
    monkeypatch.setitem(RULES, "of-mine", RULES["predictive-coding"])
    settings = {"nudging": 0.5, "centred": True, "steps": 3, "beta": 0.3}
    rules = "of-mine", "predictive-coding"
    mine, theirs = (model(rule, **settings).fit(X[:40], Y[:40]) for rule in rules)
    for name, array in theirs.parameters_.items():
        np.testing.assert_array_equal(mine.parameters_[name], array)


def test_training_images_are_judged_before_they_teach():
    kwargs = {"loss": "squared-error", "beta": 0.5, "steps": 12, "max_epochs": 1}
    learned = model("predictive-coding", learning_rate=1e-9, **kwargs).fit(X, Y)
    output = learned._decide(X)
    expected = 0.5 * np.sum((output - one_hot(Y)) ** 2, axis=1).mean()
    assert learned.history_[0]["loss"] == pytest.approx(expected, rel=1e-5)
    assert learned.history_[0]["error"] == pytest.approx(100 * (1 - learned.score(X, Y)))


def test_steps_of_all_updates():
    def optimizer(**kwargs):
        learned = model(max_epochs=5, **kwargs)
        learned.epochs(X, Y)
        return learned._task.optimizer

    usual = optimizer()
    assert (usual.n_updates, usual.floor, usual.shape, usual.warm_up) == (
        50,
        0.05,
        "linear",
        0,
    )
    modern = optimizer(**MODERN)
    assert (modern.n_updates, modern.floor, modern.shape) == (50, 0.1, "cosine")
    assert (modern.warm_up, modern.first, modern.optimizer.decay) == (10, 0.5, 0.1)
    assert isinstance(optimizer(anneal=False), ngc.Adam)
    only_warm = optimizer(anneal=False, warm_up=0.5, optimizer="rmsprop")
    assert (only_warm.floor, only_warm.warm_up) == (1.0, 25)
    assert isinstance(only_warm.optimizer, ngc.RMSprop)
    stream = model(warm_up=0.5).partial_fit(X[:40], Y[:40], classes=range(10))
    assert stream._task.optimizer.warm_up == 0


def test_hidden_rules_are_those_of_the_models():
    assert set(HIDDEN_RULES) - {"fixed"} <= set(RULES)
