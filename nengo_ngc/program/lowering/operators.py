"""Lowers Nengo's basic operators."""

from typing import Any

import nengo.builder.operator as ops
import numpy as np
from nengo.builder.probe import SimProbe
from nengo.exceptions import BuildError

from .registry import lowers
from .segments import sum_rows
from .values import Values, aligned

# rows or columns of blocks up to which products of many blocks are taken one by one
_NARROW = 3


@lowers(ops.TimeUpdate, shared=True, keeps=lambda op: [op.step])
def lower_time_update(op: ops.TimeUpdate, values: Values) -> None:
    """``step = step + 1; time = step * dt``."""
    step = values[op.step] + 1
    values.set(op.step, step)
    values.set(op.time, values.xp.asarray(step * values.dt, dtype=values.machine.dtype))


@lowers(ops.Reset, shared=None)
def lower_reset(op: ops.Reset, values: Values) -> None:
    """``dst = value``."""
    if op.value == 0:
        values.clear(op.dst)
        return
    constant = np.full((1, *op.dst.shape), op.value, values.machine.dtype)
    values.set(op.dst, values.xp.asarray(constant))


@lowers(SimProbe)
def lower_probe(op: SimProbe, values: Values) -> None:
    """Do nothing, because probed values are read at the end of the timestep."""


def _partly_set(op):
    return [op.dst] if op.dst_slice is not None and not op.inc else []


@lowers(ops.Copy, shared=None, keeps=_partly_set)
def lower_copy(op: ops.Copy, values: Values) -> None:
    """``dst[dst_slice] = src[src_slice]``, or an increment."""
    value = values[op.src]
    if op.src_slice is not None:
        value = values.pick(value, _indices(op.src_slice, op.src.shape[0]))
    if op.dst_slice is None:
        (values.inc if op.inc else values.set)(op.dst, value)
        return
    indices = _indices(op.dst_slice, op.dst.shape[0])
    old = values[op.dst]
    n = max(old.shape[0], value.shape[0])
    old, value = values.repeat(old, n), values.repeat(value, n)
    value = values.xp.broadcast_to(value, (n, len(indices)))
    if op.inc:
        value = sum_rows(values.xp, value, indices, op.dst.shape[0])
        values.inc(op.dst, value)
    elif len(np.unique(indices)) < len(indices):
        raise BuildError(f"{op} would write several values to the same place")
    else:
        values.set(op.dst, values.put(old, indices, value))


def _indices(part: Any, n: int) -> np.ndarray:
    part = np.asarray(part)
    return np.flatnonzero(part) if part.dtype == bool else np.arange(n)[part]


@lowers(ops.ElementwiseInc, shared=None)
def lower_elementwise_inc(op: ops.ElementwiseInc, values: Values) -> None:
    """``Y = Y + A * X``."""
    ndim = max(op.A.ndim, op.X.ndim)
    A, X = (aligned(values.xp, values[signal], ndim) for signal in (op.A, op.X))
    values.inc(op.Y, A * X)


@lowers(ops.DotInc, shared=None)
def lower_dot_inc(op: ops.DotInc, values: Values) -> None:
    """``Y = Y + A @ X``, where X is a vector."""
    xp, X = values.xp, values[op.X]
    if op.A.ndim == 0 or op.X.ndim == 0:
        ndim = max(op.A.ndim, op.X.ndim)
        A, X = (aligned(xp, values[signal], ndim) for signal in (op.A, op.X))
        values.inc(op.Y, A * X)
        return
    x = xp.reshape(X, (X.shape[0], -1))
    rows = op.A.size // x.shape[1]
    product = values.matrices.product(op.A)
    if product is not None:
        y = product(xp, x)
    elif values.is_shared(op.A):
        y = xp.einsum("bj,ij->bi", x, xp.reshape(values.shared(op.A), (rows, -1)))
    else:
        A = values[op.A]
        A = xp.reshape(A, (A.shape[0], rows, -1))
        y = xp.einsum("bj,bij->bi", values.repeat(x, A.shape[0]), A)
    values.inc(op.Y, xp.reshape(y, (y.shape[0], *op.Y.shape)))


@lowers(ops.BsrDotInc, shared=None)
def lower_bsr_dot_inc(op: ops.BsrDotInc, values: Values) -> None:
    """``Y = Y + A @ X``, where A has dense blocks of one size."""
    xp, X, A = values.xp, values[op.X], values.shared(op.A)
    _, n_rows, n_columns = op.A.shape
    x = xp.reshape(X, (X.shape[0], -1, n_columns))
    if not np.array_equal(op.indices, np.arange(x.shape[1])):
        x = xp.take(x, op.indices, axis=1)
    if n_columns <= _NARROW:
        y = sum(_spread(xp, x[:, :, j], n_rows) * A[None, :, :, j] for j in range(n_columns))
    elif n_rows <= _NARROW:
        y = xp.stack([_sum_last(xp, x * A[None, :, i]) for i in range(n_rows)], axis=2)
    else:
        y = xp.einsum("bkj,kij->bki", x, A)
    rows = np.repeat(np.arange(len(op.indptr) - 1), np.diff(op.indptr))
    y = sum_rows(xp, y, rows, len(op.indptr) - 1)
    values.inc(op.Y, xp.reshape(y, (y.shape[0], *op.Y.shape)))


def _spread(xp, x, n):
    """``x[..., None]``, repeated n times, by a product.

    On processors, a product is faster than repeating each element of a large array in a loop.
    The zeros prevent the compiler from replacing the product by such a loop.
    """
    columns = xp.stack([x, xp.zeros_like(x)], axis=-1)
    ones = xp.asarray(np.ones((2, n)), dtype=x.dtype)
    y = xp.matmul(xp.reshape(columns, (-1, 2)), ones)
    return xp.reshape(y, (*x.shape, n))


def _sum_last(xp, x):
    """The sums along the last axis, by a product with ones."""
    rows = xp.reshape(x, (-1, x.shape[-1]))
    y = xp.matmul(rows, xp.asarray(np.ones((x.shape[-1], 1)), dtype=x.dtype))
    return xp.reshape(y, x.shape[:-1])


@lowers(ops.SparseDotInc, shared=None)
def lower_sparse_dot_inc(op: ops.SparseDotInc, values: Values) -> None:
    """``Y = Y + A @ X``, where A is sparse and never changes."""
    xp, X = values.xp, values[op.X]
    rows, columns, data = _entries(op.A.initial_value)
    x = xp.reshape(X, (X.shape[0], -1))
    terms = xp.take(x, columns, axis=1) * xp.asarray(data[None].astype(values.machine.dtype))
    values.inc(op.Y, sum_rows(xp, terms, rows, op.A.shape[0]))


def _entries(A):
    """Rows, columns and values of the entries of a sparse matrix."""
    A = A.allocate() if hasattr(A, "allocate") else A
    if isinstance(A, np.ndarray):  # Nengo does without SciPy where there is none
        rows, columns = np.nonzero(A)
        return rows, columns, A[rows, columns]
    A = A.tocoo()
    return A.row, A.col, A.data
