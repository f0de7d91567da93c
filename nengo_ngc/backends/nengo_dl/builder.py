"""Builders of pure operators and of products with shared weights in TensorFlow."""

import re
from types import SimpleNamespace
from typing import Any

import tensorflow as tf
from nengo_dl.builder import Builder, OpBuilder
from nengo_dl.signals import SignalDict

from ...program import PureOperator
from ...program.operators import is_shared
from .namespace import tensorflow_namespace
from .operators import Delay, Product, Rules, ScaledInc


class _SingleOpBuilder(OpBuilder):
    """Builds operators one by one, since merging them would copy their signals."""

    def build_pre(self, signals: SignalDict, config: Any) -> None:
        super().build_pre(signals, config)
        (self.op,) = self.ops


@Builder.register(PureOperator)
class PureOperatorBuilder(_SingleOpBuilder):
    """Runs the stages of a pure operator with TensorFlow."""

    def build_step(self, signals: SignalDict) -> None:
        run = _Run(self.op, signals, self.config)
        run.write(run.after_stages())


@Builder.register(Rules)
class RulesBuilder(_SingleOpBuilder):
    """Runs all rules if one of them applies at this timestep, and otherwise none."""

    def is_due(self, signals: SignalDict) -> tf.Tensor:
        """Return whether any rule applies at this timestep."""
        return tf.reduce_any([run.guard() for run in self._runs(signals)])

    def _runs(self, signals):
        return [_Run(op, signals, self.config) for op in self.op.ops]

    def build_step(self, signals: SignalDict) -> None:
        runs = self._runs(signals)
        written = tf.cond(
            self.is_due(signals),
            lambda: [run.after_stages() for run in runs],
            lambda: [run.kept() for run in runs],
        )
        for run, new in zip(runs, written):
            run.write(new)


class _Run:
    """One timestep of one pure operator."""

    def __init__(self, op, signals, config):
        self._op = op
        self._signals = signals
        self._xp = tensorflow_namespace(signals.dtype, config.training)
        self._arrays = {name: _gather(signals, sig) for name, sig in op.inputs.items()}
        self._dtypes = {name: signals[sig].dtype for name, sig in op.outputs.items()}
        batched = {name for name, sig in op.inputs.items() if signals[sig].minibatched}
        self._batched = batched
        self._unexpected = {name for name in batched if is_shared(op.inputs[name])}

    def guard(self) -> tf.Tensor:
        """Return whether the first stage runs."""
        return self._holds(self._op.stages[0][0], self._arrays)

    def kept(self):
        """Return the arrays to write if the first stage does not run."""
        return {name: self._arrays[name] for name in self._op.updated}

    def after_stages(self):
        """Return the arrays to write if the first stage runs."""
        return self._run(self._op.stages, self._arrays)

    def write(self, new):
        """Write arrays into the signals of these names."""
        for name, array in new.items():
            self._signals.scatter(self._signals[self._op.outputs[name]], array)

    def _run(self, stages, arrays):
        (guard, function), rest = stages[0], stages[1:]

        def go():
            with tf.name_scope(scope(self._op.tag)):  # named in TensorFlow's errors
                new = self._call(function, arrays)
            new = {name: tf.cast(a, self._dtypes[name]) for name, a in new.items()}
            return {**new, **(self._run(rest, {**arrays, **new}) if rest else {})}

        if guard is None:
            return go()
        keep = {name: arrays[name] for name in self._op.updated}
        for name in self._op.outputs.keys() - keep.keys():
            signal = self._signals[self._op.outputs[name]]
            keep[name] = arrays.get(name, tf.zeros(signal.full_shape, signal.dtype))
        return tf.cond(self._holds(guard, arrays), lambda: {**keep, **go()}, lambda: keep)

    def _call(self, function, arrays):
        """Call a function; sample by sample if NengoDL has copies of a shared array.

        This is the case with decoders that `nengo.PES` changes, of which each sample has a
        copy.
        """
        if not self._unexpected:
            return function(self._xp, SimpleNamespace(**arrays))

        def of_one(sample):
            sample = {k: a if k in self._unexpected else a[None] for k, a in sample.items()}
            new = function(self._xp, SimpleNamespace(**{**arrays, **sample}))
            return {name: array[0] for name, array in new.items()}

        return tf.vectorized_map(of_one, {k: arrays[k] for k in self._batched})

    def _holds(self, guard, arrays):
        condition = guard(self._xp, SimpleNamespace(**arrays))
        return tf.reshape(tf.cast(condition, tf.bool), ())


def scope(tag: str) -> str:
    """Return an operator's tag as a name that TensorFlow allows."""
    return re.sub(r"[^A-Za-z0-9_.]", "_", f"at_{tag}_")


def _gather(signals, signal):
    array = signals.gather(signals[signal])
    if signal.shape == ():
        return tf.reshape(array, (-1,) if signals[signal].minibatched else ())
    return array


@Builder.register(Product)
class ProductBuilder(_SingleOpBuilder):
    """Multiplies a minibatch by one matrix, without transposing the minibatch."""

    _transposed = _same = None

    def prepare(self, signals: SignalDict) -> None:
        """Prepare the matrix once, before a loop that does not change it.

        TensorFlow takes longer to multiply by a matrix that it has to transpose.
        """
        A = signals.gather(signals[self.op.A])
        self._transposed = tf.transpose(A)
        if self.op.cheap is not None:  # somebody may have assigned another matrix
            self._same = tf.reduce_all(A == tf.cast(self.op.A.initial_value, A.dtype))

    def build_step(self, signals: SignalDict) -> None:
        op = self.op
        x = signals.gather(signals[op.X])
        if self._transposed is None:
            product = tf.matmul(x, signals.gather(signals[op.A]), transpose_b=True)
        elif self._same is None:
            product = tf.matmul(x, self._transposed)
        else:
            xp = tensorflow_namespace(signals.dtype)
            product = tf.cond(
                self._same,
                lambda: op.cheap(xp, x),
                lambda: tf.matmul(x, self._transposed),
            )
        signals.scatter(signals[op.Y], product, mode="inc" if op.incs else "update")


@Builder.register(ScaledInc)
class ScaledIncBuilder(_SingleOpBuilder):
    """Adds a minibatch, multiplied by a number, to another."""

    def build_step(self, signals: SignalDict) -> None:
        A, X, Y = (signals[sig] for sig in (self.op.A, self.op.X, self.op.Y))
        product = signals.gather(A) * signals.gather(X)
        signals.scatter(Y, product, mode="inc")


@Builder.register(Delay)
class DelayBuilder(OpBuilder):
    """Passes on the input of the previous timestep."""

    def build_pre(self, signals: SignalDict, config: Any) -> None:
        super().build_pre(signals, config)
        self._input = signals.combine([op.input for op in self.ops])
        self._output = signals.combine([op.output for op in self.ops])

    def build_step(self, signals: SignalDict) -> None:
        x = signals.gather(self._input)
        if self._output.minibatched and not self._input.minibatched:
            x = tf.broadcast_to(x, self._output.full_shape)
        signals.scatter(self._output, x)

    @staticmethod
    def mergeable(x: Any, y: Any) -> bool:
        """Return True, since all delays can be merged; see `nengo_dl.builder.OpBuilder`."""
        return True
