"""Generative models of real numbers."""

import copy
import functools

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import norm
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from nengo_ngc import NGCModel, metrics

RNG = np.random.RandomState(0)
DIRECTIONS = RNG.randn(2, 9)
LATENT = RNG.randn(100, 2)
EVERY = LATENT @ DIRECTIONS + 0.1 * RNG.randn(100, 9)
X, X_VAL = EVERY[:80], EVERY[80:]
MASK = np.arange(9) >= 6


def model(backend="nengo", **kwargs):
    settings = {
        "n_hidden": (6, 4),
        "variant": "t1",
        "output": "gaussian",
        "steps": 20,
        "batch_size": 20,
        "max_epochs": 6,
        "backend": backend,
        "random_state": 0,
        "learning_rate": 0.05,
        "n_mixture": 3,
    }
    return NGCModel(**{**settings, **kwargs})


@functools.cache
def fitted():
    """A model that is shared by tests: copy it before it is changed."""
    return model().fit(X, X_val=X_VAL)


def test_what_is_measured():
    history = fitted().history_
    assert {"mse", "val_mse", "discrepancy"} < history[0].keys()
    assert not [key for key in history[0] if "bce" in key]
    expected = np.mean((fitted().reconstruct(X_VAL) - X_VAL) ** 2)
    assert history[-1]["val_mse"] == pytest.approx(expected, rel=1e-5)
    assert history[-1]["val_mse"] < 0.5 * np.mean(X_VAL**2)


def test_variance_is_that_of_what_top_states_predict():
    predicted = fitted()._task.decoder()(fitted().transform(X))
    expected = np.mean((predicted - X) ** 2)
    assert fitted().noise_variance_ == pytest.approx(expected, rel=1e-5)


def test_log_likelihood_by_hand():
    means = fitted().sample(50)
    scale = np.sqrt(fitted().noise_variance_)
    log_p = [norm.logpdf(X_VAL, mu, scale).sum(axis=1) for mu in means]
    expected = logsumexp(log_p, axis=0) - np.log(50)
    found = fitted().score_samples(X_VAL, n_samples=50)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert fitted().score(X_VAL) > fitted().score(RNG.permutation(X_VAL.T).T)


def test_hidden_features_are_filled_in():
    filled = fitted().reconstruct(X_VAL, MASK)
    for other in (0.0, -1e3):
        hidden = np.where(MASK, other, X_VAL)
        np.testing.assert_array_equal(fitted().reconstruct(hidden, MASK), filled)
    error = metrics.masked_mse(X_VAL, filled, MASK).mean()
    assert error < 0.7 * np.mean(X_VAL[:, MASK] ** 2)


def test_saved_and_loaded(tmp_path):
    fitted().save(tmp_path / "model.npz")
    loaded = NGCModel.load(tmp_path / "model.npz")
    assert loaded.output == "gaussian"
    assert loaded.noise_variance_ == fitted().noise_variance_
    for use in (lambda m: m.sample(4), lambda m: m.score(X_VAL), lambda m: m.transform(X)):
        np.testing.assert_array_equal(use(loaded), use(fitted()))


def test_variance_follows_the_parameters():
    changed = copy.deepcopy(fitted()).partial_fit(X)
    assert not hasattr(changed, "noise_variance_")
    assert changed.fit_prior(X).noise_variance_ != fitted().noise_variance_


def test_nothing_varies():
    still = model(max_epochs=1).fit(np.zeros((20, 9)))
    assert still.noise_variance_ == 1e-6
    for method in ("prior", "importance"):
        assert np.all(np.isfinite(still.score_samples(np.zeros((2, 9)), 10, method=method)))


@pytest.mark.parametrize("initial", ["zero", "previous"])
def test_model_learns_as_on_nengo(at_once, initial):
    settings = {"initial": initial, "max_epochs": 2, "variant": "pdh", "learning_rate": 0.01}
    ours, theirs = (model(name, **settings).fit(X) for name in (at_once, "nengo"))
    for name, array in theirs.parameters_.items():
        np.testing.assert_allclose(ours.parameters_[name], array, atol=1e-4, err_msg=name)
    assert ours.noise_variance_ == pytest.approx(theirs.noise_variance_, rel=1e-3)


def test_in_a_pipeline():
    pipeline = make_pipeline(StandardScaler(), model(max_epochs=1)).fit(1000 + 50 * X)
    assert np.isfinite(pipeline.score(1000 + 50 * X_VAL))


def test_bernoulli_pixels_lie_between_0_and_1():
    message = (
        r"pixels of X must lie in \[0, 1\], got values from -.*: scale them, by "
        r"sklearn.preprocessing.MinMaxScaler for example, or choose output='gaussian'"
    )
    with pytest.raises(ValueError, match=message):
        model(output="bernoulli").fit(X)
