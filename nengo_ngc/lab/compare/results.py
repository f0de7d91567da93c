"""Results of cells, which are stored with a hash and checked when they are read."""

import base64
import hashlib
import json
import os
import warnings
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...storage import atomic, parsing, schema
from ...storage.schema import Either, Field, Flag, List, Number, Table, Text, Whole
from ..provenance import SCHEMA
from ..specs import MODELS, compared
from . import budget
from .cells import settings_of
from .tasks import TASKS

PICTURE_BYTES = 2**23  # of all pictures of a result; a file can hold that much in base64
_LARGEST = 1e9  # beyond any machine's speed and memory
_PNG = b"\x89PNG\r\n\x1a\n"

_MEASURE = Number(optional=True)
_POINTS = List(List(Number(), 2), 1)
_GOODNESS = ("positive_goodness", "negative_goodness")
_FAILED = Table(
    {
        "status": Text(["failed"]),
        "message": Text(),
        "lasting": Flag(),
        "code": Table(others=Text()),
    },
    absent=("lasting",),
)


def _done(rule: str) -> Table:
    """Return the schema of the result of a finished cell, without the cell itself."""
    captions = MODELS[rule].captions if rule in MODELS else {}
    criteria = compared()[rule][0].criteria
    decisive: dict[str, Field] = {
        name: Number(0, 100) if name == "error" else Number() for name in criteria
    }
    last = Table(decisive, absent=(*decisive,), others=_MEASURE)
    best = replace(last, fields={**decisive, "epoch": Whole(1)})
    drawn = [*(f"val_{name}" for name in criteria), *_GOODNESS, *budget.AXES]
    epoch = Table(
        {"epoch": Whole(1), **{name: _MEASURE for name in drawn}},
        absent=drawn,
        others=Either((Number(), Text()), optional=True),
    )
    known = [name for task in TASKS.values() for name in task.curves]
    return Table(
        {
            "status": Text(["done"]),
            "code": Table(others=Text()),
            "test": Table({"last": last, "best": best}, absent=("last", "best")),
            "val": Table({"last": last, "best": best}, absent=("last", "best")),
            "curves": Table({name: _POINTS for name in known}, absent=known),
            "history": List(epoch, 1),
            "angles": List(Table(others=Number(0, 180, optional=True)), 1),
            "pictures": Table({name: Text() for name in captions}, absent=(*captions,)),
            "samples_per_second": Number(0, _LARGEST),
            "peak_memory_mb": Number(0, _LARGEST, optional=True),
            "seconds": Number(0, _LARGEST),
            "provenance": SCHEMA,
        }
    )


def picture(text: str) -> bytes:
    """Return the PNG file in a result; raise ValueError if it is something else."""
    try:
        content = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise ValueError(f"a picture is not in base64: {error}") from None
    if not content.startswith(_PNG) or len(content) > PICTURE_BYTES:
        raise ValueError(f"a picture must be a PNG file of at most {PICTURE_BYTES} bytes")
    return content


def read(path: str | Path, cell: dict, code: dict[str, str]) -> dict[str, Any] | None:
    """Return the result in a file, or None if it belongs to other settings or other code.

    Raises ValueError if it makes no sense.
    """
    result = _content(path)
    if result.get("code") != code or not _is_of(result, cell):
        return None
    if result.pop("sha256", None) != _sum(result):
        raise ValueError(f"{path}: its SHA-256 is not that of its content")
    result["cell"] = cell  # the data may have moved since
    done = result.get("status") != "failed"
    measured = {key: value for key, value in result.items() if key != "cell"}
    schema.check(path, measured, _done(cell["rule"]) if done else _FAILED)
    if done:
        for text in result["pictures"].values():
            picture(text)
        # a cell without tasks is a trial of a search
        if ("last" in result["test"]) != bool(cell["tasks"]):
            raise ValueError(f"{path}: test images must be measured if there are tasks")
        for epoch, measured in result["test"].items():
            if criterion(result) not in measured:
                raise ValueError(f"{path}: test.{epoch} lacks {criterion(result)}")
    return result


def criterion(result: dict[str, Any]) -> str:
    """The measure by which a result is judged."""
    spec = compared()[result["cell"]["rule"]][0]
    measured = result["test"] or result["val"]
    return spec.criterion(measured.get("last", ())) or next(iter(spec.criteria))


def as_text(name: str, value: float | None) -> str:
    """A measure as text; squared errors per pixel are small numbers. None is no number."""
    if value is None:
        return "NaN"
    return f"{value:.{4 if name.endswith('mse') else 2}f}"


def label(result: dict[str, Any]) -> str:
    """What tables and axes call that measure."""
    return compared()[result["cell"]["rule"]][0].criteria[criterion(result)]


def keep(path: str | Path, result: dict[str, Any]) -> None:
    """Write a result together with its hash.

    If the file has the finished result of a cell with other settings, which has the same name,
    that is kept beside it, and `finished` finds it there.
    """
    path, cell = Path(path), result["cell"]
    with suppress(FileNotFoundError, RecursionError, ValueError):  # there is nothing to keep
        before = _content(path)
        if before.get("status") == "done" and not _is_of(before, cell):
            os.replace(path, own_place(path, before["cell"]))
    with atomic.replacing(path) as file:
        json.dump({**result, "sha256": _sum(result)}, file)
    own_place(path, cell).unlink(missing_ok=True)  # of other code


def finished(
    path: str | Path, cell: dict, code: dict[str, str], sha256: str | None = None
) -> dict[str, Any] | None:
    """Return the result of a cell that this code has run with these settings, or None.

    If a SHA-256 of the data is given, it must be that of the result, too. A cell that failed
    runs again, unless it is a trial of a search that would fail again: what the search tries
    next depends on it. A damaged file is set aside, and a warning says so.
    """
    for place in (Path(path), own_place(Path(path), cell)):
        result = _finished(place, cell, code, sha256)
        if result is not None:
            return result
    return None


def _finished(
    path: Path, cell: dict, code: dict[str, str], sha256: str | None
) -> dict[str, Any] | None:
    try:
        result = read(path, cell, code)
    except FileNotFoundError:
        return None
    except (IsADirectoryError, RecursionError, ValueError) as error:
        aside = path.with_name(f"{path.name}.damaged")
        os.replace(path, aside)
        warnings.warn(
            f"{error}; {path.name} is now {aside.name}, and its cell runs again", stacklevel=2
        )
        return None
    if result is None:
        return None
    if result["status"] == "done":
        of_data = result["provenance"]["data"].get(cell["dataset"])
        return result if sha256 in (None, of_data) else None
    return result if result.get("lasting", False) and not cell["tasks"] else None


def _content(path: str | Path) -> dict[str, Any]:
    content = parsing.read(path)
    if not isinstance(content, dict):
        raise ValueError(f"{path}: the content must be a table")
    return content


def _is_of(result: dict[str, Any], cell: dict) -> bool:
    """Whether a result is that of a cell, wherever its data were."""
    of = result.get("cell")
    return isinstance(of, dict) and settings_of(of) == settings_of(cell)


def own_place(path: Path, cell: dict) -> Path:
    """A file for the result of a cell, if another cell of the same name has the usual one."""
    text = json.dumps(settings_of(cell), sort_keys=True)
    return path.with_name(f"{path.stem}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.json")


def _sum(result: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(result, sort_keys=True).encode()).hexdigest()
