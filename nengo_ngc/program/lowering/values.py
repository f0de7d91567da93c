"""The arrays of one timestep, which operators read and write by signal."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from nengo.builder import Signal
from numpy.typing import NDArray

from ...namespace import Array
from ..operators import is_shared
from .host import Host
from .machine import Machine
from .matrices import Matrices


class Values:
    """Arrays by signal, whose first axis is that of the samples.

    This axis has length 1 if all samples share the array. Views of signals are read and
    written as parts of the arrays of their bases.

    Parameters
    ----------
    machine : Machine
    arrays : mapping of Signal to array
        The arrays of bases, with the axis of the samples.
    dt : float
        Length of a timestep, in seconds.
    step : Signal
        The number of the timestep.
    host : Host
        The Python functions and processes of the model.
    matrices : Matrices
        The constant matrices.
    """

    def __init__(
        self,
        machine: Machine,
        arrays: Mapping[Signal, Array],
        dt: float,
        step: Signal,
        host: Host,
        matrices: Matrices,
    ) -> None:
        self.machine, self.dt, self.host = machine, dt, host
        self.matrices = matrices
        self.xp = machine.xp
        self._arrays = dict(arrays)
        self._step = step
        self._zero: set[Signal] = set()
        self._made: dict[tuple[str, Signal], tuple[Array, Array]] = {}

    @property
    def step(self) -> Array:
        """The number of this timestep, counted from 1 as in Nengo."""
        return self[self._step][0]

    def __getitem__(self, signal: Signal) -> Array:
        """Return the array of a signal, (b, *shape) or (1, *shape)."""
        if signal.base is signal:
            return self._arrays[signal]
        return self._once("view", signal, self._view)

    def _view(self, signal):
        x = self._flat(self._arrays[signal.base])
        return self._reshape(self.pick(x, places(signal)), signal.shape)

    def _once(self, kind, signal, make):
        """A result of a function of an array, computed once while the array is the same."""
        x = self._arrays[signal.base]
        of, made = self._made.get((kind, signal), (None, None))
        if of is not x:
            made = make(signal)
            self._made[kind, signal] = x, made
        return made

    def set(self, signal: Signal, value: Array) -> None:
        """Write an array, which is broadcast to the shape of the signal.

        Parameters
        ----------
        signal : Signal
        value : (b, ...) or (1, ...) array
        """
        base = signal.base
        self._zero = {zero for zero in self._zero if zero.base is not base}
        value = self._broadcast(value, signal.shape)
        if signal is base or _is_whole(signal):
            self._arrays[base] = self._reshape(value, base.shape)
            return
        old = self._arrays[base]
        n = max(old.shape[0], value.shape[0])
        flat = self.put(
            self.repeat(self._flat(old), n),
            places(signal),
            self.repeat(self._flat(value), n),
        )
        self._arrays[base] = self._reshape(flat, base.shape)

    def inc(self, signal: Signal, value: Array) -> None:
        """Add an array, which is broadcast to the shape of the signal."""
        if signal in self._zero:
            self.set(signal, value)
        else:
            self.set(signal, self[signal] + self._broadcast(value, signal.shape))

    def clear(self, signal: Signal) -> None:
        """Set a signal to zeros, to which later increments need not be added."""
        zeros = np.zeros((1, *signal.shape), self.machine.dtype)
        self.set(signal, self.xp.asarray(zeros))
        self._zero.add(signal)

    def shared(self, signal: Signal) -> Array:
        """Return a signal's array that all samples share, without the axis of the samples."""
        return self._once("shared", signal, self._shared)

    def _shared(self, signal):
        array = self[signal]
        if array.shape[0] != 1:
            raise TypeError(f"{signal} has a value for each sample, where all must share one")
        return array[0]

    def each(self, signal: Signal) -> Array:
        """Return the array of a signal, with a copy for each sample."""
        return self._once("each", signal, self._each)

    def _each(self, signal):
        return self.repeat(self[signal], self.machine.n_samples)

    def is_shared(self, signal: Signal) -> bool:
        """Whether all samples share the array of a signal."""
        return self[signal].shape[0] == 1

    def as_pure(self, signal: Signal) -> Array:
        """Return a signal's array in the form that a `.PureOperator` expects."""
        if is_shared(signal):
            return self.shared(signal)
        return self.each(signal)

    def set_pure(self, signal: Signal, array: Array) -> None:
        """Write an array that a function of a `.PureOperator` has returned."""
        self.set(signal, array[None] if is_shared(signal) else array)

    def base(self, signal: Signal) -> Array:
        """Return the array of the base of a signal."""
        return self._arrays[signal.base]

    # --- parts of arrays

    def pick(self, x: Array, indices: NDArray) -> Array:
        """Return columns of a matrix."""
        part = _as_slice(indices)
        return self.xp.take(x, indices, axis=1) if part is None else x[:, part]

    def put(self, x: Array, indices: NDArray, value: Array) -> Array:
        """Return a matrix in which some columns are replaced.

        Parameters
        ----------
        x : (b, n) array
        indices : (k,) array of int
            Without repetitions.
        value : (b, k) array
        """
        xp, n = self.xp, x.shape[1]
        if len(indices) == 0:
            return x
        first, last = indices[0], indices[-1]
        if len(indices) == n and np.array_equal(indices, np.arange(n)):
            return value
        if np.array_equal(indices, np.arange(first, first + len(indices))):
            parts = [x[:, :first], value, x[:, last + 1 :]]
            return xp.concatenate([part for part in parts if part.shape[1]], axis=1)
        where, source = np.zeros(n, bool), np.zeros(n, int)
        where[indices], source[indices] = True, np.arange(len(indices))
        return xp.where(where, xp.take(value, source, axis=1), x)

    def _flat(self, x):
        return self.xp.reshape(x, (x.shape[0], -1))

    def _reshape(self, x, shape):
        return x if x.shape[1:] == shape else self.xp.reshape(x, (x.shape[0], *shape))

    def _broadcast(self, value, shape):
        if value.shape[1:] == shape:
            return value
        if np.prod(value.shape[1:]) == np.prod(shape):
            return self.xp.reshape(value, (value.shape[0], *shape))
        value = aligned(self.xp, value, len(shape))
        return self.xp.broadcast_to(value, (value.shape[0], *shape))

    def repeat(self, x: Array, n: int) -> Array:
        """Return an array with a copy for each of n samples."""
        return x if x.shape[0] == n else self.xp.broadcast_to(x, (n, *x.shape[1:]))


