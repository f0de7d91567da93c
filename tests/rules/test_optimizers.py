"""Optimisers against their definitions."""

import numpy as np
import pytest
from nengo.exceptions import ValidationError

import nengo_ngc as ngc
from nengo_ngc.namespace import NUMPY
from nengo_ngc.rules.optimizer_wrappers import bound_rows

from ..conftest import needs_dl, needs_jax

RNG = np.random.RandomState(0)
GRADIENTS = RNG.randn(5, 3, 2)


def run(optimizer, parameter):
    state = optimizer.init(parameter)
    for gradient in GRADIENTS:
        change, state = optimizer.update(NUMPY, gradient, state, parameter)
        parameter = parameter + change
    return parameter


def test_sgd():
    moved = run(ngc.SGD(0.5), np.zeros((3, 2)))
    np.testing.assert_allclose(moved, -0.5 * GRADIENTS.sum(axis=0))


def test_momentum():
    moved = run(ngc.Momentum(0.1, momentum=0.5), np.zeros((3, 2)))
    # a gradient goes on moving the parameter: 1 + 1/2 + 1/4 + ... of it
    weight = np.array([sum(0.5**k for k in range(5 - i)) for i in range(5)])
    expected = -0.1 * np.einsum("t,tij->ij", weight, GRADIENTS)
    np.testing.assert_allclose(moved, expected)


def test_adam_first_step_has_the_size_of_the_learning_rate():
    adam, zeros = ngc.Adam(0.01), np.zeros((3, 2))
    change, _ = adam.update(NUMPY, GRADIENTS[0], adam.init(zeros), zeros)
    np.testing.assert_allclose(change, -0.01 * np.sign(GRADIENTS[0]), rtol=1e-3)


def test_annealed_steps_shrink_linearly_and_then_stay():
    optimizer = ngc.Annealed(ngc.SGD(1.0), n_updates=4, floor=0.2)
    state = optimizer.init(np.zeros(1))
    steps = []
    for _ in range(7):
        step, state = optimizer.update(NUMPY, -np.ones(1), state, np.ones(1))
        steps.append(step[0])
    np.testing.assert_allclose(steps, [1.0, 0.8, 0.6, 0.4, 0.2, 0.2, 0.2])
    with pytest.raises(ValidationError, match="optimizer"):
        ngc.Annealed(0.1, n_updates=4)
    with pytest.raises(ValidationError, match="n_updates"):
        ngc.Annealed(ngc.SGD(), n_updates=0)


def test_annealed_twice():
    inner = ngc.Clipped(ngc.Annealed(ngc.Momentum(1.0, momentum=0.0), n_updates=2, floor=0.5))
    optimizer = ngc.Annealed(ngc.Annealed(inner, n_updates=4, floor=0.0), n_updates=2, floor=0)
    state, steps = optimizer.init(np.zeros(1)), []
    names = set(state)
    assert len(names) == 4  # three ages and a velocity
    for _ in range(3):
        step, state = optimizer.update(NUMPY, -np.ones(1), state, np.ones(1))
        assert set(state) == names
        steps.append(step[0])
    np.testing.assert_allclose(steps, [1.0, 0.75 * 0.75 * 0.5, 0.0])


def test_adamw_by_hand():
    """Loshchilov and Hutter's algorithm 2, in a loop of its own."""
    optimizer = ngc.AdamW(0.02, beta_1=0.8, beta_2=0.95, epsilon=1e-3, decay=0.3)
    theta, m, v = np.ones((3, 2)), 0.0, 0.0
    for t, gradient in enumerate(GRADIENTS, start=1):
        m, v = 0.8 * m + 0.2 * gradient, 0.95 * v + 0.05 * gradient**2
        ratio = m / (1 - 0.8**t) / (np.sqrt(v / (1 - 0.95**t)) + 1e-3)
        theta = theta - 0.02 * (ratio + 0.3 * theta)
    np.testing.assert_allclose(run(optimizer, np.ones((3, 2))), theta, rtol=1e-13)


def test_rmsprop_by_hand():
    theta, v = np.ones((3, 2)), 0.0
    for gradient in GRADIENTS:
        v = 0.9 * v + 0.1 * gradient**2
        theta = theta - 0.02 * gradient / (np.sqrt(v) + 1e-3)
    moved = run(ngc.RMSprop(0.02, smoothing=0.9, epsilon=1e-3), np.ones((3, 2)))
    np.testing.assert_allclose(moved, theta, rtol=1e-13)


def test_warm_up_and_cosine_by_hand():
    annealed = ngc.Annealed(ngc.SGD(), 12, floor=0.1, shape="cosine", warm_up=4, first=0.2)
    sizes = [annealed.size_of_step(NUMPY, np.float64(t)) for t in range(15)]
    falling = [0.1 + 0.9 * (1 + np.cos(np.pi * k / 8)) / 2 for k in range(8)]
    expected = [0.2, 0.4, 0.6, 0.8, *falling, 0.1, 0.1, 0.1]
    np.testing.assert_allclose(sizes, expected, rtol=1e-12)
    linear = ngc.Annealed(ngc.SGD(), 4, floor=0.0, warm_up=2)
    sizes = [linear.size_of_step(NUMPY, np.float64(t)) for t in range(5)]
    np.testing.assert_allclose(sizes, [0, 0.5, 1, 0.5, 0])
    held = ngc.Annealed(ngc.SGD(), 8, floor=0.0, warm_up=2, hold=2)
    sizes = [held.size_of_step(NUMPY, np.float64(t)) for t in range(10)]
    np.testing.assert_allclose(sizes, [0, 0.5, 1, 1, 1, 0.75, 0.5, 0.25, 0, 0])
    with pytest.raises(ValidationError, match="warm_up: must be below n_updates, 4, got 4"):
        ngc.Annealed(ngc.SGD(), 4, warm_up=4)
    with pytest.raises(
        ValidationError, match="hold: must be below n_updates - warm_up, 3, got"
    ):
        ngc.Annealed(ngc.SGD(), 4, warm_up=1, hold=3)


