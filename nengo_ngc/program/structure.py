"""Products with matrices that consist of equal groups, without multiplying by their zeros."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..namespace import Array
from ..rules.lateral import ends_of_groups

Product = Callable[[Any, Array], Array]

# Units of a group above which adding them up takes less time than a product with its matrix,
# by TensorFlow and XLA on a processor.
_WIDE = 64


def cheap_product(matrix: NDArray) -> Product | None:
    r"""Return a function that multiplies by a matrix of equal groups of units.

    Such a matrix is 0, or a diagonal, or has one matrix B for all groups,

    .. math:: A = I \otimes B + \mathrm{diag}(d),

    as units have it that inhibit the others of their group. The last group may be smaller.

    Parameters
    ----------
    matrix : (n, n) array
        The matrix A, (post, pre), with the values that it has whenever the function is called.

    Returns
    -------
    callable or None
        ``product(xp, x)`` returns :math:`x A^T` for an array x of shape (batch, n), where
        ``xp`` has the functions of `nengo_ngc.namespace`. None if A is no such matrix, or if
        this way to multiply would not be shorter.
    """
    if matrix.ndim != 2 or len(matrix) != matrix.shape[1] or not matrix.size:
        return None
    n, diagonal = len(matrix), np.diag(matrix)
    off = matrix - np.diag(diagonal)
    if not np.any(matrix):
        return lambda xp, x: xp.zeros_like(x)
    if not np.any(off):
        return lambda xp, x: x * xp.asarray(diagonal, dtype=x.dtype)

    size = _group_size(off)
    block, whole = matrix[:size, :size], n - n % size
    if size > _WIDE and _is_uniform(off[:size, :size]):
        groups = _by_sums(block)
    elif size <= n // 2:
        groups = _by_matrix(block)
    else:
        return None
    smaller = _by_matrix(block[: n - whole, : n - whole])
    rest = diagonal - np.resize(np.diag(block), n)

    def product(xp, x):
        y = groups(xp, x[:, :whole])
        if whole < n:
            y = xp.concatenate([y, smaller(xp, x[:, whole:])], axis=1)
        return y + x * xp.asarray(rest, dtype=x.dtype) if np.any(rest) else y

    return product


def _group_size(off):
    """The number of units of a group, for a matrix with zeros on its diagonal."""
    ends = ends_of_groups(off)
    return next(size for size in ends if _repeats(off, size, ends))


def _repeats(off, size, ends):
    starts = np.arange(size, len(off), size)
    if not np.all(np.isin(starts, ends)):
        return False
    parts = (off[start : start + size, start : start + size] for start in starts)
    return all(np.array_equal(part, off[: len(part), : len(part)]) for part in parts)


def _is_uniform(off):
    return np.all(off + off[0, 1] * np.eye(len(off)) == off[0, 1])


def _by_matrix(block):
    def product(xp, x):
        groups = xp.reshape(x, (-1, len(block)))
        y = xp.matmul(groups, xp.asarray(block.T, dtype=x.dtype))
        return xp.reshape(y, (-1, x.shape[1]))

    return product


def _by_sums(block):
    """The product if all units of a group have the same effect on the others."""

    def product(xp, x):
        groups = xp.reshape(x, (-1, len(block)))
        inhibition = block[0, 1] * xp.sum(groups, axis=1, keepdims=True)
        own = xp.asarray(np.diag(block) - block[0, 1], dtype=x.dtype)
        return xp.reshape(inhibition + own * groups, (-1, x.shape[1]))

    return product
