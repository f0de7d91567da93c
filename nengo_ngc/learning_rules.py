r"""Local learning rules, what goes into ``learning_rule_type=``.

A rule is one pure function over batches of arrays, its ``update``. What every rule
needs besides (optimiser, norm bound, timing, averaging, the learning switch) it
inherits from :class:`LocalRule`, and one operator runs it on every backend.
"""

import numpy as np
from nengo.connection import ConnectionLearningRuleTypeParam
from nengo.ensemble import Ensemble, Neurons
from nengo.exceptions import ValidationError
from nengo.learning_rules import LearningRuleType
from nengo.params import EnumParam

from .naming import unknown
from .optimizers import SGD, Adam, Optimizer, bound_rows
from .params import (
    ChoiceParam,
    EitherParam,
    FiniteParam,
    FlagParam,
    FrozenArrayParam,
    InstanceParam,
    PositiveParam,
    SwitchParam,
    SynapseParam,
    WholeParam,
)
from .schedule import Schedule

# what Nengo finds the size of a signal by
_SIZES = ("pre", "post", "mid", "pre_state", "post_state")


class LocalRule(LearningRuleType):
    r"""A learning rule that needs only what meets at a synapse.

    Derive from it and write ``update``, and the rule works on every connection with
    a weight matrix, in Nengo and in NengoDL. Oja's rule, for example::

        class Oja(ngc.LocalRule):
            def update(self, xp, pre, post, error, weights):
                growth = xp.einsum("bi,bj->ij", post, pre)
                return growth - xp.sum(post**2, axis=0)[:, None] * weights

    At the last timestep of a presentation the rule's ``update`` is added up; once
    enough samples are seen, the optimiser turns the mean into a change.

    Parameters
    ----------
    optimizer : Optimizer, optional
        Turns the mean update into a change of the weights. Default: ``SGD(0.01)``.
    norm_bound : float or None, optional
        Rows (the incoming weights of one unit) with a larger L2 norm are scaled back
        to it after each change.
    schedule : Schedule, optional
        When the rule looks, and how many samples it averages. By default it applies
        at every timestep.
    learn : nengo.Node or None, optional
        The learning switch: samples presented while its output is above 0 are learned
        from, others leave no trace. NengoDL takes the switch of a minibatch from
        its largest value.
    pre_synapse, post_synapse : nengo.synapses.Synapse, float or None, optional
        Filters of the activities that the rule sees, in seconds.
    size_in : int or str, optional
        Size of the signal that ``nengo.Connection(signal, connection.learning_rule)``
        brings; ``"post"`` means one value for each postsynaptic unit.
    biases : bool, optional
        Whether the biases of the postsynaptic neurons learn as well: by the same rule
        and a copy of the optimiser, as weights from a unit that is always 1.

    Attributes
    ----------
    modifies : str
        "weights" of connections to neurons, "decoders" of others, or "encoders"; known
        once a connection has the rule.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is not of its kind.
    """

    probeable = ("error",)
    learns_encoders = False

    modifies = EnumParam(
        "modifies",
        default="weights",
        values=("weights", "decoders", "encoders"),
        readonly=True,
    )
    size_in = EitherParam(
        "size_in", WholeParam("size_in", low=0), ChoiceParam("size_in", _SIZES)
    )
    biases = FlagParam("biases", default=False, readonly=True)

    optimizer = InstanceParam("optimizer", Optimizer)
    norm_bound = PositiveParam("norm_bound", optional=True)
    schedule = InstanceParam("schedule", Schedule)
    learn = SwitchParam("learn", default=None, optional=True, readonly=True)
    pre_synapse = SynapseParam("pre_synapse", default=None, readonly=True)
    post_synapse = SynapseParam("post_synapse", default=None, readonly=True)

    def __init__(
        self,
        optimizer=None,
        norm_bound=None,
        schedule=None,
        learn=None,
        pre_synapse=None,
        post_synapse=None,
        size_in=0,
        biases=False,
    ):
        self.optimizer = SGD() if optimizer is None else optimizer
        # learning_rate has no meaning beside an optimiser, but Nengo wants a number
        super().__init__(self.optimizer.learning_rate, size_in=size_in)
        self.norm_bound = norm_bound
        self.schedule = Schedule(steps=1) if schedule is None else schedule
        self.learn = learn
        self.pre_synapse = pre_synapse
        self.post_synapse = post_synapse
        self.biases = biases

    def update(self, xp, pre, post, error, weights):
        """The direction in which the weights grow, summed over the batch.

        Must be a pure function made of operators and functions of ``xp``, and a sum
        over samples: the update of a batch is that of its halves added.

        Parameters
        ----------
        xp : namespace
            ``numpy``, or its like in TensorFlow.
        pre : (batch, n_pre) array
            Presynaptic activity at this timestep.
        post : (batch, n_post) array
            Postsynaptic activity at this timestep.
        error : (batch, size_in) array
            What connections into ``connection.learning_rule`` bring. It is
            None if ``size_in`` is 0.
        weights : (n_post, n_pre) array

        Returns
        -------
        (n_post, n_pre) array
        """
        raise TypeError(
            f"{type(self).__name__} needs a method "
            "update(self, xp, pre, post, error, weights)"
        )

    def prior(self, xp, weights):
        """What is added once to each sum of updates, however many samples it has.

        None, the default, stands for nothing.
        """
        return None

    def init(self, weights):
        """The learned parameter that belongs to the weights at the start.

        Most rules learn the weights themselves and return them. A rule that returns
        something else (a covariance, say) says in ``constrain`` which weights follow.
        """
        return weights

    def constrain(self, xp, parameter):
        """Return the learned parameter and the weights after a change of it."""
        if self.norm_bound is not None:
            parameter = bound_rows(xp, parameter, self.norm_bound)
        return parameter, parameter

    def on(self, connection):
        """This rule as it is on a connection, which decides what can be learned.

        Raises
        ------
        nengo.exceptions.ValidationError
            If it can do nothing there.
        """
        post = connection.post_obj
        if isinstance(post, Neurons) or solves_weights(connection):
            return self.replace(modifies="weights")
        if self.biases and not self.learns_encoders:
            raise ValidationError(
                f"biases learn on connections to neurons, got one to {post}",
                attr="biases",
                obj=self,
            )
        modifies = "encoders" if self.learns_encoders else "decoders"
        return self.replace(modifies=modifies)

    def replace(self, **changes):
        """A copy of this rule with some of its parameters changed.

        Raises
        ------
        TypeError
            If the rule has no parameter of a name.
        nengo.exceptions.ValidationError
            If a value is not of the parameter's kind.
        """
        for name in changes:
            if name not in self._paramdict:
                raise TypeError(unknown("parameter", name, sorted(self._paramdict)))
        clone = object.__new__(type(self))
        clone.__setstate__({**self.__getstate__(), **changes})
        return clone


