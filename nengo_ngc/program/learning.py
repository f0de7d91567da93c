"""Builds every local rule: sum over samples, average, optimise, constrain."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from nengo.builder import Builder, Model, Signal
from nengo.builder.connection import slice_signal
from nengo.builder.learning_rules import build_or_passthrough
from nengo.builder.operator import Copy, Reset
from nengo.connection import Connection, LearningRule
from nengo.ensemble import Ensemble, Neurons
from nengo.exceptions import BuildError, ValidationError
from nengo.rc import rc

from ..namespace import NUMPY
from ..objects import FromParameter
from ..rules import LocalRule
from ..rules.connections import n_units
from ..rules.forms import Form, form_of
from ..rules.signals import by_name, places
from ..schedule import Schedule
from .error_signals import check_connected, warn_of_opposite_signs
from .operators import PureOperator, SharedSignal
from .rule_memory import RuleMemory
from .rule_trial import name_of, try_rule


@Builder.register(LocalRule)
def build_local_rule(model: Model, rule_type: LocalRule, rule: LearningRule) -> None:
    """Build a `.LocalRule` into a model.

    Sets ``model.sig[rule]["error"]`` to the signal that connections into the rule
    add to, ``["parameter"]`` to what the rule learns (the weights, or what the
    weights are computed from), ``["optimizer_..."]`` to the optimiser's state, and each array
    of the rule's memory by its name. If biases learn, they are ``["bias"]``, and the names of
    what belongs to them begin with ``"bias_"``.
    """
    error = build_error(model, rule_type, rule) if rule.size_in != 0 else None
    build_learning(model, rule_type, rule, error)


def build_error(model: Model, rule_type: LocalRule, rule: LearningRule) -> Signal:
    """Build the signal ``"error"``, to which connections into a rule are added."""
    check_connected(model, rule_type, rule)
    warn_of_opposite_signs(model, rule_type, rule)
    error = Signal(shape=rule.size_in, name=f"{rule}.error")
    model.add_op(Reset(error))
    model.sig[rule]["in"] = model.sig[rule]["error"] = error
    return error


def build_learning(
    model: Model,
    rule_type: LocalRule,
    rule: LearningRule,
    error: Signal | None,
    bias_error: Signal | None = None,
) -> None:
    """Build the change of weights, and of biases, by an error.

    Parameters
    ----------
    model : nengo.builder.Model
    rule_type : LocalRule
    rule : nengo.connection.LearningRule
    error : Signal or None
        What the rule's ``update`` sees as its error.
    bias_error : Signal, optional
        What it sees for biases, if that is another signal.
    """
    connection = rule.connection
    pre, post = activities(model, rule_type, rule)
    reads = {"step": model.step, "post": post}
    if error is not None:
        reads["error"] = error
    if rule_type.learn is not None:
        if "out" not in model.sig[rule_type.learn]:
            raise BuildError(
                f"{name_of(rule)}: its switch {rule_type.learn} is built later; create it in "
                "a network around the connection, or in one that was created before"
            )
        reads["learn"] = model.sig[rule_type.learn]["out"]
    tag = connection.label or str(connection)
    _drop_delta(model, rule)
    weights = _take_over(rule, _weights(model, rule))
    form = _form(rule, weights)
    _build_change(model, rule_type, rule, {**reads, "pre": pre}, weights, form, tag)
    if rule_type.biases:
        neurons = getattr(connection.post_obj, "neurons", connection.post_obj)
        sliced = connection.post is not connection.post_obj
        if isinstance(connection.post_obj, Neurons) and sliced:
            raise ValidationError(
                "biases learn on connections to all neurons of an ensemble, got one to "
                f"{connection.post}",
                attr="biases",
                obj=rule_type,
            )
        bias = _take_over(rule, model.sig[neurons]["bias"])
        model.sig[rule]["bias"] = bias
        if bias_error is not None:
            reads["error"] = bias_error
        reads["pre"] = post  # what is asked of it is only how many samples there are
        of_biases, tag = form.of_biases(), f"{tag}.bias"
        _build_change(model, _OfBiases(rule_type), rule, reads, bias, of_biases, tag, "bias_")
    model.params[rule] = None


def activities(
    model: Model, rule_type: LocalRule, rule: LearningRule
) -> tuple[Signal, Signal]:
    """Return the pre- and postsynaptic activities that a rule uses."""
    connection = rule.connection
    if rule.modifies == "encoders":
        # encoders see all of what comes into the ensemble
        pre = model.sig[connection.post_obj]["in"]
    else:
        # of an ensemble, its dimensions are sliced, and all of its neurons are decoded
        decoded = isinstance(connection.pre_obj, Ensemble)
        part = slice(None) if decoded else connection.pre_slice
        pre = _part(model, model.sig[connection]["in"], part)
    post = _activity(model, connection, rule.modifies)
    return (
        build_or_passthrough(model, rule_type.pre_synapse, pre),
        build_or_passthrough(model, rule_type.post_synapse, post),
    )


class _OfBiases:
    """A rule for biases, which are weights that come from a unit that is always 1."""

    def __init__(self, rule_type):
        self._rule_type = rule_type

    def __getattr__(self, name):
        return getattr(self._rule_type, name)

    def update(self, xp, pre, post, error, weights, *memory):
        always, column = xp.ones_like(pre[:, :1]), weights[:, None]
        return self._rule_type.update(xp, always, post, error, column, *memory)[:, 0]

    def remember(self, xp, pre, post, error, weights, memory, dt):
        always, column = xp.ones_like(pre[:, :1]), weights[:, None]
        return self._rule_type.remember(xp, always, post, error, column, memory, dt)

    def prior(self, xp, weights):
        return None

    def init(self, weights):
        return weights

    def constrain(self, xp, parameter):
        return parameter, parameter


def _build_change(model, rule_type, rule, reads, weights, form, tag, prefix=""):
    """Build the operator that changes one array."""
    _check_form(rule_type, rule, form)

    def state(name, initial_value):
        initial_value = np.array(initial_value, dtype=rc.float_dtype)
        return SharedSignal(initial_value, name=f"{rule}.{prefix}{name}")

    matrix = form.matrix(NUMPY, weights.initial_value)
    transform = rule.connection.transform
    if isinstance(transform, FromParameter) and not prefix:
        initial = transform.parameter
    else:
        initial = rule_type.init(matrix)
    learns_weights = initial is matrix and _leaves_weights(rule_type, matrix)
    parameter = weights if learns_weights else state("parameter", initial)
    model.sig[rule][f"{prefix}parameter"] = parameter

    remembered = rule_type.optimizer.init(initial)
    optimizer = {f"optimizer_{k}": state(k, value) for k, value in remembered.items()}
    model.sig[rule].update({f"{prefix}{k}": sig for k, sig in optimizer.items()})
    model.sig[rule][f"{prefix}total"] = total = state("total", np.zeros(matrix.shape))
    updates = {
        "weights": weights,
        "total": total,
        "count": state("count", 0.0),
        **optimizer,
    }
    if not learns_weights:
        updates["parameter"] = parameter

    memory = RuleMemory(rule_type, rule, matrix.shape, prefix)
    model.sig[rule].update({f"{prefix}{k}": sig for k, sig in memory.signals.items()})
    look = _observe(rule_type, rule, memory, form, reads.get("error"))
    settled = _Settled(rule_type.schedule, rule_type.learn is not None)
    stages = [
        (settled, _accumulate(rule_type, look, form)),
        (_guard_due(rule_type), _change(rule_type, remembered, learns_weights, form)),
    ]
    if memory.signals:  # it moves at every timestep
        stages.insert(0, (None, memory.move(look, model.dt)))
    op = PureOperator(stages, reads=reads, updates={**updates, **memory.updates}, tag=tag)
    try_rule(rule_type, rule, op.inputs, look, model.dt)
    model.add_op(op)


def _leaves_weights(rule_type, matrix):
    """Whether the weights are what is learned, rather than something computed from it."""
    with suppress(Exception):  # of a user's function, which is tried later
        parameter, weights = rule_type.constrain(NUMPY, matrix.copy())
        return parameter is weights
    return True


def _form(rule, weights):
    if rule.modifies == "encoders":
        return Form(weights.shape)
    return form_of(rule.connection.transform, weights.shape)


def _weights(model, rule):
    connection = rule.connection
    if rule.modifies == "encoders":
        return model.sig[connection.post_obj]["encoders"]
    return model.sig[connection]["weights"]


def _drop_delta(model, rule):
    """Make the rule's operators the only ones that change anything.

    Nengo has arranged for a matrix to be added to the weights at every timestep. A
    rule that acts once in 50 steps would spend most of its time adding zeros.
    """
    delta = model.sig[rule].pop("delta")
    model.operators[:] = [
        op for op in model.operators if not (isinstance(op, Copy) and op.src is delta)
    ]


def _take_over(rule, array):
    """Mark an array as one that a rule changes and simulators keep."""
    if array is None or array.ndim == 0:
        raise BuildError(f"{rule}: the connection's transform must be a matrix")
    if isinstance(array, SharedSignal):
        raise BuildError(
            f"{rule}: {array.name} has another local rule already"
            + ("; give one of them biases=False" if array.ndim == 1 else "")
        )
    array.readonly = False
    return SharedSignal.adopt(array)


def _activity(model: Model, connection: Connection, modifies: str) -> Signal:
    """Return the activities of all units to which the weights lead, at this timestep."""
    post = connection.post_obj
    if modifies == "decoders":
        return _part(model, model.sig[post]["in"], connection.post_slice)
    signals = model.sig[getattr(post, "neurons", post)]
    out = signals.get("out", signals.get("in"))
    # a slice of an ensemble is one of its dimensions: all of its neurons learn
    return _part(model, out, connection.post_slice) if isinstance(post, Neurons) else out


def _part(model, signal, part):
    """What Nengo's slice of an object is of its signal: the signal itself, or a copy."""
    rows = np.arange(signal.size)[part].tolist()
    if rows == [*range(signal.size)]:
        return signal
    # not a view of the signal: NengoDL's loop keeps whatever rules read under its base
    return slice_signal(model, signal, rows)


