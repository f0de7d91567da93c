"""Builds nodes that compute a pure function."""

from nengo.builder import Builder, Model, Signal
from nengo.builder.operator import Reset
from nengo.exceptions import BuildError

from ..objects import PureNode
from .operators import PureOperator


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
