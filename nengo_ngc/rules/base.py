r"""Local learning rules, what goes into ``learning_rule_type=``.

A rule is one pure function over batches of arrays, its ``update``. What every rule
needs besides (optimiser, norm bound, timing, averaging, the learning switch) it
inherits from :class:`LocalRule`, and one operator runs it on every backend.
"""

from nengo.connection import ConnectionLearningRuleTypeParam
from nengo.ensemble import Ensemble, Neurons
from nengo.exceptions import ValidationError
from nengo.learning_rules import LearningRuleType
from nengo.params import EnumParam

from ..schedule import Schedule
from ..validation import (
    ChoiceParam,
    EitherParam,
    FlagParam,
    InstanceParam,
    PositiveParam,
    SwitchParam,
    SynapseParam,
    WholeParam,
)
from ..validation.messages import unknown
from .optimizers import SGD, Optimizer, bound_rows

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
            f"{type(self).__name__} needs a method update(self, xp, pre, post, error, weights)"
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
