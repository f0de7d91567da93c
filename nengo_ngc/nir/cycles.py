"""Where a graph has cycles, each of which needs a delay to be simulated in timesteps."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import TopologicalSorter
from typing import Any

from .neurons import NODES
from .units import is_delay

Edge = tuple[str, str]


def closing_edges(
    edges: Sequence[Edge],
    inputs: Iterable[str],
    nodes: Mapping[str, Any],
    delays_open: bool = True,
) -> set[Edge]:
    """Return the edges that close cycles, found by a search in depth.

    Where weights alone lead from neurons to such an edge, it is the edge from the neurons to
    the weights instead. So the biases of weights take part from the first timestep on.

    Parameters
    ----------
    edges : sequence of (str, str)
        They are followed in this order.
    inputs : iterable of str
        Where the search starts, before it goes on from nodes that it has not reached. Both
        are taken in alphabetical order, since files have no other.
    nodes : mapping of str to nir.NIRNode
    delays_open : bool, optional
        Whether there are no cycles through nodes whose output does not depend on their present
        input in Nengo.
    """
    following: dict[str, list[str]] = {}
    for start, end in edges:
        if not (delays_open and is_delay(nodes[end])):
            following.setdefault(start, []).append(end)
    closing: set[Edge] = set()
    done: set[str] = set()
    for root in (*sorted(inputs), *sorted(nodes)):
        if root not in done:
            _search(root, following, done, closing)
    return {_from_neurons(edge, edges, nodes) for edge in closing}


def _from_neurons(edge: Edge, edges: Sequence[Edge], nodes: Mapping[str, Any]) -> Edge:
    while type(nodes[edge[0]]).__name__ not in NODES:
        before = [other for other in edges if other[1] == edge[0]]
        after = [other for other in edges if other[0] == edge[0]]
        if len(before) != 1 or len(after) != 1:
            break
        edge = before[0]
    return edge


def _search(
    root: str, following: dict[str, list[str]], done: set[str], closing: set[Edge]
) -> None:
    """Visit what can be reached from a node, without a recursion that might be too deep."""
    path: dict[str, Iterator[str]] = {root: iter(following.get(root, ()))}
    while path:
        node, rest = next(reversed(path.items()))
        end = next(rest, None)
        if end is None:
            path.pop(node)
            done.add(node)
        elif end in path:
            closing.add((node, end))
        elif end not in done:
            path[end] = iter(following.get(end, ()))


def in_order(nodes: Iterable[str], edges: Iterable[Edge]) -> list[str]:
    """Return nodes in an order in which all edges lead forward."""
    sorter: TopologicalSorter[str] = TopologicalSorter({node: () for node in nodes})
    for start, end in edges:
        sorter.add(end, start)
    return [*sorter.static_order()]
