"""Checks of the images and labels of users, before any work starts."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from nengo.exceptions import ValidationError
from numpy.typing import NDArray

from ...training.images import Images
from ...validation import shown, unknown

KEYS = ("X", "y", "X_test", "y_test", "image_shape")

_EVERY = 6  # without a test part, every sixth image of each class is for testing


@dataclass(frozen=True)
class Arrays:
    """Images and labels that fit together; those for testing may be None.

    ``low`` and ``high`` are the smallest and the largest number of all images.
    """

    X: NDArray
    y: NDArray
    X_test: NDArray | None
    y_test: NDArray | None
    image_shape: tuple[int, ...]
    low: float = 0.0
    high: float = 1.0


def checked_arrays(given: Mapping[str, Any], where: str = "") -> Arrays:
    """Return arrays by name, once they are known to be images and labels.

    Parameters
    ----------
    given : mapping of str to array
        ``X``, ``y`` and, if there are any, ``X_test``, ``y_test`` and ``image_shape``.
    where : str, optional
        Where they come from, for messages.

    Raises
    ------
    ValidationError
        Names the array, what was expected, and what came.
    """
    refuse = _Refusal(where)
    for key in given:
        if key not in KEYS:
            raise refuse("data", unknown("name", key, KEYS))
    for key in ("X", "y"):
        if given.get(key) is None:
            have = ", ".join(given) or "nothing"
            raise refuse(key, f"is missing: X and y are needed, got {have}")
    if (given.get("X_test") is None) != (given.get("y_test") is None):
        raise refuse("X_test", "and y_test must be given together or not at all")
    X, shape, ends = _images("X", given["X"], given.get("image_shape"), refuse)
    y = _labels("y", given["y"], len(X), "X", refuse)
    if len(np.unique(y)) < 2:
        raise refuse("y", f"must have two classes or more, got {shown(y[0].item())} only")
    if given.get("X_test") is None:
        if not _every_sixth(y).any():
            raise refuse(
                "X",
                f"must have {_EVERY} images of a class or more, of which one is for testing, "
                "or come with X_test and y_test",
            )
        return Arrays(X, y, None, None, shape, *ends)
    X_test, test_shape, test_ends = _images("X_test", given["X_test"], shape, refuse)
    if test_shape != shape:
        raise refuse("X_test", f"must have images of shape {shape} like X, got {test_shape}")
    low, high = min(ends[0], test_ends[0]), max(ends[1], test_ends[1])
    if (X.dtype.kind == "f") != (X_test.dtype.kind == "f") and (low < 0 or high > 1):
        raise refuse(
            "X_test",
            f"must have numbers like those of X ({X.dtype}), got {X_test.dtype}: whole "
            f"numbers are divided by 255, and the others are from {low:g} to {high:g}",
        )
    y_test = _labels("y_test", given["y_test"], len(X_test), "X_test", refuse)
    strange = np.setdiff1d(y_test, y)
    if len(strange):
        raise refuse(
            "y_test", f"must have labels that are in y, got {shown(strange[0].item())}"
        )
    return Arrays(X, y, X_test, y_test, shape, low, high)


def split(given: Arrays, shuffled: bool) -> tuple[Images, NDArray, Images, NDArray]:
    """Return images and labels for training and for testing without reading them.

    Parameters
    ----------
    given : Arrays
        Without a test part, every sixth image of each class, in their order, becomes one.
    shuffled : bool
        Whether both parts are put into an order of their own, which is always the same.
    """
    X_test, y_test = given.X_test, given.y_test
    train: NDArray | None = None
    test: NDArray | None = None
    if X_test is None or y_test is None:
        is_test = _every_sixth(given.y)
        train, test = np.flatnonzero(~is_test), np.flatnonzero(is_test)
        X_test, y_test = given.X, given.y
    return *_rows(given.X, given.y, train, shuffled), *_rows(X_test, y_test, test, shuffled)


def _rows(
    X: NDArray, y: NDArray, rows: NDArray | None, shuffled: bool
) -> tuple[Images, NDArray]:
    """Return some rows or all of them, in the given order.

    Validation images are taken from the end, so that one image of each rare class is in front.
    """
    if shuffled:
        labels = y if rows is None else y[rows]
        order = np.random.RandomState(0).permutation(len(labels))
        _, first, counts = np.unique(labels[order], return_index=True, return_counts=True)
        rare = first[counts < _EVERY]
        order = np.concatenate([order[rare], np.delete(order, rare)])
        rows = order if rows is None else rows[order]
    return Images(X, rows=rows), y if rows is None else y[rows]


def _every_sixth(y: NDArray) -> NDArray[np.bool_]:
    """Return a mask that is True for every sixth image of each class."""
    chosen = np.zeros(len(y), bool)
    for label in np.unique(y):
        chosen[np.flatnonzero(y == label)[_EVERY - 1 :: _EVERY]] = True
    return chosen


class _Refusal:
    """Makes errors that say which array of which file is wrong."""

    def __init__(self, where: str) -> None:
        self._where = f"{where}: " if where else ""

    def __call__(self, name: str, text: str) -> ValidationError:
        return ValidationError(text, attr=f"{self._where}{name}")


def _images(
    name: str, value: Any, shape: Any, refuse: _Refusal
) -> tuple[NDArray, tuple[int, ...], tuple[float, float]]:
    """Return an array of images, the shape of one, and the range of their numbers."""
    array = np.asanyarray(value)
    if array.dtype.kind not in "biuf" or array.ndim not in (2, 3, 4) or not array.size:
        raise refuse(
            name,
            "must be an array of numbers of shape (n, height, width), (n, height, width, 3) "
            f"or (n, n_pixels), got {_as_array(array)}",
        )
    if array.ndim == 4 and array.shape[3] not in (1, 3):
        raise refuse(
            name, f"must have 1 or 3 colours in its last axis, got shape {array.shape}"
        )
    ends = _check_pixels(name, array, refuse)
    return array, _image_shape(name, array, shape, refuse), ends


def _image_shape(name: str, array: NDArray, shape: Any, refuse: _Refusal) -> tuple[int, ...]:
    found = array.shape[1:]
    found = found[:2] if found[2:] == (1,) else found
    n_pixels = array.shape[1]
    if shape is not None:
        sizes = np.ravel(shape)
        is_whole = sizes.dtype.kind in "iu" and np.all(sizes > 0)
        if not is_whole or len(sizes) not in (2, 3) or tuple(sizes[2:]) not in ((), (3,)):
            raise refuse(
                "image_shape", f"must be (height, width) or (height, width, 3), got {shape}"
            )
        shape = tuple(int(size) for size in sizes)
        if array.ndim > 2 and shape != found:
            raise refuse(name, f"must have images of shape {shape}, got {found}")
    if array.ndim > 2:
        return found
    if shape is not None:
        if math.prod(shape) != n_pixels:
            raise refuse(name, f"must have the pixels of images of {shape}, got {n_pixels}")
        return shape
    side = math.isqrt(n_pixels)
    return (side, side) if side * side == n_pixels else (1, n_pixels)


def _check_pixels(name: str, array: NDArray, refuse: _Refusal) -> tuple[float, float]:
    """Return the range of pixels: 0 to 1, unless they are floating-point numbers outside it.

    All pixels are read, one block at a time, but bytes only up to the first one above 1.
    """
    if array.dtype.kind == "b":
        return 0.0, 1.0
    is_float = array.dtype.kind == "f"
    low, high = 0.0, 0.0
    for block in Images(array).blocks():
        low, high = min(low, block.min()), max(high, block.max())
        if is_float and not np.all(np.isfinite(block)):
            raise refuse(name, "must be finite, got NaN or infinity")
        if not is_float and (low < 0 or high > 255):
            raise refuse(
                name,
                "must have pixels from 0 to 255, since they are whole, got values from "
                f"{low} to {high}",
            )
        if array.dtype == np.uint8 and high > 1:
            return 0.0, 1.0  # bytes are always between 0 and 255
    if is_float:
        return float(low), max(1.0, float(high))
    if high == 1:
        raise refuse(
            name,
            "must have whole numbers from 0 to 255, or be of bool or float, got 0 and 1 as "
            f"{array.dtype}, which would all be nearly black",
        )
    return 0.0, 1.0


def _labels(name: str, value: Any, n: int, images: str, refuse: _Refusal) -> NDArray:
    y = np.asarray(value)
    if y.dtype == object and all(isinstance(label, str) for label in y.flat):
        y = y.astype(str)
    is_float = y.dtype.kind == "f"  # of which large ones are whole, but no labels
    whole = (
        y.dtype.kind in "biuU" or is_float and np.all((y == np.round(y)) & (abs(y) < 2**53))
    )
    if y.ndim != 1 or not whole:
        raise refuse(
            name,
            "must be a one-dimensional array of labels, which are whole numbers or text, got "
            f"{_as_array(y)}",
        )
    if len(y) != n:
        raise refuse(
            name, f"must have one label for each image of {images} ({n}), got {len(y)}"
        )
    return y.astype(int) if is_float else y


def _as_array(array: NDArray) -> str:
    """Return what an array is, in a few words."""
    return f"an array of {array.dtype} of shape {array.shape}"
