"""Measures of how well images are reconstructed.

Every function raises a ValueError that names the argument if an array is of another type or
shape than described here, or has numbers out of range.
"""

import numpy as np
from nengo.exceptions import ValidationError
from numpy.typing import NDArray

from ..validation import ArrayParam, MaskParam, checked, unfit

_IMAGES = ArrayParam("X", ndim=2)
_PREDICTED = ArrayParam("mu", ndim=(1, 2), finite=False)


@checked(_IMAGES, _PREDICTED)
def binary_cross_entropy(X: NDArray, mu: NDArray) -> NDArray:
    r"""Return the cross-entropy of each image under Bernoulli means, in nats.

    .. math:: -\sum_i \bigl(x_i \log \mu_i + (1 - x_i) \log(1 - \mu_i)\bigr)

    Parameters
    ----------
    X : (n, n_pixels) array
        Images, with pixels in [0, 1].
    mu : (n, n_pixels) or (n_pixels,) array
        Predictions of the pixels. They are limited to the range from 1e-7 to 1 - 1e-7.

    Returns
    -------
    (n,) array
    """
    _check_of_pixels("mu", mu, X)
    check_bernoulli(X)
    log_mu, log_not_mu = logs(mu)
    return -np.sum(X * log_mu + (1 - X) * log_not_mu, axis=1)


@checked(_IMAGES, _PREDICTED)
def mse(X: NDArray, mu: NDArray) -> NDArray:
    """Return the mean squared error of each image over its pixels.

    Parameters
    ----------
    X : (n, n_pixels) array
        Images.
    mu : (n, n_pixels) or (n_pixels,) array
        Predictions of the pixels.

    Returns
    -------
    (n,) array
    """
    return masked_mse(X, mu, np.ones(X.shape[1:], bool))


@checked(_IMAGES, _PREDICTED, MaskParam("mask", ndim=(1, 2)))
def masked_mse(X: NDArray, mu: NDArray, mask: NDArray) -> NDArray:
    """Return the mean squared error of each image over its hidden pixels.

    Parameters
    ----------
    X : (n, n_pixels) array
        Images.
    mu : (n, n_pixels) or (n_pixels,) array
        Predictions of the pixels.
    mask : (n_pixels,) or (n, n_pixels) array of bool
        True where a pixel was hidden.

    Returns
    -------
    (n,) array
    """
    _check_of_pixels("mu", mu, X)
    _check_of_pixels("mask", mask, X)
    mask = np.broadcast_to(mask, X.shape)
    # bytes would wrap around below 0, and booleans cannot be subtracted
    error = np.subtract(X, mu, dtype=np.result_type(X, mu, np.float32))
    squared = np.where(mask, error**2, 0)
    return squared.sum(axis=1) / np.maximum(mask.sum(axis=1), 1)


def _check_of_pixels(name, array, X):
    """Raise unless there is a value for each pixel, of each image or of all."""
    if array.shape not in (X.shape, X.shape[1:]):
        raise unfit(name, f"of shape {X.shape[1:]} or {X.shape}, as X", array)


def check_bernoulli(X: NDArray) -> None:
    """Raise unless all pixels of images lie in [0, 1]."""
    low, high = X.min(initial=0), X.max(initial=0)
    if low < 0 or high > 1:
        raise ValidationError(
            f"must have pixels in [0, 1], got values from {low:g} to {high:g}", attr="X"
        )


def logs(mu: NDArray) -> tuple[NDArray, NDArray]:
    """The logarithms of Bernoulli means and of their complements, both finite."""
    # in double precision: the nearest to 1 - 1e-7 in single is 1 - 1.2e-7
    mu = np.clip(np.asarray(mu, dtype=np.float64), 1e-7, 1 - 1e-7)
    return np.log(mu), np.log1p(-mu)
