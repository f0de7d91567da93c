"""The data sets of a comparison: their names, and the paths of a user's own data."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...training.images import part
from .. import datasets
from ..datasets import Dataset, GivenArrays, OwnData, Source
from ..training_path import default_validation
from .cells import binarizes

NAME = re.compile(r"(?!\.+$)[\w.+-]+")  # of what files are called after


def found(
    wanted: Any, check: Callable[[Dataset], None] = lambda _: None
) -> list[str] | dict[str, Source]:
    """Return the data sets that a configuration names, once they have been checked.

    Parameters
    ----------
    wanted : sequence or mapping
        Names of data sets, and paths, which are called after their last part; or what each
        name stands for: a path, a mapping with X and y, or (X, y).
    check : callable, optional
        Raises ValueError unless data of the user's own are as cells need them.

    Returns
    -------
    list of str or dict of {str: Source}
        A list if there are only data sets that are known by name.

    Raises
    ------
    FileNotFoundError, ValueError
        If there are no such data, or they are unfit.
    """
    named = isinstance(wanted, Mapping)
    sources: dict[str, Source] = {}
    for number, (key, item) in enumerate(wanted.items() if named else enumerate(wanted)):
        where = f"datasets.{key}" if named else f"datasets[{number}]"
        source = item if isinstance(item, Source) else _found(where, item, check)
        name = key if named else _name(source, item)
        if not NAME.fullmatch(str(name)):
            raise ValueError(
                f"datasets must have names of letters, digits and _.+- only, got {name!r}"
            )
        if named and not _is_own(source) and datasets.SOURCES.get(key) is not source:
            raise ValueError(
                f"{where}: a table gives names to data of your own; all others have the name "
                f"by which they are known, as in {item} = {item!r}"
            )
        if sources.get(name, source) is not source:
            raise ValueError(
                f"{where}: another data set is called {name!r}, too; give names to both in a "
                f"table: [datasets]"
            )
        sources[name] = source
    if not sources:
        raise ValueError("datasets must be a list of at least 1, got an empty one")
    return sources if any(map(_is_own, sources.values())) else list(sources)


def kept(config: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return a configuration for JSON, in which the user's own data have their paths.

    Arrays are written into a folder ``data`` of the comparison.
    """
    if not isinstance(config["datasets"], dict):
        return config
    places = {}
    for name, source in config["datasets"].items():
        if isinstance(source, GivenArrays):
            source.write(folder / "data" / name)
            source = OwnData(folder / "data" / name)
        places[name] = source.identity()
    return {**config, "datasets": places}


def hashes(names: Iterable[str], data_dir: str | os.PathLike | None) -> dict[str, str]:
    """Return the SHA-256 of those data sets that another package has registered, by name.

    They may change while no code does. Those of this package are known by their contents. A
    data set that is not on this machine has none.
    """
    found = {}
    for name in set(names) & set(datasets.SOURCES):
        source = datasets.find(name)
        if type(source).__module__.partition(".")[0] != __name__.partition(".")[0]:
            with suppress(OSError):
                found[name] = source.sha256(data_dir)
    return found


def of_cell(cell: dict[str, Any], data_dir: str | Path | None) -> Dataset:
    """The data of a cell; ValueError if they have changed since cells began."""
    own = cell.get("data")
    source: Source = datasets.find(cell["dataset"]) if own is None else OwnData(own["path"])
    if own is not None and source.identity() != own:
        raise ValueError(f"the data at {own['path']} have changed since the cells began")
    data = source.load(cell["dataset"], data_dir, binarize=False)
    if binarizes(cell, data.image_shape):
        data = source.load(cell["dataset"], data_dir, binarize=True)
    return _scaled(data, *cell["pixels"])


def _scaled(data: Dataset, low: float, high: float) -> Dataset:
    """Data whose pixels in [0, 1] are brought into another range, in memory."""
    if (low, high) == (0, 1):
        return data
    images = {name: getattr(data, name) for name in ("X_train", "X_test")}
    return replace(
        data,
        **{
            name: np.float32(low) + np.float32(high - low) * X[:] for name, X in images.items()
        },
    )


def split(
    data: Dataset, cell: Mapping[str, Any]
) -> tuple[Dataset, tuple[Any, NDArray] | None]:
    """The data of a cell with those images only that it learns from, and the others.

    Images for validation are drawn from the first ``train_images`` of the training images,
    by class where each class has enough of them, and with the seed of the cell. Each class
    keeps one image to learn from at least.

    Parameters
    ----------
    data : Dataset
    cell : mapping

    Returns
    -------
    data : Dataset
    validation : tuple of (X, y), or None

    Raises
    ------
    ValueError
        If too few images would be left.
    """
    from sklearn.model_selection import train_test_split

    y = data.y_train[: cell["train_images"]]
    n, (_, first, counts) = len(y), np.unique(y, return_index=True, return_counts=True)
    n_held_out = n_validation(cell["validation"], n)
    if n_held_out > n - len(first):
        raise ValueError(
            f"validation must leave one of {n} training images for each of {len(first)} "
            f"classes, got {n_held_out} images"
        )
    rows = held_out = np.arange(n)
    if not n_held_out:
        return learned_from(data, rows), None
    how = {"test_size": n_held_out, "random_state": cell["seed"]}
    if min(counts) >= 2 and len(first) <= min(n_held_out, n - n_held_out):
        held_out = train_test_split(rows, stratify=y, **how)[1]
    elif n_held_out < n - len(first):
        held_out = train_test_split(np.delete(rows, first), **how)[1]
    else:
        held_out = np.delete(rows, first)
    held_out = np.sort(held_out)
    return learned_from(data, np.delete(rows, held_out)), (
        part(data.X_train, held_out),
        y[held_out],
    )


def learned_from(data: Dataset, rows: NDArray) -> Dataset:
    """The same data with some of the training images only, which may come repeatedly."""
    return replace(data, X_train=part(data.X_train, rows), y_train=data.y_train[rows])


def without_test(data: Dataset) -> Dataset:
    """The same data without any test images, which must not be read to choose settings."""
    return replace(data, X_test=data.X_test[:0].copy(), y_test=data.y_test[:0].copy())


def n_validation(wanted: float | None, n: int) -> int:
    """How many of n training images are for validation, by the setting ``validation``."""
    if wanted is None:
        return default_validation(n)
    return wanted if isinstance(wanted, int) else round(wanted * n)


def beside(item: Any, folder: Path) -> Any:
    """Return a path that a file names, relative to the folder of this file."""
    if isinstance(item, str) and item not in datasets.SOURCES and (folder / item).exists():
        return str(folder / item)
    return item


def _found(where: str, item: Any, check: Callable[[Dataset], None]) -> Source:
    try:
        source = datasets.find(item)
        if _is_own(source):
            check(source.dataset(""))  # whatever may be wrong is found before cells run
    except FileNotFoundError:
        raise
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    return source


def _is_own(source: Source) -> bool:
    return isinstance(source, (OwnData, GivenArrays))


def _name(source: Source, item: Any) -> str:
    if isinstance(source, GivenArrays):
        raise ValueError("datasets: arrays need a name, as in {'mine': (X, y)}")
    return source.name if isinstance(source, OwnData) else item
