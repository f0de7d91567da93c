"""Images and labels that users give, checked before any work starts."""

import numpy as np
from sklearn.utils import gen_batches
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, column_or_1d, validate_data

from ..backends import BACKENDS, get
from ..training import Images
from ..validation import expecting, unfit

_AT_ONCE = 4096  # images that are checked at once


def images(model, X, name="X", reset=False):
    """Images as float32 rows, or as `.Images` that become such rows a batch at a time.

    Parameters
    ----------
    model : NetworkEstimator
        Knows how many features there have to be, or is told so with ``reset``.
    X : (n, n_features) array, or Images
    name : str, optional
        Of the argument.
    reset : bool, optional
        Whether the model is to learn of these images how many features there are.

    Returns
    -------
    array or Images

    Raises
    ------
    ValueError, TypeError
        If they are not images with pixels in [0, 1].
    """
    if isinstance(X, np.memmap) and X.ndim == 2 and X.dtype.kind == "f":
        X = Images(X)
    stored = isinstance(X, Images)
    with expecting(name, "a matrix of numbers with a row for each image", X):
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


def _range(X):
    """The smallest and the largest pixel, of which not all need fit into memory."""
    ends = [(x.min(), x.max()) for x in (X[rows] for rows in gen_batches(len(X), _AT_ONCE))]
    low, high = zip(*ends, strict=True)
    return np.min(low), np.max(high)


def labels(y, X, name="y"):
    """Labels as a column, one for each image, or an error."""
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


def check_has_all(y, classes):
    """Raise ValueError unless labels, which are rows of the classes, have all of these."""
    missing = np.setdiff1d(np.arange(len(classes)), y)
    if len(missing):
        raise ValueError(f"y must have all classes, got none of {classes[missing].tolist()}")


def check_differentiates(model, why):
    """Raise ValueError unless the backend of a model has automatic differentiation."""
    if model.backend != "auto" and not get(model.backend).differentiates:
        able = [repr(b.name) for b in BACKENDS.values() if b and b.differentiates]
        expected = f"{', '.join(able)} or 'auto', {why}"
        raise unfit("backend", expected, model.backend, model)


def rows_of(classes, y, name="y"):
    """Labels as rows of the classes, or an error if one is none of them."""
    strange = np.setdiff1d(y, classes)
    if (y.dtype == bool) != (classes.dtype == bool):
        strange = y  # True is not 1
    if len(strange):
        raise ValueError(
            f"{name} must have the labels {classes.tolist()}, got {strange.tolist()[0]!r}"
        )
    return np.searchsorted(classes, y)
