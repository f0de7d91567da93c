"""Reports of comparisons of learning rules: a table, pictures, and an HTML page."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np

from ...storage import atomic
from .. import provenance
from ..pages import aligned, page
from ..specs import MODELS, compared
from . import ranking, search, statistics, task_report
from .cells import missing
from .figures import CAPTIONS, PICTURES, Results, last_angles
from .results import as_text, criterion, label, picture
from .tasks import TASKS

_COMMAND = "nengo-ngc compare"


def write(
    results: list[dict],
    config: dict[str, Any],
    folder: Path,
    searched: Sequence[dict[str, Any]] = (),
) -> None:
    """Write ``compare.json``, ``table.txt``, PNG pictures and ``report.html``.

    Parameters
    ----------
    results : list of dict
        Of `.lab.compare.processes.run_cell`.
    config : dict
    folder : path
    searched : sequence of dict, optional
        Of `.search.choose`.
    """
    folder = Path(folder)
    origins = provenance.merged(result["provenance"] for result in _done(results))
    groups = _groups(results)
    known = {
        group: statistics.of_group(runs, _failed(results, group, lambda c: not c["variant"]))
        for group, runs in groups.items()
    }
    tasks = _tasks(results, lambda group, cells, task: task_report.summary(cells, task))
    ranked = _tasks(results, partial(_rankings, results))
    lacking = [
        f"{rule} cannot do the task {task}: {why}"
        for task, rules in missing(config).items()
        for rule, why in rules.items()
    ]
    won = {group: _won(known.get(group), ranked[group]) for group in tasks}
    with atomic.replacing(folder / "compare.json") as file:
        record = {"config": config, "provenance": origins, "statistics": known, "tasks": tasks}
        record |= {"task_statistics": ranked, "search": list(searched)}
        json.dump({**record, "results": results}, file, indent=1)
    rows = summary(results)
    with atomic.replacing(folder / "table.txt") as file:
        made = provenance.origin_lines(origins, _COMMAND)
        text = [table(rows, known), *_task_tables(tasks, won), *lacking, ""]
        text += [*aligned(search.columns(searched)), *made] if searched else made
        file.write("\n".join(text) + "\n")
    sections = []
    for number, group in enumerate(dict.fromkeys([*groups, *tasks]), start=1):
        runs, pictures, verdict = groups.get(group, {}), [], ""
        if runs:
            verdict = ranking.verdict(known[group])
            errors = folder / f"errors-{number}.png"
            ranking.draw_errors(runs, known[group], errors)
            pictures.append((CAPTIONS["errors"], errors, "plot"))
            pictures += _drawn(runs, folder, number)
        of_tasks = []
        for task, curves in tasks.get(group, {}).items():
            path = folder / f"task-{task}-{number}.png"
            shown = [path] if task_report.draw(task, curves, path) else []
            listed = task_report.tables(task, curves)
            of_tasks.append((task, TASKS[task].caption, shown, listed))
        sections.append(
            {
                "group": group,
                "pictures": pictures,
                "verdict": verdict,
                "known": known.get(group),
                "tasks": of_tasks,
                "won": won.get(group, {}),
            }
        )
    with atomic.replacing(folder / "report.html") as file:
        file.write(_page(rows, sections, results, config, origins, lacking, searched))


def _drawn(runs: Results, folder: Path, number: int) -> list[tuple[str, Path, str]]:
    """Draw the pictures of a group; returns captions, files and kinds."""
    pictures = []
    for name, draw in PICTURES.items():
        path = folder / f"{name}-{number}.png"
        if draw(runs, path):
            pictures.append((CAPTIONS[name], path, "plot"))
    for rule, (cell, *_) in runs.items():
        for name, content in cell.get("pictures", {}).items():
            path = folder / f"{name}-{rule}-{number}.png"
            with atomic.replacing(path, "wb") as file:
                file.write(picture(content))
            shown = MODELS[rule].captions[name]
            caption = f"{rule}, seed {cell['cell']['seed']}: {shown}."
            pictures.append((caption, path, "images"))
    return pictures


def _tasks(results: list[dict], what: Callable) -> dict[str, dict[str, dict[str, Any]]]:
    """What a function of a group, its results and a task returns, if it is anything."""
    groups: dict[str, list[dict]] = {}
    for result in _done(results):
        groups.setdefault(_group(result), []).append(result)
    found = {
        group: {task: of_task for task in TASKS if (of_task := what(group, cells, task))}
        for group, cells in groups.items()
    }
    return {group: tasks for group, tasks in found.items() if tasks}


def _rankings(
    results: list[dict], group: str, cells: list[dict], task: str
) -> dict[str, dict[str, Any]]:
    failed = _failed(results, group, lambda cell: task in cell["tasks"])
    return task_report.rankings(cells, task, failed)


def _won(
    known: dict[str, Any] | None, ranked: dict[str, dict[str, dict[str, Any]]]
) -> dict[str, list[str]]:
    """Which rule of a group wins on what."""
    measured = {} if known is None else {f"test {known['label']}": known}
    for task, rankings in ranked.items():
        for name, group in rankings.items():
            curve = TASKS[task].curves[name]
            which = "mean over" if curve.whole else "last of"
            measured[f"{task}: {curve.measure}, {which} {curve.over}"] = group
    return ranking.winners(measured)


def _task_tables(
    tasks: dict[str, dict[str, dict[str, task_report.Found]]],
    won: dict[str, dict[str, list[str]]],
) -> list[str]:
    lines = []
    for group, curves_of in tasks.items():
        lines += [f"tasks, {group}", "-" * len(f"tasks, {group}"), *aligned(won[group])]
        for task, curves in curves_of.items():
            for title, columns_of in task_report.tables(task, curves):
                lines += [title, *aligned(columns_of)]
    return lines


def summary(results: list[dict]) -> list[dict[str, Any]]:
    """Return a row for each rule in each group of cells that differ only in their seed.

    Returns
    -------
    list of dict
        ``group``, ``rule``, ``criterion`` (the measure by which cells are judged) and its
        ``label``, ``interval`` (as of `.statistics.of_group`), ``last`` and ``best`` (measures
        of test images after the last epoch, and after the epoch that was the best on
        validation images, each of them a mean over
        seeds and their standard deviation, or None), ``n`` (seeds), ``samples_per_second``,
        ``ratio`` (to automatic differentiation in the same group, or None), ``gmacs`` (10⁹
        multiply-accumulates of an epoch, or None if they cannot be counted), ``memory_mb``,
        ``angles`` (of the last epoch, by weights).
    """
    rows = []
    for group, runs in _groups(results).items():
        known = statistics.of_group(runs)["rules"]
        speeds = {rule: _mean(cells, "samples_per_second") for rule, cells in runs.items()}
        for rule, cells in runs.items():
            reference = speeds.get("autodiff")
            speed = speeds[rule] or 0.0
            rows.append(
                {
                    "group": group,
                    "rule": rule,
                    "criterion": criterion(cells[0]),
                    "label": label(cells[0]),
                    "interval": known[rule]["interval"],
                    "last": over_seeds(cells, "last"),
                    "best": over_seeds(cells, "best"),
                    "n": len(cells),
                    "samples_per_second": speed,
                    "ratio": speed / reference if reference else None,
                    "gmacs": _gmacs(cells),
                    "memory_mb": _mean(cells, "peak_memory_mb"),
                    "angles": last_angles(cells),
                }
            )
    return rows


def table(rows: list[dict[str, Any]], known: dict[str, dict[str, Any]]) -> str:
    """Return the rows of ``summary`` as text, and what they say, by group."""
    lines = []
    for group in dict.fromkeys(row["group"] for row in rows):
        lines += [group, "-" * len(group)]
        of_group = [row for row in rows if row["group"] == group]
        lines += aligned(columns(of_group))
        lines += _concluded(known[group])
        if others := other_measures(of_group):
            lines += aligned(others)
    return "\n".join(lines)


def _concluded(group: dict[str, Any]) -> list[str]:
    """What is said about the rules of a group, and the table of all pairs."""
    lines = [*filter(None, [ranking.verdict(group)]), ""]
    found = ranking.matrix_columns(group)
    return [*lines, *aligned(found)] if found else lines


def columns(rows: list[dict[str, Any]]) -> dict[str, list[str]]:
    """The rows of a group as text, column by column; columns of which nothing is known are
    left out. There are none without rows, as where only tasks have results."""
    if not rows:
        return {}
    measured = f"test {rows[0]['label']}"
    texts = {
        "rule": [row["rule"] for row in rows],
        f"{measured} at the last epoch": [measure_text(row, "last") for row in rows],
        f"{measured} at the best validation epoch": [
            measure_text(row, "best") for row in rows
        ],
        "95 % interval of the mean": [interval_text(row) for row in rows],
        "seeds": [str(row["n"]) for row in rows],
        "samples/s": [f"{row['samples_per_second']:.0f}" for row in rows],
        "of autodiff": [_number(row["ratio"], ".2f") for row in rows],
        "GMAC per epoch": [_number(row["gmacs"], ".3g") for row in rows],
        "peak MB": [_number(row["memory_mb"], ".0f") for row in rows],
        "angle to backprop (°)": [angles_text(row) for row in rows],
    }
    return {name: column for name, column in texts.items() if any(column)}


def other_measures(rows: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    """What else was measured of test images at the best validation epoch, as text.

    Of a row without validation images it is that of the last epoch. Empty if there is nothing
    else.

    Parameters
    ----------
    rows : sequence of dict
        Of ``summary``; ``rule``, ``criterion``, ``last`` and ``best`` are enough. The first
        column shows ``called``, or the rule without it.
    """
    epochs = ["best" if row["best"] else "last" for row in rows]
    # by name and text: models may call one thing differently, or two things the same
    found: dict[tuple[str, str], list[str]] = {}
    for number, (row, epoch) in enumerate(zip(rows, epochs)):
        for name, text in compared()[row["rule"]][0].measures.items():
            if name != row["criterion"] and name in row[epoch]:
                column = found.setdefault((name, text), [""] * len(rows))
                column[number] = measure_text(row, epoch, name)
    if not found:
        return {}
    shown = [any(column[number] for column in found.values()) for number in range(len(rows))]
    first = f"other measures, {' or '.join(sorted(set(compress(epochs, shown))))} epoch"
    called = [row.get("called", row["rule"]) for row in rows]
    texts = [text for _, text in found]
    columns = {
        text if texts.count(text) == 1 else f"{text} ({name})": [*compress(column, shown)]
        for (name, text), column in found.items()
    }
    return {first: [*compress(called, shown)], **columns}


def measure_text(row: dict[str, Any], epoch: str, name: str | None = None) -> str:
    """Mean and standard deviation of a measure of a row, or what it is for the one seed.

    Parameters
    ----------
    row : dict
        Of ``summary``.
    epoch : {"last", "best"}
    name : str, optional
        Default: the measure by which cells are judged.
    """
    name = name or row["criterion"]
    mean, deviation = row[epoch].get(name, (None, None))
    if mean is None:
        return ""
    spread = " (one seed)" if deviation is None else f" ± {as_text(name, deviation)}"
    return f"{as_text(name, mean)}{spread}"


def interval_text(row: dict[str, Any]) -> str:
    """The confidence interval of the measure of a row that decides, or nothing."""
    return ranking.interval_text(row["criterion"], row)


def outcome(result: dict[str, Any], measure: str | None = None) -> str:
    """What came out of a cell, in a line.

    Parameters
    ----------
    result : dict
    measure : str, optional
        What is shown of test images, if it was measured. Default: what the rule is judged by.
    """
    if result["status"] != "done":
        return f"failed, {result['message']}"
    name, test = criterion(result), result["test"]
    if not test and "best" not in result["val"]:
        return "validation images were not measured"
    if not test:
        return f"validation {label(result)} {as_text(name, result['val']['best'][name])}"
    called = f"test {label(result)}"
    measures = compared()[result["cell"]["rule"]][0].measures
    if measure is not None and measure != name and measure in test["last"]:
        name, called = measure, measures.get(measure, measure)
    said = f"{called} {as_text(name, test['last'][name])} at the last epoch"
    if "best" not in test:
        return said
    best = test["best"]
    return (
        f"{said}, {as_text(name, best[name])} at epoch {best['epoch']}, the best on validation"
    )


def angles_text(row: dict[str, Any]) -> str:
    """Return the angles of a row as text, one for each weight matrix."""
    return ", ".join(f"{name} {angle:.0f}" for name, angle in row["angles"].items())


def _number(value: float | None, how: str) -> str:
    return "" if value is None else format(value, how)


def _groups(results: list[dict]) -> dict[str, Results]:
    """Group finished usual cells by the settings that they share, and then by rule."""
    groups: dict[str, Results] = {}
    for result in _done(results):
        if not result["cell"]["variant"]:
            of_group = groups.setdefault(_group(result), {})
            of_group.setdefault(result["cell"]["rule"], []).append(result)
    return groups


def _group(result: dict) -> str:
    name = _settings_of(result["cell"])
    if criterion(result) != "error":  # cannot be compared with those of other models
        name += f", {label(result)}"
    return name


def _failed(results: list[dict], group: str, counts: Callable[[dict], bool]) -> dict[str, int]:
    """How many of those cells of a group that count have failed, by rule."""
    return Counter(
        cell["rule"]
        for cell in (result["cell"] for result in results if result["status"] == "failed")
        if counts(cell) and f"{group},".startswith(f"{_settings_of(cell)},")
    )


def _settings_of(cell: dict) -> str:
    """The settings that the cells of a group share."""
    sizes = "-".join(map(str, cell["hidden"]))
    return f"{cell['dataset']}, {sizes} hidden, {cell['neurons']}, {cell['backend']}"


def _done(results: list[dict]) -> list[dict]:
    return [result for result in results if result["status"] == "done"]


def over_seeds(cells: Sequence[dict], epoch: str) -> dict[str, tuple[float, float | None]]:
    """Return the mean and the standard deviation of each measure of test images.

    Parameters
    ----------
    cells : sequence of dict
        Results of cells; ``test`` is enough.
    epoch : {"last", "best"}

    Returns
    -------
    dict of {str: (float, float or None)}
        The deviation is None if there is one value only.
    """
    records = [cell["test"][epoch] for cell in cells if epoch in cell["test"]]
    found = {}
    for name in dict.fromkeys(key for record in records for key in record):
        values = [record[name] for record in records if record.get(name) is not None]
        if values:
            deviation = float(np.std(values, ddof=1)) if values[1:] else None
            found[name] = float(np.mean(values)), deviation
    return found


def _gmacs(cells: list[dict]) -> float | None:
    """Giga-multiply-accumulates of an epoch, the mean over epochs and cells."""
    counts = [cell["history"][-1].get("macs") for cell in cells]
    per_epoch = [
        count / len(cell["history"]) / 1e9 for cell, count in zip(cells, counts) if count
    ]
    return float(np.mean(per_epoch)) if per_epoch else None


def _mean(cells: list[dict], key: str) -> float | None:
    values = [cell[key] for cell in cells if cell[key] is not None]
    return float(np.mean(values)) if values else None


def _page(
    rows: list[dict],
    sections: list[dict],
    results: list[dict],
    config: dict[str, Any],
    origins: list[dict[str, Any]],
    lacking: list[str],
    searched: Sequence[dict[str, Any]],
) -> str:
    return page(
        "compare.html",
        {
            "columns": columns,
            "other_measures": other_measures,
            "matrix": ranking.matrix,
        },
        rows=rows,
        sections=sections,
        lacking=lacking,
        searched=search.columns(searched) if searched else {},
        unsearched=[rule for rule in config["rules"] if rule not in config["search"]],
        failed=[result for result in results if result["status"] == "failed"],
        origins=provenance.origin_lines(origins, _COMMAND),
        config=json.dumps(config, indent=2),
    )
