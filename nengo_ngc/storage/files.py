"""Files that are written whole or not at all."""

import errno
import os
import re
import secrets
from contextlib import contextmanager
from pathlib import Path

from . import locks

_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}\.tmp")
_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", None)}


@contextmanager
def replacing(path, mode="w"):
    """Open a temporary file that takes the place of ``path`` once it is complete.

    Raises
    ------
    OSError
        If there is no room for it; what was at ``path`` before is still there.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    encoding = None if "b" in mode else "utf-8"
    # tempfile's would be closed to other users
    file = open(temporary, mode, encoding=encoding)
    try:
        with file:
            locks.hold(file)  # so that nobody takes it for one that was left behind
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


def clear(folder):
    """Remove temporary files that were left behind by processes that were killed."""
    for path in Path(folder).iterdir():
        if _TEMPORARY.fullmatch(path.name) and not locks.is_held(path):
            path.unlink()


def _sync(folder):
    """Have the disk know of a new name; without this a power cut may forget it."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
