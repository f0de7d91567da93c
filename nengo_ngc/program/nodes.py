"""Builds nodes that compute a pure function."""

from contextlib import suppress

import numpy as np
from nengo.builder import Builder, Model, Signal
from nengo.builder.operator import Reset
from nengo.exceptions import BuildError
from nengo.rc import rc

from ..objects import PureNode
from .operators import PureOperator
from .trial import Trial, made_up

_N_TRIED = 2  # samples


@Builder.register(PureNode)
def build_pure_node(model: Model, node: PureNode) -> None:
    """Build a `.PureNode`. Sets ``model.sig[node]["in"]`` and ``["out"]``."""
    x = Signal(shape=node.size_in, name=f"{node}.in")
    out = Signal(shape=node.size_out, name=f"{node}.out")
    model.add_op(Reset(x))
    for other in node.others:
        if "out" not in model.sig[other]:
            raise BuildError(
                f"{node} takes the output of {other}, which is built later: a network's own "
                "nodes come before the networks in it. Put the node into a network that is "
                "created after the other object"
            )
    names = [f"other{i}" for i in range(len(node.others))]
    others = {
        name: model.sig[other]["out"]
        for name, other in zip(names, node.others)
        if _is_driven(model, other)
    }

    _try_function(
        node, {name: others[name].size if name in others else None for name in names}
    )
    schedule = node.schedule
    timed = {} if schedule is None else {"step": model.step}

    def compute(xp, v):
        arrays = [getattr(v, name, None) for name in names]
        when = [] if schedule is None else [schedule.is_first(v.step)]
        return {"out": node.function(xp, *when, v.x, *arrays)}

    model.add_op(
        PureOperator(
            [(None, compute)],
            reads={"x": x, **timed, **others},
            sets={"out": out},
            tag=str(node),
            ends=schedule if node.ends else None,
        )
    )
    model.sig[node]["in"] = x
    model.sig[node]["out"] = out
    model.params[node] = None


def _is_driven(model, obj):
    if getattr(obj, "output", obj) is not None or model.toplevel is None:
        return True
    return any(c.post_obj is obj for c in model.toplevel.all_connections)


def _try_function(node, sizes):
    """Call the function once, with two samples, and check what it returns."""
    arguments = {} if node.schedule is None else {"first": np.bool_(True)}
    arguments["x"] = made_up((_N_TRIED, node.size_in), rc.float_dtype)
    for name, size in sizes.items():
        of_other = None if size is None else made_up((_N_TRIED, size), rc.float_dtype)
        arguments[name] = of_other
    trial = Trial(node, f"{node}")
    with suppress(np.linalg.LinAlgError):
        found = trial.call("function", arguments)
        trial.check("function", found, (_N_TRIED, node.size_out), "(batch, size_in)")
