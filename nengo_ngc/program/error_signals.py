"""Checks what is connected to rules as their errors: that it is there, and of which sign."""

import warnings

import nengo
import numpy as np
from nengo.builder import Model
from nengo.connection import Connection, LearningRule
from nengo.exceptions import BuildError

from ..rules import LocalRule
from ..rules.signals import places
from ..rules.signs import ACTUAL_MINUS_DESIRED
from .rule_trial import name_of


def check_connected(model: Model, rule_type: LocalRule, rule: LearningRule) -> None:
    """Raise an error unless something is connected to each error of a rule.

    Parameters
    ----------
    model : nengo.builder.Model
    rule_type : LocalRule
    rule : nengo.connection.LearningRule

    Raises
    ------
    nengo.exceptions.BuildError
        If nothing is, since the rule would learn nothing, or something else than meant.
    """
    if model.toplevel is None:
        return
    told = np.zeros(rule.size_in, dtype=bool)
    for connection in model.toplevel.all_connections:
        if connection.post_obj == rule:
            told[connection.post_slice] = True
    errors = places(rule_type.errors, rule.connection) or {"error": slice(None)}
    missing = [name for name, place in errors.items() if not np.any(told[place])]
    if not missing:
        return
    where = "connection.learning_rule"
    if rule_type.errors:
        where = f"rule.signal(connection, {missing[0]!r})"
    raise BuildError(
        f"{name_of(rule)}: nothing is connected to its {' and '.join(missing)}; connect a "
        f"signal, as in nengo.Connection(signal, {where}), or a Node that is always 0"
    )


def warn_of_opposite_signs(model: Model, rule_type: LocalRule, rule: LearningRule) -> None:
    """Warn if an error of a rule is also the error of a rule that takes the opposite sign.

    Only connections with a number as their transform are looked at, since it has a sign.

    Parameters
    ----------
    model : nengo.builder.Model
    rule_type : LocalRule
    rule : nengo.connection.LearningRule
    """
    if rule_type.error_sign is None or model.toplevel is None:
        return
    told = [c for c in model.toplevel.all_connections if isinstance(c.post_obj, LearningRule)]
    for connection in (c for c in told if c.post_obj == rule):
        for other in told:
            sign = _sign_taken_by(other.post_obj.learning_rule_type)
            if (
                other.pre_obj is connection.pre_obj
                and _entries(other) & _entries(connection)
                and sign not in (None, rule_type.error_sign)
                and _sign_of(other) == _sign_of(connection) != 0
            ):
                pair = sorted(_name(c) for c in (connection, other))
                warnings.warn(
                    f"{connection.pre_obj} is the error of {' and of '.join(pair)}, which "
                    "take opposite signs: one of the two connections needs transform=-1",
                    stacklevel=2,
                )


def _entries(connection):
    """Which entries of its source a connection takes."""
    return {*np.arange(connection.pre_obj.size_out)[connection.pre_slice].ravel().tolist()}


def _name(connection):
    rule = connection.post_obj
    sign = _sign_taken_by(rule.learning_rule_type)
    return f"{type(rule.learning_rule_type).__name__} ({sign}) on {rule.connection}"


def _sign_taken_by(rule_type):
    if isinstance(rule_type, nengo.PES):
        return ACTUAL_MINUS_DESIRED
    return getattr(rule_type, "error_sign", None)


def _sign_of(connection: Connection) -> float:
    """Return the sign of a connection's transform, or 0 if it has none or a function."""
    function = getattr(connection, "function", None)
    init = getattr(connection.transform, "init", 1.0)
    return 0.0 if function is not None or np.ndim(init) else float(np.sign(init))
