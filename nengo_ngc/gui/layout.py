"""Positions of the parts of a network, once it is unfolded in Nengo GUI."""

import functools
import itertools
import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import nengo

Position = dict[str, float]

# in a network that is 1 wide and 1 high
_BESIDE, _BELOW = 0.02, 0.06  # margins around all objects
_FILLED = 0.72  # of the distance to the next object
_LARGEST = 0.1

_SHORTEST = 6  # characters; the text of labels does not shrink with the network


def arrange_networks() -> None:
    """Let Nengo GUI place the parts of networks that say how.

    Nengo GUI has an algorithm of its own for networks whose layout is not in the file
    ``SCRIPT.py.cfg``. A circuit with feedback becomes a tangle by it. After a call of this
    function, networks with an attribute ``gui_columns`` are placed by ``positions``, and all
    others as before.
    """
    from nengo_gui.layout import Layout

    make_layout = Layout.make_layout
    if hasattr(make_layout, "__wrapped__"):  # by an earlier call
        return

    @functools.wraps(make_layout)
    def arranged(self: Any, network: nengo.Network) -> dict[Any, Position]:
        columns = getattr(network, "gui_columns", ())
        return positions(network, columns) if columns else make_layout(self, network)

    Layout.make_layout = arranged


def positions(network: nengo.Network, columns: Iterable[str]) -> dict[Any, Position]:
    """Place the objects of a network in columns by what they are, in rows by their layer.

    Parameters
    ----------
    network : nengo.Network
        Its objects have labels such as ``"z1"``: a kind, and the number of a layer. Objects
        without a number have the next free row of their column. An object whose label goes
        on after a space, as ``"z1 before"``, stands above the one before the space.
    columns : iterable of str
        The kinds from left to right, several in a column separated by spaces, from the bottom
        up. Kinds that are not listed have columns on the right.

    Returns
    -------
    dict of {object: dict}
        What ``make_layout`` of Nengo GUI returns, for each object: ``x`` and ``y``, which are
        exchanged, from 0 to 1, and the full size ``w`` and ``h``, likewise.
    """
    stacks = _stacks(network, [column.split() for column in columns])
    used, rows = (sorted(set(places)) for places in zip(*stacks))
    across = _middles([_longest_label(stacks, column) for column in used], _BESIDE)
    heights = [_highest_stack(stacks, row) for row in rows]
    up = _middles([1] * sum(heights), _BELOW)
    first = dict(zip(rows, itertools.accumulate(heights, initial=0)))
    size = {"h": _size(across), "w": _size(up)}
    return {
        obj: {"y": across[used.index(column)], "x": 1 - up[first[row] + k], **size}
        for (column, row), stack in stacks.items()
        for k, obj in enumerate(stack)
    }


def _middles(sizes, margin):
    """Where those are that follow each other and have these sizes, relative to the whole."""
    whole = (1 - 2 * margin) / sum(sizes)
    ends = itertools.accumulate(sizes)
    return [margin + whole * (end - size / 2) for end, size in zip(ends, sizes)]


def _size(middles):
    gaps = (after - before for before, after in itertools.pairwise(middles))
    return min(_FILLED * min(gaps, default=1), _LARGEST)


def _longest_label(stacks, column):
    """Characters of the longest label in a column, up to the first space, and a gap."""
    of_column = [stack for (place, _), stack in stacks.items() if place == column]
    labels = [(obj.label or "").partition(" ")[0] for obj in itertools.chain(*of_column)]
    return 1 + max(_SHORTEST, *map(len, labels))


def _highest_stack(stacks, row):
    return max(len(stack) for (_, place), stack in stacks.items() if place == row)


def _stacks(network, columns):
    """The objects of each column and row, from the bottom up."""
    members = defaultdict(list)
    for obj in (*network.nodes, *network.ensembles, *network.networks):
        kind, level, follows = _place(obj)
        column = _column_of(kind, columns)
        members[column].append((columns[column].index(kind), follows, level, obj))
    stacks = defaultdict(list)
    for column, objects in members.items():
        free, row = 0, 0
        for _, follows, level, obj in sorted(objects, key=lambda member: member[:2]):
            row = level if level is not None else row if follows else free
            free = max(free, row + 1)
            stacks[column, row].append(obj)
    return stacks


def _place(obj):
    """Kind and layer of an object, and whether it belongs to another one."""
    name, _, follows = (obj.label or "").partition(" ")
    level = re.search(r"\d+", name)
    return re.sub(r"\d+", "", name), int(level[0]) if level else None, bool(follows)


def _column_of(kind, columns):
    for column, kinds in enumerate(columns):
        if kind in kinds:
            return column
    columns.append([kind])
    return len(columns) - 1
