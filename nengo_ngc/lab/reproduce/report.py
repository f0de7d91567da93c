"""Tables of published numbers beside ours: as text, JSON, a picture and a page."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...storage import atomic
from .. import plots, provenance
from ..compare import report as compared
from ..compare.results import as_text
from ..pages import aligned, page
from .recipes import FOOTNOTES, ORIGINS, Recipe, Row


def summary(
    rows: Sequence[Row], results: Mapping[str, dict[str, Any]], measure: str
) -> list[dict[str, Any]]:
    """What was published, and what came out, row by row.

    Parameters
    ----------
    rows : sequence of Row
    results : mapping of str to dict
        Results of all cells, by their names.
    measure : str
        What is shown of test images.

    Returns
    -------
    list of dict
        ``name``, ``dataset``, ``rule``, ``published``, ``origin`` and ``source`` of a row;
        ``last`` and ``best``, the values of all seeds at the last epoch and at the one that
        was the best on validation images; ``epochs``, which epochs were the best; ``test``,
        for each seed all that was measured of test images at both; ``seeds``; ``n_epochs``,
        for how many epochs models learn; and ``failed``, what cells that failed have said.
    """
    return [_summed_up(row, [results[name] for name in row.cells], measure) for row in rows]


def _summed_up(row: Row, cells: list[dict[str, Any]], measure: str) -> dict[str, Any]:
    done = [cell for cell in cells if cell["status"] == "done"]
    best = [cell["test"]["best"] for cell in done if "best" in cell["test"]]
    return {
        "name": row.name,
        "dataset": row.dataset,
        "rule": row.rule,
        "published": row.published,
        "origin": row.origin,
        "source": row.source,
        "last": [cell["test"]["last"].get(measure) for cell in done],
        "best": [test.get(measure) for test in best],
        "epochs": [test["epoch"] for test in best],
        "test": [cell["test"] for cell in done],
        "seeds": [cell["cell"]["seed"] for cell in done],
        "n_epochs": next(iter(row.cells.values()))["epochs"],
        "failed": [
            f"seed {cell['cell']['seed']}: {cell['message']}"
            for cell in cells
            if cell["status"] == "failed"
        ],
    }


def difference(row: dict[str, Any]) -> float | None:
    """Ours minus the published value, at the best epoch on validation if there is one."""
    ours = _numbers(row["best"]) or _numbers(row["last"])
    return (
        float(np.mean(ours)) - row["published"]
        if ours and row["published"] is not None
        else None
    )


def columns(
    rows: Sequence[dict[str, Any]], quick: bool, measure: str = "error"
) -> dict[str, list[str]]:
    """The rows as text, column by column.

    The small version of a table has no differences, since it is of other data.
    """
    differences = [difference(row) for row in rows]
    texts = {
        "row": [row["name"] for row in rows],
        "data": [row["dataset"] for row in rows],
        "published": [_published(row, measure) for row in rows],
        "ours, last epoch": [_spread(row["last"], measure) for row in rows],
        "ours, best validation epoch": [_spread(row["best"], measure) for row in rows],
        "seeds": [_seeds(row) for row in rows],
        "difference": ["-" if d is None else _signed(d, measure) for d in differences],
    }
    if quick:
        del texts["difference"]
    return texts


def other_measures(rows: Sequence[dict[str, Any]], measure: str) -> dict[str, list[str]]:
    """What was measured beside the measure of the table, as text, column by column."""
    measured = []
    for row in rows:
        cells = [{"test": test} for test in row["test"]]
        found = {epoch: compared.over_seeds(cells, epoch) for epoch in ("last", "best")}
        called = f"{row['name']}, {row['dataset']}"
        measured.append({"called": called, "rule": row["rule"], "criterion": measure, **found})
    return compared.other_measures(measured)


def write(
    recipe: Recipe,
    rows: Sequence[dict[str, Any]],
    results: Sequence[dict[str, Any]],
    folder: Path,
    quick: bool,
    command: str,
    epochs: int | None = None,
) -> None:
    """Write ``table.txt``, ``table.json``, ``table.png`` and ``report.html``.

    Parameters
    ----------
    recipe : Recipe
    rows : sequence of dict
        Of ``summary``.
    results : sequence of dict
        Results of the cells.
    folder : path
    quick : bool
        Whether this is the small version of the table.
    command : str
        The command that computes the rows.
    epochs : int, optional
        For how many epochs models have learned, if not for those of the recipe.
    """
    done = [result["provenance"] for result in results if result["status"] == "done"]
    origins = provenance.merged(done)
    others = other_measures(rows, recipe.measure)
    head, shown = heading(recipe, quick, epochs), columns(rows, quick, recipe.measure)
    text = [*head, "", *aligned(shown), *notes(rows)]
    text += ["", *aligned(others)] if others else []
    text += provenance.origin_lines(origins, command)
    with atomic.replacing(folder / "table.txt") as file:
        file.write("\n".join(text) + "\n")
    with atomic.replacing(folder / "table.json") as file:
        record = {"table": recipe.name, "quick": quick, "command": command, "rows": rows}
        record["provenance"] = origins
        json.dump({**record, "recipe": recipe.given}, file, indent=1)
    picture = folder / "table.png"
    drawn = draw(rows, recipe.label, picture)
    with atomic.replacing(folder / "report.html") as file:
        content = page(
            "reproduce.html",
            heading=head,
            columns=shown,
            others=others,
            notes=notes(rows),
            sources=list(dict.fromkeys(row["source"] for row in rows)),
            picture=picture if drawn else None,
            failed=[
                (f"{row['name']}, {row['dataset']}", said)
                for row in rows
                for said in row["failed"]
            ],
            origins=provenance.origin_lines(origins, command),
        )
        file.write(content)


def heading(recipe: Recipe, quick: bool, epochs: int | None = None) -> list[str]:
    """What the table is, in a few lines."""
    other = (
        f"Models have learned for {epochs} epoch{'s' * (epochs != 1)} here, and not for as "
        "many as the recipe says."
    )
    small = (
        "This is the small version, on other data, which shows that the recipe works. Its "
        "numbers are not those of the table."
    )
    better = "lower" if recipe.smaller_is_better else "higher"
    measure = f"The table shows the {recipe.label}; {better} is better."
    about = [recipe.about] if recipe.about else []
    about += [small] if quick else []
    about += [] if epochs is None else [other]
    return [recipe.title, recipe.source, measure, *about]


def notes(rows: Sequence[dict[str, Any]]) -> list[str]:
    """What the marks of published numbers mean."""
    used = {ORIGINS[row["origin"]] for row in rows if row["published"] is not None}
    return [f"{mark} {said}" for mark, said in FOOTNOTES.items() if mark in used]


def draw(rows: Sequence[dict[str, Any]], label: str, path: Path) -> bool:
    """Draw published and our values; returns whether there are any of ours."""
    if not any(_numbers(row["last"]) for row in rows):
        return False
    size = (plots.WIDTH, 0.32 * len(rows) + 1.0)
    with plots.figure(path, size=size) as (fig, ((ax,),)):
        for place, row in enumerate(rows):
            ours = _numbers(row["best"]) or _numbers(row["last"])
            look = {"ls": "", "color": plots.look(0)["color"], "ms": 6}
            ax.plot(ours, [place] * len(ours), marker="o", alpha=0.6, label="ours", **look)
            if row["published"] is not None:
                look["color"] = plots.look(1)["color"]
                ax.plot(row["published"], place, marker="|", mew=3, label="published", **look)
        names = [f"{row['name']}, {row['dataset']}" for row in rows]
        ax.set_yticks(range(len(rows)), names)
        ax.set(xlabel=f"{label}, one point for each seed", ylim=(len(rows) - 0.5, -0.5))
        plots.legend(fig)
    return True


def _published(row: dict[str, Any], measure: str) -> str:
    if row["published"] is None:
        return "-"
    return as_text(measure, row["published"]) + ORIGINS[row["origin"]]


def _spread(values: Sequence[float | None], measure: str) -> str:
    """Mean and standard deviation, or the one value."""
    known = _numbers(values)
    if not known:
        return "-"
    mean = as_text(measure, float(np.mean(known)))
    if not known[1:]:
        return mean
    return f"{mean} ± {as_text(measure, float(np.std(known, ddof=1)))}"


def _signed(difference: float, measure: str) -> str:
    return f"{'-' if difference < 0 else '+'}{as_text(measure, abs(difference))}"


def _seeds(row: dict[str, Any]) -> str:
    """How many seeds there are, and of how many the measure is a number if not of all."""
    known, n = len(_numbers(row["last"])), len(row["seeds"])
    return str(n) if known == n else f"{known} of {n}"


def _numbers(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None]
