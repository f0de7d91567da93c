"""Images in their stored form, which become numbers in [0, 1] when a batch is read."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .row_file import RowFile

_BLOCK_BYTES = 2**24  # what is read at once where all images are looked at


def image_shape_of(image_shape: Sequence[int] | None, n_features: int) -> tuple[int, ...]:
    """Return the shape of images of which a number of features is known.

    Parameters
    ----------
    image_shape : sequence of int or None
        Height and width, and the number of colours if there are any. None: images are square
        if the number of features allows it, and otherwise of one row.
    n_features : int

    Raises
    ------
    ValueError
        If images of this shape have another number of features.
    """
    if image_shape is not None:
        if math.prod(image_shape) != n_features:
            raise ValueError(f"image_shape must have {n_features} pixels, got {image_shape}")
        return tuple(image_shape)
    side = math.isqrt(n_features)
    return (side, side) if side * side == n_features else (1, n_features)


class Images:
    """Rows of pixels over an array that may be larger than memory.

    Indexing returns a float32 array, with pixels in [0, 1] where whole numbers are stored.
    What is stored stays as it is: bytes stay bytes, and of an array that is mapped from a file
    only those rows are read that are asked for.

    Parameters
    ----------
    stored : (n, ...) array
        An image in each row: whole numbers from 0 to 255, or floating-point numbers, which
        are taken as they are, or True and False. A `numpy.memmap` is read a batch at a time.
    threshold : float, optional
        Pixels above it become 1 and others 0. None: pixels stay grey.
    rows : (m,) array of int, optional
        The rows of ``stored`` that these images are, in their order. None: all of them.

    Attributes
    ----------
    shape : tuple of int
        (n, n_pixels).
    dtype : numpy.dtype
        Type of the arrays that indexing returns, float32.
    """

    ndim, dtype = 2, np.dtype(np.float32)

    def __init__(
        self,
        stored: NDArray,
        threshold: float | None = None,
        rows: ArrayLike | None = None,
    ) -> None:
        self.stored = stored
        self.threshold = threshold
        self.rows = None if rows is None else np.asarray(rows)
        self._source = RowFile.of(stored) or stored

    def __reduce__(self) -> tuple:
        return Images, (self.stored, self.threshold, self.rows)

    @property
    def shape(self) -> tuple[int, int]:
        return len(self), math.prod(self.stored.shape[1:])

    def __len__(self) -> int:
        return len(self.stored if self.rows is None else self.rows)

    def __repr__(self) -> str:
        return f"<Images of shape {self.shape}, stored as {self.stored.dtype}>"

    def __getitem__(self, rows: Any) -> NDArray[np.float32]:
        """Return the images of some rows, (n_rows, n_pixels), or of one row, (n_pixels,)."""
        found = self._stored_rows(rows)
        lead = found.shape[: found.ndim - self.stored.ndim + 1]
        found = found.reshape(*lead, self.shape[1])
        if found.dtype.kind in "iu":
            X = np.divide(found, 255, dtype=np.float32)
        else:
            X = found.astype(np.float32)
        if self.threshold is not None:
            X = (X > self.threshold).astype(np.float32)
        return X

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray:
        """Return all images as numbers, for functions that accept only arrays."""
        return self[:] if dtype is None else self[:].astype(dtype, copy=False)

    def take(self, rows: slice | NDArray) -> "Images":
        """Return some of these images without reading them."""
        if self.rows is not None:
            return Images(self.stored, self.threshold, self.rows[rows])
        if isinstance(rows, slice):
            return Images(self.stored[rows], self.threshold)
        return Images(self.stored, self.threshold, np.arange(len(self))[rows])

    def binarized(self, threshold: float = 0.5) -> "Images":
        """Return the same images with pixels of 0 and 1."""
        return Images(self.stored, threshold, self.rows)

    def blocks(self) -> Iterator[NDArray]:
        """Give the stored rows, block by block."""
        n_bytes = self.shape[1] * self.stored.dtype.itemsize
        size = max(1, _BLOCK_BYTES // max(1, n_bytes))
        for start in range(0, len(self), size):
            yield self._stored_rows(slice(start, start + size))

    def _stored_rows(self, rows: Any) -> NDArray:
        return np.asarray(self._source[rows if self.rows is None else self.rows[rows]])


def part(X: Any, rows: slice | NDArray) -> Any:
    """Return some rows of an array or of `Images` without reading them."""
    return X.take(rows) if isinstance(X, Images) else X[rows]
