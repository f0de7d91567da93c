"""Builders of Nengo's operators that NengoDL does not build, or builds incompletely."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from nengo.builder import Operator, Signal
from nengo.builder.learning_rules import SimRLS
from nengo.synapses import LinearFilter, Lowpass
from nengo_dl import process_builders
from nengo_dl.builder import Builder, OpBuilder
from nengo_dl.op_builders import SimPyFuncBuilder
from nengo_dl.process_builders import SimProcessBuilder
from nengo_dl.signals import SignalDict


class _ExactTime(OpBuilder):
    """Calls functions with the time in 64 bits, as Nengo does, rather than in 32."""

    time_data: Any
    merged_func: Any

    def __init__(self, ops: Sequence[Operator], step: Signal) -> None:
        super().__init__(ops)
        self._step = step

    def build_pre(self, signals: SignalDict, config: Any) -> None:
        super().build_pre(signals, config)
        if self.time_data is None:
            return
        self.time_data = signals[self._step].reshape(())
        function, dt = self.merged_func, signals.dt_val

        def exact(step, *arrays):
            return self._of_type(function(int(step) * dt, *arrays))

        exact.__name__ = function.__name__
        self.merged_func = exact

    def _of_type(self, result):
        return result


class FunctionBuilder(_ExactTime, SimPyFuncBuilder):
    """Calls the functions of Nodes and of connections."""

    def _of_type(self, result):
        return np.asarray(result, dtype=tf.as_dtype(self.output_dtype).as_numpy_dtype)


class _HostProcessBuilder(_ExactTime, process_builders.GenericProcessBuilder):
    """Calls the step functions of processes that cannot be expressed in TensorFlow."""


class _FilterBuilder(OpBuilder):
    """Base class of filters, which finds their input, their output and their matrices."""

    def __init__(self, ops: Sequence[Operator], step: Signal) -> None:
        super().__init__(ops)

    def build_pre(self, signals: SignalDict, config: Any) -> None:
        super().build_pre(signals, config)
        self._input = signals.combine([op.input for op in self.ops])
        self._output = signals.combine([op.output for op in self.ops])
        self._steps = [_step(op, signals.dt_val) for op in self.ops]


class _LowpassBuilder(_FilterBuilder):
    r"""Runs lowpass filters, :math:`y_{t+1} = a y_t + b u_t`, of arrays of any shape."""

    def build_pre(self, signals: SignalDict, config: Any) -> None:
        super().build_pre(signals, config)
        coefficients = [
            (step.a, step.b) if isinstance(step, LinearFilter.OneX) else (0, step.d)
            for step in self._steps
        ]
        lengths = [op.input.shape[0] if op.input.shape else 1 for op in self.ops]
        rows = np.repeat(coefficients, lengths, axis=0)
        shape = (1, -1) + (1,) * (self._output.ndim - 1)
        self._a, self._b = (
            tf.constant(np.reshape(column, shape), self._output.dtype) for column in rows.T
        )

    def build_step(self, signals: SignalDict) -> None:
        u, y = signals.gather(self._input), signals.gather(self._output)
        signals.scatter(self._output, self._a * y + self._b * u)


class _LinearFilterBuilder(_FilterBuilder):
    r"""Runs linear filters in their state space.

    .. math::
        X_{t+1} = A X_t + B u_t, \qquad y_t = C X_t + D u_t

    or, without D, :math:`y_t = C X_{t+1}`, as in `nengo.LinearFilter`.
    """

    def build_pre(self, signals: SignalDict, config: Any) -> None:
        super().build_pre(signals, config)
        self._state = signals.combine([op.state["X"] for op in self.ops])

        def stacked(name, shape):
            arrays = [np.reshape(getattr(step, name), shape) for step in self._steps]
            return tf.constant(np.stack(arrays), signals.dtype)

        self._n_states = n = len(self._steps[0].A)
        self._A, self._B = stacked("A", (n, n)), stacked("B", (n, 1))
        self._C, self._D = stacked("C", (1, n)), stacked("D", (1, 1))
        self._waits = self._D != 0

    def build_step(self, signals: SignalDict) -> None:
        n_ops, shape = len(self.ops), self.ops[0].input.shape
        u = tf.reshape(signals.gather(self._input), (-1, n_ops, 1, int(np.prod(shape))))
        y = self._D * u
        if self._n_states:
            X = signals.gather(self._state)
            X = tf.reshape(X, (-1, n_ops, self._n_states, int(np.prod(shape))))
            new = tf.matmul(self._A, X) + self._B * u
            y += tf.matmul(self._C, tf.where(self._waits, X, new))
            signals.scatter(self._state, tf.reshape(new, self._state.full_shape))
        y = tf.broadcast_to(y, (signals.minibatch_size, *y.shape[1:]))
        signals.scatter(self._output, tf.reshape(y, self._output.full_shape))


class ProcessBuilder(OpBuilder):
    """Builds synapses and other processes."""

    def __init__(self, ops: Sequence[Operator], step: Signal) -> None:
        super().__init__(ops)
        process = ops[0].process
        builder: type[OpBuilder] = _HostProcessBuilder
        if type(process) is Lowpass:
            builder = _LowpassBuilder
        elif isinstance(process, LinearFilter):
            builder = _LinearFilterBuilder
        built = builder(ops, step)
        self.build_pre, self.build_step = built.build_pre, built.build_step
        self.build_post = built.build_post


# replaces NengoDL's own builders of these operators in our graphs
MENDED = {SimPyFuncBuilder: FunctionBuilder, SimProcessBuilder: ProcessBuilder}


@Builder.register(SimRLS)
class RLSBuilder(OpBuilder):
    """Builds recursive least squares, with a copy for each sample; see `nengo.RLS`."""

    def build_step(self, signals: SignalDict) -> None:
        for op in self.ops:
            r, error, P = (
                signals.gather(signals[sig])
                for sig in (op.pre_filtered, op.error, op.inv_gamma)
            )
            Pr = tf.linalg.matvec(P, r)
            gain = Pr / (1 + tf.reduce_sum(r * Pr, axis=1, keepdims=True))
            signals.scatter(signals[op.inv_gamma], P - Pr[:, :, None] * gain[:, None])
            signals.scatter(signals[op.delta], -error[:, :, None] * gain[:, None])


def _step(op, dt):
    """The step function of a linear filter, which holds its matrices."""
    shapes = op.input.shape, op.output.shape
    state = op.process.make_state(*shapes, dt)
    return op.process.make_step(*shapes, dt, None, state)
