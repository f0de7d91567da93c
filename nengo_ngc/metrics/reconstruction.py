"""Measures of how well images are modelled: reconstruction error and likelihood.

Every function raises a ValueError that names the argument if an array is of another type or
shape than described here.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ..validation import (
    ArrayParam,
    IterableParam,
    MaskParam,
    PositiveParam,
    WholeParam,
    check_as_many,
    checked,
    unfit,
)

_IMAGES = ArrayParam("X", ndim=2)
_PREDICTED = ArrayParam("mu", ndim=(1, 2), finite=False)


@checked(_IMAGES, _PREDICTED)
def binary_cross_entropy(X: NDArray, mu: NDArray) -> NDArray:
    r"""Return the cross-entropy of each image under Bernoulli means, in nats.

    .. math:: -\sum_i x_i \log \mu_i + (1 - x_i) \log(1 - \mu_i)

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
    log_mu, log_not_mu = _logs(mu)
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
    squared = np.where(mask, (X - mu) ** 2, 0)
    return squared.sum(axis=1) / np.maximum(mask.sum(axis=1), 1)


@checked(
    _IMAGES,
    IterableParam("means", ArrayParam("means", ndim=2, finite=False)),
    WholeParam("n_samples"),
    PositiveParam("variance", optional=True),
)
def monte_carlo_log_likelihood(
    X: NDArray, means: Iterable[NDArray], n_samples: int, variance: float | None = None
) -> NDArray:
    r"""Return the log likelihood of each image under a mixture of sampled means.

    .. math:: \log p(x) \approx \log \frac{1}{S} \sum_{s=1}^S p(x \mid \mu_s)

    where p is the product over the pixels of Bernoulli probabilities, or of Gaussian densities
    :math:`\mathcal{N}(x_i; \mu_{si}, \sigma^2)`.

    Parameters
    ----------
    X : (n, n_pixels) array
        Images, with pixels in [0, 1] unless there is a variance.
    means : iterable of (m, n_pixels) arrays
        The predictions :math:`\mu_s` that samples from the prior lead to, in chunks. One
        chunk at a time is held in memory.
    n_samples : int
        Number S of predictions in all chunks.
    variance : float, optional
        The variance :math:`\sigma^2` of Gaussian pixels, above 0. None: pixels are Bernoulli.

    Returns
    -------
    (n,) array
        In nats. Of Gaussian pixels it is the logarithm of a density, which may be above 0.
    """
    X = np.asarray(X, dtype=np.float64)
    total, n_seen = np.full(len(X), -np.inf), 0
    for mu in means:
        n_seen += len(mu)
        check_as_many("means", mu[0], "the pixels of X", X[0])
        log_p = _bernoulli(X, mu) if variance is None else _gaussian(X, mu, variance)
        total = np.logaddexp(total, np.logaddexp.reduce(log_p, axis=1))
    if n_seen != n_samples:
        raise unfit("n_samples", f"as many as means, {n_seen}", n_samples)
    return total - np.log(n_samples)


def _check_of_pixels(name, array, X):
    """Raise unless there is a value for each pixel, of each image or of all."""
    if array.shape not in (X.shape, X.shape[1:]):
        raise unfit(name, f"of shape {X.shape[1:]} or {X.shape}, as X", array)


def _bernoulli(X, mu):
    """Log probabilities of all images for all means, (n, m)."""
    log_mu, log_not_mu = _logs(mu)
    return X @ log_mu.T + (1 - X) @ log_not_mu.T


def _gaussian(X, mu, variance):
    """Log densities of all images for all means, (n, m)."""
    mu = np.asarray(mu, dtype=np.float64)
    squared = np.sum(X**2, axis=1)[:, None] - 2 * X @ mu.T + np.sum(mu**2, axis=1)
    # of nearly equal vectors, rounding may leave less than nothing
    squared = np.maximum(squared, 0)
    return -0.5 * (squared / variance + X.shape[1] * np.log(2 * np.pi * variance))


def _logs(mu):
    # in double precision: the nearest to 1 - 1e-7 in single is 1 - 1.2e-7
    mu = np.clip(np.asarray(mu, dtype=np.float64), 1e-7, 1 - 1e-7)
    return np.log(mu), np.log1p(-mu)
