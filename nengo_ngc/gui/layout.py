"""Positions of the parts of a network, once it is unfolded in Nengo GUI."""

import functools
import itertools
import re
from collections.abc import Iterable
from typing import Any

import nengo

Position = dict[str, float]

_MARGIN = 0.06  # around all objects, in a network that is 1 wide and 1 high
_FILLED = 0.36  # of the distance to the neighbour, on either side of an object's middle
_LARGEST = 0.05


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
        without a number are placed from the bottom row on.
    columns : iterable of str
        The kinds from left to right, several in a column separated by spaces. Kinds that
        are not listed have columns on the right.

    Returns
    -------
    dict of {object: dict}
        What ``make_layout`` of Nengo GUI returns, for each object: ``x`` and ``y``, which are
        exchanged, from 0 to 1, and the full size ``w`` and ``h``, likewise.
    """
    places = _places(network, [column.split() for column in columns])
    used = sorted({column for column, _ in places.values()})
    top = max(row for _, row in places.values())
    across, up = 1 / max(len(used), 1), 1 / (top + 1)
    size = {
        "h": min(2 * _FILLED * across, 2 * _LARGEST),
        "w": min(2 * _FILLED * up, 2 * _LARGEST),
    }
    return {
        obj: {
            "y": _MARGIN + (1 - 2 * _MARGIN) * (used.index(column) + 0.5) * across,
            "x": 1 - _MARGIN - (1 - 2 * _MARGIN) * (row + 0.5) * up,
            **size,
        }
        for obj, (column, row) in places.items()
    }


def _places(network, columns):
    """Column and row of each object; those of no layer are stacked from the bottom up."""
    places: dict[tuple[int, int], Any] = {}
    stacked = []
    for obj in (*network.nodes, *network.ensembles, *network.networks):
        kind, level = _kind_and_level(obj)
        if level is None:
            column = _column_of(kind, columns)
            stacked.append((column, columns[column].index(kind), obj))
        else:
            places[_free(kind, level, columns, places), level] = obj
    for column, _, obj in sorted(stacked, key=lambda item: item[:2]):
        row = next(row for row in itertools.count() if (column, row) not in places)
        places[column, row] = obj
    return {obj: place for place, obj in places.items()}


def _kind_and_level(obj):
    label = obj.label or ""
    level = re.search(r"\d+", label)
    return re.sub(r"\d+", "", label), int(level[0]) if level else None


def _column_of(kind, columns):
    for column, kinds in enumerate(columns):
        if kind in kinds:
            return column
    columns.append([kind])
    return len(columns) - 1


def _free(kind, level, columns, places):
    """The first column of a kind in which nothing has the place of a level."""
    column = _column_of(kind, columns)
    if (column, level) in places:
        columns.append([kind])
        return len(columns) - 1
    return column