@dataclass(frozen=True)
class _Settled:
    """The guard of a rule; guards that are equal hold at the same timesteps."""

    schedule: Schedule
    switched: bool

    def __call__(self, xp, v):
        teaches = self.schedule.applies_rules(v.step)
        return teaches & (xp.max(v.learn) > 0) if self.switched else teaches


def _guard_due(rule_type):
    def due(xp, v):
        # one minibatch may be enough by itself, which is known before anything runs
        n = v.pre.shape[0]
        return rule_type.schedule.is_due(n) or rule_type.schedule.is_due(v.count)

    return due


def _check_form(rule_type, rule, form):
    """Raise BuildError if a rule cannot learn an array of this form."""
    if form.n_places == 1 and form.n_groups == 1:
        return
    own = [name for name, kept in rule_type.memory(1, 1).items() if not kept.shared]
    if own:
        raise BuildError(
            f"{rule}: a rule that remembers something of each sample cannot learn a kernel, "
            f"which sees many patches of a sample; {own[0]!r} would have to be remembered of "
            "each of them"
        )
    if form.n_groups > 1 and (rule_type.errors or rule_type.memory(1, 1)):
        raise BuildError(
            f"{rule}: a rule with a memory or with errors that have names learns kernels with "
            f"groups=1 only, got groups={form.n_groups}"
        )


