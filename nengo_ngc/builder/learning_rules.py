"""Builds every local rule: sum over samples, average, optimise, constrain."""

import numpy as np
from nengo.builder import Builder, Signal
from nengo.builder.operator import Copy, Reset
from nengo.builder.learning_rules import build_or_passthrough
from nengo.exceptions import BuildError
from nengo.rc import rc

from ..learning_rules import LocalRule
from .operators import PureOperator, SharedSignal


@Builder.register(LocalRule)
def build_local_rule(model, rule_type, rule):
    """Build a `.LocalRule` into a model.

    Sets ``model.sig[rule]["error"]`` to the signal that connections into the rule
    add to, ``["parameter"]`` to what the rule learns (the weights, or what the
    weights are computed from), and ``["optimizer_..."]`` to the optimiser's state.
    """
    connection = rule.connection
    weights = _take_over_weights(model, rule)

    def state(name, initial_value):
        initial_value = np.array(initial_value, dtype=rc.float_dtype)
        return SharedSignal(initial_value, name=f"{rule}.{name}")

    reads = {
        "step": model.step,
        "pre": build_or_passthrough(
            model, rule_type.pre_synapse, model.sig[connection]["in"]
        ),
        "post": build_or_passthrough(
            model, rule_type.post_synapse, _activity(model, connection.post_obj)
        ),
    }
    if rule.size_in > 0:
        reads["error"] = Signal(shape=rule.size_in, name=f"{rule}.error")
        model.add_op(Reset(reads["error"]))
        model.sig[rule]["in"] = model.sig[rule]["error"] = reads["error"]
    if rule_type.learn is not None:
        reads["learn"] = model.sig[rule_type.learn]["out"]

    initial = rule_type.init(weights.initial_value)
    learns_weights = initial is weights.initial_value
    parameter = weights if learns_weights else state("parameter", initial)
    model.sig[rule]["parameter"] = parameter

    remembered = rule_type.optimizer.init(parameter.initial_value)
    optimizer = {f"optimizer_{k}": state(k, value) for k, value in remembered.items()}
    model.sig[rule].update(optimizer)
    updates = {
        "weights": weights,
        "total": state("total", np.zeros(weights.shape)),
        "count": state("count", 0.0),
        **optimizer,
    }
    if not learns_weights:
        updates["parameter"] = parameter

    model.add_op(
        PureOperator(
            [
                (_guard_settled(rule_type), _accumulate(rule_type)),
                (_guard_due(rule_type), _change(rule_type, remembered, learns_weights)),
            ],
            reads=reads,
            updates=updates,
            tag=connection.label or str(connection),
        )
    )
    model.params[rule] = None


def _take_over_weights(model, rule):
    """Make the rule's operator the only one that changes the weights, in place.

    Nengo has arranged for a matrix to be added to the weights at every timestep. A
    rule that acts once in 50 steps would spend most of its time adding zeros.
    """
    weights = model.sig[rule.connection]["weights"]
    if weights.ndim != 2:
        raise BuildError(
            f"{rule}: the connection's transform must be a matrix for learning, "
            f"got shape {weights.shape}"
        )
    if isinstance(weights, SharedSignal):
        raise BuildError(f"{rule}: the connection has another local rule already")
    delta = model.sig[rule].pop("delta")
    model.operators[:] = [
        op for op in model.operators if not (isinstance(op, Copy) and op.src is delta)
    ]
    return SharedSignal.adopt(weights)


def _activity(model, obj):
    """What a postsynaptic object does at this timestep."""
    signals = model.sig[getattr(obj, "neurons", obj)]
    return signals.get("out", signals.get("in"))


def _guard_settled(rule_type):
    schedule, switched = rule_type.schedule, rule_type.learn is not None

    def settled(xp, v):
        last = schedule.is_last(v.step)
        return last & (xp.max(v.learn) > 0) if switched else last

    return settled


def _guard_due(rule_type):
    return lambda xp, v: rule_type.schedule.is_due(v.count)


def _accumulate(rule_type):
    has_error = rule_type.size_in != 0

    def accumulate(xp, v):
        error = v.error if has_error else None
        update = rule_type.update(xp, v.pre, v.post, error, v.weights)
        return {"total": v.total + update, "count": v.count + v.pre.shape[0]}

    return accumulate


def _change(rule_type, remembered, learns_weights):
    def change(xp, v):
        prior = rule_type.prior(xp, v.weights)
        total = v.total if prior is None else v.total + prior
        step, state = rule_type.optimizer.update(
            xp,
            total * (-1 / v.count),
            {name: getattr(v, f"optimizer_{name}") for name in remembered},
        )
        parameter = v.weights if learns_weights else v.parameter
        parameter, weights = rule_type.constrain(xp, parameter + step)
        new = {f"optimizer_{name}": array for name, array in state.items()}
        if not learns_weights:
            new["parameter"] = parameter
        cleared = {"total": xp.zeros_like(v.total), "count": xp.zeros_like(v.count)}
        return {**new, "weights": weights, **cleared}

    return change
