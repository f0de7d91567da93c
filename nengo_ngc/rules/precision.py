"""Learning the precision of errors."""

import numpy as np

from ..validation import FrozenArrayParam
from .base import LocalRule
from .optimizers import Adam, bound_rows


class Precision(LocalRule):
    r"""Learns the covariance of errors; the weights are its inverse root.

    With the discrepancy d as presynaptic activity the connection carries the
    precision-weighted error :math:`e = P d`, where :math:`P = L^{-1}` and L is the
    Cholesky factor of :math:`\Sigma` (its lower triangle).

    .. math:: \Delta\Sigma = \frac{1}{2B} \Bigl(\sum_{b=1}^{B} e_b e_b^T - P^T\Bigr)

    After each change the diagonal is raised to at least 1 and 2.5e-4 is added to
    every entry; from that P is computed; then columns of a norm over
    ``norm_bound`` are scaled down to it.

    Parameters
    ----------
    Sigma : (n, n) array or None, optional
        Covariance at the start. None: the one that belongs to the connection's
        weights.
    optimizer : Optimizer, optional
        Default: ``Adam(1e-3)``.
    norm_bound : float or None, optional
        Bound of the columns of Sigma.
    size_in : int or str, optional
        Size of the signal, ``"post"`` by default.
    **kwargs
        As for :class:`LocalRule`.

    References
    ----------
    Ororbia & Kifer 2022; the order of the steps is that of the authors' program.
    """

    Sigma = FrozenArrayParam("Sigma", ndim=2, default=None, optional=True, readonly=True)

    def __init__(self, Sigma=None, optimizer=None, norm_bound=1.0, size_in="post", **kwargs):
        optimizer = Adam() if optimizer is None else optimizer
        super().__init__(optimizer, norm_bound=norm_bound, size_in=size_in, **kwargs)
        self.Sigma = Sigma

    def update(self, xp, pre, post, error, weights):
        return 0.5 * xp.einsum("bi,bj->ij", error, error)

    def prior(self, xp, weights):
        return -0.5 * xp.transpose(weights)

    def init(self, weights):
        if self.Sigma is not None:
            return self.Sigma
        root = np.linalg.inv(weights)
        return root @ root.T

    def constrain(self, xp, parameter):
        Sigma = parameter + xp.diag(xp.maximum(1.0 - xp.diag(parameter), 0.0)) + 2.5e-4
        Prec = xp.linalg.inv(xp.linalg.cholesky(Sigma))
        if self.norm_bound is not None:
            Sigma = xp.transpose(bound_rows(xp, xp.transpose(Sigma), self.norm_bound))
        return Sigma, Prec
