r"""Neuron types for sparse codes, in which the k neurons with the largest input are active."""

import math
from typing import Any

from nengo.exceptions import ValidationError

from ..namespace import Array
from ..validation import FiniteParam, FlagParam, PositiveParam, WholeParam
from .functions import indicator, logistic
from .pointwise import Pointwise


def k_winners(xp: Any, x: Array, k: int | Array) -> Array:
    """Return 1 for the k largest numbers of each row and 0 for all others.

    Of equal numbers those that come first win.

    Parameters
    ----------
    xp : namespace
        ``numpy``, or the namespace of a backend.
    x : (batch, n) array
    k : int, or (batch, 1) array of whole numbers

    Returns
    -------
    (batch, n) array
    """
    if isinstance(k, int) and k == 1:  # needs no sorting
        best = xp.argmax(x, axis=1)[:, None] == xp.arange(x.shape[1])[None]
        return indicator(xp, best, x)
    if isinstance(k, int) and 0 < k < x.shape[1]:
        least = -xp.partition(-x, k - 1)[:, k - 1 : k]
        above, level = indicator(xp, x > least, x), indicator(xp, x == least, x)
        left = k - xp.sum(above, axis=1, keepdims=True)
        return above + xp.where(xp.cumsum(level, axis=1) <= left, level, 0.0)
    rank = xp.argsort(xp.argsort(-x, axis=1, kind="stable"), axis=1, kind="stable")
    rank = xp.asarray(rank, dtype=x.dtype)  # TensorFlow compares like with like only
    return indicator(xp, rank < k, x)


class KWinnersTakeAll(Pointwise):
    r"""The k neurons of an ensemble with the largest input are 1, and all others are 0.

    .. math:: k = \lceil \text{sparsity} \cdot n \rceil

    Of equal inputs those of the neurons that come first win, so that there are always k
    winners. In training by gradients the derivative of the output by the input counts as 1
    (the straight-through estimator).

    Parameters
    ----------
    sparsity : float, optional
        The part of the neurons that win, above 0 and at most 1.
    group_size : int or None, optional
        Number of neurons that compete with each other. The ensemble is divided into groups of
        this size, one after another, k neurons of each group win, and n is the size of a
        group. The channels at each place of a convolution are such groups. With None all
        neurons compete with each other.
    positive : bool, optional
        Whether only neurons with an input above 0 can win, so that there may be fewer than k
        winners.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is out of range; when a simulator is made, if the number of neurons is
        not a multiple of ``group_size``.

    References
    ----------
    Makhzani & Frey 2013, "k-sparse autoencoders", arXiv 1312.5663. For the straight-through
    derivative: Bengio, Leonard & Courville 2013, "Estimating or propagating gradients through
    stochastic neurons", arXiv 1308.3432.
    """

    negative = False

    sparsity = FiniteParam("sparsity", low=0, low_open=True, high=1)
    group_size = WholeParam("group_size", optional=True)
    positive = FlagParam("positive")

    def __init__(
        self, sparsity: float = 0.05, group_size: int | None = None, positive: bool = False
    ) -> None:
        super().__init__()
        self.sparsity = sparsity
        self.group_size = group_size
        self.positive = positive

    def n_winners(self, n_neurons: int) -> int:
        """Return k for a number of neurons that compete with each other."""
        # 0.07 * 100 is a little above 7
        return max(1, math.ceil(round(self.sparsity * n_neurons, 9)))

    def activity(self, xp: Any, J: Array) -> Array:
        """Return 1 for winners and 0 for all others, see `.Pointwise.activity`."""
        groups = xp.reshape(J, (-1, self.group_size or J.shape[1]))
        return xp.reshape(self._of_groups(xp, groups), (-1, J.shape[1]))

    def _of_groups(self, xp, J):
        return self._winners(xp, J) + (J - xp.stop_gradient(J))

    def _winners(self, xp, J):
        y = k_winners(xp, J, self.n_winners(J.shape[1]))
        return xp.where(J > 0, y, xp.zeros_like(y)) if self.positive else y

    def check(self, n_neurons: int) -> None:
        """Raise a ValidationError if the neurons do not make up whole groups."""
        if n_neurons % (self.group_size or 1):
            raise ValidationError(
                f"must divide the number of neurons, {n_neurons}, got {self.group_size}",
                attr="group_size",
                obj=self,
            )


