"""Reports of tasks: tables and pictures of their curves, rule by rule."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .. import plots
from .statistics import FEWEST, interval, ranked
from .tasks import TASKS, Curve

# of a curve, by rule: its points
Found = dict[str, list[dict[str, Any]]]


def summary(results: Sequence[dict[str, Any]], task: str) -> dict[str, Found]:
    """Sum up the curves of a task over seeds.

    Parameters
    ----------
    results : sequence of dict
        Of the finished cells of a group.
    task : str

    Returns
    -------
    dict
        For each curve and each rule its points: ``x``, and ``mean``, ``deviation``,
        ``interval`` and ``n`` over seeds. Of one seed there is no deviation and no interval.
    """
    return {name: found for name in TASKS[task].curves if (found := _summary(results, name))}


def _summary(results: Sequence[dict[str, Any]], name: str) -> Found:
    values: dict[str, dict[float, list[float]]] = {}
    for result in results:
        for x, y in result["curves"].get(name, ()):
            values.setdefault(result["cell"]["rule"], {}).setdefault(x, []).append(y)
    return {
        rule: [_point(x, points[x]) for x in sorted(points)] for rule, points in values.items()
    }


def _point(x: float, values: Sequence[float]) -> dict[str, Any]:
    return {
        "x": x,
        "mean": float(np.mean(values)),
        "deviation": float(np.std(values, ddof=1)) if values[1:] else None,
        "interval": interval(values),
        "n": len(values),
    }


def rankings(
    results: Sequence[dict[str, Any]], task: str, failed: Mapping[str, int] | None = None
) -> dict[str, dict[str, Any]]:
    """Rank rules by each curve of a task.

    What decides is the mean of all points of a seed, or the last one, as the curve says.

    Parameters
    ----------
    results, task
        As of `summary`.
    failed : mapping of str to int, optional
        How many cells of a rule that do this task have failed.

    Returns
    -------
    dict
        What `.statistics.ranked` returns, by curve.
    """
    found = {}
    for name, curve in TASKS[task].curves.items():
        points: dict[str, dict[int, dict[float, float]]] = {}
        for result in results:
            for x, y in result["curves"].get(name, ()):
                cell = result["cell"]
                points.setdefault(cell["rule"], {}).setdefault(cell["seed"], {})[x] = y
        values = _decisive(points, curve.whole)
        if values:
            found[name] = ranked(values, curve.smaller_is_better, failed)
    return found


def _decisive(
    points: Mapping[str, Mapping[int, Mapping[float, float]]], whole: bool
) -> dict[str, dict[int, float]]:
    """One number for each rule and seed, of those seeds that have all points."""
    every = {x for seeds in points.values() for known in seeds.values() for x in known}
    values = {
        rule: {
            seed: float(np.mean([*known.values()])) if whole else known[max(every)]
            for seed, known in seeds.items()
            if known.keys() == every
        }
        for rule, seeds in points.items()
    }
    return {rule: seeds for rule, seeds in values.items() if seeds}


def tables(task: str, curves: Mapping[str, Found]) -> list[tuple[str, dict[str, list[str]]]]:
    """The tables of a task, one for each curve: a title, and columns for its points."""
    return [
        (_title(task, curve), _columns(curve, curves[name]))
        for name, curve in TASKS[task].curves.items()
        if name in curves
    ]


def _title(task: str, curve: Curve) -> str:
    return f"{task}: {curve.measure} by {curve.over}"


def _columns(curve: Curve, found: Found) -> dict[str, list[str]]:
    every = sorted({point["x"] for points in found.values() for point in points})
    shown = every if curve.whole else every[-1:]
    points = {f"{x:g}": [_text(points, x) for points in found.values()] for x in shown}
    return {"rule": list(found), **points}


def _text(points: Sequence[Mapping[str, Any]], x: float) -> str:
    for point in points:
        if point["x"] == x:
            spread = "" if point["deviation"] is None else f" ± {point['deviation']:.2f}"
            return f"{point['mean']:.2f}{spread}"
    return ""


def draw(task: str, curves: Mapping[str, Found], path: Path) -> bool:
    """Draw a panel for each curve, with a line and its confidence interval for each rule."""
    drawn = {
        name: TASKS[task].curves[name] for name in curves if TASKS[task].curves[name].drawn
    }
    if not drawn:
        return False
    size = (plots.WIDTH, 3.6)
    with plots.figure(path, 1, len(drawn), size) as (fig, axes):
        for ax, (name, curve) in zip(axes[0], drawn.items()):
            _draw(ax, curve, curves[name])
        plots.legend(fig, n_columns=3)
    return True


def _draw(ax: Any, curve: Curve, found: Found) -> None:
    for number, (rule, points) in enumerate(found.items()):
        x, look = _xs(points), plots.look(number)
        ax.plot(x, [point["mean"] for point in points], label=rule, **look)
        if all(point["n"] >= FEWEST for point in points):
            low, high = zip(*(point["interval"] for point in points))
            if points[1:]:
                ax.fill_between(x, low, high, color=look["color"], alpha=0.15, lw=0)
            else:
                ax.vlines(x, low, high, color=look["color"])
    ax.set(xlabel=curve.over, ylabel=curve.measure)
    if all(float(x).is_integer() for points in found.values() for x in _xs(points)):
        plots.whole_numbers(ax.xaxis)
    if curve.log:
        plots.log_axis(ax, "x")
        ax.set_xlabel(curve.over)


def _xs(points: Sequence[Mapping[str, Any]]) -> list[float]:
    return [point["x"] for point in points]
