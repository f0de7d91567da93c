r"""Neurons of which the k with the largest input fire: binary sparse codes."""

import math

from nengo.exceptions import ValidationError

from ..validation import FiniteParam, FlagParam, PositiveParam, WholeParam
from .functions import soft_step
from .pointwise import Pointwise


def k_winners(xp, x, k):
    """1 for the k largest numbers of each row, 0 for all others.

    Of equal numbers those that come first win.

    Parameters
    ----------
    xp : namespace
        ``numpy``, or its like in TensorFlow.
    x : (batch, n) array
    k : int, or (batch, 1) array of whole numbers

    Returns
    -------
    (batch, n) array
    """
    if isinstance(k, int) and k == 1:  # needs no sorting
        best = xp.argmax(x, axis=1)[:, None] == xp.arange(x.shape[1])[None]
        return xp.where(best, xp.ones_like(x), xp.zeros_like(x))
    rank = xp.argsort(xp.argsort(-x, axis=1, kind="stable"), axis=1, kind="stable")
    rank = xp.asarray(rank, dtype=x.dtype)  # TensorFlow compares like with like only
    return xp.where(rank < k, xp.ones_like(x), xp.zeros_like(x))


class KWinnersTakeAll(Pointwise):
    r"""The k neurons of an ensemble with the largest input are 1, all others 0.

    .. math:: k = \lceil \text{sparsity} \cdot n \rceil

    Of equal inputs those of the neurons that come first win, so there are always k
    winners. In NengoDL's training the derivative of the output by the input counts as 1
    (straight through).

    Parameters
    ----------
    sparsity : float, optional
        Part of the neurons that win, above 0 and at most 1.
    group_size : int or None, optional
        Neurons that compete with each other, one after another in the ensemble: k of each
        group win, and n is the size of a group. The channels at each place of a convolution
        are such groups. None: all compete.
    positive : bool, optional
        Whether only neurons with an input above 0 can win, so that there may be fewer.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is out of range; when a simulator is made, if neurons don't make up
        whole groups.

    References
    ----------
    Makhzani & Frey 2013, "k-sparse autoencoders", arXiv 1312.5663; Bengio, Leonard &
    Courville 2013, "Estimating or propagating gradients through stochastic neurons", arXiv
    1308.3432, of the straight-through derivative.
    """

    negative = False

    sparsity = FiniteParam("sparsity", low=0, low_open=True, high=1)
    group_size = WholeParam("group_size", optional=True)
    positive = FlagParam("positive")

    def __init__(self, sparsity=0.05, group_size=None, positive=False):
        super().__init__()
        self.sparsity = sparsity
        self.group_size = group_size
        self.positive = positive

    def n_winners(self, n_neurons):
        """k for a number of neurons."""
        # 0.07 * 100 is a little above 7
        return math.ceil(round(self.sparsity * n_neurons, 9))

    def activity(self, xp, J):
        groups = xp.reshape(J, (-1, self.group_size or J.shape[1]))
        return xp.reshape(self._of_groups(xp, groups), (-1, J.shape[1]))

    def _of_groups(self, xp, J):
        return self._winners(xp, J) + (J - xp.stop_gradient(J))

    def _winners(self, xp, J):
        y = k_winners(xp, J, self.n_winners(J.shape[1]))
        return xp.where(J > 0, y, xp.zeros_like(y)) if self.positive else y

    def check(self, n_neurons):
        if n_neurons % (self.group_size or 1):
            raise ValidationError(
                f"must divide the number of neurons, {n_neurons}, got {self.group_size}",
                attr="group_size",
                obj=self,
            )


class SoftKWinnersTakeAll(KWinnersTakeAll):
    r"""k winners that are soft while NengoDL trains, so that gradients are exact.

    .. math:: y = \sigma(h\,(J - \theta)), \qquad \theta = \tfrac12 (J_{(k)} + J_{(k+1)})

    of the hardness h and the k-th and (k+1)-th largest input, through which gradients
    flow, too; if all neurons win, :math:`\theta = J_{(n)}`. The hard sigmoid is the line of
    the same slope at the threshold, kept within [0, 1]. Wherever nothing is trained the
    output is that of `KWinnersTakeAll`.

    Parameters
    ----------
    sparsity : float, optional
        Part of the neurons that win, above 0 and at most 1.
    hardness : float, optional
        h, above 0.
    hard : bool, optional
        Whether :math:`\sigma` is the hard sigmoid instead of the logistic function.
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
        self, sparsity=0.05, hardness=1.0, hard=False, group_size=None, positive=False
    ):
        super().__init__(sparsity, group_size, positive)
        self.hardness = hardness
        self.hard = hard

    def _of_groups(self, xp, J):
        return xp.where(xp.training, self.soft_activity(xp, J), self._winners(xp, J))

    def soft_activity(self, xp, J):
        """The output while NengoDL trains."""
        return soft_step(xp, self.hardness * (J - self.threshold(xp, J)), self.hard)

    def threshold(self, xp, J):
        r""":math:`\theta` of each sample, (batch, 1)."""
        descending = -xp.sort(-J, axis=1)
        k = self.n_winners(J.shape[1])
        above, below = descending[:, k - 1 : k], descending[:, k : k + 1]
        return above if k == J.shape[1] else 0.5 * (above + below)


class SoftThreshold(Pointwise):
    r"""Neurons that are 1 above their threshold, which is learned, and 0 below.

    .. math:: y = [J > 0], \quad \text{while NengoDL trains}\quad y = \sigma(h J)

    A neuron's threshold is its bias, with the opposite sign, and learns as a bias does. How
    many are active is free.

    Parameters
    ----------
    hardness : float, optional
        h, above 0.
    hard : bool, optional
        Whether :math:`\sigma` is the hard sigmoid instead of the logistic function.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is out of range.
    """

    negative = False

    hardness = PositiveParam("hardness")
    hard = FlagParam("hard")

    def __init__(self, hardness=1.0, hard=False):
        super().__init__()
        self.hardness = hardness
        self.hard = hard

    def activity(self, xp, J):
        binary = xp.where(J > 0, xp.ones_like(J), xp.zeros_like(J))
        soft = soft_step(xp, self.hardness * J, self.hard)
        return xp.where(xp.training, soft, binary)
