"""Lowers synapses, other processes and Python functions."""

from functools import partial

import nengo
import numpy as np
from nengo.builder.operator import SimPyFunc
from nengo.builder.processes import SimProcess

from ...namespace import Array
from ...objects import Delay
from .registry import lowers
from .values import Values


@lowers(SimProcess)
def lower_process(op: SimProcess, values: Values) -> None:
    """Synapses are computed with arrays, other processes by their Python functions."""
    x = values[op.input]
    for synapse, filtered in _SYNAPSES.items():
        # a subclass of Lowpass or the like has the same matrices
        own_step = type(op.process).make_step is not synapse.make_step
        if isinstance(op.process, synapse) and not own_step:
            state = {name: values[signal] for name, signal in op.state.items()}
            y, state = filtered(op.process, values, x, **state)
            for name, array in state.items():
                values.set(op.state[name], array)
            break
    else:
        y = _on_host(op, values, x)
    (values.inc if op.mode == "inc" else values.set)(op.output, y)


def _linear(synapse, values, u, X):
    """``x' = A x + B u, y = C x + D u``, or y = C x' if D is 0, as Nengo has it."""
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
    """The last taps of the filter, of which ``Xi`` counts where the next one goes."""
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


_SYNAPSES = {nengo.LinearFilter: _linear, nengo.synapses.Triangle: _triangle, Delay: _delayed}


def _on_host(op: SimProcess, values: Values, x: Array) -> Array:
    """Run a process with an input in Python, each sample on its own."""
    n = values.machine.n_samples
    run = partial(values.host.process, op)
    return values.machine.on_host(
        run, (n, *op.output.shape), values.step, values.repeat(x, n)
    )


@lowers(SimPyFunc)
def lower_python_function(op: SimPyFunc, values: Values) -> None:
    """``output = fn(t, x)``, in Python, for each sample."""
    x = () if op.x is None else (values[op.x],)
    shape = () if op.output is None else op.output.shape
    shape = (x[0].shape[0] if x else 1, *shape)
    run = partial(values.host.function, op)
    y = values.machine.on_host(run, shape, values.step, *x)
    if op.output is not None:
        values.set(op.output, y)
