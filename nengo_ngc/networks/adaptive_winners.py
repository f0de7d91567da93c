r"""k winners whose number is predicted for each sample."""

import nengo

from ..neurons import Identity, SoftKWinnersTakeAll, k_winners
from ..neurons.functions import logistic
from ..objects import PureNode
from ..validation import FiniteParam, WholeParam, checked
from .base import NETWORK
from .parts import neurons


class AdaptiveWinners(nengo.Network):
    r"""The neurons with the largest input win, and one neuron more says how many.

    .. math::
        p = n\, s_{max}\, \sigma(u), \qquad
        \theta = \sum_{k=1}^{n-1} \tfrac12 (J_{(k)} + J_{(k+1)})\, \max(0, 1 - |p - k|)

    of the input u of that neuron and the k-th largest current :math:`J_{(k)}`; p is kept
    within 1 and n - 1. While NengoDL trains, y = σ(h (J - θ)), whose gradient reaches u
    through the threshold; otherwise the p winners, rounded, are 1. At a whole number p the
    threshold is that of `.SoftKWinnersTakeAll`.

    Parameters
    ----------
    n_neurons : int
        n, at least 2.
    max_sparsity : float, optional
        s_max, the largest part of neurons that can win.
    hardness : float, optional
        h.
    hard : bool, optional
        Whether :math:`\sigma` of the output is the hard sigmoid.
    label, seed, add_to_container
        As for `nengo.Network`.

    Attributes
    ----------
    input : nengo.ensemble.Neurons
        The currents J.
    sparsity : nengo.ensemble.Neurons
        One neuron, whose input is u.
    output : nengo.Node
        The code y.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is out of range.
    """

    @checked(
        WholeParam("n_neurons", low=2),
        FiniteParam("max_sparsity", low=0, low_open=True, high=1),
        SoftKWinnersTakeAll.hardness,
        SoftKWinnersTakeAll.hard,
        *NETWORK,
    )
    def __init__(
        self,
        n_neurons,
        max_sparsity=0.3,
        hardness=1.0,
        hard=False,
        label=None,
        seed=None,
        add_to_container=None,
    ):
        super().__init__(label=label, seed=seed, add_to_container=add_to_container)
        self._n = n_neurons
        self._winners = SoftKWinnersTakeAll(max_sparsity, hardness, hard)
        with self:
            self.input = neurons(n_neurons, Identity(), "currents")
            self.sparsity = neurons(1, Identity(), "sparsity")
            self.output = PureNode(self.code, n_neurons, others=[self.sparsity], label="code")
            nengo.Connection(self.input, self.output, synapse=None)

    def n_winners(self, xp, u):
        """p of each sample, (batch, 1)."""
        p = self._n * self._winners.sparsity * logistic(xp, u)
        return xp.minimum(xp.maximum(p, 1.0), self._n - 1.0)

    def threshold(self, xp, J, p):
        r""":math:`\theta` of each sample, (batch, 1)."""
        descending = -xp.sort(-J, axis=1)
        between = 0.5 * (descending[:, :-1] + descending[:, 1:])
        ranks = xp.cumsum(xp.ones_like(between), axis=1)
        near = xp.maximum(1 - xp.abs(p - ranks), 0.0)
        return xp.sum(near * between, axis=1)[:, None]

    def code(self, xp, J, u):
        """The code y, (batch, n_neurons), of currents and u, (batch, 1)."""
        p = self.n_winners(xp, u)
        distance = J - self.threshold(xp, J, p)
        soft = logistic(xp, self._winners.hardness * distance, self._winners.hard)
        return xp.where(xp.training, soft, k_winners(xp, J, xp.floor(p + 0.5)))
