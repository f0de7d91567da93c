"""Builds connections whose kernel learns, for which Nengo's own builder raises an error."""

from threading import RLock

from nengo.builder import Builder, Model
from nengo.connection import Connection, LearningRule

from ..rules import LocalRule
from ..rules.connections import has_kernel, rules_of

_build_by_nengo = Builder.builders[Connection]

# a network may be built in several threads, and none of them must see it without its rules
_one_at_a_time = RLock()


def build_connection(model: Model, connection: Connection) -> None:
    """Build a connection as Nengo does, and then the local rules of a kernel.

    Nengo's builder refuses rules on convolutions, so it does not see them.
    """
    if not has_kernel(connection):
        _build_by_nengo(model, connection)
        return
    with _one_at_a_time:
        _build_with_kernel(model, connection)


def _build_with_kernel(model, connection):
    rules = rules_of(connection)
    if not rules or not all(isinstance(rule, LocalRule) for rule in rules):
        _build_by_nengo(model, connection)
        return
    given = connection.learning_rule_type
    connection.learning_rule_type = None
    try:
        _build_by_nengo(model, connection)
    finally:
        connection.learning_rule_type = given
    model.sig[connection]["weights"].readonly = False
    for rule in rules:
        model.build(LearningRule(connection, rule))


# not by Builder.register, which warns that there is another builder
Builder.builders[Connection] = build_connection