class ErrorDriven(LocalRule):
    r"""Neural generative coding's rule: error times presynaptic activity.

    .. math:: \Delta W = e\, \phi(z)^T

    averaged over samples. The signal :math:`e` arrives through
    ``nengo.Connection(e, connection.learning_rule)``. The same rule trains
    predictions (W and M, by the error they caused) and error feedback (E, whose
    presynaptic activity is the error and whose signal is :math:`\phi(z)`).

    Parameters
    ----------
    optimizer : Optimizer, optional
        Default: ``Adam(1e-3)``.
    size_in : int or str, optional
        Size of the signal, ``"post"`` by default.
    **kwargs
        As for :class:`LocalRule`.

    References
    ----------
    Ororbia & Kifer 2022, "The neural coding framework for learning generative
    models", Nature Communications 13, 2064.
    """

    def __init__(self, optimizer=None, size_in="post", **kwargs):
        optimizer = Adam() if optimizer is None else optimizer
        super().__init__(optimizer, size_in=size_in, **kwargs)

    def update(self, xp, pre, post, error, weights):
        return xp.einsum("bi,bj->ij", error, pre)


class Delta(ErrorDriven):
    r"""The delta rule: learns to predict a signal from presynaptic activity.

    .. math:: \Delta W = (t - W x)\, x^T

    averaged over samples, of the signal t that arrives through
    ``nengo.Connection(t, connection.learning_rule)`` and the presynaptic activity x.

    Parameters
    ----------
    **kwargs
        As for :class:`ErrorDriven`.

    References
    ----------
    Widrow & Hoff 1960, "Adaptive switching circuits".
    """

    def update(self, xp, pre, post, error, weights):
        left = error - xp.einsum("ij,bj->bi", weights, pre)
        return super().update(xp, pre, post, left, weights)


