"""Fingerprints of files and arrays, by which data are known again."""

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

_BLOCK = 2**18
_N_BLOCKS = 64  # of a file that is larger than all of them


def fingerprint(root: Path, files: Iterable[Path]) -> str:
    """Return the SHA-256 of the names, sizes and contents of files.

    Of files of more than 16 MiB, 64 blocks of 256 KiB count, at even distances from the
    first to the last byte, so that it takes the same time whatever the size is.

    Parameters
    ----------
    root : path
        Names are relative to it, so that data may be moved. A file's own name does not
        count if it is the root.
    files : iterable of path

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    found = hashlib.sha256()
    for name, path in sorted((path.relative_to(root).as_posix(), path) for path in files):
        found.update(f"{name}\n".encode())
        _add(found, path)
    return found.hexdigest()


def of_arrays(arrays: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the names, types, shapes and numbers of arrays.

    Parameters
    ----------
    arrays : mapping of str to array
        Those that are None do not count.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    found = hashlib.sha256()
    for name in sorted(name for name, array in arrays.items() if array is not None):
        array = np.asarray(arrays[name])
        if array.dtype == object:
            array = array.astype(str)
        found.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def _add(found: "hashlib._Hash", path: Path) -> None:
    size = os.stat(path).st_size
    found.update(f"{size}\n".encode())
    with open(path, "rb") as file:
        if size <= _N_BLOCKS * _BLOCK:
            found.update(file.read())
            return
        for number in range(_N_BLOCKS):
            file.seek(number * (size - _BLOCK) // (_N_BLOCKS - 1))
            found.update(file.read(_BLOCK))
