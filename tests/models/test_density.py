"""Likelihoods by samples of the prior and by importance sampling, and the prior itself."""

import copy
import functools

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from nengo_ngc import NGCModel
from nengo_ngc.metrics import log_mean_exp
from nengo_ngc.training.importance import Proposal, components_of
from nengo_ngc.training.prior import fitted_mixture

from ..metrics.by_hand import bernoulli
from .small import X, make

RNG = np.random.RandomState(0)
REAL = RNG.randn(40, 2) @ RNG.randn(2, 5) + 0.3 * RNG.randn(40, 5)


@functools.cache
def linear():
    """A model of which log p(x) is known, with a prior of three components."""
    model = NGCModel(
        (3,),
        variant="t1",
        activation="identity",
        output="gaussian",
        steps=5,
        batch_size=20,
        max_epochs=1,
        backend="nengo",
        random_state=0,
        n_mixture=2,
    ).fit(REAL)
    centres = np.repeat(np.eye(3), 30, axis=0)
    model.mixture_ = fitted_mixture(centres + 0.5 * RNG.randn(90, 3), "z", 3, 0)
    model.noise_variance_ = 0.1
    return model


def exact(model, images):
    """A mixture of Gaussians whose means and deviations went through the weights."""
    W, prior, noise = (
        model.parameters_["W1"],
        model.mixture_,
        model.noise_variance_ * np.eye(5),
    )
    log_p = [
        np.log(weight) + multivariate_normal(W @ mean, W @ cov @ W.T + noise).logpdf(images)
        for weight, mean, cov in zip(prior.weights_, prior.means_, prior.covariances_)
    ]
    return logsumexp(log_p, axis=0)


@functools.cache
def small():
    """A model with Bernoulli pixels, which depend strongly on widespread states."""
    model = make("NGCModel").fit(X)
    learned = model._task.learned
    model._task.learned = {**learned, "W1": 8 * learned["W1"], "M2": 8 * learned["M2"]}
    centres = 3 * np.repeat(np.eye(3), 30, axis=0)
    model.mixture_ = fitted_mixture(centres + RNG.randn(90, 3), "z", 3, 0)
    return model


@pytest.mark.parametrize("method, n_samples", [("prior", 20_000), ("importance", 400)])
def test_likelihood_of_a_linear_model(method, n_samples):
    found = log_mean_exp(linear().log_weights(REAL, n_samples, method=method))
    expected = exact(linear(), REAL)
    assert np.ptp(expected) > 5
    enough = found.effective_samples > 100
    assert enough.sum() > 5
    errors = (found.values - expected)[enough] / found.standard_errors[enough]
    assert np.all(np.abs(errors) < 4)
    assert abs(found.values.mean() - expected.mean()) < 4 * found.error_of_mean


def test_the_proposal_is_the_posterior_of_a_linear_model():
    """All weights are equal, but for the proportion of 0.05 that is from the prior."""
    log_weights = linear().log_weights(REAL, 100, method="importance")
    bound = exact(linear(), REAL) - np.log(0.95)
    assert np.all(log_weights.max(axis=1) < bound + 1e-4)  # images become float32
    found = log_mean_exp(log_weights)
    assert found.effective_samples.min() > 80
    prior = log_mean_exp(linear().log_weights(REAL, 100))
    assert prior.effective_samples.mean() < 40


def test_weights_in_a_loop():
    model, prior = small(), small().mixture_
    decode, z = model._task.decoder(), model.transform(X[:1])[0].astype(float)
    proposal = Proposal(X[0], z, components_of(prior), decode, None)
    which, samples = proposal.draw(60, np.random.RandomState(1))
    assert len(set(which)) == 3
    found = proposal.log_weights(which, samples, chunk_size=7)
    for weight, k, z in zip(found, which, samples):
        of_prior = prior.weights_[k] * multivariate_normal(
            prior.means_[k], prior.covariances_[k]
        ).pdf(z)
        mode = proposal.modes[k]
        of_mode = multivariate_normal(mode.mean, np.linalg.inv(mode.precision)).pdf(z)
        q = 0.05 * of_prior + 0.95 * np.exp(proposal.log_shares[k]) * of_mode
        log_p = bernoulli(X[0], decode(z[None])[0])
        assert weight == pytest.approx(log_p + np.log(of_prior / q), rel=1e-6)


