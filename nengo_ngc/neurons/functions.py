"""Functions that neurons, rules, networks and metrics share, for every namespace ``xp``."""

from typing import Any

from ..namespace import NUMPY, Array

# Half the rows of a matrix that is decomposed at once. Libraries decompose larger ones in
# several threads, which wait for more work long after and slow down what comes next.
_SMALL = 16


def logistic(xp: Any, x: Array, hard: bool = False) -> Array:
    r"""Return the logistic function, :math:`\sigma(x) = 1 / (1 + e^{-x})`, of each entry.

    Parameters
    ----------
    xp : namespace
    x : array
    hard : bool, optional
        Whether to return the hard sigmoid instead: the tangent of the logistic function at
        0, limited to the range from 0 to 1.

    Returns
    -------
    array
        Of the shape of x.
    """
    if hard:
        return xp.minimum(xp.maximum(0.5 + 0.25 * x, 0.0), 1.0)
    return 0.5 * (1 + xp.tanh(0.5 * x))


def indicator(xp: Any, condition: Array, like: Array) -> Array:
    """Return 1 where a condition holds and 0 elsewhere, of the type of another array."""
    return xp.where(condition, xp.ones_like(like), xp.zeros_like(like))


def softmax(output: Array, xp: Any = NUMPY) -> Array:
    """Return the probabilities of classes, both (n, n_classes) arrays, from outputs."""
    e = xp.exp(output - xp.max(output, axis=1, keepdims=True))
    return e / xp.sum(e, axis=1, keepdims=True)


def cross_entropy(xp: Any, output: Array, target: Array) -> Array:
    r"""Return the cross-entropy of the softmax of outputs, in nats.

    .. math:: -\sum_c t_c \log \mathrm{softmax}(a)_c

    Parameters
    ----------
    xp : namespace
    output : (n, n_classes) array
        Values a before the softmax.
    target : (n, n_classes) array
        Probabilities t, such as 1 for the right class and 0 for the others.

    Returns
    -------
    (n,) array
    """
    # the largest output cancels, so gradients need not pass through it
    shifted = output - xp.stop_gradient(xp.max(output, axis=1, keepdims=True))
    log_p = shifted - xp.log(xp.sum(xp.exp(shifted), axis=1, keepdims=True))
    return -xp.sum(target * log_p, axis=1)


def squared_error(xp: Any, output: Array, target: Array) -> Array:
    r"""Return half the squared distance of outputs from their targets.

    .. math:: \tfrac{1}{2} \lVert a - t \rVert^2

    Parameters
    ----------
    xp : namespace
    output, target : (n, n_classes) arrays
        The outputs a and the targets t.

    Returns
    -------
    (n,) array
    """
    return 0.5 * xp.sum(xp.square(output - target), axis=1)


def logistic_cross_entropy(xp: Any, output: Array, target: Array) -> Array:
    r"""Return the cross-entropy of the logistic function of each output, in nats.

    .. math:: -\sum_c \bigl(t_c \log \sigma(a_c) + (1 - t_c) \log (1 - \sigma(a_c))\bigr)

    Parameters
    ----------
    xp : namespace
    output : (n, n_classes) array
        Values a before the logistic function.
    target : (n, n_classes) array
        Probabilities t of each class by itself.

    Returns
    -------
    (n,) array
    """
    losses = xp.maximum(output, 0.0) - output * target + xp.log1p(xp.exp(-xp.abs(output)))
    return xp.sum(losses, axis=1)


def is_wrong(xp: Any, output: Array, target: Array) -> Array:
    """Return whether the class of the largest output differs from that of the target.

    Parameters
    ----------
    xp : namespace
    output, target : (n, n_classes) arrays

    Returns
    -------
    (n,) array of booleans
    """
    return xp.argmax(output, axis=1) != xp.argmax(target, axis=1)


def norm(xp: Any, x: Array) -> Array:
    """Return the Euclidean norm of each row, (n, 1)."""
    return xp.sqrt(xp.sum(x * x, axis=1, keepdims=True))


def normalize(xp: Any, x: Array, epsilon: float) -> Array:
    r"""Return rows of norm 1, :math:`n(x) = x / (\lVert x \rVert + \epsilon)`.

    Parameters
    ----------
    xp : namespace
    x : (n, size) array
    epsilon : float
        A number above 0 that is added to the norm, so that rows of zeros remain 0.

    Returns
    -------
    (n, size) array
    """
    return x / (norm(xp, x) + epsilon)


def through_normalize(xp: Any, gradient: Array, x: Array, epsilon: float) -> Array:
    """Return the gradient by x that belongs to a gradient by ``normalize(xp, x, epsilon)``."""
    r = norm(xp, x)
    cubed = xp.maximum(r, epsilon) * (r + epsilon) ** 2
    along = xp.sum(x * gradient, axis=1, keepdims=True) / cubed
    return gradient / (r + epsilon) - along * x


def inverse_root(xp: Any, Sigma: Array) -> Array:
    r"""Return the inverse of the Cholesky factor of a covariance matrix.

    It is a root of the precision: :math:`P^T P = \Sigma^{-1}`. Only the lower triangle of
    :math:`\Sigma` is used. If it is not positive definite, the backend raises its error.
    """
    n = Sigma.shape[0] // 2
    if n < _SMALL:
        return xp.linalg.inv_lower(xp.linalg.cholesky(Sigma))
    # by blocks: with a factor [[A, 0], [B, D]] the inverse is [[P, 0], [-Q B P, Q]]
    P = inverse_root(xp, Sigma[:n, :n])
    B = xp.matmul(Sigma[n:, :n], xp.transpose(P))
    Q = inverse_root(xp, Sigma[n:, n:] - xp.matmul(B, xp.transpose(B)))
    upper = xp.concatenate([P, xp.zeros_like(xp.transpose(B))], axis=1)
    lower = xp.concatenate([-xp.matmul(Q, xp.matmul(B, P)), Q], axis=1)
    return xp.concatenate([upper, lower], axis=0)


def from_inverse_root(xp: Any, P: Array) -> Array:
    r"""Return the covariance matrix :math:`\Sigma` of which P is the ``inverse_root``."""
    root = xp.linalg.inv(P)
    return xp.matmul(root, xp.transpose(root))
