"""Names of the nodes of a graph, from the labels of Nengo's objects."""

import re
from typing import Any

import nengo
from nengo.ensemble import Neurons


class Names:
    """Gives each node a name of its own, which files and other simulators can have, too."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, wanted: str) -> str:
        """Return a name that is not taken, as much like the wanted one as possible."""
        name = base = re.sub(r"\W", "_", wanted, flags=re.ASCII) or "node"
        number = 1
        while name in self._taken:
            number += 1
            name = f"{base}_{number}"
        self._taken.add(name)
        return name


def label(obj: Any) -> str:
    """Return what an object is called: its label, or the kind of object that it is."""
    if isinstance(obj, Neurons):
        return label(obj.ensemble)
    if obj.label:
        return obj.label
    if isinstance(obj, nengo.Probe):
        passive = isinstance(obj.obj, nengo.Node)  # which is not a node of the graph itself
        return label(obj.obj) if passive else f"{label(obj.obj)}_output"
    return type(obj).__name__.lower()


def label_of_wire(wire: Any) -> str:
    """Return what a wire is called: its label, or the objects that it connects."""
    if isinstance(wire.source, nengo.Ensemble):
        return f"{label(wire.source)}_encoders"
    if isinstance(wire.source, nengo.Connection) and wire.source.label:
        return wire.source.label
    return f"{label(wire.pre)}_to_{label(wire.post)}"
