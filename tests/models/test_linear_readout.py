"""Labels by a linear classifier of codes."""

import copy
import pickle

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

import nengo_ngc as ngc
from nengo_ngc import HebbianEncoder
from nengo_ngc.models.tasks.linear_readout import LinearReadout

from .small import X, Y, make

RNG = np.random.RandomState(0)
CLASSES = [0, 1, 2]


def linear(name="HebbianEncoder", **kwargs):
    return make(name, readout="linear", **kwargs)


@pytest.fixture(scope="module")
def learned():
    return linear().fit(X, Y, X, Y)


@pytest.mark.parametrize("labels", [Y, Y % 2])
def test_it_is_logistic_regression_of_codes(labels):
    model = linear().fit(X, labels)
    codes = model.transform(X)
    by_hand = LogisticRegression(max_iter=200).fit(codes, labels)
    found = model.predict_proba(X)
    np.testing.assert_allclose(found, by_hand.predict_proba(codes), atol=1e-4)
    assert np.ptp(found) > 0.5


def test_it_learns_what_mean_codes_do_not():
    """Mean codes that differ in their length only."""
    codes = np.repeat([[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 1, 1]], 10, axis=0)
    y = np.repeat([0, 1], 20)
    readout = LinearReadout.fitted(csr_matrix(codes, dtype=float), y, 2)
    np.testing.assert_array_equal(readout.evidence(codes).argmax(axis=1), y)


def test_validation_is_by_the_readout(learned):
    assert "val_error" not in learned.history_[0]
    score = learned.score(X, Y)
    assert learned.history_[-1]["val_error"] == pytest.approx(100 * (1 - score))
    by_means = copy.deepcopy(learned).set_params(readout="mean-codes")
    assert np.any(by_means.predict_proba(X) != learned.predict_proba(X))


@pytest.mark.parametrize("name", ["HebbianEncoder", "SDREncoder"])
def test_saved_and_pickled(name, tmp_path):
    model = linear(name).fit(X, Y)
    model.save(tmp_path / "model.npz")
    loaded = type(model).load(tmp_path / "model.npz").set_params(backend="nengo")
    for same in (loaded, pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(same.predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize(
    "name, change, message",
    [
        ("readout_weights", lambda W: W[:, 1:], "readout_weights must have shape"),
        ("readout_bias", lambda b: None, "lacks readout_bias"),
    ],
)
def test_files_without_it(learned, name, change, message, tmp_path, monkeypatch):
    arrays = type(learned)._arrays(learned)
    arrays[name] = change(arrays[name])
    kept = {key: array for key, array in arrays.items() if array is not None}
    monkeypatch.setattr(HebbianEncoder, "_arrays", lambda model: kept)
    with pytest.raises(ValueError, match=message):
        learned.save(tmp_path / "model.npz")


def test_readout_that_is_changed_after_learning(learned, tmp_path):
    model = make("HebbianEncoder").fit(X, Y)
    before = model.predict_proba(X)
    model.set_params(readout="linear")
    with pytest.raises(NotFittedError, match="'mean-codes' when.*call fit_centroids"):
        model.predict(X)
    np.testing.assert_array_equal(
        model.fit_centroids(X, Y).predict_proba(X), learned.predict_proba(X)
    )
    model.set_params(readout="mean-codes")
    np.testing.assert_array_equal(model.predict_proba(X), before)
    model.save(tmp_path / "model.npz")
    assert HebbianEncoder.load(tmp_path / "model.npz").readout == "mean-codes"


def test_a_stream_trains_it_anew_and_keeps_absent_classes():
    model = linear().partial_fit(X[:21], Y[:21], classes=CLASSES)
    by_hand = LogisticRegression(max_iter=200).fit(model.transform(X[:21]), Y[:21])
    np.testing.assert_allclose(
        model.predict_proba(X), by_hand.predict_proba(model.transform(X)), atol=1e-4
    )
    known = model.mean_codes_.copy()
    model.partial_fit(X[Y < 2], Y[Y < 2])
    # a class without images is still known, by its mean code
    assert model._task.linear.evidence(known[2:]).argmax() == 2


def test_a_stream_whose_classes_come_one_after_another():
    model = linear()
    model.partial_fit(X[Y == 1], Y[Y == 1], classes=CLASSES)
    assert set(model.predict(X)) == {1}
    model.partial_fit(X[Y == 0], Y[Y == 0])
    assert set(model.predict(X)) == {0, 1}  # nothing is known of 2
    model.partial_fit(X[Y == 2], Y[Y == 2])
    assert model.predict_proba(X).shape == (40, 3)


def test_evidence_for_classes_that_nothing_is_known_of():
    codes = csr_matrix((RNG.rand(30, 6) < 0.4).astype(float))
    for present in ([0], [0, 2], [0, 2, 3]):
        y = np.resize(present, 30)
        readout = LinearReadout.fitted(codes, y, 5)
        evidence = readout.evidence(codes.toarray())
        absent = np.setdiff1d(np.arange(5), present)
        np.testing.assert_array_equal(evidence[:, absent], 0)
        assert set(evidence.argmax(axis=1)) <= set(present)


def test_unknown_readout():
    with pytest.raises(ValueError, match="unknown readout 'lineal' .did you mean 'linear'"):
        ngc.HebbianEncoder(readout="lineal").fit(X, Y)
