"""Where a graph has cycles, each of which needs a delay to be simulated in timesteps."""

from collections.abc import Collection, Iterable

Edge = tuple[str, str]


def closing_edges(
    edges: Iterable[Edge], starts: Iterable[str], delays: Collection[str]
) -> set[Edge]:
    """Return the edges that close cycles, found by a search in depth from the inputs.

    Parameters
    ----------
    edges : iterable of (str, str)
    starts : iterable of str
        Nodes from which to search, in this order.
    delays : collection of str
        Nodes whose output does not depend on their present input.
    """
    following: dict[str, list[str]] = {}
    for start, end in edges:
        if start not in delays:
            following.setdefault(start, []).append(end)
    closing, done = set(), set()
    for root in starts:
        path, pending = {}, [(root, iter(following.get(root, ())))]
        path[root] = None
        while pending:
            node, rest = pending[-1]
            end = next(rest, None)
            if end is None:
                pending.pop()
                path.pop(node)
                done.add(node)
            elif end in path:
                closing.add((node, end))
            elif end not in done:
                path[end] = None
                pending.append((end, iter(following.get(end, ()))))
    return closing