def _observe(
    rule_type: LocalRule,
    rule: LearningRule,
    memory: RuleMemory,
    form: Form,
    error: Signal | None,
) -> Callable:
    """Return a function that selects the arrays of an operator that its rule uses.

    It returns the arguments of ``update`` for each part of the form, mostly one.
    """
    connection = rule.connection
    where = places(rule_type.errors, connection)
    sides = {"pre": form.pre, "post": form.post}
    is_post = error is not None and error.size == n_units(connection)["post"]
    side = sides.get(rule_type.size_in, form.post if is_post else form.each)

    def of_error(xp, v):
        if error is None:
            return None
        if not where:
            return side(xp, v.error)
        parts = vars(by_name(v.error, where))
        sizes = rule_type.errors
        seen = {k: sides.get(sizes[k], form.each)(xp, part) for k, part in parts.items()}
        return SimpleNamespace(**seen)

    def look(xp: Any, v: Any) -> list[tuple]:
        pre, post = form.pre(xp, v.pre), form.post(xp, v.post)
        weights = form.matrix(xp, v.weights)
        parts = form.parts(xp, pre, post, of_error(xp, v), weights)
        return [(*part, *memory.of(v)) for part in parts]

    return look


def _accumulate(rule_type, look, form):
    def accumulate(xp, v):
        updates = [rule_type.update(xp, *seen) for seen in look(xp, v)]
        total = v.total + form.joined(xp, updates)
        return {"total": total, "count": v.count + v.pre.shape[0]}

    return accumulate


def _change(rule_type, remembered, learns_weights, form):
    optimizer = rule_type.chain

    def change(xp, v):
        weights = form.matrix(xp, v.weights)
        prior = rule_type.prior(xp, weights)
        total = v.total if prior is None else v.total + prior
        parameter = weights if learns_weights else v.parameter
        step, state = optimizer.update(
            xp,
            total * (-1 / v.count),
            {name: getattr(v, f"optimizer_{name}") for name in remembered},
            parameter,
        )
        parameter, weights = rule_type.constrain(xp, parameter + step)
        parameter = optimizer.project(xp, parameter)
        new = {f"optimizer_{name}": array for name, array in state.items()}
        if learns_weights:
            weights = parameter
        else:
            new["parameter"] = parameter
        cleared = {"total": xp.zeros_like(v.total), "count": xp.zeros_like(v.count)}
        return {**new, "weights": form.weights(xp, weights), **cleared}

    return change
