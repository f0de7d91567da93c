"""Graphs within graphs of NIR, resolved into one graph."""

from typing import Any

from nengo.exceptions import ValidationError

from .cycles import Edge
from .library import nir


def flattened(graph: Any) -> tuple[dict[str, Any], list[Edge]]:
    """Return the nodes and edges of a graph, with those of the graphs within it.

    A node ``"b"`` of an inner graph ``"a"`` is called ``"a.b"``.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an inner graph has more than one input or output.
    ValueError
        If an edge leads to no node.
    """
    graph.validate_structure()
    nodes, edges, ins, outs = {}, [], {}, {}
    for name, node in graph.nodes.items():
        if not isinstance(node, nir().NIRGraph):
            nodes[name] = node
            continue
        inner, inner_edges = flattened(node)
        nodes.update({f"{name}.{k}": found for k, found in inner.items()})
        edges += [(f"{name}.{a}", f"{name}.{b}") for a, b in inner_edges]
        ins[name] = f"{name}.{_only(name, 'input', node.inputs)}"
        outs[name] = f"{name}.{_only(name, 'output', node.outputs)}"
    edges += [(outs.get(a, a), ins.get(b, b)) for a, b in graph.edges]
    return nodes, edges


def _only(name, what, found):
    if len(found) != 1:
        expected = f"the inner graph {name!r} must have one {what}, got {len(found)}"
        raise ValidationError(expected, attr="graph")
    return next(iter(found))
