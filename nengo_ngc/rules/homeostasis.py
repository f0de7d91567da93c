"""Rules that keep the mean activity of each unit on target."""

from typing import Any

from ..neurons.functions import indicator
from ..validation import FiniteParam, PositiveParam
from .base import LocalRule
from .optimizers import SGD, Optimizer


class SynapticScaling(LocalRule):
    r"""Scales the incoming weights of a unit until its mean activity is on target.

    .. math:: \Delta w_{ij} = (p - y_i)\, w_{ij}

    averaged over samples, of the target p and the postsynaptic activity y. All weights of a
    unit grow by the same factor if it is silent and shrink if it is overactive. With `.SGD`,
    none changes its sign as long as the learning rate times y - p is below 1. On a connection
    whose matrix is diagonal the weights are gains.

    Parameters
    ----------
    target : float, optional
        The mean activity p that units are to have, which is k / n for k winners of n.
    active_above : float or None, optional
        With a number, activity counts as 1 above it and as 0 otherwise; 0.5 finds the
        winners while they are soft. With None activity counts as it is.
    optimizer : Optimizer, optional
        Default: ``SGD(0.1)``.
    **kwargs
        As for `.LocalRule`.

    References
    ----------
    Turrigiano 2008, "The self-tuning neuron: synaptic scaling of excitatory synapses",
    Cell 135; van Rossum, Bi & Turrigiano 2000, "Stable Hebbian learning from spike
    timing-dependent plasticity", J. Neurosci. 20, where the equation is from.
    """

    target = PositiveParam("target")
    active_above = FiniteParam("active_above", optional=True)

    def __init__(
        self,
        target: float = 0.05,
        active_above: float | None = None,
        optimizer: Optimizer | None = None,
        **kwargs: Any,
    ):
        super().__init__(SGD(0.1) if optimizer is None else optimizer, **kwargs)
        self.target = target
        self.active_above = active_above

    def update(self, xp: Any, pre: Any, post: Any, error: Any, weights: Any) -> Any:
        if self.active_above is not None:
            post = indicator(xp, post > self.active_above, post)
        return xp.sum(self.target - post, axis=0)[:, None] * weights


class Homeostasis(LocalRule):
    r"""Moves thresholds until the mean activity of a unit is on target.

    .. math:: \Delta w_{ij} = (p - y_i)\, x_j

    averaged over samples, of the target p, the postsynaptic activity y and the presynaptic
    activity x. It is meant for a connection from one unit that is always 1: its weights are
    then thresholds, with the opposite sign.

    Parameters
    ----------
    target : float, optional
        The mean activity p, which is k / n for k winners of n.
    optimizer : Optimizer, optional
        Default: ``SGD(0.1)``.
    **kwargs
        As for `.LocalRule`.

    References
    ----------
    Desai, Rutherford & Turrigiano 1999, "Plasticity in the intrinsic excitability of cortical
    pyramidal neurons", Nature Neuroscience 2; DeSieno 1988, "Adding a conscience to
    competitive learning".
    """

    target = PositiveParam("target")

    def __init__(
        self, target: float = 0.05, optimizer: Optimizer | None = None, **kwargs: Any
    ):
        super().__init__(SGD(0.1) if optimizer is None else optimizer, **kwargs)
        self.target = target

    def update(self, xp: Any, pre: Any, post: Any, error: Any, weights: Any) -> Any:
        return xp.einsum("bi,bj->ij", self.target - post, pre)
