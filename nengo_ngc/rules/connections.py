"""Properties of connections that rules need."""

import sys

from nengo.connection import Connection, LearningRule
from nengo.ensemble import Ensemble, Neurons
from nengo.exceptions import ValidationError
from nengo.learning_rules import LearningRuleType
from nengo.network import Network
from nengo.neurons import Direct
from nengo.transforms import Convolution, ConvolutionTranspose

# the modules of Nengo that read attributes of rules on behalf of a connection
_READERS = "nengo.connection", "nengo.learning_rules"


def asked_about() -> Connection | None:
    """Return the connection on whose behalf Nengo is reading an attribute of a rule.

    One and the same rule modifies weights between neurons and the encoders of an ensemble, and
    the size of its error depends on the connection, too. Nengo reads ``modifies`` and
    ``size_in`` without saying for which connection. But whoever reads them in Nengo has the
    connection, or the `nengo.connection.LearningRule` that belongs to it, among its variables.

    Called by a property or descriptor, of which the caller is examined.

    Returns
    -------
    nengo.Connection or None
        None if somebody other than Nengo is reading.
    """
    reader = sys._getframe(2)
    if reader.f_globals.get("__name__") not in _READERS:
        return None
    for value in reader.f_locals.values():
        if isinstance(value, LearningRule):
            return value.connection
        if isinstance(value, Connection):
            return value
    return None


def asked_for_a_matrix() -> bool:
    """Return whether Nengo is checking that what a rule modifies is a matrix.

    Nengo refuses rules that modify weights unless these are a matrix, since its own rules know
    no other ones. Called like ``asked_about``.
    """
    return sys._getframe(2).f_code.co_name == "check_transform"


def has_kernel(connection: Connection) -> bool:
    """Return whether the weights of a connection are a kernel."""
    return isinstance(connection.transform, Convolution | ConvolutionTranspose)


def goes_to_neurons(connection: Connection) -> bool:
    """Return whether a connection has a weight for each pair of neurons."""
    return isinstance(connection.post_obj, Neurons) or solves_weights(connection)


def solves_weights(connection: Connection) -> bool:
    """Return whether a connection from an Ensemble goes to neurons because of its solver.

    A connection between neurons has a solver, too, which Nengo does not use.
    """
    return isinstance(connection.pre_obj, Ensemble) and connection.solver.weights


def n_units(connection: Connection) -> dict[str, int]:
    """Return how many units there are before and after the weights, ``"pre"`` and ``"post"``.

    All neurons of an ensemble are decoded, whatever part of its dimensions is taken.
    """
    pre, post = connection.pre_obj, connection.post_obj
    decoded = isinstance(pre, Ensemble) and not isinstance(pre.neuron_type, Direct)
    solved = solves_weights(connection) and isinstance(post, Ensemble)
    return {
        "pre": pre.n_neurons if decoded else connection.size_in,
        "post": post.n_neurons if solved else connection.size_out,
    }


def learning_neurons(connection: Connection) -> Neurons:
    """Return the neurons that a connection leads to.

    Raises
    ------
    nengo.exceptions.ValidationError
        If it leads to something else, or to some of the neurons only.
    """
    post = connection.post_obj
    whole = connection.post_slice == slice(None)
    if isinstance(post, Ensemble):
        return post.neurons
    if isinstance(post, Neurons) and whole:
        return post
    raise ValidationError(
        "learns on connections into an Ensemble or into all of its neurons, "
        f"got one into {connection.post}",
        attr="learning_rule_type",
        obj=connection,
    )


def rules_of(connection: Connection) -> list[LearningRuleType]:
    """Return the rules of a connection: none, one or several."""
    rules = connection.learning_rule_type
    if rules is None:
        return []
    if isinstance(rules, LearningRuleType):
        return [rules]
    return list(rules.values() if isinstance(rules, dict) else rules)


def check_schedules(network: Network | None, minibatch_size: int) -> None:
    """Raise an error unless whole minibatches make up the samples of each rule's updates.

    Parameters
    ----------
    network : nengo.Network or None
    minibatch_size : int
        Number of samples that the simulator presents at once.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the ``batch_size`` of a rule is not a multiple of ``minibatch_size``.
    """
    for connection in [] if network is None else network.all_connections:
        for rule in rules_of(connection):
            schedule = getattr(rule, "schedule", None)
            if schedule is not None:
                schedule.check_minibatch(minibatch_size)
