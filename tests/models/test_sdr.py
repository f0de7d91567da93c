"""The encoder of sparse distributed representations."""

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import nengo_ngc as ngc
from nengo_ngc import DivergenceError, RuleClassifier, SDREncoder, datasets

from ..conftest import AT_ONCE, needs_trainer

pytestmark = pytest.mark.slow

DIGITS = datasets.load("digits", binarize=False)
X, Y = DIGITS.X_train[:600], DIGITS.y_train[:600]


def encoder(**kwargs):
    settings = {
        "n_hidden": (32,),
        "n_units": 100,
        "batch_size": 50,
        "max_epochs": 3,
        "random_state": 0,
        "learning_rate": 3e-3,
    }
    return SDREncoder(**{**settings, **kwargs})


@pytest.fixture(scope="module", params=AT_ONCE)
def learned(request):
    model = encoder(max_epochs=8, backend=request.param)
    return model.fit(X, Y, DIGITS.X_test, DIGITS.y_test)


def test_codes_keep_the_class(learned):
    assert learned.score(DIGITS.X_test, DIGITS.y_test) > 0.8
    errors = [record["val_error"] for record in learned.history_]
    # the last are by the same mean codes: all of the 600 are seen
    assert errors[-1] == pytest.approx(100 * (1 - learned.score(DIGITS.X_test, DIGITS.y_test)))
    assert errors[-1] < errors[0]
    assert learned.history_[-1]["loss"] < learned.history_[0]["loss"]
    codes = learned.transform(DIGITS.X_test)
    assert set(np.unique(codes)) == {0, 1}
    np.testing.assert_array_equal(codes.sum(axis=1), 5)
    seen = learned.transform(X)
    silent = np.sum(~seen.any(axis=0))
    assert learned.history_[-1]["silent_units"] == silent > 0
    assert learned.history_[-1]["entropy"] == pytest.approx(
        ngc.analysis.unit_entropy(seen).mean()
    )
    # prediction by hand
    means = np.stack([seen[Y == label].mean(axis=0) for label in learned.classes_])
    np.testing.assert_allclose(learned.mean_codes_, means, rtol=1e-6)
    cosines = codes @ means.T / np.linalg.norm(means, axis=1)
    np.testing.assert_array_equal(
        learned.predict(DIGITS.X_test), learned.classes_[cosines.argmax(axis=1)]
    )
    for k, label in enumerate(learned.classes_):
        often = np.argsort(-seen[Y == label].mean(axis=0), kind="stable")[:5]
        np.testing.assert_array_equal(np.flatnonzero(learned.centroids_[k]), np.sort(often))


def test_codes_in_sparse_matrices_and_on_either_simulator(learned, tmp_path):
    learned.save(tmp_path / "model.npz")
    loaded = SDREncoder.load(tmp_path / "model.npz")
    codes = learned.transform(DIGITS.X_test[:70])
    loaded.set_params(sparse_output=True)
    packed = loaded.transform(DIGITS.X_test[:70])
    assert sparse.issparse(packed) and packed.nnz == 70 * 5
    np.testing.assert_array_equal(packed.toarray(), codes)
    on_nengo = loaded.set_params(sparse_output=False, backend="nengo")
    np.testing.assert_array_equal(on_nengo.transform(DIGITS.X_test[:70]), codes)
    np.testing.assert_array_equal(loaded.centroids_, learned.centroids_)
    assert loaded.history_ == learned.history_


@pytest.mark.parametrize(
    "kwargs",
    [
        {},
        {
            "scaling": 0.01,
            "first_sparsity": 0.2,
            "first_hardness": 1.0,
            "loss": "contrastive",
            "margin": 0.5,
        },
    ],
)
def test_saved_and_resumed_as_if_not_interrupted(kwargs, at_once, tmp_path):
    kwargs = {**kwargs, "backend": at_once}
    whole = encoder(**kwargs).fit(X, Y)
    part = encoder(**kwargs)
    next(part.epochs(X, Y))
    part.save(tmp_path / "model.npz")
    resumed = SDREncoder.load(tmp_path / "model.npz")
    list(resumed.epochs(X, Y, resume=True))
    for name, array in whole.parameters_.items():
        np.testing.assert_array_equal(resumed.parameters_[name], array)
    np.testing.assert_array_equal(resumed.centroids_, whole.centroids_)
    again = encoder(**kwargs).fit(X, Y)
    np.testing.assert_array_equal(again.parameters_["W1"], whole.parameters_["W1"])


@needs_trainer
def test_sparsity_and_hardness_move(tmp_path):
    model = encoder(
        max_epochs=5,
        first_sparsity=0.4,
        sparsity_decay=0.5,
        first_hardness=1.0,
        hardness_growth=2.0,
        schedule_epochs=2,
    )
    active, hardness = [], []
    for _ in model.epochs(X, Y):
        active.append(model.transform(X[:20]).sum(axis=1))
        hardness.append(model._task.training.net.output.ensemble.neuron_type.hardness)
    np.testing.assert_array_equal(np.transpose(active), [[40, 40, 20, 20, 10]] * 20)
    assert hardness == [1, 1, 2, 2, 4]
    model.save(tmp_path / "model.npz")
    loaded = SDREncoder.load(tmp_path / "model.npz")
    np.testing.assert_array_equal(loaded.transform(X[:20]).sum(axis=1), 10)


