"""How well images are modelled.

Arguments of another kind or shape raise a ValueError that names them.
"""

import numpy as np

from ..validation import (
    ArrayParam,
    IterableParam,
    LabelsParam,
    MaskParam,
    RandomStateParam,
    WholeParam,
    check_alike,
    check_as_many,
    checked,
    unfit,
)

_IMAGES = ArrayParam("X", ndim=2)
_PREDICTED = ArrayParam("mu", ndim=(1, 2), finite=False)


@checked(_IMAGES, _PREDICTED)
def binary_cross_entropy(X, mu):
    r"""Cross-entropy of each image under Bernoulli means, in nats.

    .. math:: -\sum_i x_i \log \mu_i + (1 - x_i) \log(1 - \mu_i)

    Parameters
    ----------
    X : (n, n_pixels) array
        Images, pixels in [0, 1].
    mu : (n, n_pixels) or (n_pixels,) array
        Predictions; they are kept 1e-7 away from 0 and 1.

    Returns
    -------
    (n,) array
    """
    _check_of_pixels("mu", mu, X)
    log_mu, log_not_mu = _logs(mu)
    return -np.sum(X * log_mu + (1 - X) * log_not_mu, axis=1)


@checked(_IMAGES, _PREDICTED, MaskParam("mask", ndim=(1, 2)))
def masked_mse(X, mu, mask):
    """Mean squared error over hidden pixels, of each image.

    Parameters
    ----------
    X : (n, n_pixels) array
        Images.
    mu : (n, n_pixels) or (n_pixels,) array
        Predictions.
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
)
def monte_carlo_log_likelihood(X, means, n_samples):
    r"""Log likelihood of each image under a sampled mixture of Bernoulli images.

    .. math:: \log p(x) \approx \log \frac{1}{S} \sum_{s=1}^S p(x \mid \mu_s)

    Parameters
    ----------
    X : (n, n_pixels) array
        Images, pixels in [0, 1].
    means : iterable of (m, n_pixels) arrays
        Chunks of the predictions :math:`\mu_s` of samples from the prior. One at a time
        is held in memory.
    n_samples : int
        How many there are in all chunks, S.

    Returns
    -------
    (n,) array
        In nats.
    """
    X = np.asarray(X, dtype=np.float64)
    total, n_seen = np.full(len(X), -np.inf), 0
    for mu in means:
        n_seen += len(mu)
        check_as_many("means", mu[0], "the pixels of X", X[0])
        log_mu, log_not_mu = _logs(mu)
        log_p = X @ log_mu.T + (1 - X) @ log_not_mu.T
        total = np.logaddexp(total, np.logaddexp.reduce(log_p, axis=1))
    if n_seen != n_samples:
        raise unfit("n_samples", f"as many as means, {n_seen}", n_samples)
    return total - np.log(n_samples)


@checked(
    ArrayParam("Z_train", ndim=2),
    LabelsParam("y_train"),
    ArrayParam("Z_test", ndim=2),
    LabelsParam("y_test"),
    RandomStateParam(),
)
def probe_error(Z_train, y_train, Z_test, y_test, random_state=0):
    """Error of a logistic regression on latents, in percent.

    Parameters
    ----------
    Z_train, Z_test : (n, n_latents) arrays
    y_train, y_test : (n,) int arrays
    random_state : int, optional

    Returns
    -------
    float
    """
    check_as_many("y_train", y_train, "Z_train", Z_train)
    check_as_many("y_test", y_test, "Z_test", Z_test)
    check_as_many("Z_test", Z_test[0], "the latents of Z_train", Z_train[0])
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    probe = make_pipeline(
        StandardScaler(), LogisticRegression(max_iter=200, random_state=random_state)
    )
    probe.fit(Z_train, y_train)
    return 100 * (1 - probe.score(Z_test, y_test))


@checked(ArrayParam("output", ndim=2, finite=False), ArrayParam("target", ndim=2))
def cross_entropy(output, target):
    r"""Cross-entropy of the softmax of outputs, for each image, in nats.

    Parameters
    ----------
    output : (n, n_classes) array
        Before the softmax.
    target : (n, n_classes) array
        1 at the right class.

    Returns
    -------
    (n,) array
    """
    check_alike("target", target, "output", output)
    output = np.asarray(output, dtype=np.float64)
    shifted = output - output.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -np.sum(target * log_p, axis=1)


@checked(ArrayParam("a"), ArrayParam("b"))
def angle(a, b):
    """The angle between two arrays as vectors, in degrees; NaN if one of them is 0."""
    check_as_many("b", np.ravel(b), "the entries of a", np.ravel(a))
    a, b = (np.ravel(x).astype(np.float64) for x in (a, b))
    norms = np.linalg.norm(a) * np.linalg.norm(b)
    if norms == 0:
        return float("nan")
    return float(np.degrees(np.arccos(np.clip(a @ b / norms, -1, 1))))


def _check_of_pixels(name, array, X):
    """Raise unless there is a value for each pixel, of each image or of all."""
    if array.shape not in (X.shape, X.shape[1:]):
        raise unfit(name, f"of shape {X.shape[1:]} or {X.shape}, as X", array)


def _logs(mu):
    # in double precision: the nearest to 1 - 1e-7 in single is 1 - 1.2e-7
    mu = np.clip(np.asarray(mu, dtype=np.float64), 1e-7, 1 - 1e-7)
    return np.log(mu), np.log1p(-mu)
