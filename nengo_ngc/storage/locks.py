"""Folders that one process holds at a time; the system frees them when it ends."""

import datetime
import json
import os
import platform
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from ..exceptions import FolderHeldError

try:
    import fcntl
except ModuleNotFoundError:  # on Windows
    fcntl = None
    import msvcrt

_NAME = ".lock"
_PATIENCE = 20  # looks at what a holder is about to write, a twentieth of a second apart


@contextmanager
def held(folder):
    """Hold a folder, which is made if it is missing, as long as the block runs.

    Nothing that was made is left behind if the block puts nothing into the folder.

    Parameters
    ----------
    folder : str or path

    Raises
    ------
    FolderHeldError
        If another process, or another part of this one, holds it.
    OSError
        If it cannot be made or written to.
    """
    folder = Path(folder)
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        file = _acquire(folder / _NAME)
        try:
            yield
        finally:
            _release(file, folder / _NAME)
    finally:
        with suppress(OSError):  # there is something in it
            for path in made:
                path.rmdir()


def is_held(path):
    """Whether a process holds a file that it writes; see `hold`."""
    try:
        with open(path, "rb") as file:
            return not hold(file)
    except FileNotFoundError:  # it has just been renamed
        return True


def hold(file):
    """Hold an open file until it is closed; False if another process does."""
    try:
        if fcntl is None:  # a byte that is never there, since held ones cannot be read
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
        if not hold(file):
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
    # removed while it is held, so that nobody waits for a file that is gone
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
    """Who holds a folder, in words."""
    for _ in range(_PATIENCE):
        file.seek(0)
        try:
            holder = json.loads(file.read())
            return "process {pid} on {host} since {since}".format(**holder)
        except (KeyError, TypeError, ValueError):  # it is being written
            time.sleep(0.05)
    return "another process"
