"""Means over batches of different sizes."""

from nengo_ngc.backends.means import Means


def test_batches_count_by_their_samples():
    means = Means()
    means.add(3, {"loss": 1.0, "error": 0.0})
    means.add(1, {"loss": 5.0, "error": 8.0})
    assert means.over_samples() == {"loss": 2.0, "error": 2.0}
