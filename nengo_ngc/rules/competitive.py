"""Competitive learning."""

from typing import Any

from .base import LocalRule
from .optimizers import SGD, Optimizer


class Competitive(LocalRule):
    r"""Competitive learning: the weights of a unit that wins move towards its input.

    .. math:: \Delta w_{ij} = y_i\, (x_j - w_{ij})

    averaged over samples, of the postsynaptic activity y, 1 for winners and 0 for others,
    and the presynaptic activity x. The weights of a unit approach the mean input of the
    samples that it wins.

    Parameters
    ----------
    optimizer : Optimizer, optional
        Default: ``SGD(0.05)``.
    **kwargs
        As for `.LocalRule`.

    References
    ----------
    Rumelhart & Zipser 1985, "Feature discovery by competitive learning", Cognitive
    Science 9.
    """

    def __init__(self, optimizer: Optimizer | None = None, **kwargs: Any):
        super().__init__(SGD(0.05) if optimizer is None else optimizer, **kwargs)

    def update(self, xp: Any, pre: Any, post: Any, error: Any, weights: Any) -> Any:
        towards = xp.einsum("bi,bj->ij", post, pre)
        return towards - xp.sum(post, axis=0)[:, None] * weights