def aligned(xp: Any, x: Array, ndim: int) -> Array:
    """Return an array with axes of length 1 inserted after the first, for broadcasting."""
    missing = ndim - (len(x.shape) - 1)
    return xp.reshape(x, (x.shape[0], *(1,) * missing, *x.shape[1:])) if missing > 0 else x


def places(signal: Signal) -> NDArray:
    """Return the positions of a view's elements in its base, both of them flattened."""
    base = np.arange(signal.base.size).reshape(signal.base.shape)
    index = np.ndarray(
        signal.shape,
        base.dtype,
        base,
        offset=signal.elemoffset * base.itemsize,
        strides=[stride * base.itemsize for stride in signal.elemstrides],
    )
    return index.ravel()


def _is_whole(signal):
    """Whether a view has all elements of its base, in the same order."""
    return signal.size == signal.base.size and signal.initial_value.flags.c_contiguous


def _as_slice(indices):
    """The slice of some indices, or None if they are not evenly spaced."""
    indices = np.asarray(indices)
    if len(indices) == 1:
        return slice(int(indices[0]), int(indices[0]) + 1)
    steps = np.diff(indices)
    if not len(steps) or steps[0] == 0 or np.any(steps != steps[0]):
        return None
    stop = int(indices[-1]) + int(np.sign(steps[0]))
    return slice(int(indices[0]), None if stop < 0 else stop, int(steps[0]))
