"""Comparisons of learning rules: each combination of settings is a cell, a run of its own."""

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ...storage import atomic, locks, schema
from ...storage.schema import Table, Whole
from .. import datasets
from ..specs import MODELS
from . import data, processes, report, results, search
from .cells import AXES, cells_of, model_of
from .code_hashes import hashes
from .configuration import DEFAULTS, check_config, read_config
from .follow import check_installed
from .tasks import TASKS
from .user_modules import import_module, place

__all__ = [
    "AXES",
    "DEFAULTS",
    "cells_of",
    "check_config",
    "check_ways",
    "compare",
    "model_of",
    "n_runs",
    "read_config",
    "run_cells",
]


def compare(
    config: dict[str, Any] | str | os.PathLike,
    output: str | os.PathLike,
    n_jobs: int = 1,
    dask: str | None = None,
    data_dir: str | os.PathLike | None = None,
    on_cell: Callable[[dict, int], None] | None = None,
    follow: bool = False,
) -> list[dict[str, Any]]:
    """Run what has not been run yet, and write the report of everything.

    Parameters
    ----------
    config : dict or path
        What to compare, see ``DEFAULTS``; or a TOML file of it. ``"datasets"`` may also be
        a dict that says what each name stands for: a path, a mapping with X and y, or (X, y).
    output : path
        Folder of the comparison: ``cells``, ``compare.json``, ``table.txt``, pictures
        and ``report.html``.
    n_jobs : int, optional
        Cells that run at once.
    dask : str, optional
        Address of a Dask scheduler on whose workers cells run instead.
    data_dir : path, optional
        As for `.lab.datasets.load`.
    on_cell : callable, optional
        Called with each result and the number of cells left.
    follow : bool, optional
        Whether what is measured of each epoch is written into the folder ``metrics`` at once,
        from which TensorBoard shows it. It takes the package tensorboardX.

    Returns
    -------
    list of dict
        The result of each cell, with what it was made by, its ``code``: hashes of the files
        of this package and of each module. A cell whose code has changed since is run again.

    Raises
    ------
    ImportError
        If a package is missing: tensorboardX to ``follow``, Optuna for a search.
    FileNotFoundError, ValueError
        If the configuration is unfit. What goes wrong in a cell is in its result.
    FolderHeldError
        If another process works in ``output``.
    """
    check_ways(n_jobs, follow)
    if not isinstance(config, (dict, str, os.PathLike)):
        raise ValueError(f"config must be a dict or the path of a file, got {config!r}")
    config = check_config(config if isinstance(config, dict) else read_config(config))
    if config["search"]:
        search.check_installed()
    folder = Path(output)
    with locks.held(folder):
        atomic.remove_leftovers(folder)
        config = data.kept(config, folder)
        metrics = folder.absolute() / "metrics" if follow else None

        def run(cells: dict[str, dict[str, Any]], n_later: int) -> list[dict[str, Any]]:
            def told(result: dict, left: int) -> None:
                if on_cell is not None:
                    on_cell(result, left + n_later)

            where = folder, n_jobs, dask, data_dir
            return run_cells(cells, config["modules"], *where, told, metrics)

        n_cells = len(cells_of(config))
        searched = search.choose(config, lambda trials, n: run(trials, n + n_cells))
        found = run(cells_of(config, search.settings(searched)), 0)
        report.write(found, config, folder, searched)
    return found


def check_ways(n_jobs: int, follow: bool) -> None:
    """Raise ValueError or ImportError unless cells can be run in this way."""
    schema.check("arguments", {"n_jobs": n_jobs}, Table({"n_jobs": Whole(1, 2**31 - 1)}))
    if follow:
        check_installed()


def n_runs(config: dict[str, Any]) -> int:
    """How many cells a configuration has, with the trials of a search."""
    return len(cells_of(config)) + search.n_trials(config)


def run_cells(
    cells: dict[str, dict[str, Any]],
    modules: Sequence[str],
    folder: Path,
    n_jobs: int = 1,
    dask: str | None = None,
    data_dir: str | os.PathLike | None = None,
    on_cell: Callable[[dict, int], None] | None = None,
    metrics: Path | None = None,
) -> list[dict[str, Any]]:
    """Run those of several cells that have not been run yet, and return all results.

    Parameters
    ----------
    cells : dict of {str: dict}
        Cells by the names of their files.
    modules : sequence of str
        Modules of the user.
    folder : path
        Results are kept in ``cells`` in it. This process must hold it.
    n_jobs, dask, data_dir, on_cell
        As for ``compare``.
    metrics : path, optional
        Folder for what is measured in each epoch, which TensorBoard shows.

    Returns
    -------
    list of dict
        As of ``compare``.
    """
    (folder / "cells").mkdir(exist_ok=True)
    atomic.remove_leftovers(folder / "cells")
    paths = {name: folder / "cells" / f"{name}.json" for name in cells}
    imported = [import_module(module) for module in modules]
    imported += [*MODELS.modules(), *datasets.SOURCES.modules(), *TASKS.modules()]
    code, places = hashes(imported), [place(module) for module in imported]
    named = (cell["dataset"] for cell in cells.values() if "data" not in cell)
    contents = data.hashes(named, data_dir)
    done: dict[str, Any] = {
        name: results.finished(paths[name], cell, code, contents.get(cell["dataset"]))
        for name, cell in cells.items()
    }
    waiting = [name for name, result in done.items() if result is None]
    parts = {
        name: results.own_place(path, cells[name]).with_suffix(".part").absolute()
        for name, path in paths.items()
    }
    jobs = [
        (name, cells[name], code, places, data_dir, parts[name], metrics and metrics / name)
        for name in waiting
    ]
    for name in done.keys() - waiting:
        shutil.rmtree(parts[name], ignore_errors=True)
    left = len(waiting)
    for name, result in processes.run_all(jobs, n_jobs, dask):
        done[name], left = result, left - 1
        results.keep(paths[name], result)
        if result["status"] == "done":
            shutil.rmtree(parts[name], ignore_errors=True)
        if on_cell is not None:
            on_cell(result, left)
    return list(done.values())
