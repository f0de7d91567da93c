"""Rules that multiply an error, or what is left of one, with presynaptic activity."""

from .base import LocalRule
from .optimizers import Adam


class ErrorDriven(LocalRule):
    r"""Neural generative coding's rule: error times presynaptic activity.

    .. math:: \Delta W = e\, \phi(z)^T

    averaged over samples. The signal :math:`e` arrives through
    ``nengo.Connection(e, connection.learning_rule)``. The same rule trains
    predictions (W and M, by the error they caused) and error feedback (E, whose
    presynaptic activity is the error and whose signal is :math:`\phi(z)`).

    Parameters
    ----------
    optimizer : Optimizer, optional
        Default: ``Adam(1e-3)``.
    size_in : int or str, optional
        Size of the signal, ``"post"`` by default.
    **kwargs
        As for :class:`LocalRule`.

    References
    ----------
    Ororbia & Kifer 2022, "The neural coding framework for learning generative
    models", Nature Communications 13, 2064.
    """

    def __init__(self, optimizer=None, size_in="post", **kwargs):
        optimizer = Adam() if optimizer is None else optimizer
        super().__init__(optimizer, size_in=size_in, **kwargs)

    def update(self, xp, pre, post, error, weights):
        return xp.einsum("bi,bj->ij", error, pre)


class Delta(ErrorDriven):
    r"""The delta rule: learns to predict a signal from presynaptic activity.

    .. math:: \Delta W = (t - W x)\, x^T

    averaged over samples, of the signal t that arrives through
    ``nengo.Connection(t, connection.learning_rule)`` and the presynaptic activity x.

    Parameters
    ----------
    **kwargs
        As for :class:`ErrorDriven`.

    References
    ----------
    Widrow & Hoff 1960, "Adaptive switching circuits".
    """

    def update(self, xp, pre, post, error, weights):
        left = error - xp.einsum("ij,bj->bi", weights, pre)
        return super().update(xp, pre, post, left, weights)
