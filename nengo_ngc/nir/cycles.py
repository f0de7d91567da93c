"""Where a graph has cycles, each of which needs a delay to be simulated in timesteps."""

from collections.abc import Collection, Iterable, Iterator
from graphlib import TopologicalSorter

Edge = tuple[str, str]


def closing_edges(
    edges: Iterable[Edge], inputs: Iterable[str], nodes: Iterable[str], delays: Collection[str]
) -> set[Edge]:
    """Return the edges that close cycles, found by a search in depth.

    Parameters
    ----------
    edges : iterable of (str, str)
        They are followed in this order.
    inputs, nodes : iterable of str
        Where the search starts: from the inputs, and then from nodes that it has not reached,
        both in alphabetical order, since files have no other.
    delays : collection of str
        Nodes whose output does not depend on their present input.
    """
    following: dict[str, list[str]] = {}
    for start, end in edges:
        if end not in delays:
            following.setdefault(start, []).append(end)
    closing: set[Edge] = set()
    done: set[str] = set()
    for root in (*sorted(inputs), *sorted(nodes)):
        if root not in done:
            _search(root, following, done, closing)
    return closing


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


def in_order(nodes: Iterable[str], edges: Iterable[Edge], closing: Collection[Edge]) -> list[str]:
    """Return nodes in an order in which all edges lead forward, except those that close cycles."""
    sorter = TopologicalSorter({node: () for node in nodes})
    for start, end in edges:
        if (start, end) not in closing:
            sorter.add(end, start)
    return [*sorter.static_order()]
