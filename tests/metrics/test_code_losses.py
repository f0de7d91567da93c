"""Losses of codes in NumPy, beside sums over triplets."""

import numpy as np
import pytest

from nengo_ngc.metrics.code_losses import ContrastiveLoss, TripletLoss
from nengo_ngc.namespace import NUMPY

RNG = np.random.RandomState(0)
CODES, LABELS = RNG.randn(6, 4), np.array([0, 0, 0, 1, 1, 2])


def cosine(a, b):
    return a @ b / np.sqrt((a @ a) * (b @ b))


def triplets(order):
    """Each usable anchor with what is drawn for it, by loops."""
    for of_same, of_others in zip(*order, strict=True):
        for anchor, label in enumerate(LABELS):
            same = [k for k in np.flatnonzero(LABELS == label) if k != anchor]
            others = np.flatnonzero(LABELS != label)
            if same:
                positive = max(same, key=lambda k: of_same[anchor, k])
                negative = max(others, key=lambda k: of_others[anchor, k])
                yield CODES[anchor], CODES[positive], CODES[negative]


@pytest.mark.parametrize(
    "loss, of_one",
    [
        (TripletLoss(0.8), lambda ap, an: max(0, 0.8 - ap + an)),
        (ContrastiveLoss(0.8), lambda ap, an: (1 - ap) ** 2 + max(0, an - 0.2) ** 2),
    ],
)
def test_losses_beside_sums_over_triplets(loss, of_one):
    order = tuple(RNG.rand(2, 5, 6, 6))
    values = [of_one(cosine(a, p), cosine(a, n)) for a, p, n in triplets(order)]
    expected = sum(values) / np.count_nonzero(values)
    assert len(values) == 25  # the only one of its class is no anchor
    assert loss.mean(NUMPY, CODES, LABELS, order) == pytest.approx(expected)


@pytest.mark.parametrize("loss", [TripletLoss(), ContrastiveLoss()])
def test_codes_of_zeros_and_batches_of_one_class(loss):
    order = tuple(RNG.rand(2, 3, 6, 6))
    assert np.isfinite(loss.mean(NUMPY, np.zeros_like(CODES), LABELS, order))
    assert loss.mean(NUMPY, CODES, np.zeros(6), order) == 0
    assert np.isnan(loss.mean(NUMPY, np.full_like(CODES, np.nan), LABELS, order))
