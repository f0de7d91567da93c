"""Learning the precision of errors."""

from typing import Any

from numpy.typing import ArrayLike, NDArray

from ..namespace import NUMPY
from ..neurons.functions import from_inverse_root, inverse_root
from ..validation import FrozenArrayParam
from .base import LocalRule
from .optimizer_wrappers import Bounded
from .optimizers import Adam, Optimizer


class Precision(LocalRule):
    r"""Learns the covariance of errors; the weights are its inverse root.

    With the discrepancy d as presynaptic activity the connection carries the
    precision-weighted error :math:`e = P d`, where :math:`P = L^{-1}` and L is the
    Cholesky factor of :math:`\Sigma` (its lower triangle).

    .. math:: \Delta\Sigma = \frac{1}{2B} \Bigl(\sum_{b=1}^{B} e_b e_b^T - P^T\Bigr)

    After each change the diagonal is raised to at least 1 and 2.5e-4 is added to
    every entry. From that P is computed. Then columns whose norm is larger than
    ``norm_bound`` are scaled down to it.

    Parameters
    ----------
    Sigma : (n, n) array or None, optional
        Covariance at the start. With None it is the one that belongs to the connection's
        weights.
    optimizer : Optimizer, optional
        Default: ``Adam(1e-3)``.
    norm_bound : float or None, optional
        Bound of the L2 norm of the columns of Sigma. None: no bound.
    size_in : int or str, optional
        Size of the signal, ``"post"`` by default.
    **kwargs
        As for `.LocalRule`.

    References
    ----------
    Ororbia & Kifer 2022; the order of the steps is that of the authors' program.
    """

    Sigma = FrozenArrayParam("Sigma", ndim=2, default=None, optional=True, readonly=True)

    def __init__(
        self,
        Sigma: ArrayLike | None = None,
        optimizer: Optimizer | None = None,
        norm_bound: float | None = 1.0,
        size_in: int | str = "post",
        **kwargs: Any,
    ):
        optimizer = Adam() if optimizer is None else optimizer
        super().__init__(optimizer, norm_bound=norm_bound, size_in=size_in, **kwargs)
        self.Sigma = Sigma

    def update(self, xp: Any, pre: Any, post: Any, error: Any, weights: Any) -> Any:
        return 0.5 * xp.einsum("bi,bj->ij", error, error)

    def prior(self, xp: Any, weights: Any) -> Any:
        return -0.5 * xp.transpose(weights)

    def init(self, weights: NDArray) -> NDArray:
        if self.Sigma is not None:
            return self.Sigma
        return from_inverse_root(NUMPY, weights)

    def constrain(self, xp: Any, parameter: Any) -> tuple[Any, Any]:
        Sigma = parameter + xp.diag(xp.maximum(1.0 - xp.diag(parameter), 0.0)) + 2.5e-4
        return Sigma, inverse_root(xp, Sigma)

    @property
    def chain(self) -> Optimizer:
        if self.norm_bound is None:
            return self.optimizer
        return Bounded(self.optimizer, self.norm_bound, columns=True)
