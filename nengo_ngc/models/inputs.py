"""Images and labels that users give, checked before any work starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import gen_batches
from sklearn.utils.multiclass import check_classification_targets, unique_labels
from sklearn.utils.validation import check_array, column_or_1d, validate_data

from ..backends import BACKENDS, get
from ..training import Images
from ..validation import expecting, unfit

if TYPE_CHECKING:
    from .base import NetworkEstimator

ImagesLike: TypeAlias = ArrayLike | Images

_AT_ONCE = 4096  # images that are checked at once


def images(
    model: NetworkEstimator, X: ImagesLike, name: str = "X", reset: bool = False
) -> NDArray[np.float32] | Images:
    """Return samples as float32 rows, or as `.Images` that become such rows by the batch.

    Parameters
    ----------
    model : NetworkEstimator
        It knows how many features an image has, unless ``reset`` is true.
    X : (n, n_features) array or Images
    name : str, optional
        The name of the argument, for error messages.
    reset : bool, optional
        Whether the model takes the number and the names of features from these samples.

    Returns
    -------
    (n, n_features) array or Images

    Raises
    ------
    ValueError, TypeError
        If they are not finite numbers, or lie outside of [0, 1] although the model has a
        ``_remedy``.
    """
    found: Any = X
    if isinstance(X, np.memmap) and X.ndim == 2 and X.dtype.kind == "f":
        found = Images(X)
    stored = isinstance(found, Images)
    with expecting(name, "a matrix of numbers with a row for each sample", X):
        if stored:
            _check_not_empty(found)
        if name == "X":
            how = {"skip_check_array": True} if stored else {"dtype": np.float32}
            checked = validate_data(model, found, reset=reset, **how)
            found = found if stored else checked
        elif not stored:
            found = check_array(found, dtype=np.float32, input_name=name)
    if name != "X":
        n_found, n_features = found.shape[1], model.n_features_in_
        if n_found != n_features:
            raise ValueError(f"{name} must have {n_features} features like X, got {n_found}")
        with expecting(name, "samples of the same features as X", X):
            validate_data(model, X, reset=False, skip_check_array=True)  # by their names
    if stored and found.stored.dtype == np.uint8:
        return found  # bytes are in range
    low, high = _range(found)
    remedy = model._remedy
    if remedy is not None and not (low >= 0 and high <= 1):
        raise ValueError(
            f"pixels of {name} must lie in [0, 1], got values from {low} to {high}: {remedy}"
        )
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError(f"{name} must be finite, got values from {low} to {high}")
    return found


def _check_not_empty(X):
    # in the words of scikit-learn, which checks arrays only
    for size, what in zip(X.shape, ("sample(s)", "feature(s)")):
        if size == 0:
            raise ValueError(f"Found array with 0 {what} while a minimum of 1 is required")


def _range(X):
    """The smallest and the largest number, of which not all need fit into memory."""
    ends = [(x.min(), x.max()) for x in (X[rows] for rows in gen_batches(len(X), _AT_ONCE))]
    low, high = zip(*ends, strict=True)
    return np.min(low), np.max(high)


def labels(y: ArrayLike | None, X: NDArray | Images, name: str = "y") -> NDArray:
    """Return labels as a one-dimensional array.

    Raises
    ------
    ValueError
        If they are no labels of classes, or there is not one for each image.
    """
    if y is None:
        raise ValueError(
            f"learning requires {name} to be passed, but the target {name} is None"
        )
    with expecting(name, "a label for each image", y):
        found = column_or_1d(y, warn=True)
        check_classification_targets(found)
    if len(found) != len(X):
        raise ValueError(
            f"{name} must have one label for each image: got {len(found)} labels "
            f"and {len(X)} images"
        )
    return found


def classes_of(y: ArrayLike, name: str = "y") -> NDArray:
    """Return the classes that occur among labels, sorted.

    Raises
    ------
    ValueError
        If there are less than two of them.
    """
    with expecting(name, "labels of two classes or more", y):
        classes = unique_labels(column_or_1d(y))
    if len(classes) < 2:
        raise ValueError(f"{name} must have two classes or more, got {len(classes)} class")
    return classes


def check_has_all(y: NDArray, classes: NDArray) -> None:
    """Raise ValueError unless labels, which are rows of the classes, have all of these."""
    missing = np.setdiff1d(np.arange(len(classes)), y)
    if len(missing):
        raise ValueError(f"y must have all classes, got none of {classes[missing].tolist()}")


def check_differentiates(model: NetworkEstimator, why: str) -> None:
    """Raise ValueError unless the backend of a model has automatic differentiation."""
    if model.backend != "auto" and not get(model.backend).differentiates:
        able = [repr(b.name) for b in BACKENDS.values() if b and b.differentiates]
        expected = f"{', '.join(able)} or 'auto', {why}"
        raise unfit("backend", expected, model.backend, model)


def _kind(labels):
    """What labels are, also if they are objects."""
    return {"b": "flags", "U": "texts"}.get(np.asarray(labels.tolist()).dtype.kind, "numbers")


def rows_of(classes: NDArray, y: NDArray, name: str = "y") -> NDArray[np.intp]:
    """Return labels as rows of the classes.

    Raises
    ------
    ValueError
        If a label is none of the classes.
    """
    if _kind(y) != _kind(classes):
        strange = y  # True is not 1, and "1" is not 1
    else:
        strange = np.setdiff1d(y, classes)
    if len(strange):
        raise ValueError(
            f"{name} must have the labels {classes.tolist()}, got {strange.tolist()[0]!r}"
        )
    return np.searchsorted(classes, y)
