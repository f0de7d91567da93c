"""Kinds of parameters that hold arrays: numbers, masks, labels, arrays by name."""

from collections.abc import Mapping

import numpy as np
from nengo.exceptions import ValidationError

from .base import CheckedParam, Unfit
from .messages import a, shown


class ArrayParam(CheckedParam):
    """An array of real numbers.

    Parameters
    ----------
    ndim : int or sequence of int, optional
        How many axes it has. Default: any number, but not none.
    finite : bool, optional
        Whether NaN and infinity are refused.
    dtype : dtype, optional
        Of what is kept if something else than an array is given.
    name, **kwargs
        As for `CheckedParam`.
    """

    equatable = True

    def __init__(self, name, ndim=None, finite=True, dtype=float, **kwargs):
        super().__init__(name, **kwargs)
        self.ndim = (ndim,) if isinstance(ndim, int) else ndim
        self.finite, self.dtype = finite, dtype

    @property
    def expected(self):
        axes = ""
        if self.ndim is not None:
            axes = " or ".join(map(str, self.ndim)) + "-dimensional "
        return f"{a(axes + 'array')} of {'finite' if self.finite else 'real'} numbers"

    def convert(self, value):
        array = np.asarray(value)
        if array.dtype.kind not in "biuf" or not array.size or not array.ndim:
            raise TypeError
        if self.ndim is not None and array.ndim not in self.ndim:
            raise Unfit(f"must be {self.expected}, got one of shape {array.shape}")
        if self.finite and not np.all(np.isfinite(array)):
            raise Unfit(f"must be {self.expected}, got NaN or infinity")
        return array if array is value else array.astype(self.dtype)


class FrozenArrayParam(ArrayParam):
    """An array that belongs to an object whose parameters never change: a copy, read-only."""

    def convert(self, value):
        kept = np.array(super().convert(value), dtype=self.dtype)
        kept.setflags(write=False)
        return kept


class MaskParam(ArrayParam):
    """An array of bool, or of 0 and 1."""

    expected = "an array of True and False"

    def convert(self, value):
        array = super().convert(value)
        if np.any((array != 0) & (array != 1)):
            raise ValueError
        return array.astype(bool)


class LabelsParam(CheckedParam):
    """A label for each sample: whole numbers, or text."""

    equatable = True
    expected = "a one-dimensional array of labels, which are whole numbers or text"

    def convert(self, value):
        array = np.asarray(value)
        if array.dtype == object and all(isinstance(label, str) for label in array.flat):
            array = array.astype(str)
        whole = array.dtype.kind in "biuU" or (
            array.dtype.kind == "f" and np.all(array == np.round(array))
        )
        if array.ndim != 1 or not array.size or not whole:
            raise TypeError
        return array


class ArraysParam(CheckedParam):
    """Arrays of finite numbers by name."""

    expected = "a mapping of names to arrays"

    def convert(self, value):
        if not isinstance(value, Mapping):
            raise TypeError
        return {name: self._array(name, array) for name, array in value.items()}

    def _array(self, name, array):
        array = np.asarray(array)
        if not isinstance(name, str):
            raise Unfit(f"must be {self.expected}, got the name {shown(name)}")
        if array.dtype.kind not in "biuf" or array.dtype == bool:
            raise Unfit(f"{name} must be an array of numbers, got {shown(array)}")
        if not np.all(np.isfinite(array)):
            raise Unfit(f"{name} must be finite, got NaN or infinity")
        return array


# --- arguments that have to fit each other


def check_alike(name, array, other, like):
    """Raise unless an argument has the shape of another one, ``like``, named ``other``."""
    if np.shape(array) != np.shape(like):
        expected = f"the shape of {other}, {np.shape(like)}"
        raise ValidationError(f"must have {expected}, got {np.shape(array)}", attr=name)


def check_as_many(name, values, other, like):
    """Raise unless an argument is as long as another one, ``like``, named ``other``."""
    if len(values) != len(like):
        expected = f"as many as {other} ({len(like)})"
        raise ValidationError(f"must be {expected}, got {len(values)}", attr=name)
