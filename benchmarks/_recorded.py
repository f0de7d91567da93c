"""Tables that benchmarks have written, to draw figures from."""

import json
from pathlib import Path

FOLDER = Path(__file__).parent


def table(name, title):
    """The rows of a table in ``benchmarks/NAME.json``, as dicts of values by column.

    Parameters
    ----------
    name : str
    title : str
        The beginning of the table's title.
    """
    parts = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))["parts"]
    (found,) = (part for part in parts if part.get("title", "").startswith(title))
    return [dict(zip(found["columns"], row)) for row in found["rows"]]


def curves(rows, key, *columns):
    """Rows by what they have in one column: a list of their values in other columns."""
    found = {}
    for row in rows:
        found.setdefault(row[key], []).append([row[column] for column in columns])
    return found
