"""The data sets of a comparison: their names, and the paths of a user's own data."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import datasets
from ..datasets import Dataset, GivenArrays, OwnData, Source

NAME = re.compile(r"[\w.+-]+")  # of what files are called after


def found(wanted: Any) -> list[str] | dict[str, Source]:
    """Return the data sets that a configuration names, once they have been checked.

    Parameters
    ----------
    wanted : sequence or mapping
        Names of data sets, and paths, which are called after their last part; or what each
        name stands for: a path, a mapping with X and y, or (X, y).

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
        source = item if isinstance(item, Source) else _found(where, item)
        name = key if named else _name(source, item)
        if not NAME.fullmatch(str(name)):
            raise ValueError(
                f"datasets must have names of letters, digits and _.+- only, got {name!r}"
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


def of_cell(cell: Mapping[str, Any], data_dir: str | Path | None) -> Dataset:
    """Return the data of a cell with grey pixels; raise ValueError if they have changed."""
    own = cell.get("data")
    if own is None:
        return datasets.load(cell["dataset"], data_dir, binarize=False)
    source = OwnData(own["path"])
    if source.identity() != own:
        raise ValueError(f"the data at {own['path']} have changed since the cells began")
    return source.load(cell["dataset"], data_dir)


def beside(item: Any, folder: Path) -> Any:
    """Return a path that a file names, relative to the folder of this file."""
    if isinstance(item, str) and item not in datasets.SOURCES and (folder / item).exists():
        return str(folder / item)
    return item


def _found(where: str, item: Any) -> Source:
    try:
        source = datasets.find(item)
        if _is_own(source):
            source.dataset("")  # all that may be wrong with it is found before cells run
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
