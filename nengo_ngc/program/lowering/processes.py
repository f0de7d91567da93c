"""Lowers synapses, other processes and Python functions."""

from functools import partial

from nengo.builder.operator import Operator, SimPyFunc
from nengo.builder.processes import SimProcess

from ...namespace import Array
from .host import is_drawn_for_samples
from .registry import lowers
from .synapses import filter_of
from .values import Values


@lowers(SimProcess, calls_python=lambda op: filter_of(op.process) is None)
def lower_process(op: SimProcess, values: Values) -> None:
    """Synapses are computed with arrays, other processes by their Python functions."""
    computed = filter_of(op.process)
    if computed is None:
        n = values.machine.n_samples
        x = () if op.input is None else (values.repeat(values[op.input], n),)
        run = partial(values.host.process, op)
        shape = (values.host.rows(op), *op.output.shape)
        y = values.machine.on_host(run, shape, values.step, *x)
    else:
        state = {name: values[signal] for name, signal in op.state.items()}
        y, state = computed(op.process, values, values[op.input], **state)
        for name, array in state.items():
            values.set(op.state[name], array)
    (values.inc if op.mode == "inc" else values.set)(op.output, y)


def from_source(op: Operator, values: Values, computed: Array) -> None:
    """Set the output of an operator whose values were computed before the timesteps.

    Parameters
    ----------
    op : Operator
    values : Values
    computed : (b, size) or (1, size) array
    """
    n, xp = values.machine.n_samples, values.xp
    if n > 1 and is_drawn_for_samples(getattr(op, "process", None)):
        dist, scale = op.process.dist, values.dt**-0.5 if op.process.scale else 1.0
        drawn = dist.mean + dist.std * values.machine.normal((n, *op.output.shape))
        computed = xp.where(xp.arange(n)[:, None] == 0, computed, scale * drawn)
    (values.inc if op.incs else values.set)(op.output, computed)


@lowers(SimPyFunc, calls_python=lambda op: True)
def lower_python_function(op: SimPyFunc, values: Values) -> None:
    """``output = fn(t, x)``, in Python, for each sample."""
    x = () if op.x is None else (values.repeat(values[op.x], values.machine.n_samples),)
    shape = (0,) if op.output is None else op.output.shape
    run = partial(values.host.function, op)
    y = values.machine.on_host(run, (x[0].shape[0] if x else 1, *shape), values.step, *x)
    if op.output is not None:
        values.set(op.output, y)
