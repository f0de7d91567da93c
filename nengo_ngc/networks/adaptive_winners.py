r"""k winners whose number is predicted for each sample."""

from functools import partial
from typing import Any

import nengo

from ..namespace import Array
from ..neurons import Identity, SoftKWinnersTakeAll, k_winners
from ..neurons.functions import logistic
from ..objects import PureNode
from ..validation import FiniteParam, WholeParam, checked
from .named_network import NETWORK, NamedNetwork
from .parts import neurons


class AdaptiveWinners(NamedNetwork):
    r"""The neurons with the largest input win, and one more neuron determines their number.

    .. math::
        p = n\, s_{max}\, \sigma(u), \qquad
        \theta = \sum_{k=1}^{n-1} \tfrac12 (J_{(k)} + J_{(k+1)})\, \max(0, 1 - |p - k|)

    where u is the input of that neuron, :math:`J_{(k)}` is the k-th largest current, and p,
    the number of winners, is limited to the range from 1 to n - 1. In training by
    gradients, the code is :math:`y = \sigma(h (J - \theta))`, and its gradient reaches u
    through the threshold :math:`\theta`. Otherwise p is rounded, y is 1 for the p winners and
    0 for all others. If p is a whole number, the threshold is that of
    `.SoftKWinnersTakeAll`.

    Parameters
    ----------
    n_neurons : int
        Number n of neurons, at least 2.
    max_sparsity : float, optional
        The largest part :math:`s_{max}` of the neurons that can win, above 0 and at most 1.
    hardness : float, optional
        The hardness h of the soft output, above 0.
    hard : bool, optional
        Whether :math:`\sigma` is the hard sigmoid in the soft output, as for
        `.SoftKWinnersTakeAll`.
    label, seed, add_to_container
        As for `nengo.Network`.

    Attributes
    ----------
    input : nengo.ensemble.Neurons
        The neurons that compete, whose input are the currents J.
    sparsity : nengo.ensemble.Neurons
        The neuron whose input is u.
    output : nengo.Node
        The code y.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is out of range.

    Notes
    -----
    ``probe`` knows ``"input"``, ``"sparsity"`` and ``"output"``. The first two are also
    ``ensembles["input"]`` and ``ensembles["sparsity"]``, and the third is ``nodes["output"]``.
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
        n_neurons: int,
        max_sparsity: float = 0.3,
        hardness: float = 1.0,
        hard: bool = False,
        label: str | None = None,
        seed: int | None = None,
        add_to_container: bool | None = None,
    ) -> None:
        super().__init__(label=label, seed=seed, add_to_container=add_to_container)
        code = partial(_code, SoftKWinnersTakeAll(max_sparsity, hardness, hard))
        with self:
            self.input = neurons(n_neurons, Identity(), "input")
            self.sparsity = neurons(1, Identity(), "sparsity")
            self.output = PureNode(code, n_neurons, others=[self.sparsity], label="output")
            nengo.Connection(self.input, self.output, synapse=None)
        self._visible = {
            "input": self.input,
            "sparsity": self.sparsity,
            "output": self.output,
        }


def _code(winners, xp, J, u):
    """The code y, (batch, n_neurons), for currents and for u, (batch, 1)."""
    p = _n_winners(winners, xp, u, J.shape[1])
    distance = J - threshold(xp, J, p)
    soft = logistic(xp, winners.hardness * distance, winners.hard)
    return xp.where(xp.training, soft, k_winners(xp, J, xp.floor(p + 0.5)))


def _n_winners(winners, xp, u, n):
    """The number p of winners of each sample, (batch, 1), not rounded."""
    p = n * winners.sparsity * logistic(xp, u)
    return xp.minimum(xp.maximum(p, 1.0), n - 1.0)


def threshold(xp: Any, J: Array, p: Array) -> Array:
    r"""Return the threshold :math:`\theta` of each sample, (batch, 1).

    Parameters
    ----------
    xp : namespace
    J : (batch, n_neurons) array
        Currents.
    p : (batch, 1) array
        Numbers of winners, which need not be whole.
    """
    descending = -xp.sort(-J, axis=1)
    between = 0.5 * (descending[:, :-1] + descending[:, 1:])
    ranks = xp.cumsum(xp.ones_like(between), axis=1)
    near = xp.maximum(1 - xp.abs(p - ranks), 0.0)
    return xp.sum(near * between, axis=1)[:, None]
