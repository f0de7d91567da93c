"""How pure operators and products with shared weights are built in TensorFlow."""

from types import SimpleNamespace

import tensorflow as tf
from nengo_dl.builder import Builder, OpBuilder

from ..builder import PureOperator
from .namespace import Namespace
from .planner import Delay, Product


class _SingleOpBuilder(OpBuilder):
    """Builds operators one by one: merging them would copy their signals."""

    def build_pre(self, signals, config):
        super().build_pre(signals, config)
        (self.op,) = self.ops


@Builder.register(PureOperator)
class PureOperatorBuilder(_SingleOpBuilder):
    """Runs the stages of a `.PureOperator` on TensorFlow's arrays."""

    def build_step(self, signals):
        op, xp = self.op, Namespace(signals.dtype)
        arrays = {name: _gather(signals, sig) for name, sig in op.inputs.items()}
        outputs = {name: signals[sig] for name, sig in op.outputs.items()}
        written = self._run(xp, op.stages, arrays, tuple(op._update_names))
        for name, array in written.items():
            signals.scatter(outputs[name], tf.cast(array, outputs[name].dtype))

    def _run(self, xp, stages, arrays, kept):
        """The arrays to write after ``stages``; ``kept`` ones if a guard is false."""
        if not stages:
            return {}
        (guard, function), rest = stages[0], stages[1:]

        def go():
            new = function(xp, SimpleNamespace(**arrays))
            return {**new, **self._run(xp, rest, {**arrays, **new}, kept)}

        if guard is None:
            return go()

        def all_kept(new):
            return [
                tf.ensure_shape(tf.cast(new.get(n, arrays[n]), arrays[n].dtype), arrays[n].shape)
                for n in kept
            ]

        condition = guard(xp, SimpleNamespace(**arrays))
        if isinstance(condition, bool):
            return go() if condition else {}
        values = tf.cond(
            tf.reshape(condition, ()), lambda: all_kept(go()), lambda: all_kept({})
        )
        return dict(zip(kept, values))


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


@Builder.register(Delay)
class DelayBuilder(_SingleOpBuilder):
    """Passes on what came in one timestep before."""

    def build_step(self, signals):
        op = self.op
        signals.scatter(signals[op.output], signals.gather(signals[op.input]))
