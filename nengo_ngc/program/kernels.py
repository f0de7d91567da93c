"""Builds connections whose kernel learns, for which Nengo's own builder raises an error."""

from nengo.builder import Builder, Model
from nengo.connection import Connection, LearningRule

from ..rules import LocalRule
from ..rules.connections import has_kernel, rules_of

_build_by_nengo = Builder.builders[Connection]


def build_connection(model: Model, connection: Connection) -> None:
    """Build a connection as Nengo does, and then the local rules of a kernel.

    Nengo's builder refuses rules on convolutions, so it does not see them.
    """
    rules = rules_of(connection)
    local = bool(rules) and all(isinstance(rule, LocalRule) for rule in rules)
    if not (local and has_kernel(connection)):
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
