"""Locks on files and folders, which the operating system releases when a process ends."""

import datetime
import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from ..exceptions import FolderHeldError

try:
    import fcntl
except ModuleNotFoundError:  # on Windows
    fcntl = None  # type: ignore[assignment]
    import msvcrt

_NAME = ".lock"
_N_READS = 20  # of the name of a holder that may still be writing it, 0.05 s apart


@contextmanager
def held(folder: str | os.PathLike) -> Iterator[None]:
    """Hold a folder while the block runs, so that no other process can hold it.

    The folder and its parents are created if they are missing, and removed again if the
    block leaves them empty.

    Parameters
    ----------
    folder : str or path

    Raises
    ------
    FolderHeldError
        If another process, or another part of this one, holds the folder.
    OSError
        If the folder cannot be created or written to.
    """
    folder = Path(folder)
    created = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        file = _acquire(folder / _NAME)
        try:
            yield
        finally:
            _release(file, folder / _NAME)
    finally:
        with suppress(OSError):  # one of them is not empty
            for path in created:
                path.rmdir()


def is_locked(path: str | os.PathLike) -> bool:
    """Return whether a process has locked a file, for instance because it is writing it."""
    try:
        with open(path, "rb") as file:
            return not lock(file)
    except FileNotFoundError:  # it has just been renamed
        return True


def lock(file: IO) -> bool:
    """Lock an open file until it is closed.

    Returns
    -------
    bool
        False if another process has locked the file.
    """
    try:
        if fcntl is None:  # a byte beyond the end, since locked ones cannot be read
            place = file.tell()
            file.seek(2**30)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            file.seek(place)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _acquire(path):
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            file = open(path, "a+", encoding="utf-8")
        except FileNotFoundError:  # whoever held the folder has just removed it
            continue
        if not lock(file):
            with file:
                raise FolderHeldError(path.parent, _holder(file))
        if _is_at(file, path):
            break
        file.close()  # its holder has removed it since it was opened
    file.truncate(0)
    now = datetime.datetime.now().isoformat(" ", "seconds")
    json.dump({"pid": os.getpid(), "host": platform.node(), "since": now}, file)
    file.flush()
    return file


def _release(file, path):
    # removed while it is locked, so that nobody waits for a file that no longer exists
    if fcntl is not None:
        path.unlink(missing_ok=True)
    file.close()
    if fcntl is None:
        with suppress(OSError):
            path.unlink()


def _is_at(file, path):
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False


def _holder(file):
    """The process that holds a folder, in words."""
    for _ in range(_N_READS):
        file.seek(0)
        try:
            holder = json.loads(file.read())
            return "process {pid} on {host} since {since}".format(**holder)
        except (KeyError, TypeError, ValueError):  # it is being written
            time.sleep(0.05)
    return "another process"
