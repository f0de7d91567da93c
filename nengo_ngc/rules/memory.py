"""Rules of associative memories."""

from collections.abc import Mapping
from typing import Any

import nengo
from nengo.exceptions import ValidationError
from nengo.synapses import Synapse
from numpy.typing import NDArray

from ..neurons.functions import indicator
from ..schedule import Schedule
from ..validation import WholeParam
from .base import LocalRule
from .optimizers import SGD, Adam, Optimizer


class ClippedHebbian(LocalRule):
    r"""Sets a synapse to 1, permanently, once both of its units were active together.

    .. math:: W \leftarrow \max(W, y\, x^T)

    with the presynaptic activity x and the signal y that arrives through
    ``nengo.Connection(y, connection.learning_rule)``. In both a unit is active above 0.5.
    Weights are 0 or 1. What is learned depends neither on the order of pairs nor on how many
    are averaged in one change.

    Parameters
    ----------
    schedule, learn, pre_synapse, post_synapse
        As for `.LocalRule`. There is no optimiser to choose, since any step is clipped to 1.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is of the wrong type; or, when a simulator is made, if the connection
        has weights other than 0 and 1.

    References
    ----------
    Willshaw, Buneman & Longuet-Higgins 1969, "Non-holographic associative memory",
    Nature 222, 960-962.
    """

    def __init__(
        self,
        schedule: Schedule | None = None,
        learn: nengo.Node | None = None,
        pre_synapse: Synapse | float | None = None,
        post_synapse: Synapse | float | None = None,
    ):
        super().__init__(
            SGD(1.0),
            schedule=schedule,
            learn=learn,
            pre_synapse=pre_synapse,
            post_synapse=post_synapse,
            size_in="post",
        )

    def update(self, xp: Any, pre: Any, post: Any, error: Any, weights: Any) -> Any:
        return xp.einsum("bi,bj->ij", active(xp, error), active(xp, pre))

    def init(self, weights: NDArray) -> NDArray:
        check_binary("weights", weights, self)
        return weights

    def constrain(self, xp: Any, parameter: Any) -> tuple[Any, Any]:
        # one coincidence in a large batch is a small part of the mean, but counts as much
        W = indicator(xp, parameter > 0, parameter)
        return W, W


def active(xp: Any, x: Any) -> Any:
    """Return 1 for the units that count as active in a pattern, and 0 for others."""
    return indicator(xp, x > 0.5, x)


def check_binary(name: str, weights: NDArray, obj: Any) -> None:
    """Raise a ValidationError that names an argument unless weights are 0 or 1."""
    others = weights[(weights != 0) & (weights != 1)]
    if others.size:
        raise ValidationError(f"weights must be 0 or 1, got {others[0]:g}", attr=name, obj=obj)


class TiedAutoEncoder(LocalRule):
    r"""Teaches a matrix used in two directions to predict the states at both its ends.

    .. math:: \Delta W = e^\uparrow \rho(s_{l-1})^T + \rho(s_l) (e^\downarrow)^T

    where :math:`e^\uparrow` is the share of the states of layer l minus its prediction
    :math:`W \rho(s_{l-1})`, and :math:`e^\downarrow` the share of the states of layer l - 1
    minus :math:`W^T \rho(s_l)`. These two errors are named ``"up"`` and ``"down"``;
    ``"above"`` takes :math:`\rho(s_l)`. For example
    ``nengo.Connection(up, rule.signal(connection, "up"), synapse=None)``.

    Parameters
    ----------
    n_post, n_pre : int
        Units in layers l and l - 1.
    optimizer : Optimizer, optional
        Default: ``Adam(1e-3)``.
    **kwargs
        As for `.LocalRule`.

    References
    ----------
    Bengio et al. 2016, arXiv 1606.01651; Urbanczik & Senn 2014, "Learning by the
    dendritic prediction of somatic spiking", Neuron 81(3), 521-528.
    """

    n_post = WholeParam("n_post")
    n_pre = WholeParam("n_pre")

    def __init__(
        self, n_post: int, n_pre: int, optimizer: Optimizer | None = None, **kwargs: Any
    ):
        self.n_post, self.n_pre = n_post, n_pre
        optimizer = Adam() if optimizer is None else optimizer
        super().__init__(optimizer, size_in=2 * self.n_post + self.n_pre, **kwargs)

    @property
    def errors(self) -> Mapping[str, int | str]:
        return {"up": self.n_post, "above": self.n_post, "down": self.n_pre}

    def update(self, xp: Any, pre: Any, post: Any, error: Any, weights: Any) -> Any:
        upwards = xp.einsum("bi,bj->ij", error.up, pre)
        return upwards + xp.einsum("bi,bj->ij", error.above, error.down)
