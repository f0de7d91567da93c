"""How NengoDL writes the arrays of signals in a timestep."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf
from nengo_dl.signals import SignalDict

from ...program import SharedSignal

# NengoDL marks every signal before it lays out memory, and it would give each sample a copy of
# the weights that a rule changes. Shared signals keep these marks whatever it tries to set:
# state (not trained by back-propagation) without a batch axis. They are marks of our class,
# rather than of our graph, since nengo_dl.Simulator runs our networks, too.
SharedSignal.trainable = property(lambda self: None, lambda self, value: None)
SharedSignal.minibatched = property(lambda self: False, lambda self, value: None)

# with more parts than this NengoDL's own way is as fast
_MAX_PARTS = 8


class JoinedSignals(SignalDict):
    """NengoDL's signals; to write a part of an array, the whole array is joined again.

    TensorFlow's scatter writes one number after another, which takes several times as long as
    copying the whole array.
    """

    def scatter(self, dst: Any, val: tf.Tensor, mode: str = "update") -> None:
        """Write to an array, or to a part of it; see `nengo_dl.signals.SignalDict`."""
        base = self.bases[dst.key]
        if isinstance(base, tuple) or not _in_order(dst.slices):
            super().scatter(dst, val, mode)
            return
        axis, n = int(dst.minibatched), base.shape[int(dst.minibatched)]
        if tuple(dst.slices[0]) == (0, n):
            super().scatter(dst, val, mode)
            return
        trailing = base.shape[axis + 1 :]
        val = tf.reshape(val, (*base.shape[:axis], dst.shape[0], *trailing))

        def part(array, start, stop):
            return array[:, start:stop] if axis else array[start:stop]

        parts, end, done = [], 0, 0
        for start, stop in dst.slices:
            parts.append(part(base, end, start))
            new = part(val, done, done + stop - start)
            parts.append(part(base, start, stop) + new if mode == "inc" else new)
            end, done = stop, done + stop - start
        parts.append(part(base, end, n))
        self.bases[dst.key] = tf.concat([p for p in parts if p.shape[axis]], axis)


def _in_order(slices: Sequence[Sequence[int]]) -> bool:
    """Whether slices are few, and follow one another without overlap."""
    ends = zip(slices, slices[1:])
    return len(slices) <= _MAX_PARTS and all(a[1] <= b[0] for a, b in ends)
