"""Reading files of settings in JSON or TOML, whose content may be wrong."""

import json
import os
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MAX_BYTES = 2**24  # settings are short; whatever is larger is something else


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


@dataclass(frozen=True)
class Format:
    """A format of files.

    Parameters
    ----------
    name : str
    parse : callable
        Takes the text of a file and returns the value, or raises ValueError if the text is
        not valid.
    """

    name: str
    parse: Callable[[str], Any]


JSON = Format("JSON", parse_json)
TOML = Format("TOML", tomllib.loads)


def read(path: str | os.PathLike, form: Format = JSON) -> Any:
    """Return the value that a file of settings holds.

    Parameters
    ----------
    path : str or path
    form : Format, optional

    Returns
    -------
    object

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is not valid, or too large. The message says where it is wrong.
    """
    path = Path(path)
    try:
        with open(path, "rb") as file:
            content = file.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise ValueError(f"it is larger than {_MAX_BYTES} bytes")
        return form.parse(content.decode("utf-8"))
    except RecursionError:
        raise ValueError(f"{path} is not valid {form.name}: it is nested too deeply") from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{path} is not valid {form.name}: line {line} is not text in UTF-8"
        ) from error
    except ValueError as error:
        raise ValueError(f"{path} is not valid {form.name}: {error}") from error


def _no_number(name):
    raise ValueError(f"{name} is not a number of JSON")


def _each_once(pairs):
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r:.50} occurs twice")
    return found
