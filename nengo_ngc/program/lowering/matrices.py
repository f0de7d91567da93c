"""Constant matrices with which products can be computed with fewer multiplications."""

from collections.abc import Iterable

import numpy as np
from nengo.builder import Signal
from nengo.builder.operator import DotInc, Operator
from numpy.typing import NDArray

from ..structure import Product, cheap_product

# Entries of a matrix up to which a product is too short to be taken apart.
_SMALL = 2**12


class Matrices:
    """The matrices of a model that do not change during a simulation.

    Parameters
    ----------
    operators : iterable of Operator
    constants : container of Signal
        The bases of signals that never change.
    """

    def __init__(self, operators: Iterable[Operator], constants: Iterable[Signal]) -> None:
        found = {op.A for op in operators if type(op) is DotInc and op.A.size > _SMALL}
        self._values = {A: A.initial_value for A in found if A in constants}
        self._products = {A: cheap_product(value) for A, value in self._values.items()}

    def product(self, matrix: Signal) -> Product | None:
        """Return the faster function that multiplies by a matrix, or None if there is none."""
        return self._products.get(matrix)

    def assign(self, matrix: Signal, value: NDArray) -> bool:
        """Set the value of a matrix.

        Returns
        -------
        bool
            Whether this changes the function that multiplies by the matrix. If so, compiled
            programs are no longer valid.
        """
        known = self._values.get(matrix)
        if known is None or np.array_equal(known.astype(value.dtype), value):
            return False
        before = self._products[matrix]
        self._values[matrix] = np.array(value)
        self._products[matrix] = cheap_product(self._values[matrix])
        return before is not None or self._products[matrix] is not None

    def reset(self) -> bool:
        """Restore the initial values; return whether this changes any function."""
        return any([self.assign(matrix, matrix.initial_value) for matrix in self._values])
