"""Atomic writing: a file is either written completely or not at all."""

import errno
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from . import locks

_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}\.tmp")
_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", None)}


@contextmanager
def replacing(path: str | os.PathLike, mode: str = "w") -> Iterator[IO]:
    """Open a temporary file that replaces ``path`` once the block has ended without error.

    Parameters
    ----------
    path : str or path
    mode : str, optional
        ``"w"`` for text, which is written in UTF-8, or ``"wb"`` for bytes.

    Yields
    ------
    file

    Raises
    ------
    OSError
        If ``path`` is a folder, the disk is full or the file would be too large. The file
        that was at ``path`` before is unchanged then.
    """
    path = Path(path)
    if path.is_dir():  # before anything is written that could not take its place
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    encoding = None if "b" in mode else "utf-8"
    # other users could not read a file that the module tempfile has made
    try:
        file = open(temporary, mode, encoding=encoding)
    except OSError as error:
        error.filename = str(path)  # the temporary one means nothing to users
        raise
    try:
        with file:
            locks.lock(file)  # so that `remove_leftovers` leaves it alone
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        os.unlink(temporary)
        if isinstance(error, OSError) and error.errno in _FULL:
            raise OSError(
                f"{path} could not be written: {error.strerror}; free some space, or raise "
                "the limit on the size of files, and try again (what was there before is "
                "unchanged)"
            ) from error
        raise
    _sync(path.parent)


def remove_leftovers(folder: str | os.PathLike) -> None:
    """Remove the temporary files of processes that were killed while they wrote.

    Temporary files that a living process is still writing are left alone.

    Parameters
    ----------
    folder : str or path
    """
    for path in Path(folder).iterdir():
        if _TEMPORARY.fullmatch(path.name) and not locks.is_locked(path):
            path.unlink()


def _sync(folder):
    """Write a folder's list of names to disk, so that a power cut cannot lose a new one."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