class SoftKWinnersTakeAll(KWinnersTakeAll):
    r"""k winners whose output is soft in training by gradients, so that gradients are exact.

    .. math:: y = \sigma(h\,(J - \theta)), \qquad \theta = \tfrac12 (J_{(k)} + J_{(k+1)})

    where h is the hardness and :math:`J_{(k)}` the k-th largest input. Gradients also include
    that of the threshold :math:`\theta`, which is at least 0 with ``positive``. If all neurons
    win, :math:`\theta = J_{(n)}`. Except in training by gradients, the output is that of
    `KWinnersTakeAll`.

    Parameters
    ----------
    sparsity : float, optional
        The part of the neurons that win, above 0 and at most 1.
    hardness : float, optional
        The hardness h, above 0. The larger it is, the closer the soft output is to 0 and 1.
    hard : bool, optional
        Whether :math:`\sigma` is the hard sigmoid, the tangent of the logistic function at 0
        limited to the range from 0 to 1, instead of the logistic function.
    group_size, positive
        As for `KWinnersTakeAll`.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is out of range.
    """

    hardness = PositiveParam("hardness")
    hard = FlagParam("hard")

    def __init__(
        self,
        sparsity: float = 0.05,
        hardness: float = 1.0,
        hard: bool = False,
        group_size: int | None = None,
        positive: bool = False,
    ) -> None:
        super().__init__(sparsity, group_size, positive)
        self.hardness = hardness
        self.hard = hard

    def _of_groups(self, xp, J):
        return xp.where(xp.training, self.soft_activity(xp, J), self._winners(xp, J))

    def soft_activity(self, xp: Any, J: Array) -> Array:
        """Return the output in training by gradients, for the inputs of one group."""
        return logistic(xp, self.hardness * (J - self.threshold(xp, J)), self.hard)

    def threshold(self, xp: Any, J: Array) -> Array:
        r"""Return the threshold :math:`\theta` of each sample, (batch, 1)."""
        theta = self._between(xp, J)
        return xp.maximum(theta, 0.0) if self.positive else theta

    def _between(self, xp, J):
        k = self.n_winners(J.shape[1])
        if k == J.shape[1]:
            return xp.min(J, axis=1, keepdims=True)
        largest = -xp.partition(-xp.stop_gradient(J), k)[:, : k + 1]
        above = xp.min(largest[:, :k], axis=1, keepdims=True)
        return 0.5 * (_found(xp, J, above) + _found(xp, J, largest[:, k:]))


class GradedKWinners(KWinnersTakeAll):
    r"""k winners, whose output shows by how much their inputs exceed those of the others.

    .. math::
        y = \sqrt{k}\, \frac{a}{\lVert a \rVert}, \qquad
        a_i = \max(J_i - J_{(k+1)}, 0)

    where :math:`J_{(k+1)}` is the largest input of the neurons that do not win, or, if all
    neurons win, the smallest input. The code has the norm of a binary code of k winners. A
    winner whose input is equal to :math:`J_{(k+1)}` is 0. Gradients are exact.

    Parameters
    ----------
    sparsity : float, optional
        The part of the neurons that win, above 0 and at most 1.
    group_size : int or None, optional
        As for `KWinnersTakeAll`.
    positive : bool, optional
        Whether only neurons with an input above 0 can win. Then 0 takes the place of
        :math:`J_{(k+1)}` if that is below 0.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is out of range.
    """

    def _of_groups(self, xp, J):
        n = J.shape[1]
        k = self.n_winners(n)
        least = -xp.partition(-xp.stop_gradient(J), min(k, n - 1))[:, min(k, n - 1)]
        found = _found(xp, J, least[:, None])
        theta = least[:, None] + (found - xp.stop_gradient(found))  # a mean is rounded
        if self.positive:
            theta = xp.maximum(theta, 0.0)
        a = xp.maximum(J - theta, 0.0)
        largest = xp.stop_gradient(xp.max(a, axis=1, keepdims=True))
        a = a / xp.where(largest > 0, largest, xp.ones_like(largest))  # squares are not 0
        squares = xp.sum(a * a, axis=1, keepdims=True)
        return a * xp.sqrt(k / xp.where(squares > 0, squares, xp.ones_like(squares)))


def _found(xp, J, value):
    """A value of each row, whose gradient is passed to the entries that are equal to it."""
    equal = indicator(xp, J == value, J)
    n_equal = xp.sum(equal, axis=1, keepdims=True)
    return xp.sum(J * equal, axis=1, keepdims=True) / n_equal


class SoftThreshold(Pointwise):
    r"""Neurons that are 1 above a threshold, which is learned, and 0 below it.

    .. math:: y = [J > 0], \quad \text{and in training by gradients}\quad y = \sigma(h J)

    The threshold of a neuron is its bias with the opposite sign, and it learns as a bias does.
    The number of active neurons is not fixed.

    Parameters
    ----------
    hardness : float, optional
        The hardness h, above 0. The larger it is, the closer the soft output is to 0 and 1.
    hard : bool, optional
        Whether :math:`\sigma` is the hard sigmoid instead of the logistic function, as for
        `SoftKWinnersTakeAll`.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is out of range.
    """

    negative = False

    hardness = PositiveParam("hardness")
    hard = FlagParam("hard")

    def __init__(self, hardness: float = 1.0, hard: bool = False) -> None:
        super().__init__()
        self.hardness = hardness
        self.hard = hard

    def activity(self, xp: Any, J: Array) -> Array:
        """Return 0 or 1, or a value between them in training, see `.Pointwise.activity`."""
        soft = logistic(xp, self.hardness * J, self.hard)
        return xp.where(xp.training, soft, indicator(xp, J > 0, J))
