"""Rows of an array that is mapped from a file, read without touching the mapping.

Pages of a mapping that have been read count as memory of the process, and the system may map
megabytes for one row. Rows that are read from the file in the usual way take no memory later.
"""

import os
import weakref
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..validation.messages import shown


class RowFile:
    """Gives rows of a `numpy.memmap` by reading its file.

    Parameters
    ----------
    mapped : numpy.memmap
        An array whose rows are contiguous in the file; see `of`.
    start : int
        Where its first row begins in the file.
    """

    def __init__(self, mapped: np.memmap, start: int) -> None:
        self._shape, self._dtype = mapped.shape, mapped.dtype
        self._start, self._step = start, mapped.strides[0]
        self._row_bytes = mapped[:1].nbytes
        self._path = str(mapped.filename)
        self._file = os.open(self._path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._file)

    @classmethod
    def of(cls, array: Any) -> "RowFile | None":
        """Return the rows of an array, or None if its file cannot be read row by row."""
        root = array
        while isinstance(getattr(root, "base", None), np.memmap):
            root = root.base
        if not isinstance(root, np.memmap) or not len(array) or not hasattr(os, "preadv"):
            return None
        if root.filename is None:  # a copy in memory, such as ``astype`` returns
            return None
        # a private copy of a file ("c") may have been written to, in memory only
        if root.mode == "c" or array.strides[0] <= 0 or not array[0].flags.c_contiguous:
            return None
        start = root.offset + array.ctypes.data - root.ctypes.data
        try:
            rows = cls(array, start)
            ends = [0, len(array) - 1]
            same = np.array_equal(rows[ends], np.asarray(array[ends]))
        except OSError:  # the file has been removed since it was mapped, or is shorter
            return None
        return rows if same else None

    def __getitem__(self, rows: Any) -> NDArray:
        """Return some rows, or one row, as an array in memory."""
        wanted = self._numbers(rows)
        flat = wanted.ravel()
        order = np.argsort(flat, kind="stable")
        found = np.empty((len(flat), *self._shape[1:]), self._dtype)
        if len(flat):
            self._read(flat[order], found)
        if np.any(order[1:] < order[:-1]):
            found[order] = found.copy()
        return found.reshape(*wanted.shape, *self._shape[1:])

    def _numbers(self, rows: Any) -> NDArray:
        """Return the numbers of rows, counted from 0."""
        n = self._shape[0]
        if isinstance(rows, slice):
            return np.arange(*rows.indices(n))
        numbers = np.asarray(rows)
        if numbers.dtype == bool:
            return np.flatnonzero(numbers)
        if np.any((numbers < -n) | (numbers >= n)):
            raise IndexError(f"rows must be from {-n} to {n - 1}, got {shown(rows)}")
        return np.where(numbers < 0, numbers + n, numbers).astype(int)

    def _read(self, rows: NDArray, found: NDArray) -> None:
        """Read rows in ascending order, and adjacent rows in one piece."""
        follows = (np.diff(rows) == 1) & (self._step == self._row_bytes)
        starts = [0, *(np.flatnonzero(~follows) + 1)]
        for first, last in zip(starts, [*starts[1:], len(rows)]):
            part = memoryview(found[first:last].view(np.uint8).reshape(-1))  # type: ignore
            place = self._start + int(rows[first]) * self._step
            while len(part):
                n_read = os.preadv(self._file, [part], place)
                if not n_read:
                    raise OSError(f"{self._path} is shorter than the array that it holds")
                part, place = part[n_read:], place + n_read
