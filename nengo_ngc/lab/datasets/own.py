"""Data of users: a path, or arrays."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from nengo.exceptions import ValidationError

from ...validation import shown
from . import array_files, checks, class_folders
from .base import Source
from .fingerprint import fingerprint


class _Format(NamedTuple):
    """One way in which data can lie at a path.

    Parameters
    ----------
    description : str
        For error messages.
    files : callable
        ``files(path)`` returns the files with the data; none if they lie in another way.
    read : callable
        ``read(path, files)`` returns a mapping as `.Source.arrays` does.
    """

    description: str
    files: Callable[[Path], list[Path]]
    read: Callable[[Path, list[Path]], Mapping]


FORMATS = (
    _Format("an .npz file with X and y", array_files.npz_files, array_files.read_npz),
    _Format("a folder with X.npy and y.npy", array_files.npy_files, array_files.read_npy),
    _Format(
        "a folder of IDX files (train-images..., train-labels..., and t10k-... or test-...)",
        array_files.idx_files,
        array_files.read_idx_folder,
    ),
    _Format(
        "a folder with a folder of images for each class",
        class_folders.image_files,
        class_folders.read,
    ),
)


class OwnData(Source):
    """Data at a path, in one of the ``FORMATS``.

    Parameters
    ----------
    path : str or path

    Raises
    ------
    FileNotFoundError
        If there is nothing at the path.
    ValueError
        If what is there has no known format.
    """

    in_memory, shuffled = False, True

    def __init__(self, path: str | os.PathLike) -> None:
        self.path = Path(os.path.abspath(path))
        if not self.path.exists():
            raise FileNotFoundError(f"there is no file or folder {path}")
        self._files: list[Path] = []
        for self._format in FORMATS:
            self._files = self._format.files(self.path)
            if self._files:
                return
        known = "; ".join(f.description for f in FORMATS)
        raise ValueError(f"{path} must be one of these: {known}")

    @property
    def name(self) -> str:
        """The name of these data in run folders and reports."""
        last = self.path.name if self.path.is_dir() else self.path.stem
        return re.sub(r"[^\w.+-]+", "_", last) or "data"

    @property
    def place(self) -> str:
        return str(self.path)

    def arrays(
        self, data_dir: str | os.PathLike | None = None, download: bool = True
    ) -> Mapping:
        return self._format.read(self.path, self._files)

    def _checked(self, given: Mapping) -> checks.Arrays:
        return checks.checked_arrays(given, self.place)

    def identity(self) -> dict[str, Any]:
        return {"path": str(self.path), "sha256": fingerprint(self.path, self._files)}


class GivenArrays(Source):
    """Arrays that are in memory, or mapped from a file.

    Parameters
    ----------
    given : mapping or tuple
        ``{"X": X, "y": y}``, perhaps with ``"X_test"``, ``"y_test"`` and ``"image_shape"``; or
        ``(X, y)``.
    """

    in_memory, shuffled = False, True

    def __init__(self, given: Mapping | tuple) -> None:
        if isinstance(given, tuple):
            if len(given) != 2:
                raise ValidationError(
                    f"must be (X, y), or a mapping, got {len(given)} arrays", attr="data"
                )
            given = dict(zip(("X", "y"), given))
        if not isinstance(given, Mapping):
            raise ValidationError(
                f"must be (X, y), or a mapping with X and y, got {shown(given)}", attr="data"
            )
        self._given = given

    def arrays(
        self, data_dir: str | os.PathLike | None = None, download: bool = True
    ) -> Mapping:
        return self._given

    def write(self, folder: Path) -> None:
        """Write the arrays as a folder of .npy files, once they have been checked.

        Those of other data that were written there before are removed.
        """
        self._checked(self._given)
        folder.mkdir(parents=True, exist_ok=True)
        for name in checks.KEYS:
            path, array = folder / f"{name}.npy", self._given.get(name)
            if array is None:
                path.unlink(missing_ok=True)
                continue
            array = np.asanyarray(array)  # labels of text may be of type object
            array_files.write_npy(path, array.astype(str) if array.dtype == object else array)