def test_samples_come_from_the_proposal():
    """In the long run, the weights of the prior's density have the mean 1."""
    z = small().transform(X[:1])[0].astype(float)
    components = components_of(small().mixture_)
    proposal = Proposal(X[0], z, components, small()._task.decoder(), None)
    which, samples = proposal.draw(4000, np.random.RandomState(0))
    log_weights = proposal.log_weights(which, samples, 4000) - proposal.log_likelihood(samples)
    found = log_mean_exp(log_weights[None])
    assert abs(found.values[0]) < 4 * found.standard_errors[0] < 0.4


def test_both_methods_agree():
    found = [
        log_mean_exp(small().log_weights(X[:10], n, method=method))
        for method, n in (("prior", 20_000), ("importance", 2000))
    ]
    assert (
        found[1].effective_samples.mean() / 2000 > found[0].effective_samples.mean() / 20_000
    )
    difference = found[0].values - found[1].values
    error = np.hypot(found[0].standard_errors, found[1].standard_errors)
    assert np.all(np.abs(difference) < 5 * error)


@pytest.mark.parametrize("method", ["prior", "importance"])
def test_weights_and_scores(method):
    weights = small().log_weights(X[:6], 30, method=method)
    assert weights.shape == (6, 30)
    scores = small().score_samples(X[:6], 30, method=method)
    np.testing.assert_allclose(scores, logsumexp(weights, axis=1) - np.log(30))
    some = small().log_weights(X[:4], 30, chunk_size=7, method=method)
    np.testing.assert_allclose(some, weights[:4], rtol=1e-6)
    assert weights.std(axis=1).min() > 0.05
    other = small().log_weights(X[:6], 30, method=method, random_state=1)
    assert np.mean(other != weights) > 0.9
    rngs = [np.random.RandomState(2) for _ in range(2)]
    again = [small().log_weights(X[:6], 30, method=method, random_state=rng) for rng in rngs]
    np.testing.assert_array_equal(*again)


def test_images_are_weighted_in_blocks(monkeypatch):
    expected = small().score_samples(X[:6], 30, method="importance")
    monkeypatch.setattr("nengo_ngc.models.density._WEIGHTS_AT_ONCE", 60)
    found = small().score_samples(X[:6], 30, method="importance")
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_number_of_components_is_chosen_by_likelihood(tmp_path):
    candidates, scores = (1, 4, 8), []
    for n_components in candidates:
        fixed = copy.deepcopy(linear()).set_params(n_mixture=n_components).fit_prior(REAL[:30])
        scores.append(fixed.score_samples(REAL[30:], 100, method="importance").mean())
    chosen = copy.deepcopy(linear()).set_params(n_mixture=candidates)
    chosen.fit_prior(REAL[:30], X_val=REAL[30:])
    best = candidates[int(np.argmax(scores))]
    assert len(chosen.mixture_.weights_) == best
    chosen.save(tmp_path / "model.npz")
    loaded = NGCModel.load(tmp_path / "model.npz")
    assert tuple(loaded.n_mixture) == candidates
    np.testing.assert_array_equal(loaded.sample(3), chosen.sample(3))


def test_components_of_separate_clusters_are_found():
    """Images of two kinds need two components; more of them do not help."""
    model = copy.deepcopy(linear()).set_params(n_mixture=[1, 2])
    rows = np.where(np.arange(200)[:, None] % 2, 4.0, -4.0) * model.parameters_["W1"][:, 0]
    images = rows + 0.3 * np.random.RandomState(3).randn(200, 5)
    assert len(model.fit(images).mixture_.weights_) == 2


def test_a_tenth_of_the_images_is_held_out_to_choose():
    model = copy.deepcopy(small()).set_params(n_mixture=(1, 1)).fit_prior(X)
    rows = np.random.RandomState(model._seed).permutation(40)[4:]
    np.testing.assert_allclose(
        model.mixture_.means_[0], model.transform(X[rows]).mean(axis=0), atol=1e-6
    )


@pytest.mark.parametrize("n_mixture", [(), (3, 0), "auto", 2.5])
def test_numbers_of_components_are_whole(n_mixture):
    with pytest.raises(
        ValueError, match="n_mixture: must be a whole number of at least 1 or "
    ):
        make("NGCModel", n_mixture=n_mixture).fit(X)


def test_unknown_method():
    with pytest.raises(ValueError, match="method.*prior.*importance"):
        small().score_samples(X, method="posterior")