@needs_jax
def test_as_optax():
    """AdamW with a warm-up and a cosine, of which the decay has the size of the steps."""
    optax = pytest.importorskip("optax")
    schedule = optax.warmup_cosine_decay_schedule(0.01, 0.05, 2, 4, 0.002)
    theirs = optax.adamw(schedule, weight_decay=0.3)
    parameter = np.ones((3, 2), np.float32)
    state = theirs.init(parameter)
    for gradient in GRADIENTS.astype(np.float32):
        change, state = theirs.update(gradient, state, parameter)
        parameter = parameter + np.asarray(change)
    inner = ngc.AdamW(0.05, decay=0.3)
    ours = ngc.Annealed(inner, 4, floor=0.04, shape="cosine", warm_up=2, first=0.2)
    np.testing.assert_allclose(run(ours, np.ones((3, 2))), parameter, rtol=2e-5)


@needs_dl
def test_as_adamw_of_keras():
    import tensorflow as tf

    from nengo_ngc.backends.nengo_dl.autodiff import _kerass

    ours = ngc.AdamW(0.05, decay=0.3, epsilon=1e-9)
    ours = ngc.Annealed(ours, 4, floor=0.04, shape="cosine", warm_up=2, first=0.2)
    variable, keras = tf.Variable(np.ones((3, 2)), dtype=tf.float64), _kerass(ours)
    for gradient in GRADIENTS:
        keras.apply_gradients([(tf.constant(gradient), variable)])
    np.testing.assert_allclose(run(ours, np.ones((3, 2))), variable.numpy(), rtol=2e-5)


@needs_dl
@pytest.mark.parametrize("name, ours", [("Adam", ngc.Adam(0.01)), ("SGD", ngc.SGD(0.01))])
def test_as_keras(name, ours):
    import tensorflow as tf

    import nengo_ngc.dl  # noqa: F401

    variable = tf.Variable(np.ones((3, 2)), dtype=tf.float64)
    keras = getattr(tf.keras.optimizers, name)(learning_rate=0.01)
    for gradient in GRADIENTS:
        keras.apply_gradients([(tf.constant(gradient), variable)])
    np.testing.assert_allclose(run(ours, np.ones((3, 2))), variable.numpy(), rtol=1e-6)


def test_bound_rows():
    weights = np.array([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]])
    bounded = bound_rows(np, weights, 2.0)
    np.testing.assert_allclose(bounded, [[1.2, 1.6], [0.3, 0.4], [0.0, 0.0]])


def test_bounded_is_the_bound_after_each_change():
    W = np.array([[3.0, 4.0], [0.3, 0.4]])
    plain, bounded = ngc.Adam(0.1), ngc.Bounded(ngc.Adam(0.1), norm=2.0)
    state = bounded.init(W)
    assert set(state) == set(plain.init(W))  # files hold the same names
    ones = np.ones((2, 2))
    change, _ = bounded.update(NUMPY, ones, state, W)
    expected, _ = plain.update(NUMPY, ones, plain.init(W), W)
    np.testing.assert_array_equal(change, expected)
    np.testing.assert_array_equal(bounded.project(np, W), bound_rows(np, W, 2.0))
    of_columns = ngc.Bounded(ngc.SGD(), norm=2.0, columns=True).project(np, W)
    np.testing.assert_array_equal(of_columns, bound_rows(np, W.T, 2.0).T)
    np.testing.assert_array_equal(bounded.project(np, W[0]), W[0])  # biases have no rows


def test_wrappers_can_be_nested_in_any_order():
    W = np.array([[3.0, 4.0], [0.3, 0.4]])
    outside = ngc.Bounded(ngc.Annealed(ngc.Clipped(ngc.Adam(), 0.5), 3), norm=2.0)
    inside = ngc.Clipped(ngc.Annealed(ngc.Bounded(ngc.Adam(), norm=2.0), 3), 0.5)
    states = [optimizer.init(W) for optimizer in (outside, inside)]
    for gradient in GRADIENTS[:, :2]:
        moved = []
        for k, optimizer in enumerate((outside, inside)):
            change, states[k] = optimizer.update(NUMPY, gradient, states[k], W)
            moved.append(optimizer.project(np, W + change))
        np.testing.assert_array_equal(*moved)
        W = moved[0]
    assert 1.9 < np.linalg.norm(W, axis=1).max() < 2.001


@pytest.mark.parametrize("bad", [0, -1, np.inf, np.nan, "fast"])
def test_bad_learning_rate(bad):
    with pytest.raises(ValidationError, match="learning_rate"):
        ngc.Adam(bad)


def test_an_optimizer_needs_an_update():
    class Lazy(ngc.SGD.__mro__[1]):
        pass

    with pytest.raises(TypeError, match="update"):
        Lazy(0.1)
