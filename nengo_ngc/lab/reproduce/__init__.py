"""Published tables, computed again: each row is some cells, beside the published number."""

import os
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ...storage import atomic, locks
from ..compare import check_ways, run_cells
from . import report
from .recipes import Recipe, names, read

__all__ = ["Recipe", "names", "read", "reproduce"]


def reproduce(
    table: str | os.PathLike,
    output: str | os.PathLike,
    quick: bool = False,
    rows: Sequence[str] = (),
    seeds: Sequence[int] | None = None,
    epochs: int | None = None,
    n_jobs: int = 1,
    dask: str | None = None,
    data_dir: str | os.PathLike | None = None,
    on_cell: Callable[[dict, int], None] | None = None,
    follow: bool = False,
) -> list[dict[str, Any]]:
    """Run what has not been run yet of a published table, and write ours beside it.

    Parameters
    ----------
    table : str or path
        One of ``names()``, or a TOML file of your own.
    output : path
        Folder of ``cells``, ``table.txt``, ``table.json``, ``table.png`` and ``report.html``.
    quick : bool, optional
        Whether to run the small version of the table instead, which takes minutes. It shows
        that the recipe works; its numbers are not those of the table.
    rows : sequence of str, optional
        Names of rows, such as "BP-SE", or "BP-SE, mnist" for one data set only. Default: all
        rows.
    seeds : sequence of int, optional
        Take these seeds, rather than those of the recipe.
    epochs : int, optional
        Learn for this number of epochs, rather than that of the recipe.
    n_jobs, dask, data_dir, on_cell, follow
        As for `.lab.compare.compare`.

    Returns
    -------
    list of dict
        The rows of ``table.json``, see `.report.summary`.

    Raises
    ------
    ImportError
        If tensorboardX is missing, to ``follow``.
    FileNotFoundError, ValueError
        If there is no such table or row, or the recipe makes no sense. What goes wrong in a
        cell is in its row.
    FolderHeldError
        If another process works in ``output``.
    """
    check_ways(n_jobs, follow)
    recipe = read(table)
    wanted = recipe.rows(quick, rows, seeds, epochs)
    cells = {name: cell for row in wanted for name, cell in row.cells.items()}
    folder = Path(output)
    with locks.held(folder):
        atomic.remove_leftovers(folder)
        modules = recipe.modules
        metrics = folder.absolute() / "metrics" if follow else None
        results = run_cells(cells, modules, folder, n_jobs, dask, data_dir, on_cell, metrics)
        by_name = dict(zip(cells, results))
        found = report.summary(wanted, by_name, recipe.measure)
        command = _command(Path(table).name, quick, rows, seeds, epochs)
        cells_found = list(by_name.values())
        report.write(recipe, found, cells_found, folder, quick, command, epochs)
    return found


def _command(name, quick, rows, seeds, epochs):
    """What is typed to compute the same rows again."""
    options = ["--quick"] if quick else []
    for row in rows:
        options += ["--row", row]
    if seeds is not None and list(seeds) != [*range(len(seeds))]:
        given = {"quick": quick, "rows": [*rows], "seeds": [*seeds], "epochs": epochs}
        said = "".join(f", {key}={value!r}" for key, value in given.items() if value)
        return f"nengo_ngc.lab.reproduce.reproduce({name!r}, output{said})"
    if seeds is not None:
        options += ["--seeds", str(len(seeds))]
    if epochs is not None:
        options += ["--epochs", str(epochs)]
    return shlex.join(["nengo-ngc", "reproduce", name, *options])
