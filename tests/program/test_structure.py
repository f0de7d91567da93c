"""Products with matrices of equal groups."""

import numpy as np
import pytest

from nengo_ngc.namespace import NUMPY
from nengo_ngc.networks.gncn_parameters import lateral_inhibition
from nengo_ngc.program.structure import cheap_product

RNG = np.random.RandomState(0)
INHIBITION = lateral_inhibition(24, 4, 0.15, 0.1)


@pytest.mark.parametrize(
    "matrix",
    [
        np.zeros((5, 5)),
        3.0 * np.eye(5),
        np.diag(RNG.rand(5)),
        INHIBITION,
        INHIBITION.astype("f4"),
        INHIBITION + np.diag(RNG.rand(24)),
        lateral_inhibition(26, 4, 0.15, 0.1),  # the last group is smaller
        lateral_inhibition(26, 4, 0.15, 0.1) - np.diag(RNG.rand(26)),
        np.kron(np.eye(3), RNG.randn(5, 5)),
        np.kron(np.eye(3), np.triu(RNG.randn(5, 5), 1)),
        np.kron(np.eye(3), np.diag(RNG.rand(4), -1)),
        np.kron(np.eye(2), RNG.randn(100, 100)),
        lateral_inhibition(200, 100, 0.15, 0.1),  # groups are wide enough to be summed up
        lateral_inhibition(300, 130, 0.15, 0.1),
        lateral_inhibition(201, 100, 0.15, 0.1),
        np.ones((100, 100)),
    ],
)
def test_the_product_is_that_of_the_matrix(matrix):
    x = RNG.randn(7, len(matrix)).astype(matrix.dtype)
    y = cheap_product(matrix)(NUMPY, x)
    assert y.dtype == x.dtype
    tolerance = 1e-12 if matrix.dtype == float else 1e-5
    np.testing.assert_allclose(y, x @ matrix.T, rtol=0, atol=tolerance)


def test_other_matrices_have_no_such_product():
    linked, other_group, other_size = INHIBITION.copy(), INHIBITION.copy(), np.zeros((5, 5))
    linked[0, -1] = other_group[9, 10] = 0.2
    other_size[:2, :2] = other_size[2:, 2:] = 1
    others = [
        linked,
        other_group,
        other_size,
        RNG.rand(9, 9),
        RNG.rand(80, 80),
        np.ones((2, 3)),
    ]
    assert [cheap_product(matrix) for matrix in others] == [None] * len(others)


def test_a_product_multiplies_each_unit_by_its_group_only():
    class Counting:
        """NumPy's functions; the numbers of multiplications of matrix products are kept."""

        products = []

        def __getattr__(self, name):
            return getattr(NUMPY, name)

        def matmul(self, x, y):
            self.products.append(len(x) * y.size)
            return NUMPY.matmul(x, y)

    cheap_product(INHIBITION)(Counting(), np.ones((3, 24)))
    assert Counting.products == [3 * 24 * 4]
