"""Calls the functions of a learning rule once, while it is built."""

import itertools
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import SimpleNamespace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from nengo.base import NengoObject, ObjView
from nengo.builder import Signal
from nengo.connection import LearningRule
from nengo.params import FrozenObject

from ..rules import LocalRule, Optimizer
from .operators import is_shared
from .strict_arrays import STRICT
from .trial import Trial, kept, made_up

_NO_ERROR = (
    'error is None, since the rule has size_in=0; give it size_in="post" or a number, or '
    "errors by name, and connect a signal to connection.learning_rule"
)

# for each class of rules, with what settings, optimisers and shapes it was tried
_TRIED: WeakKeyDictionary[type, set] = WeakKeyDictionary()


def try_rule(
    rule_type: LocalRule,
    rule: LearningRule,
    signals: Mapping[str, Signal],
    look: Callable,
    dt: float,
) -> None:
    """Call each function of a rule once, and check what it returns.

    A class of rules is tried once with the same settings and arrays of the same shapes, since
    large arrays take time.

    Parameters
    ----------
    rule_type : LocalRule
        The rule, or the like of it for biases.
    rule : nengo.connection.LearningRule
    signals : mapping of str to Signal
        All that the rule's operator reads, by name.
    look : callable
        Picks what the rule sees out of the operator's arrays, part by part.
    dt : float
        Length of a timestep, in seconds.

    Raises
    ------
    nengo.exceptions.BuildError
        If a function fails, or returns something else than it should.
    """
    case = _case(rule_type, rule, signals)
    tried = _TRIED.setdefault(type(rule.learning_rule_type), set())
    if case in tried:
        return
    trial, v = Trial(rule_type, name_of(rule)), made_up_arrays(signals)
    with suppress(np.linalg.LinAlgError):
        seen = look(STRICT, v)[0]
        _try_update(trial, seen, dt)
        weights = seen[3]
        _try_changes(trial, weights, getattr(v, "parameter", weights))
        _try_optimizer(rule_type.chain, name_of(rule), weights)
    if case is not None:
        tried.add(case)


def _case(rule_type, rule, signals):
    """All that a trial depends on; None if this cannot be compared with other cases."""
    try:
        settings = _settings(rule.learning_rule_type)
    except TypeError:  # an attribute without a hash, such as a list
        return None
    shapes = [(name, signal.shape) for name, signal in signals.items()]
    return type(rule_type.optimizer), settings, *shapes


def _settings(value):
    """Whatever differs if a value, or a parameter or attribute of it, differs.

    Only hashes are kept of objects, which need not stay alive for this. Numbers are kept as
    they are, since -1 and -2 have the same hash.
    """
    if value is None or isinstance(value, int | float | str):
        return value
    if isinstance(value, NengoObject | ObjView):  # no pure function can depend on it
        return hash(type(value))
    if isinstance(value, np.ndarray):
        return value.shape, hash(value.dtype), hash(value.tobytes())
    if not isinstance(value, FrozenObject):
        return hash(value)
    named = {k: v for k, v in value.__getstate__().items() if not k.startswith("_Frozen")}
    return hash(type(value)), *((name, _settings(named[name])) for name in sorted(named))


def name_of(rule: LearningRule) -> str:
    """Return what error messages call the rule of a connection."""
    return f"{type(rule.learning_rule_type).__name__}, the rule of {rule.connection}"


def made_up_arrays(signals: Mapping[str, Signal]) -> SimpleNamespace:
    """Return arrays of a few samples; those that samples share have their first values."""
    sizes = {size for signal in signals.values() for size in signal.shape}
    # no other size, so that axes that were taken for each other show
    batch = next(n for n in itertools.count(2) if n not in sizes)
    return SimpleNamespace(
        **{
            name: kept(signal.initial_value)
            if is_shared(signal)
            else made_up((batch, *signal.shape), signal.dtype)
            for name, signal in signals.items()
        }
    )


def _try_update(trial, seen, dt):
    pre, post, error, weights, *memory = seen
    arguments = {"pre": pre, "post": post, "error": error, "weights": weights}
    if memory:
        arguments["memory"] = memory[0]
        moved = trial.call("remember", {**arguments, "dt": dt}, _NO_ERROR)
        shapes = {name: array.shape for name, array in vars(memory[0]).items()}
        trial.check_names("remember", moved, shapes)
    update = trial.call("update", arguments, _NO_ERROR)
    what = "(n_post, n_pre)" if len(weights.shape) == 2 else "(n_post,) for biases"
    trial.check("update", update, weights.shape, f"{what}, the sum over all samples")


def _try_changes(trial, weights, parameter):
    prior = trial.call("prior", {"weights": weights})
    if prior is not None:
        trial.check("prior", prior, weights.shape, "like the weights")
    changed = trial.call("constrain", {"parameter": parameter})
    trial.check_pair("constrain", changed)
    for array, like, name in zip(changed, (parameter, weights), ("parameter", "weights")):
        trial.check("constrain", array, like.shape, f"as {name}")


def _try_optimizer(optimizer: Optimizer, name: str, weights: Any) -> None:
    inner = getattr(optimizer, "optimizer", None)
    if inner is not None:  # its mistakes would be taken for those of the one around it
        _try_optimizer(inner, name, weights)
    trial = Trial(optimizer, f"{type(optimizer).__name__}, the optimizer of {name}")
    parameter = np.ones((3, 2)[: len(weights.shape)], weights.dtype)  # a small one is enough
    state = optimizer.init(parameter)
    arguments = {
        "gradient": made_up(parameter.shape, parameter.dtype),
        "state": {name: kept(array) for name, array in state.items()},
        "parameter": kept(parameter),
    }
    changed = trial.call("update", arguments)
    trial.check_pair("update", changed)
    trial.check("update", changed[0], parameter.shape, "the change")
    trial.check_names("update", changed[1], {k: np.shape(v) for k, v in state.items()})
    projected = trial.call("project", {"parameter": kept(parameter)})
    trial.check("project", projected, parameter.shape, "like the parameter")
