"""Folders that belong to one run at a time."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ...exceptions import FolderHeldError
from ...storage import atomic, locks
from .configuration import CHECKPOINT, CONFIG, METRICS

_OF_RUNS = (CONFIG, METRICS, CHECKPOINT)  # which a run would overwrite


@contextmanager
def claimed(
    folders: Iterable[str | Path],
    resume: bool = False,
    remedy: str = "go on with it by --resume, or give another --output",
) -> Iterator[Path]:
    """Hold a folder for a run, before anything is built and as long as it trains.

    What processes that were killed have left behind there is removed.

    Parameters
    ----------
    folders : iterable of (str or path)
        The first one that is free is taken. If there is one only, it is an error that it is
        not.
    resume : bool, optional
        Whether it holds a run already, rather than none.
    remedy : str, optional
        What the error proposes if a folder holds a run that is not to be resumed.

    Yields
    ------
    path

    Raises
    ------
    FolderHeldError
        If another process trains there.
    ValueError
        If it holds a run, or files that a run would overwrite.
    OSError
        If it cannot be written to.
    """
    with ExitStack() as stack:
        taken: Exception = ValueError("folders must name one at least")
        for folder in map(Path, folders):
            try:
                stack.enter_context(_held(folder))
            except FolderHeldError as error:
                taken = error
                continue
            found = next((name for name in _OF_RUNS if (folder / name).exists()), None)
            if resume or not found:
                atomic.remove_leftovers(folder)
                yield folder
                return
            stack.close()
            taken = ValueError(f"{folder} holds a run already: {remedy}")
            if found != CONFIG:
                taken = ValueError(f"{folder} holds {found}, which a run would overwrite")
        raise taken


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    with ExitStack() as stack:
        try:
            stack.enter_context(locks.held(folder))
        except FolderHeldError:
            raise
        except OSError as error:
            raise OSError(
                f"output must be a folder that can be written to, got {folder}: "
                f"{error.strerror}"
            ) from error
        yield
