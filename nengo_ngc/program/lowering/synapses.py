"""Synapses and delays, as pure functions of arrays.

Each function is called with ``(process, values, u, **state)``, where u is the input, and
returns the output and a dict of the new state.
"""

from collections.abc import Callable
from typing import Any

import nengo
import numpy as np
from nengo.base import Process

from ...objects import Delay


def filter_of(process: Process) -> Callable[..., tuple] | None:
    """Return the function that computes a process, or None if there is none."""
    for cls, function in _FILTERS.items():
        # a subclass of Lowpass or the like has the same matrices
        if isinstance(process, cls) and type(process).make_step is cls.make_step:
            return function
    return None


def _linear(synapse, values, u, X):
    """``x' = A x + B u, y = C x + D u``, or y = C x' if D is 0, as in Nengo."""
    xp = values.xp
    A, B, C, D = synapse._get_ss(values.dt)
    d = D.item()
    if not A.size:
        return d * u, {}
    if len(A) == 1:
        if d == 0:
            x = A.item() * X + (C.item() * B.item()) * u[:, None]
            return x[:, 0], {"X": x}
        x = A.item() * X + B.item() * u[:, None]
        return C.item() * X[:, 0] + d * u, {"X": x}
    A, B, C = (xp.asarray(M.astype(values.machine.dtype)) for M in (A, B[:, 0], C[0]))
    x = xp.einsum("ij,bj...->bi...", A, X) + xp.einsum("i,b...->bi...", B, u)
    y = xp.einsum("i,bi...->b...", C, x if d == 0 else X) + d * u
    return y, {"X": x}


def _triangle(synapse, values, u, Y, X, Xi):
    """A filter over the last inputs; ``Xi`` is the position of the next one."""
    xp, n = values.xp, X.shape[1]
    _, n0, ndiff = synapse._get_coefficients(values.dt)
    y = Y + n0 * u - xp.sum(X, axis=1)
    i = xp.floor(Xi + 1.5)
    i = xp.where(i >= n, i - n, i)
    row = np.arange(n).reshape(n, *(1,) * (len(u.shape) - 1))
    here = xp.reshape(i, (i.shape[0], *(1,) * len(u.shape))) == row[None]
    return y, {"Y": y, "X": xp.where(here, ndiff * u[:, None], X), "Xi": i}


def _delayed(synapse, values, u, waiting):
    n = waiting.shape[1]
    if n == 0:
        return u, {}
    xp, row = values.xp, np.arange(n).reshape(1, n, *(1,) * (len(u.shape) - 1))
    here = values.step % n == row
    out = xp.sum(xp.where(here, waiting, xp.zeros_like(waiting)), axis=1)
    return out, {"waiting": xp.where(here, u[:, None], waiting)}


_FILTERS: dict[Any, Callable[..., tuple]] = {
    nengo.LinearFilter: _linear,
    nengo.synapses.Triangle: _triangle,
    Delay: _delayed,
}
