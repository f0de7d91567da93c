"""Losses that bring codes of the same class together."""

import nengo
import numpy as np
import pytest

import nengo_ngc as ngc
from nengo_ngc import analysis, datasets

from ..conftest import needs_dl

pytestmark = needs_dl
RNG = np.random.RandomState(0)


def cosine(a, b):
    return a @ b / np.sqrt((a @ a) * (b @ b))


def loss_by_hand(kind, margin, triplets):
    values = []
    for a, p, n in triplets:
        if kind == "TripletLoss":
            values.append(max(0, margin - cosine(a, p) + cosine(a, n)))
        else:
            apart = max(0, margin - (1 - cosine(a, n)))
            values.append((1 - cosine(a, p)) ** 2 + apart**2)
    active = [value for value in values if value > 0]
    return sum(active) / max(len(active), 1)


def losses():
    from nengo_ngc.backends.nengo_dl import losses

    return losses


@pytest.mark.parametrize("kind", ["TripletLoss", "ContrastiveLoss"])
@pytest.mark.parametrize("margin", [0.3, 1.5])
def test_where_there_is_nothing_to_draw(kind, margin):
    codes = RNG.randn(3, 2, 5)
    a, b, c = codes[:, -1]
    labels = np.array([4, 4, 1]).reshape(3, 1, 1).repeat(2, axis=1)
    # the third has no other of its class
    expected = loss_by_hand(kind, margin, [(a, b, c), (b, a, c)])
    loss = getattr(losses(), kind)(margin)
    assert float(loss(labels, codes)) == pytest.approx(expected, rel=1e-6)


def test_draws_come_from_the_right_classes_and_differ():
    import tensorflow as tf

    codes = RNG.randn(6, 1, 4)
    labels = np.array([0, 0, 0, 1, 1, 1]).reshape(6, 1, 1)
    loss = losses().TripletLoss(margin=2.0, n_draws=1)
    seen = np.array([float(loss(labels, codes)) for _ in range(200)])
    assert len(np.unique(seen.round(6))) > 100
    u = codes[:, 0]
    groups = [(u[:3], u[3:]), (u[3:], u[:3])]
    triplets = [
        (own[i], own[j], other)
        for own, others in groups
        for i in range(3)
        for j in range(3)
        if i != j
        for other in others
    ]
    assert seen.mean() == pytest.approx(loss_by_hand("TripletLoss", 2.0, triplets), abs=0.03)
    assert float(losses().TripletLoss()(tf.zeros((6, 1, 1)), codes)) == 0  # one class only


def test_nothing_is_left_where_classes_are_apart():
    codes = np.eye(4)[[0, 0, 1, 1]][:, None]
    labels = np.array([0, 0, 1, 1]).reshape(4, 1, 1)
    for kind in ("TripletLoss", "ContrastiveLoss"):
        assert float(getattr(losses(), kind)()(labels, codes)) == pytest.approx(0, abs=1e-6)


def test_an_encoder_learns_codes_that_keep_the_class():
    import tf_keras

    from nengo_ngc.dl import Simulator  # it prepares TensorFlow for what follows

    digits = datasets.load("digits")
    X, y = digits.X_train[:1200], digits.y_train[:1200]
    with nengo.Network(seed=0) as model:
        stimulus = nengo.Node(np.zeros(64))
        hidden = nengo.Ensemble(
            64, 1, neuron_type=nengo.RectifiedLinear(), gain=np.ones(64), bias=np.zeros(64)
        ).neurons
        winners = ngc.SoftKWinnersTakeAll(0.05, hardness=5.0)
        code = nengo.Ensemble(200, 1, neuron_type=winners).neurons
        for pre, post in ((stimulus, hidden), (hidden, code)):
            he = nengo.Dense(
                (post.size_in, pre.size_out),
                init=nengo.dists.Gaussian(0, np.sqrt(2 / pre.size_out)),
            )
            nengo.Connection(pre, post, transform=he, synapse=None)
        probe = nengo.Probe(code)
    rates, held = [], {stimulus: X[:, None]}
    with Simulator(model, minibatch_size=100, progress_bar=False, seed=0) as sim:
        sim.compile(tf_keras.optimizers.Adam(2e-3), loss=losses().TripletLoss())
        for epochs in (0, 10):
            if epochs:
                sim.fit(held, {probe: y[:, None, None]}, epochs=epochs, verbose=0)
            known, new = (
                sim.predict({stimulus: x[:, None]})[probe][:, 0]
                for x in (X, digits.X_test[:200])
            )
            centroids = analysis.centroids(known, y, 10)
            found = analysis.nearest_centroid(new, *centroids)
            rates.append(np.mean(found == digits.y_test[:200]))
    np.testing.assert_array_equal(new.sum(axis=1), 10)
    assert rates[1] > max(0.85, rates[0] + 0.1), rates


@pytest.mark.parametrize(
    "kwargs, message",
    [
        ({"margin": 0}, "margin: must be a finite number above 0 and at most 2, got 0"),
        ({"margin": np.nan}, "margin: must be a finite number"),
        ({"n_draws": 0}, "n_draws: must be a whole number of at least 1, got 0"),
    ],
)
def test_bad_arguments(kwargs, message):
    for kind in ("TripletLoss", "ContrastiveLoss"):
        with pytest.raises(ValueError, match=message):
            getattr(losses(), kind)(**kwargs)
