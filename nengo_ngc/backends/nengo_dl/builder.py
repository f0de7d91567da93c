"""How pure operators and products with shared weights are built in TensorFlow."""

import re
from types import SimpleNamespace

import tensorflow as tf
from nengo_dl.builder import Builder, OpBuilder

from ...program import PureOperator
from .namespace import tensorflow_namespace
from .operators import Delay, Product, Rules, ScaledInc


class _SingleOpBuilder(OpBuilder):
    """Builds operators one by one: merging them would copy their signals."""

    def build_pre(self, signals, config):
        super().build_pre(signals, config)
        (self.op,) = self.ops


@Builder.register(PureOperator)
class PureOperatorBuilder(_SingleOpBuilder):
    """Runs the stages of a pure operator on TensorFlow's arrays."""

    def build_step(self, signals):
        run = _Run(self.op, signals, self.config)
        run.write(run.after_stages())


@Builder.register(Rules)
class RulesBuilder(_SingleOpBuilder):
    """Runs all rules, or none of them."""

    def is_due(self, signals):
        """Whether any rule applies at this timestep."""
        return tf.reduce_any([run.guard() for run in self._runs(signals)])

    def _runs(self, signals):
        return [_Run(op, signals, self.config) for op in self.op.ops]

    def build_step(self, signals):
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

    def guard(self):
        """Whether the first stage runs."""
        return self._holds(self._op.stages[0][0], self._arrays)

    def kept(self):
        """What is written if it does not."""
        return {name: self._arrays[name] for name in self._op.updated}

    def after_stages(self):
        """What is written if it does."""
        return self._run(self._op.stages, self._arrays)

    def write(self, new):
        """Write arrays into the signals of these names."""
        for name, array in new.items():
            self._signals.scatter(self._signals[self._op.outputs[name]], array)

    def _run(self, stages, arrays):
        (guard, function), rest = stages[0], stages[1:]

        def go():
            with tf.name_scope(scope(self._op.tag)):  # named in TensorFlow's errors
                new = function(self._xp, SimpleNamespace(**arrays))
            new = {name: tf.cast(a, self._dtypes[name]) for name, a in new.items()}
            return {**new, **(self._run(rest, {**arrays, **new}) if rest else {})}

        if guard is None:
            return go()
        keep = {name: arrays[name] for name in self._op.updated}
        for name in self._op.outputs.keys() - keep.keys():
            signal = self._signals[self._op.outputs[name]]
            keep[name] = arrays.get(name, tf.zeros(signal.full_shape, signal.dtype))
        return tf.cond(self._holds(guard, arrays), lambda: {**keep, **go()}, lambda: keep)

    def _holds(self, guard, arrays):
        condition = guard(self._xp, SimpleNamespace(**arrays))
        return tf.reshape(tf.cast(condition, tf.bool), ())


def scope(tag):
    """An operator's tag as TensorFlow allows it in a name."""
    return re.sub(r"[^A-Za-z0-9_.]", "_", f"at_{tag}_")


def _gather(signals, signal):
    array = signals.gather(signals[signal])
    return tf.reshape(array, ()) if signal.shape == () else array


@Builder.register(Product)
class ProductBuilder(_SingleOpBuilder):
    """Multiplies a minibatch by one matrix, without transposing the minibatch."""

    def build_step(self, signals):
        op = self.op
        A, X, Y = signals[op.A], signals[op.X], signals[op.Y]
        product = tf.matmul(signals.gather(X), signals.gather(A), transpose_b=True)
        signals.scatter(Y, product, mode="inc" if op.incs else "update")


@Builder.register(ScaledInc)
class ScaledIncBuilder(_SingleOpBuilder):
    """Adds a scaled minibatch to another."""

    def build_step(self, signals):
        A, X, Y = (signals[sig] for sig in (self.op.A, self.op.X, self.op.Y))
        product = signals.gather(A) * signals.gather(X)
        signals.scatter(Y, product, mode="inc")


@Builder.register(Delay)
class DelayBuilder(OpBuilder):
    """Passes on what came in one timestep before."""

    def build_pre(self, signals, config):
        super().build_pre(signals, config)
        self._input = signals.combine([op.input for op in self.ops])
        self._output = signals.combine([op.output for op in self.ops])

    def build_step(self, signals):
        x = signals.gather(self._input)
        if self._output.minibatched and not self._input.minibatched:
            x = tf.broadcast_to(x, self._output.full_shape)
        signals.scatter(self._output, x)

    @staticmethod
    def mergeable(x, y):
        return True
