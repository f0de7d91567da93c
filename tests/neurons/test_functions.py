"""Functions that neurons, rules, networks and metrics share."""

import numpy as np
import pytest
from scipy.special import expit, log_softmax

from nengo_ngc.namespace import NUMPY
from nengo_ngc.neurons import functions

from ..conftest import needs_dl

RNG = np.random.RandomState(0)
X, T = RNG.randn(4, 3), np.eye(3)[[0, 2, 1, 1]]


def test_logistic():
    np.testing.assert_allclose(functions.logistic(NUMPY, X), expit(X), rtol=1e-12)
    hard = functions.logistic(NUMPY, np.array([-3.0, -1.0, 0.0, 3.0]), hard=True)
    np.testing.assert_array_equal(hard, [0, 0.25, 0.5, 1])


def test_softmax_and_what_is_measured_of_it():
    log_p = log_softmax(X, axis=1)
    np.testing.assert_allclose(functions.softmax(X), np.exp(log_p), rtol=1e-12)
    found = functions.cross_entropy(NUMPY, X, T)
    np.testing.assert_allclose(found, -np.sum(T * log_p, axis=1), rtol=1e-12)
    wrong = X.argmax(axis=1) != T.argmax(axis=1)
    np.testing.assert_array_equal(functions.is_wrong(NUMPY, X, T), wrong)
    assert 0 < wrong.sum() < len(wrong)


def test_normalize_and_its_gradient():
    x, u = np.vstack([X, np.zeros(3)]), RNG.randn(5, 3)
    found = functions.normalize(NUMPY, x, 1e-8)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), [1, 1, 1, 1, 0], atol=1e-7)
    expected = x[:-1] / np.linalg.norm(x[:-1], axis=1, keepdims=True)
    np.testing.assert_allclose(functions.normalize(NUMPY, x[:-1], 1e-30), expected, rtol=1e-15)
    gradient = functions.through_normalize(NUMPY, u, x, 1e-2)
    for row in range(4):
        for k in range(3):
            step = np.zeros((5, 3))
            step[row, k] = 1e-6
            up, down = (functions.normalize(NUMPY, x + s, 1e-2) for s in (step, -step))
            slope = np.sum(u * (up - down)) / 2e-6
            assert gradient[row, k] == pytest.approx(slope, abs=1e-7)
    np.testing.assert_allclose(gradient[-1], u[-1] / 1e-2)


def test_indicator():
    found = functions.indicator(NUMPY, X > 0, X.astype(np.float32))
    np.testing.assert_array_equal(found, X > 0)
    assert found.dtype == np.float32


@needs_dl
def test_nengo_dls_training_measures_the_same():
    import tensorflow as tf

    from nengo_ngc.backends.nengo_dl import autodiff
    from nengo_ngc.backends.nengo_dl.namespace import tensorflow_namespace

    output, target = (tf.constant(x, tf.float32) for x in (X, T))
    history = target[:, None], output[:, None]  # of one timestep
    xp = tensorflow_namespace(tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(output)
        loss = functions.cross_entropy(xp, output, target)
    expected = functions.softmax(X) - T
    np.testing.assert_allclose(tape.gradient(loss, output), expected, rtol=0, atol=1e-6)
    np.testing.assert_allclose(autodiff.cross_entropy(*history), loss, rtol=1e-6)
    wrong = 100 * tf.cast(functions.is_wrong(xp, output, target), tf.float32)
    np.testing.assert_array_equal(autodiff.error(*history), wrong)


@pytest.mark.parametrize("n", [1, 4, 31, 32, 75])  # large ones are taken apart
def test_inverse_root(n):
    root = RNG.randn(n, n)
    Sigma = root @ root.T + np.eye(n)
    P = functions.inverse_root(NUMPY, np.tril(Sigma))
    np.testing.assert_allclose(P, np.linalg.inv(np.linalg.cholesky(Sigma)), atol=1e-10)
    np.testing.assert_allclose(P.T @ P, np.linalg.inv(Sigma), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(functions.from_inverse_root(NUMPY, P), Sigma, rtol=1e-10)