class Precision(LocalRule):
    r"""Learns the covariance of errors; the weights are its inverse root.

    With the discrepancy d as presynaptic activity the connection carries the
    precision-weighted error :math:`e = P d`, where :math:`P = L^{-1}` and L is the
    Cholesky factor of :math:`\Sigma` (its lower triangle).

    .. math:: \Delta\Sigma = \frac{1}{2B} \Bigl(\sum_{b=1}^{B} e_b e_b^T - P^T\Bigr)

    After each change the diagonal is raised to at least 1 and 2.5e-4 is added to
    every entry; from that P is computed; then columns of a norm over
    ``norm_bound`` are scaled down to it.

    Parameters
    ----------
    Sigma : (n, n) array or None, optional
        Covariance at the start. None: the one that belongs to the connection's
        weights.
    optimizer : Optimizer, optional
        Default: ``Adam(1e-3)``.
    norm_bound : float or None, optional
        Bound of the columns of Sigma.
    size_in : int or str, optional
        Size of the signal, ``"post"`` by default.
    **kwargs
        As for :class:`LocalRule`.

    References
    ----------
    Ororbia & Kifer 2022; the order of the steps is that of the authors' program.
    """

    Sigma = FrozenArrayParam("Sigma", ndim=2, default=None, optional=True, readonly=True)

    def __init__(
        self, Sigma=None, optimizer=None, norm_bound=1.0, size_in="post", **kwargs
    ):
        optimizer = Adam() if optimizer is None else optimizer
        super().__init__(optimizer, norm_bound=norm_bound, size_in=size_in, **kwargs)
        self.Sigma = Sigma

    def update(self, xp, pre, post, error, weights):
        return 0.5 * xp.einsum("bi,bj->ij", error, error)

    def prior(self, xp, weights):
        return -0.5 * xp.transpose(weights)

    def init(self, weights):
        if self.Sigma is not None:
            return self.Sigma
        root = np.linalg.inv(weights)
        return root @ root.T

    def constrain(self, xp, parameter):
        Sigma = parameter + xp.diag(xp.maximum(1.0 - xp.diag(parameter), 0.0)) + 2.5e-4
        Prec = xp.linalg.inv(xp.linalg.cholesky(Sigma))
        if self.norm_bound is not None:
            Sigma = xp.transpose(
                bound_rows(xp, xp.transpose(Sigma), self.norm_bound)
            )
        return Sigma, Prec


class Lateral(LocalRule):
    r"""Learns how units of a layer inhibit each other and excite themselves.

    The connection carries :math:`-\hat L z` from the activities z of a layer to its own
    input, where

    .. math:: \hat L = \mathrm{relu}(L) \odot \bigl(M (1 - I) - I\bigr)

    of the parameter L and the mask M, 1 between units that compete. With the signal e
    that would lower the loss,

    .. math:: \Delta L = -(e z^T) \odot \bigl(M (1 - I) - I\bigr)

    where the derivative of relu counts as 1 everywhere.

    Parameters
    ----------
    L : (n, n) array
        At the start.
    mask : (n, n) array
        M.
    optimizer : Optimizer, optional
        Default: ``Adam(1e-3)``.
    size_in : int or str, optional
        Size of the signal, ``"post"`` by default.
    **kwargs
        As for :class:`LocalRule`.

    References
    ----------
    Ororbia & Mali 2023, "The predictive forward-forward algorithm", arXiv 2301.01452.
    """

    L = FrozenArrayParam("L", ndim=2)
    mask = FrozenArrayParam("mask", ndim=2)

    def __init__(self, L, mask, optimizer=None, size_in="post", **kwargs):
        optimizer = Adam() if optimizer is None else optimizer
        super().__init__(optimizer, size_in=size_in, **kwargs)
        self.L = L
        self.mask = mask

    def update(self, xp, pre, post, error, weights):
        return -xp.einsum("bi,bj->ij", error, pre) * self._signs(xp, weights)

    def init(self, weights):
        return np.array(self.L, dtype=weights.dtype)

    def constrain(self, xp, parameter):
        return parameter, -xp.maximum(parameter, 0.0) * self._signs(xp, parameter)

    def _signs(self, xp, like):
        eye = np.eye(len(self.mask))
        return xp.asarray(self.mask * (1 - eye) - eye, dtype=like.dtype)


