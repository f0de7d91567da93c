"""Images and labels in files of NumPy, and in IDX files."""

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...storage import atomic
from . import idx
from .checks import KEYS

_TESTS = ("t10k", "test")


# --- one .npz file


def npz_files(path: Path) -> list[Path]:
    """Return the path itself in a list if it is an .npz file, and otherwise nothing."""
    return [path] if path.suffix == ".npz" and path.is_file() else []


def read_npz(path: Path, files: list[Path]) -> Mapping:
    """Read all arrays of an .npz file."""
    try:
        found = np.load(path, allow_pickle=False)
        if isinstance(found, np.ndarray):
            raise ValueError("it has one array without a name")
        with found as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(_no_arrays(path, error)) from error


# --- a folder of .npy files


def npy_files(path: Path) -> list[Path]:
    """Return the .npy files of a folder, if one of them has images."""
    if not (path / "X.npy").is_file():
        return []
    return [path / f"{key}.npy" for key in KEYS if (path / f"{key}.npy").is_file()]


def read_npy(path: Path, files: list[Path]) -> Mapping:
    """Return the arrays of .npy files; images are read only when they are used."""
    return {file.stem: _mapped(file) for file in files}


def write_npy(path: Path, array: NDArray) -> None:
    """Write an .npy file completely or not at all."""
    with atomic.replacing(path, "wb") as file:
        np.lib.format.write_array(file, array, allow_pickle=False)


def _mapped(path: Path) -> NDArray:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, EOFError, ValueError) as error:
        raise ValueError(_no_arrays(path, error)) from error
    return array if path.stem in ("X", "X_test") else np.array(array)


def _no_arrays(path: Path, error: Exception) -> str:
    return (
        f"{path} is damaged, or does not hold arrays of numbers or text: {error}; save them "
        "by numpy.save or numpy.savez (and labels of type object by y.astype(str))"
    )


# --- a folder of IDX files


def idx_files(path: Path) -> list[Path]:
    """Return the IDX files of a folder, for training and perhaps for testing."""
    return [
        file
        for split in ("train", *_TESTS)
        for part in ("images", "labels")
        if (file := _idx_file(path, split, part)) is not None
    ]


def read_idx_folder(path: Path, files: list[Path]) -> Mapping:
    """Return the arrays of IDX files; images that are not compressed stay in their files."""
    found: dict[str, Any] = {}
    for split in ("train", *_TESTS):
        parts = {part: _idx_file(path, split, part) for part in ("images", "labels")}
        if not any(parts.values()):
            continue
        for key, (part, file) in zip("Xy", parts.items()):
            if file is None:
                raise FileNotFoundError(f"{path} has no file {split}-{part}...")
            read = idx.read_idx if idx.is_packed(file) else idx.mapped
            found[key if split == "train" else f"{key}_test"] = read(file)
    return found


def _idx_file(path: Path, split: str, part: str) -> Path | None:
    """Return the file of a part, the uncompressed one if there are two."""
    found = sorted(
        path.glob(f"*{split}-{part}*"), key=lambda file: (file.suffix == ".gz", file)
    )
    different = {file.name.removesuffix(".gz") for file in found}
    if len(different) > 1:
        raise ValueError(
            f"{path} must have one file {split}-{part}..., got {', '.join(sorted(different))}"
        )
    return found[0] if found else None
