"""How well images are modelled, against definitions written out."""

import numpy as np
import pytest

from nengo_ngc import metrics

from .by_hand import bernoulli


@pytest.fixture
def rng():
    return np.random.RandomState(0)


def test_binary_cross_entropy(rng):
    X, mu = rng.rand(5, 7), rng.rand(5, 7).astype(np.float32)
    np.testing.assert_allclose(
        metrics.binary_cross_entropy(X, mu), [-bernoulli(*pair) for pair in zip(X, mu)]
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_binary_cross_entropy_is_clipped_alike_at_both_ends(dtype):
    X = np.array([[1, 0], [0, 1], [0, 0], [1, 1], [0.5, 0.5]], dtype=dtype)
    mu = np.array([[1, 0], [1, 0], [1, 0], [1, 0], [1, 0]], dtype=dtype)
    far = -np.log(1e-7)
    np.testing.assert_allclose(
        metrics.binary_cross_entropy(X, mu), [2e-7, 2 * far, far, far, far], rtol=1e-6
    )


def test_masked_mse_counts_hidden_pixels_only():
    X, mu = np.zeros((2, 4)), np.array([[1.0, 2, 3, 4], [5, 6, 7, 8]])
    np.testing.assert_array_equal(
        metrics.masked_mse(X, mu, [True, False, True, False]), [5, 37]
    )
    mask = np.array([[0, 0, 0, 1], [1, 1, 1, 1]])
    np.testing.assert_array_equal(metrics.masked_mse(X, mu, mask), [16, 43.5])


@pytest.mark.parametrize("dtype", [np.uint8, bool])
def test_whole_numbers_are_subtracted_as_numbers(dtype):
    X, mu = np.array([[0, 1]], dtype=dtype), np.array([[1, 1]], dtype=dtype)
    assert metrics.mse(X, mu) == [0.5]


def test_masked_mse_of_nothing_hidden():
    assert metrics.masked_mse(np.ones((1, 3)), np.zeros((1, 3)), np.zeros(3)) == [0]


def test_probe_separates_blobs(rng):
    y = np.arange(60) % 3
    Z = 10 * np.eye(3)[y] + rng.randn(60, 3)
    assert metrics.probe_error(Z[:30], y[:30], Z[30:], y[30:]) == 0


def test_probe_knows_nothing_of_random_labels(rng):
    Z, y = rng.randn(400, 3), rng.randint(4, size=400)
    error = metrics.probe_error(Z[:200], y[:200], Z[200:], y[200:])
    assert 60 < error < 90  # chance is 75 %


def test_probe_error_is_in_percent():
    Z, y = np.array([[-1.0], [1.0]]), np.array([0, 1])
    # one of four is wrong
    Z_test, y_test = np.array([[-1.0], [-1.0], [1.0], [1.0]]), np.array([0, 0, 1, 0])
    assert metrics.probe_error(Z, y, Z_test, y_test) == 25
