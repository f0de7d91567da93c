"""What is kept of a cell while it runs, so that it goes on after an interruption."""

import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ...exceptions import FolderHeldError
from ...storage import atomic, locks
from .. import provenance
from ..specs import ModelSpec

_DIGITS = 6  # of the number of an epoch
_NAME_LENGTH = 16  # of a folder's
_N_TRIES = 50  # to hold a folder, 0.1 s apart; who holds it may have been killed just now

# numbers may differ in their last bits where these do
_CIRCUMSTANCES = ("versions", "python", "processor")


class Checkpoints:
    """Files of a cell that runs: its model after the last epoch, and after the best one.

    Each file holds all that learning needs in order to go on, and what was measured until
    then. Cells that are computed from something else, with other versions of packages or on
    another processor, have folders of their own, so that an upgrade does not remove what
    has been learned before it.

    Parameters
    ----------
    folder : path
        Has a folder for each of them.
    spec : ModelSpec
        Of the model.
    made_of : dict
        What the cell is computed from. Files of anything else are not believed.
    """

    def __init__(self, folder: Path, spec: ModelSpec, made_of: dict[str, Any]) -> None:
        here = provenance.collect()
        self._about = {**made_of, **{key: here[key] for key in _CIRCUMSTANCES}}
        self._folder, self._spec = folder / _name_of(self._about), spec
        self._folder.mkdir(exist_ok=True)
        atomic.remove_leftovers(self._folder)

    def last(self) -> tuple[Any, dict[str, Any]] | None:
        """The model after the last epoch that is kept, and what was measured until then.

        Damaged files are removed, and those of other epochs than the best one. None: there
        is nothing to go on from.
        """
        found, needed = None, set()
        for path in self._paths():
            found = self._read(path)
            if found is not None:
                needed = self._needed(found[0].history_) | {int(path.stem[-_DIGITS:])}
                break
        self._remove_all_but(*needed)
        return found

    def best(self, history: list[dict]) -> Any:
        """The model after the best epoch of a history."""
        return self._spec.load(self._path(self._spec.best_epoch(history)))

    def keep(self, model: Any, measured: dict[str, Any], number: int) -> None:
        """Write a model after an epoch or a lesson, and what was measured until then."""
        epochs = self._needed(model.history_) | {number}
        path = self._path(number)
        new = path.with_name(f"new-{path.name}")
        model.save(new, about={**self._about, "measured": measured})
        os.replace(new, path)
        self._remove_all_but(*epochs)

    def _needed(self, history: list[dict]) -> set[int]:
        """Of a history, the last epoch and the best one."""
        last = {history[-1]["epoch"]} if history else set()
        return {epoch for epoch in (*last, self._spec.best_epoch(history)) if epoch}

    def _read(self, path: Path) -> tuple[Any, dict[str, Any]] | None:
        """What is in a file, or None if it is of something else or damaged."""
        try:
            model = self._spec.load(path)
            about = dict(model.about_)
            measured = about.pop("measured")
        except Exception:  # models of a user's own fail in any way
            return None
        needed = map(self._path, self._needed(model.history_))
        if about != self._about or not all(map(Path.exists, needed)):
            return None
        return model, measured

    def _path(self, epoch: int | None) -> Path:
        return self._folder / f"epoch-{epoch:0{_DIGITS}d}.npz"

    def _paths(self) -> list[Path]:
        """All files, the last epoch first."""
        return sorted(self._folder.glob("epoch-*.npz"), reverse=True)

    def _remove_all_but(self, *epochs: int) -> None:
        for path in {*self._folder.glob("*.npz")} - {*map(self._path, epochs)}:
            path.unlink()


def _name_of(about: dict[str, Any]) -> str:
    """The name of a folder for what is computed from something."""
    text = json.dumps(about, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_NAME_LENGTH]


@contextmanager
def place(wanted: str | None, own: Path) -> Iterator[Path]:
    """Hold a folder for the checkpoints of a cell.

    Parameters
    ----------
    wanted : str or None
        A folder within that of the comparison, which the workers of Dask may not see.
    own : path
        A folder to take if there is no such folder here, or if another process works there.

    Yields
    ------
    path
    """
    with ExitStack() as stack:
        folder = own
        if wanted is not None and Path(wanted).parent.is_dir() and _hold(stack, wanted):
            folder = Path(wanted)
        yield folder


def _hold(stack: ExitStack, folder: str) -> bool:
    for _ in range(_N_TRIES):
        try:
            stack.enter_context(locks.held(folder))
        except FolderHeldError:
            time.sleep(0.1)
        except OSError:  # it can be seen, but not be written to
            return False
        else:
            return True
    return False
