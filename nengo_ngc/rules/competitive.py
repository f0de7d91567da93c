"""Competitive learning."""

from .base import LocalRule
from .optimizers import SGD


class Competitive(LocalRule):
    r"""Competitive learning: the weights of a unit that wins move towards its input.

    .. math:: \Delta w_{ij} = y_i\, (x_j - w_{ij})

    averaged over samples, of the postsynaptic activity y, 1 for winners and 0 for others,
    and the presynaptic activity x. Weights end at the mean input of those samples that a
    unit wins.

    Parameters
    ----------
    optimizer : Optimizer, optional
        Default: ``SGD(0.05)``.
    **kwargs
        As for :class:`LocalRule`.

    References
    ----------
    Rumelhart & Zipser 1985, "Feature discovery by competitive learning", Cognitive
    Science 9.
    """

    def __init__(self, optimizer=None, **kwargs):
        super().__init__(SGD(0.05) if optimizer is None else optimizer, **kwargs)

    def update(self, xp, pre, post, error, weights):
        towards = xp.einsum("bi,bj->ij", post, pre)
        return towards - xp.sum(post, axis=0)[:, None] * weights
