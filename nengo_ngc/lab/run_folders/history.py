"""The file provenance.json: with what each epoch of a run was computed."""

import json
from pathlib import Path
from typing import Any

from ...storage import atomic, schema
from ...storage.schema import Anything, List, Table, Whole
from ..provenance import SCHEMA
from .configuration import PROVENANCE

_ENTRIES = List(Table({"from_epoch": Whole(1), **SCHEMA.fields}, others=Anything()))


def read(folder: Path) -> list[dict[str, Any]]:
    """Return what the file of a run says; nothing if no epoch is finished.

    Raises
    ------
    ValueError
        If the file is damaged.
    """
    path = folder / PROVENANCE
    return schema.read(path, _ENTRIES) if path.exists() else []


def note(folder: Path, epoch: int, circumstances: dict[str, Any]) -> None:
    """Add versions, machine and data, with the first epoch for which they hold, if new.

    What a run began with stays in the file when it goes on under other circumstances.

    Parameters
    ----------
    folder : path
        Of the run.
    epoch : int
        The epoch that was computed.
    circumstances : dict
        What `.lab.provenance.collect` has found.
    """
    before = read(folder)
    entries = [entry for entry in before if entry["from_epoch"] < epoch]
    if not entries or {**entries[-1], **circumstances} != entries[-1]:
        entries.append({"from_epoch": epoch, **circumstances})
    if entries != before:
        with atomic.replacing(folder / PROVENANCE) as file:
            json.dump(entries, file, indent=2)
