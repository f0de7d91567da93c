"""Images and labels that users give, checked before any work starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

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
    """Return images as float32 rows, or as `.Images` that become such rows by the batch.

    Parameters
    ----------
    model : NetworkEstimator
        It knows how many features an image has, unless ``reset`` is true.
    X : (n, n_features) array or Images
    name : str, optional
        The name of the argument, for error messages.
    reset : bool, optional
        Whether the model takes the number and the names of features from these images.

    Returns
    -------
    (n, n_features) array or Images

    Raises
    ------
    ValueError, TypeError
        If they are not images with pixels in [0, 1].
    """
    if isinstance(X, np.memmap) and X.ndim == 2 and X.dtype.kind == "f":
        X = Images(X)
    stored = isinstance(X, Images)
    with expecting(name, "a matrix of numbers with a row for each image", X):
        if stored:
            _check_not_empty(X)
        if name == "X":
            how = {"skip_check_array": True} if stored else {"dtype": np.float32}
            checked = validate_data(model, X, reset=reset, **how)
            X = X if stored else checked
        elif not stored:
            X = check_array(X, dtype=np.float32, input_name=name)
    if name != "X" and X.shape[1] != model.n_features_in_:
        raise ValueError(
            f"{name} must have {model.n_features_in_} features like X, got {X.shape[1]}"
        )
    if stored and X.stored.dtype == np.uint8:
        return X  # bytes are in range
    low, high = _range(X)
    if not (low >= 0 and high <= 1):
        raise ValueError(
            f"pixels of {name} must lie in [0, 1], got values from {low} to {high}"
        )
    return X


def _check_not_empty(X):
    # in the words of scikit-learn, which checks arrays only
    for size, what in zip(X.shape, ("sample(s)", "feature(s)")):
        if size == 0:
            raise ValueError(f"Found array with 0 {what} while a minimum of 1 is required")


def _range(X):
    """The smallest and the largest pixel, of which not all need fit into memory."""
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
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
    if len(y) != len(X):
        raise ValueError(
            f"{name} must have one label for each image: got {len(y)} labels "
            f"and {len(X)} images"
        )
    return y


def classes_of(y: ArrayLike, name: str = "y") -> NDArray:
    """Return the classes that occur among labels, sorted.

    Raises
    ------
    ValueError
        If there are less than two of them.
    """
    with expecting(name, "labels of two classes or more", y):
        classes = unique_labels(y)
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


def rows_of(classes: NDArray, y: NDArray, name: str = "y") -> NDArray[np.intp]:
    """Return labels as rows of the classes.

    Raises
    ------
    ValueError
        If a label is none of the classes.
    """
    strange = np.setdiff1d(y, classes)
    if (y.dtype == bool) != (classes.dtype == bool):
        strange = y  # True is not 1
    if len(strange):
        raise ValueError(
            f"{name} must have the labels {classes.tolist()}, got {strange.tolist()[0]!r}"
        )
    return np.searchsorted(classes, y)
