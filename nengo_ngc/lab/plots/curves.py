"""Pictures of what was measured in each epoch."""

import os
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...validation import (
    EitherParam,
    InstanceParam,
    PathParam,
    SequenceParam,
    TextParam,
    checked,
    unfit,
)
from .style import WIDTH, figure, look, whole_numbers

_PER_LINE = 26  # letters of a label, which must not be longer than its axis


@checked(
    SequenceParam("history", InstanceParam("history", dict)),
    SequenceParam(
        "panels",
        SequenceParam(
            "panels",
            EitherParam("panels", TextParam("panels"), InstanceParam("panels", dict)),
            lengths=(2,),
        ),
    ),
    PathParam("path"),
)
def learning_curves(
    history: Sequence[Mapping[str, Any]],
    panels: Sequence[tuple[str, Mapping[str, str]]],
    path: str | os.PathLike,
) -> None:
    """Draw what was measured over epochs and write a PNG file.

    Parameters
    ----------
    history : list of dict
        ``history_`` of a model.
    panels : sequence of (str, dict of {str: str})
        What each axis shows, and labels of the entries of ``history`` on it. What no
        epoch has measured is left out.
    path : str or path
    """
    for record in history:
        if "epoch" not in record:
            raise unfit("history", "of dicts that all have an epoch", record)
    epochs = [record["epoch"] for record in history]
    shown = []
    for title, lines in panels:
        values = {
            label: [record.get(key, np.nan) for record in history]
            for key, label in lines.items()
            if any(key in record for record in history)
        }
        if values:
            shown.append((title, values))
    if not shown:  # nothing is measured yet
        return
    size = (max(WIDTH, 2.8 * len(shown)), 3.0)
    with figure(path, 1, len(shown), size) as (_, axes):
        for ax, (title, values) in zip(axes.flat, shown):
            for number, (label, line) in enumerate(values.items()):
                ax.plot(epochs, line, label=label, **look(number))
            ax.set(xlabel="epoch", ylabel=_in_lines(title))
            whole_numbers(ax.xaxis)
            # above the axes, where no curve is
            ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)


def _in_lines(title):
    """Return a label in short lines, with its unit on a line of its own."""
    if len(title) <= _PER_LINE:
        return title
    parts = title.replace(" (", "\n(").split("\n")
    return "\n".join(textwrap.fill(part, _PER_LINE) for part in parts)
