"""Parameters for arrays: numbers, masks, labels, and arrays by name."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .base import CheckedParam, UnfitValue
from .messages import shown, with_article


class ArrayParam(CheckedParam):
    """An array of real numbers with at least one entry.

    Parameters
    ----------
    name : str
        As for `CheckedParam`.
    ndim : int or sequence of int, optional
        The accepted numbers of axes. By default any number above 0 is accepted.
    finite : bool, optional
        Whether NaN and infinity are refused.
    dtype : dtype, optional
        Type to which values that are not arrays yet, such as lists, are converted.
    **kwargs
        As for `CheckedParam`.
    """

    equatable = True

    def __init__(
        self,
        name: str,
        ndim: int | Sequence[int] | None = None,
        finite: bool = True,
        dtype: DTypeLike = float,
        **kwargs: Any,
    ) -> None:
        super().__init__(name, **kwargs)
        self.ndim = (ndim,) if isinstance(ndim, int) else ndim
        self.finite, self.dtype = finite, dtype

    @property
    def expected(self) -> str:
        axes = ""
        if self.ndim is not None:
            axes = " or ".join(map(str, self.ndim)) + "-dimensional "
        numbers = "finite" if self.finite else "real"
        return f"{with_article(axes + 'array')} of {numbers} numbers"

    def convert(self, value: Any) -> NDArray:
        array = np.asarray(value)
        if array.dtype.kind not in "biuf" or not array.size or not array.ndim:
            raise TypeError
        if self.ndim is not None and array.ndim not in self.ndim:
            raise UnfitValue(f"must be {self.expected}, got one of shape {array.shape}")
        if self.finite and not np.all(np.isfinite(array)):
            raise UnfitValue(f"must be {self.expected}, got NaN or infinity")
        return array if array is value else array.astype(self.dtype)


class FrozenArrayParam(ArrayParam):
    """An array of real numbers of which a read-only copy is kept.

    Objects whose parameters never change, Nengo's ``FrozenObject``, need this.
    """

    def convert(self, value: Any) -> NDArray:
        kept = np.array(super().convert(value), dtype=self.dtype)
        kept.setflags(write=False)
        return kept


class MaskParam(ArrayParam):
    """An array of bool, or of the numbers 0 and 1, which is kept as bool."""

    expected = "an array of True and False"

    def convert(self, value: Any) -> NDArray[np.bool_]:
        array = super().convert(value)
        if np.any((array != 0) & (array != 1)):
            raise ValueError
        return array.astype(bool)


class LabelsParam(CheckedParam):
    """One label for each sample. Labels are whole numbers or text."""

    equatable = True
    expected = "a one-dimensional array of labels, which are whole numbers or text"

    def convert(self, value: Any) -> NDArray:
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
    """A mapping of names to arrays of finite numbers."""

    expected = "a mapping of names to arrays"

    def convert(self, value: Any) -> dict[str, NDArray]:
        if not isinstance(value, Mapping):
            raise TypeError
        return {name: self._array(name, array) for name, array in value.items()}

    def _array(self, name, array):
        array = np.asarray(array)
        if not isinstance(name, str):
            raise UnfitValue(f"must be {self.expected}, got the name {shown(name)}")
        if array.dtype.kind not in "biuf" or array.dtype == bool:
            raise UnfitValue(f"{name} must be an array of numbers, got {shown(array)}")
        if not np.all(np.isfinite(array)):
            raise UnfitValue(f"{name} must be finite, got NaN or infinity")
        return array
