"""Sums of terms that belong to the same row."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...namespace import Array


def sum_rows(xp: Any, terms: Array, rows: NDArray, n_rows: int) -> Array:
    """Return the sums of the terms of each row.

    Parameters
    ----------
    xp : module
    terms : (b, k, ...) array
    rows : (k,) array of int
        The row to which each term belongs, from 0 to below ``n_rows``.
    n_rows : int

    Returns
    -------
    (b, n_rows, ...) array
    """
    if np.array_equal(rows, np.arange(n_rows)):
        return terms
    # a table of the terms of each row, in which what is missing points to a zero at the end
    order = np.argsort(rows, kind="stable")
    counts = np.bincount(rows, minlength=n_rows)
    table = np.full((n_rows, max(1, counts.max(initial=0))), len(rows))
    place = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    table[rows[order], place] = order
    if np.any(table == len(rows)):
        zero = xp.zeros_like(xp.sum(terms, axis=1, keepdims=True))
        terms = xp.concatenate([terms, zero], axis=1)
    picked = xp.take(terms, table.ravel(), axis=1)
    shape = (terms.shape[0], *table.shape, *terms.shape[2:])
    return xp.sum(xp.reshape(picked, shape), axis=2)
