"""How well images are modelled."""

import numpy as np


def binary_cross_entropy(X, mu):
    r"""Cross-entropy of each image under Bernoulli means, in nats.

    .. math:: -\sum_i x_i \log \mu_i + (1 - x_i) \log(1 - \mu_i)

    Parameters
    ----------
    X : (n, n_pixels) array
        Images, pixels in [0, 1].
    mu : (n, n_pixels) array
        Predictions; they are kept 1e-7 away from 0 and 1.

    Returns
    -------
    (n,) array
    """
    log_mu, log_not_mu = _logs(mu)
    return -np.sum(X * log_mu + (1 - X) * log_not_mu, axis=1)


def masked_mse(X, mu, mask):
    """Mean squared error over hidden pixels, of each image.

    Parameters
    ----------
    X, mu : (n, n_pixels) arrays
        Images and predictions.
    mask : (n_pixels,) or (n, n_pixels) array of bool
        True where a pixel was hidden.

    Returns
    -------
    (n,) array
    """
    mask = np.broadcast_to(np.asarray(mask, dtype=bool), np.shape(X))
    squared = np.where(mask, (X - mu) ** 2, 0)
    return squared.sum(axis=1) / np.maximum(mask.sum(axis=1), 1)


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
    total = np.full(len(X), -np.inf)
    for mu in means:
        log_mu, log_not_mu = _logs(mu)
        log_p = X @ log_mu.T + (1 - X) @ log_not_mu.T
        total = np.logaddexp(total, np.logaddexp.reduce(log_p, axis=1))
    return total - np.log(n_samples)


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
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    probe = make_pipeline(
        StandardScaler(), LogisticRegression(max_iter=200, random_state=random_state)
    )
    probe.fit(Z_train, y_train)
    return 100 * (1 - probe.score(Z_test, y_test))


def softmax(output, xp=np):
    """Probabilities from outputs, (n, n_classes) arrays of the namespace ``xp``."""
    e = xp.exp(output - xp.max(output, axis=1, keepdims=True))
    return e / xp.sum(e, axis=1, keepdims=True)


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
    output = np.asarray(output, dtype=np.float64)
    shifted = output - output.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -np.sum(target * log_p, axis=1)


def angle(a, b):
    """The angle between two arrays as vectors, in degrees; NaN if one of them is 0."""
    a, b = (np.ravel(x).astype(np.float64) for x in (a, b))
    norms = np.linalg.norm(a) * np.linalg.norm(b)
    if norms == 0:
        return float("nan")
    return float(np.degrees(np.arccos(np.clip(a @ b / norms, -1, 1))))


def _logs(mu):
    # in double precision: the nearest to 1 - 1e-7 in single is 1 - 1.2e-7
    mu = np.clip(np.asarray(mu, dtype=np.float64), 1e-7, 1 - 1e-7)
    return np.log(mu), np.log1p(-mu)