def test_scaling_moves_gains(at_once):
    model = encoder(scaling=0.02, backend=at_once).fit(X, Y)
    G = model.parameters_["G"]
    np.testing.assert_array_equal(G[~np.eye(100, dtype=bool)], 0)
    gains = np.diag(G)
    # 36 updates: what is silent has grown by (1 + 0.02 * 0.05) each time
    silent = ~model.transform(X).any(axis=0)
    assert np.median(gains[silent]) == pytest.approx(1.001**36, rel=2e-3)
    busy = model.transform(X).mean(axis=0) > 0.2
    assert busy.any() and np.all(gains[busy] < 1)
    assert "G" not in encoder().fit(X[:100], Y[:100]).parameters_


@needs_trainer
def test_parameters_at_the_start():
    classifier = RuleClassifier(
        (32, 100), rule="autodiff", max_epochs=1, random_state=1, batch_size=50
    ).fit(X, Y)
    given = {name: classifier.parameters_[name] for name in ("W1", "b1", "W2", "b2")}
    model = encoder(learning_rate=1e-9, max_epochs=1).fit(X, Y, parameters=given)
    for name, array in given.items():
        np.testing.assert_allclose(model.parameters_[name], array, atol=1e-6)
    with pytest.raises(ValidationError, match=r"W1 must have shape \(32, 64\)"):
        encoder().fit(X, Y, parameters={"W1": np.zeros((3, 3))})


@needs_trainer
def test_hidden_layers_of_winners():
    model = encoder(hidden="winners", max_epochs=1).fit(X, Y)
    kind = model._task.training.net.connections["W1"].post_obj.ensemble.neuron_type
    assert isinstance(kind, ngc.KWinnersTakeAll)


def test_divergence_leaves_the_model_as_it_was(at_once):
    model = encoder(backend=at_once).fit(X, Y)
    before, centroids = model.parameters_, model.centroids_
    model.set_params(learning_rate=1e30, max_epochs=5)
    with pytest.raises(DivergenceError):
        list(model.epochs(X, Y, resume=True))
    np.testing.assert_array_equal(model.parameters_["W1"], before["W1"])
    np.testing.assert_array_equal(model.centroids_, centroids)


def test_centroids_of_other_images(learned):
    model = clone(learned).set_params(max_epochs=1).fit(X, Y)
    before = model.parameters_
    model.fit_centroids(DIGITS.X_test, DIGITS.y_test)
    codes = model.transform(DIGITS.X_test)
    _, expected = ngc.analysis.centroids(codes, DIGITS.y_test, 5)
    np.testing.assert_array_equal(model.centroids_, expected)
    np.testing.assert_array_equal(model.parameters_["W2"], before["W2"])
    with pytest.raises(ValueError, match=r"y must have all classes, got none of \[9\]"):
        model.fit_centroids(X[Y < 9], Y[Y < 9])


@needs_trainer
def test_no_labels_before_the_first_epoch():
    model = encoder()
    model.epochs(X, Y)
    with pytest.raises(NotFittedError):
        model.predict(X)


def test_names_of_units(learned):
    names = learned.get_feature_names_out()
    assert (len(names), names[0]) == (100, "sdrencoder0")


@pytest.mark.parametrize(
    "kwargs, message",
    [
        ({"loss": "tripplet"}, "unknown loss 'tripplet'.*did you mean 'triplet'"),
        ({"hidden": "tanh"}, "unknown hidden 'tanh'"),
        ({"margin": 0}, "margin: must be a finite number above 0"),
        ({"sparsity": 0}, "sparsity"),
        ({"sparsity": 1.5}, "sparsity"),
        ({"hardness": np.nan}, "hardness"),
        ({"n_units": 0}, "n_units: must be a whole number"),
        ({"first_sparsity": 0.01}, "first_sparsity: must be at least sparsity, 0"),
        ({"first_sparsity": 0.3, "sparsity_decay": 1.5}, "sparsity_decay"),
        ({"first_hardness": 9}, "first_hardness: must be at most hardness, 5"),
        ({"first_hardness": 1, "hardness_growth": 0.5}, "hardness_growth"),
        ({"scaling": -1}, "scaling: must be a finite number of at least 0"),
        ({"schedule_epochs": 0}, "schedule_epochs"),
        ({"backend": "nengo"}, "sparse codes are learned by gradients, got 'nengo'"),
        ({"backend": "brian"}, "unknown backend"),
    ],
)
def test_bad_arguments(kwargs, message):
    with pytest.raises(ValueError, match=message):
        encoder(**kwargs).fit(X, Y)


@pytest.mark.parametrize(
    "images, labels, message",
    [
        (np.where(X > 0.9, np.nan, X), Y, "NaN"),
        (X, Y[:-1], "one label for each image"),
        (X, None, "requires y"),
    ],
)
def test_bad_data(images, labels, message):
    with pytest.raises(ValueError, match=message):
        encoder().fit(images, labels)


def test_network_on_both_simulators(simulate):
    with nengo.Network() as model:
        net = ngc.networks.SparseEncoder(
            (64, 20, 50), ngc.KWinnersTakeAll(0.1), scaling=ngc.SynapticScaling(0.1), seed=3
        )
        stimulus = nengo.Node(nengo.processes.PresentInput(X[:5], 0.001))
        nengo.Connection(stimulus, net.input, synapse=None)
        net.learn.output = 0.0
        probe = net.probe("output")
    sim = simulate(model, 1, 5)
    p = net.parameters(sim)
    hidden = np.maximum(X[:5] @ p["W1"].T + p["b1"], 0)
    currents = hidden @ p["W2"].T + p["b2"]
    expected = ngc.neurons.k_winners(np, currents, 5)
    np.testing.assert_array_equal(np.reshape(sim.data[probe], (5, 50)), expected)
    np.testing.assert_array_equal(p["G"], np.eye(50))
