"""Settings that change from epoch to epoch."""

import pytest

from nengo_ngc.training.annealing import geometric


def test_geometric():
    down = [geometric(0.3, 0.05, 0.5, n) for n in range(5)]
    assert down == pytest.approx([0.3, 0.15, 0.075, 0.05, 0.05])
    up = [geometric(1.0, 5.0, 2.0, n) for n in range(5)]
    assert up == pytest.approx([1, 2, 4, 5, 5])
    assert geometric(1.0, 5.0, 10.0, 400) == 5
