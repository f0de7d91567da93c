"""Likelihoods of images, and estimates of them from samples of latent states.

Every function raises a ValueError that names the argument if an array is of another type or
shape than described here, or has numbers out of range.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..validation import ArrayParam, PositiveParam, checked, unfit
from .reconstruction import check_bernoulli, logs


@checked(
    ArrayParam("X", ndim=2),
    ArrayParam("means", ndim=2, finite=False),
    PositiveParam("variance", optional=True),
)
def pairwise_log_likelihood(
    X: NDArray, means: NDArray, variance: float | None = None
) -> NDArray:
    r"""Return the log likelihood of each image under each of several predictions.

    It is :math:`\log p(x_i \mid \mu_j)`, where p is the product over the pixels of Bernoulli
    probabilities, or of Gaussian densities with the same variance.

    Parameters
    ----------
    X : (n, n_pixels) array
        Images, with pixels in [0, 1] unless there is a variance.
    means : (m, n_pixels) array
        Predictions of the pixels. Without a variance, they are limited to the range from
        1e-7 to 1 - 1e-7.
    variance : float, optional
        The variance of Gaussian pixels, above 0. None: pixels are Bernoulli.

    Returns
    -------
    (n, m) array
        In nats. Of Gaussian pixels it is the logarithm of a density, which may be above 0.
    """
    X, means = np.asarray(X, dtype=np.float64), np.asarray(means, dtype=np.float64)
    if means.shape[1] != X.shape[1]:
        raise unfit("means", f"of shape (m, {X.shape[1]}), as X", means)
    if variance is not None:
        return _gaussian(X, means, variance)
    check_bernoulli(X)
    return _bernoulli(X, means)


@dataclass(frozen=True)
class LogMean:
    """What `log_mean_exp` returns.

    Attributes
    ----------
    values : (n,) array
        The estimates, in nats.
    standard_errors : (n,) array
        Their standard errors, in nats; infinite for a single sample.
    effective_samples : (n,) array
        Effective numbers of samples, from 1 to the number of samples.
    error_of_mean : float
        The standard error of the mean of ``values``, in nats, also where the same samples
        were used for all of them.
    """

    values: NDArray
    standard_errors: NDArray
    effective_samples: NDArray
    error_of_mean: float


@checked(ArrayParam("log_weights", ndim=2))
def log_mean_exp(log_weights: NDArray) -> LogMean:
    r"""Return logarithms of means of weights, with the errors that sampling leaves.

    With the importance weights :math:`w_s = p(x \mid z_s)\, p(z_s) / q(z_s \mid x)` of
    samples from a proposal q, the mean of which is p(x), this is

    .. math:: \log \hat p(x) = \log \frac{1}{S} \sum_{s=1}^S w_s

    For every q, its expectation is at most log p(x), and does not fall when S grows (Burda et
    al. 2016). Samples from the prior have the weights :math:`p(x \mid z_s)`.

    The standard error is that of the delta method: the standard deviation of the relative
    weights :math:`w_s / \hat p(x)`, divided by :math:`\sqrt S`. The effective number of
    samples is :math:`(\sum_s w_s)^2 / \sum_s w_s^2` (Kong 1992). Where it is only a few, one
    sample outweighs all others: the estimate then lies well below log p(x), and by more than
    its standard error, which cannot exceed 1.

    Parameters
    ----------
    log_weights : (n, n_samples) array
        Logarithms of the weights of independent samples, for each image.

    Returns
    -------
    LogMean

    References
    ----------
    Burda, Grosse & Salakhutdinov 2016, "Importance weighted autoencoders",
    arXiv:1509.00519.

    Kong 1992, "A note on importance sampling using standardized weights", technical report
    348, Department of Statistics, University of Chicago.
    """
    log_weights = np.asarray(log_weights, np.float64)  # float32 loses small terms of a sum
    n_samples = log_weights.shape[1]
    values = np.logaddexp.reduce(log_weights, axis=1) - np.log(n_samples)
    relative = np.exp(log_weights - values[:, None])
    return LogMean(
        values=values,
        standard_errors=_error(relative),
        effective_samples=n_samples / np.mean(relative**2, axis=1),
        error_of_mean=float(_error(relative.mean(axis=0))),
    )


def _error(relative):
    """Standard errors of the means over samples, the last axis."""
    n_samples = relative.shape[-1]
    if n_samples == 1:
        return np.full(relative.shape[:-1], np.inf)
    return relative.std(axis=-1, ddof=1) / np.sqrt(n_samples)


def _bernoulli(X, mu):
    log_mu, log_not_mu = logs(mu)
    return X @ log_mu.T + (1 - X) @ log_not_mu.T


def _gaussian(X, mu, variance):
    squared = np.sum(X**2, axis=1)[:, None] - 2 * X @ mu.T + np.sum(mu**2, axis=1)
    # of nearly equal vectors, rounding may leave less than nothing
    squared = np.maximum(squared, 0)
    return -0.5 * (squared / variance + X.shape[1] * np.log(2 * np.pi * variance))
