"""Reading files of settings in JSON or TOML, whose content may be wrong."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

_MAX_BYTES = 2**24  # settings are short; whatever is larger is something else


def read(path: str | os.PathLike, parse: Callable[[str], Any] | None = None) -> Any:
    """Return the value that a file of settings holds.

    Parameters
    ----------
    path : str or path
    parse : callable, optional
        Takes the text and returns the value, or raises ValueError if the text is not
        valid, as ``tomllib.loads`` does. By default the file is JSON, see `parse_json`.

    Returns
    -------
    object

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged or too large.
    """
    path = Path(path)
    try:
        with open(path, "rb") as file:
            content = file.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise ValueError(f"it is larger than {_MAX_BYTES} bytes")
        return (parse or parse_json)(content.decode("utf-8"))
    except RecursionError:
        raise ValueError(f"{path} is damaged: it is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}") from error


def parse_json(text: str) -> Any:
    """Return the value of a JSON text, and accept only what the JSON standard allows.

    Raises
    ------
    ValueError
        If the text is not JSON, holds NaN or infinity, or has the same key twice in one
        table.
    """
    try:
        return json.loads(text, parse_constant=_no_number, object_pairs_hook=_each_once)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _no_number(name):
    raise ValueError(f"{name} is not a number of JSON")


def _each_once(pairs):
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r:.50} occurs twice")
    return found
