"""Rules of associative memories."""

from nengo.exceptions import ValidationError

from ..validation import WholeParam
from .base import LocalRule
from .optimizers import SGD, Adam


class ClippedHebbian(LocalRule):
    r"""Switches a synapse on, for good, where both its ends were active once.

    .. math:: W \leftarrow \max(W, y\, x^T)

    of the presynaptic activity x and the signal y that arrives through
    ``nengo.Connection(y, connection.learning_rule)``. In both a unit is active above 0.5.
    Weights are 0 or 1. Neither the order of pairs nor how many are averaged in one change
    makes a difference to where they end.

    Parameters
    ----------
    schedule, learn, pre_synapse, post_synapse
        As for `.LocalRule`. There is no optimiser to choose: any step is clipped to 1.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is not of its kind; when a simulator is made, if the connection's
        weights are others than 0 and 1.

    References
    ----------
    Willshaw, Buneman & Longuet-Higgins 1969, "Non-holographic associative memory",
    Nature 222, 960-962.
    """

    def __init__(self, schedule=None, learn=None, pre_synapse=None, post_synapse=None):
        super().__init__(
            SGD(1.0),
            schedule=schedule,
            learn=learn,
            pre_synapse=pre_synapse,
            post_synapse=post_synapse,
            size_in="post",
        )

    def update(self, xp, pre, post, error, weights):
        return xp.einsum("bi,bj->ij", active(xp, error), active(xp, pre))

    def init(self, weights):
        check_binary("weights", weights, self)
        return weights

    def constrain(self, xp, parameter):
        # one coincidence in a large batch is a small part of the mean, but counts as much
        W = one_where(xp, parameter > 0, parameter)
        return W, W


def active(xp, x):
    """The units that count as active in a pattern."""
    return one_where(xp, x > 0.5, x)


def one_where(xp, condition, like):
    return xp.where(condition, xp.ones_like(like), xp.zeros_like(like))


def check_binary(name, weights, obj):
    others = weights[(weights != 0) & (weights != 1)]
    if others.size:
        raise ValidationError(f"weights must be 0 or 1, got {others[0]:g}", attr=name, obj=obj)


class TiedAutoEncoder(LocalRule):
    r"""Teaches a matrix used in two directions to predict the states at both its ends.

    .. math:: \Delta W = e^\uparrow \rho(s_{l-1})^T + \rho(s_l) (e^\downarrow)^T

    where :math:`e^\uparrow` is what :math:`W \rho(s_{l-1})` lacks for its share of the
    states of layer l, and :math:`e^\downarrow` what :math:`W^T \rho(s_l)` lacks for those
    of layer l - 1. The signal is all of
    :math:`(e^\uparrow, \rho(s_l), e^\downarrow)`, one after another.

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

    def __init__(self, n_post, n_pre, optimizer=None, **kwargs):
        self.n_post, self.n_pre = n_post, n_pre
        optimizer = Adam() if optimizer is None else optimizer
        super().__init__(optimizer, size_in=2 * self.n_post + self.n_pre, **kwargs)

    def update(self, xp, pre, post, error, weights):
        n = post.shape[1]
        up, above, down = error[:, :n], error[:, n : 2 * n], error[:, 2 * n :]
        return xp.einsum("bi,bj->ij", up, pre) + xp.einsum("bi,bj->ij", above, down)