class SynapticScaling(LocalRule):
    r"""Scales the incoming weights of a unit until its mean activity is on target.

    .. math:: \Delta w_{ij} = (p - y_i)\, w_{ij}

    averaged over samples, of the target p and the postsynaptic activity y: all weights of a
    unit grow by the same factor if it is silent and shrink if it is overactive, and none
    changes its sign. On a connection whose matrix is diagonal the weights are gains.

    Parameters
    ----------
    target : float, optional
        p, the mean activity that units are to have: for k winners, k / n.
    active_above : float or None, optional
        With a number, activity counts as 1 above it and as 0 otherwise: 0.5 finds the
        winners while they are soft. None: activity counts as it is.
    optimizer : Optimizer, optional
        Default: ``SGD(0.1)``.
    **kwargs
        As for :class:`LocalRule`.

    References
    ----------
    Turrigiano 2008, "The self-tuning neuron: synaptic scaling of excitatory synapses",
    Cell 135; van Rossum, Bi & Turrigiano 2000, "Stable Hebbian learning from spike
    timing-dependent plasticity", J. Neurosci. 20, of the equation.
    """

    target = PositiveParam("target")
    active_above = FiniteParam("active_above", optional=True)

    def __init__(self, target=0.05, active_above=None, optimizer=None, **kwargs):
        super().__init__(SGD(0.1) if optimizer is None else optimizer, **kwargs)
        self.target = target
        self.active_above = active_above

    def update(self, xp, pre, post, error, weights):
        if self.active_above is not None:
            above = post > self.active_above
            post = xp.where(above, xp.ones_like(post), xp.zeros_like(post))
        return xp.sum(self.target - post, axis=0)[:, None] * weights


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


class Homeostasis(LocalRule):
    r"""Moves thresholds until the mean activity of a unit is on target.

    .. math:: \Delta w_{ij} = (p - y_i)\, x_j

    averaged over samples, of the target p, the postsynaptic activity y and the presynaptic
    activity x. It is meant for a connection from one unit that is always 1: its weights are
    then thresholds, with the opposite sign.

    Parameters
    ----------
    target : float, optional
        p: for k winners, k / n.
    optimizer : Optimizer, optional
        Default: ``SGD(0.1)``.
    **kwargs
        As for :class:`LocalRule`.

    References
    ----------
    Desai, Rutherford & Turrigiano 1999, "Plasticity in the intrinsic excitability of cortical
    pyramidal neurons", Nature Neuroscience 2; DeSieno 1988, "Adding a conscience to
    competitive learning".
    """

    target = PositiveParam("target")

    def __init__(self, target=0.05, optimizer=None, **kwargs):
        super().__init__(SGD(0.1) if optimizer is None else optimizer, **kwargs)
        self.target = target

    def update(self, xp, pre, post, error, weights):
        return xp.einsum("bi,bj->ij", self.target - post, pre)


def solves_weights(connection):
    """Whether a connection from an Ensemble goes to neurons, by its solver.

    Between neurons there is a solver, too, which Nengo has no use for.
    """
    return isinstance(connection.pre_obj, Ensemble) and connection.solver.weights


def _any_local(rules):
    return any(isinstance(rule, LocalRule) for rule in rules)


def _tell_rules_their_connection():
    """Let Nengo ask a `LocalRule` what it modifies on the connection that it is given.

    Nengo wants to know that of the class, before any connection is there; but the same
    rule learns encoders on one connection and weights on another. Rules of other classes
    are none of our business and go through as they are.
    """
    coerce = ConnectionLearningRuleTypeParam.coerce

    def coerce_rules(self, connection, rules):
        def told(rule):
            return rule.on(connection) if isinstance(rule, LocalRule) else rule

        if isinstance(rules, LocalRule):
            rules = told(rules)
        elif isinstance(rules, dict) and _any_local(rules.values()):
            rules = {key: told(rule) for key, rule in rules.items()}
        elif isinstance(rules, (list, tuple)) and _any_local(rules):
            rules = [told(rule) for rule in rules]
        return coerce(self, connection, rules)

    ConnectionLearningRuleTypeParam.coerce = coerce_rules


_tell_rules_their_connection()
