r"""Losses that make codes of the same class similar, for every namespace ``xp``.

Codes are compared by the cosine of the angle between them. Each code in turn is the anchor,
and is compared with codes that are drawn at random from the same batch. The random numbers
are arguments, since each backend draws its own.
"""

from abc import ABC, abstractmethod
from typing import Any

from ..namespace import Array
from ..neurons.functions import indicator
from ..validation import FiniteParam, WholeParam, checked

_ARGUMENTS = (
    FiniteParam("margin", low=0, low_open=True, high=2),
    WholeParam("n_draws"),
    WholeParam("seed", low=0),
)


class PairwiseLoss(ABC):
    """Base class of losses that compare each code with some of its class and some others.

    Subclasses write ``of_cosines``.

    Parameters
    ----------
    margin : float
        Distance that codes of different classes should have, above 0 and at most 2.
    n_draws : int
        Number of codes of either sort that are drawn for each anchor.
    seed : int
        Seed of the draws.
    """

    def __init__(self, margin: float, n_draws: int, seed: int) -> None:
        self.margin = margin
        self.n_draws = n_draws
        self.seed = seed

    @abstractmethod
    def of_cosines(self, xp: Any, positive: Array, negative: Array) -> Array:
        """Return the loss for cosines of anchors with codes of their class, and of others."""

    def mean(self, xp: Any, codes: Array, labels: Array, order: tuple[Array, Array]) -> Array:
        """Return the mean of the losses that are not 0.

        Parameters
        ----------
        xp : namespace
        codes : (n, n_units) array
        labels : (n,) array
        order : pair of (n_draws, n, n) arrays
            Numbers of at least 0. In each draw an anchor is compared with the code of its own
            class that has the largest number in its row of the first array, and with the code
            of another class that has the largest number in the second one.

        Returns
        -------
        array
            A scalar. Anchors for which there are not both sorts of codes are left out.
        """
        ranks = xp.arange(codes.shape[0])
        same = labels[:, None] == labels[None]
        positive, negative = same & (ranks[:, None] != ranks[None]), ~same
        cosine = _cosines(xp, codes)
        drawn = [
            _drawn(xp, cosine, allowed, numbers)
            for allowed, numbers in zip((positive, negative), order, strict=True)
        ]
        usable = xp.any(positive, axis=1) & xp.any(negative, axis=1)
        values = xp.where(usable, self.of_cosines(xp, *drawn), 0.0)
        # anchors whose loss is 0 would only make steps smaller
        n_active = xp.sum(indicator(xp, values > 0, values))
        return xp.sum(values) / xp.maximum(n_active, 1.0)


class TripletLoss(PairwiseLoss):
    r"""Loss that is 0 if codes of one class are closer than others by a margin.

    .. math:: \max(0,\ m - \cos(a, p) + \cos(a, n))

    for an anchor a, a code p of the same class and a code n of another class, averaged over
    the triplets for which it is not 0.

    Parameters
    ----------
    margin : float, optional
        The margin m, above 0 and at most 2.
    n_draws : int, optional
        Number of triplets that are drawn for each anchor in an update.
    seed : int, optional
        Seed of the draws.

    Raises
    ------
    ValueError
        If an argument is out of range.

    References
    ----------
    Schroff, Kalenichenko & Philbin 2015, "FaceNet: a unified embedding for face recognition
    and clustering".
    """

    @checked(*_ARGUMENTS)
    def __init__(self, margin: float = 0.3, n_draws: int = 8, seed: int = 0) -> None:
        super().__init__(margin, n_draws, seed)

    def of_cosines(self, xp, positive, negative):
        return _above_0(xp, self.margin - positive + negative)


class ContrastiveLoss(PairwiseLoss):
    r"""Loss that is 0 if codes of one class are equal and others a margin apart.

    .. math:: (1 - \cos(a, p))^2 + \max(0,\ m - (1 - \cos(a, n)))^2

    for an anchor a, a code p of the same class and a code n of another class, averaged over
    the draws of p and n for which it is not 0.

    Parameters
    ----------
    margin : float, optional
        The margin m, above 0 and at most 2.
    n_draws : int, optional
        Number of codes p, and of codes n, that are drawn for each anchor in an update.
    seed : int, optional
        Seed of the draws.

    Raises
    ------
    ValueError
        If an argument is out of range.

    References
    ----------
    Hadsell, Chopra & LeCun 2006, "Dimensionality reduction by learning an invariant
    mapping".
    """

    @checked(*_ARGUMENTS)
    def __init__(self, margin: float = 0.5, n_draws: int = 8, seed: int = 0) -> None:
        super().__init__(margin, n_draws, seed)

    def of_cosines(self, xp, positive, negative):
        return (1 - positive) ** 2 + _above_0(xp, self.margin - (1 - negative)) ** 2


CODE_LOSSES: dict[str, type[PairwiseLoss]] = {
    "triplet": TripletLoss,
    "contrastive": ContrastiveLoss,
}


def _above_0(xp, x):
    """The rectified x, whose derivative at 0 is 0 on every backend; NaN stays NaN."""
    return xp.where(x <= 0, 0.0, x)


def _cosines(xp, codes):
    """Cosines of the angles between all codes, (n, n)."""
    squared = xp.sum(codes * codes, axis=1, keepdims=True)
    u = codes / xp.sqrt(xp.maximum(squared, 1e-12))  # codes of zeros stay so
    return xp.matmul(u, xp.transpose(u))


def _drawn(xp, cosine, allowed, numbers):
    """Cosines of each anchor with the codes that are drawn for it, (n_draws, n)."""
    chosen = xp.argmax(xp.where(allowed, numbers, -1.0), axis=2)
    found = chosen[:, :, None] == xp.arange(cosine.shape[0])
    return xp.sum(xp.where(found, cosine, 0.0), axis=2)
