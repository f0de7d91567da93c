"""Model files: arrays and JSON, nothing that could run when it is read."""

import json
import os
import secrets
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path

import numpy as np

_FORMAT = 1

# whatever a damaged archive may run into while it is read
_UNREADABLE = (
    AttributeError,
    EOFError,
    KeyError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


def save(path, header, arrays):
    """Write a header and arrays to one file, whole or not at all.

    Parameters
    ----------
    path : str or path
    header : dict
        Anything that JSON can hold; its ``"kind"`` names the model.
    arrays : dict of {str: array}

    Raises
    ------
    ValueError
        If an array holds objects.
    """
    for name, array in arrays.items():
        if np.asarray(array).dtype.hasobject:
            raise ValueError(f"{name} must be an array of numbers, got one of objects")
    text = np.array(json.dumps({"format": _FORMAT, "arrays": [*arrays], **header}))
    with replacing(path, "wb") as file:
        np.savez(file, header=text, **arrays)


def load(path, kind):
    """Read what ``save`` wrote.

    Parameters
    ----------
    path : str or path
    kind : str
        The kind of model that is expected.

    Returns
    -------
    header : dict
    arrays : dict of {str: array}

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, of another format, or holds another kind of model.
    """
    path = Path(path)
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        header = json.loads(str(arrays.pop("header")))
        found = header.get("kind"), header.get("format")
        # a damaged table of contents may end early
        if set(header.get("arrays", arrays)) != arrays.keys():
            raise ValueError("arrays are missing")
    except FileNotFoundError:
        raise FileNotFoundError(f"no model file {path}") from None
    except _UNREADABLE as error:
        raise ValueError(f"{path} is damaged or not a model file: {error}") from error
    if found != (kind, _FORMAT):
        raise ValueError(
            f"{path} holds a {found[0]} (format {found[1]}), "
            f"expected a {kind} (format {_FORMAT})"
        )
    return header, arrays


def within(prefix, arrays):
    """The arrays whose name starts with ``prefix/``, without it."""
    start = len(prefix) + 1
    return {k[start:]: v for k, v in arrays.items() if k.startswith(f"{prefix}/")}


@contextmanager
def replacing(path, mode="w"):
    """Open a temporary file that takes the place of ``path`` once it is complete."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    encoding = None if "b" in mode else "utf-8"
    # tempfile's would be closed to other users
    file = open(temporary, mode, encoding=encoding)
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
