"""Estimates of likelihoods, against definitions written out and against repeated sampling."""

import numpy as np
import pytest
from scipy.stats import norm

from nengo_ngc.metrics import (
    binary_cross_entropy,
    log_mean_exp,
    pairwise_log_likelihood,
)

from .by_hand import bernoulli


@pytest.fixture
def rng():
    return np.random.RandomState(0)


def test_bernoulli_pixels(rng):
    X, means = rng.rand(4, 6).astype(np.float32), rng.rand(3, 6)
    expected = [[bernoulli(x, mu) for mu in means] for x in X]
    np.testing.assert_allclose(pairwise_log_likelihood(X, means), expected)


def test_gaussian_pixels(rng):
    X, means = rng.randn(4, 6), rng.randn(3, 6)
    expected = [[norm.logpdf(x, mu, np.sqrt(0.3)).sum() for mu in means] for x in X]
    np.testing.assert_allclose(pairwise_log_likelihood(X, means, 0.3), expected)


def test_predictions_of_other_pixels():
    with pytest.raises(ValueError, match=r"means: must be of shape \(m, 3\), as X, got "):
        pairwise_log_likelihood(np.zeros((2, 3)), np.zeros((2, 4)))


def test_pixels_that_are_no_probabilities():
    X, mu = np.full((1, 2), 200.0), np.full((1, 2), 0.5)
    for call in (pairwise_log_likelihood, binary_cross_entropy):
        with pytest.raises(
            ValueError, match=r"X: must have pixels in \[0, 1\], got .* to 200"
        ):
            call(X, mu)
    assert np.all(np.isfinite(pairwise_log_likelihood(X, mu, 1.0)))


def test_log_of_the_mean(rng):
    log_weights = rng.randn(4, 7)
    found = log_mean_exp(log_weights)
    np.testing.assert_allclose(found.values, np.log(np.exp(log_weights).mean(axis=1)))
    # far below what exp can tell from 0
    far = log_mean_exp(log_weights - 5000)
    np.testing.assert_allclose(far.values, found.values - 5000)
    np.testing.assert_allclose(far.standard_errors, found.standard_errors)


def test_weights_in_single_precision():
    """In which the sum of so many equal numbers stops growing."""
    found = log_mean_exp(np.full((1, 200_000), -500, np.float32))
    assert found.values[0] == pytest.approx(-500, abs=1e-6)
    assert found.effective_samples[0] == pytest.approx(200_000)


def test_effective_samples():
    log_weights = np.array([[0.0] * 5, [0.0, 0.0, -1e3, -1e3, -1e3], [0.0] + [-1e3] * 4])
    found = log_mean_exp(log_weights)
    np.testing.assert_allclose(found.effective_samples, [5, 2, 1])
    np.testing.assert_allclose(found.standard_errors[[0, 2]], [0, 1], atol=1e-12)


def test_standard_errors_are_those_of_repeated_sampling(rng):
    repeated = [log_mean_exp(0.7 * rng.randn(5, 400)) for _ in range(200)]
    values = np.array([found.values for found in repeated])
    errors = np.mean([found.standard_errors for found in repeated])
    assert errors == pytest.approx(values.std(), rel=0.1)
    error_of_mean = np.mean([found.error_of_mean for found in repeated])
    assert error_of_mean == pytest.approx(values.mean(axis=1).std(), rel=0.15)


def test_error_of_the_mean_where_images_share_samples(rng):
    """It does not shrink with the number of images if they are all wrong alike."""
    found = log_mean_exp(np.tile(rng.randn(400), (5, 1)))
    assert found.error_of_mean == pytest.approx(found.standard_errors[0])


def test_one_sample_says_nothing_of_its_error():
    found = log_mean_exp(np.array([[-3.0], [2.0]]))
    np.testing.assert_array_equal(found.values, [-3, 2])
    assert np.all(np.isinf(found.standard_errors)) and np.isinf(found.error_of_mean)
