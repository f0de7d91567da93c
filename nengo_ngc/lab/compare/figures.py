"""Pictures of a comparison, one of each for each group of its cells."""

import math
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import plots

Results = dict[str, list[dict[str, Any]]]  # of the cells of a group, by rule


def last_angles(cells: list[dict]) -> dict[str, float]:
    """Angles after the last epoch, the mean over cells, for each weight matrix."""
    last = [cell["angles"][-1] for cell in cells]
    names = sorted(set().union(*last))
    means = {name: _mean_angle(last, name) for name in names}
    return {name: mean for name, mean in means.items() if not math.isnan(mean)}


def _mean_angle(records: list[dict], name: str) -> float:
    values = [r[name] for r in records if r.get(name) is not None]
    return float(np.mean(values)) if values else float("nan")


def _epochs(cells: list[dict]) -> list[int]:
    """Epochs of the cell that has most."""
    return [r["epoch"] for r in max((cell["history"] for cell in cells), key=len)]


def _over_epochs(cells: list[dict], part: str, key: str) -> NDArray:
    """What was measured, (n_cells, n_epochs); NaN where a cell has measured nothing."""
    rows = [[record.get(key) for record in cell[part]] for cell in cells]
    return np.array(list(zip_longest(*rows)), dtype=float).T


def _draw_errors(runs: Results, path: Path) -> bool:
    figure, axes = plots.figure(1, 1, figsize=(7.5, 0.45 * len(runs) + 1.2))
    ax = axes[0, 0]
    for row, cells in enumerate(runs.values()):
        errors = [cell["test_error"] for cell in cells]
        style = plots.style(row)
        color, marker = style["color"], style["marker"]
        ax.plot(errors, [row] * len(errors), marker, color=color, alpha=0.6, ms=6)
        mean = np.mean(errors)
        ax.plot([mean, mean], [row - 0.3, row + 0.3], color=color, lw=2.5)
        ax.annotate(
            f"{mean:.2f}",
            (max(errors), row),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    ax.set_yticks(range(len(runs)), list(runs))
    ax.invert_yaxis()
    every = [cell["test_error"] for cells in runs.values() for cell in cells]
    if 0 < 5 * min(every) < max(every):
        ax.set_xscale("log")
        plots.log_percent(ax.xaxis)
    ax.set_xlabel("test error (%), each seed and the mean")
    ax.margins(x=0.15)
    return plots.save(figure, path)


def _draw_curves(runs: Results, path: Path) -> bool:
    figure, axes = plots.figure(1, 1, figsize=(9, 4.2))
    ax = axes[0, 0]
    for row, (rule, cells) in enumerate(runs.items()):
        errors = _over_epochs(cells, "history", "val_error")
        plots.band(ax, _epochs(cells), errors, label=rule, **plots.style(row))
    ax.set_yscale("log")
    plots.log_percent(ax.yaxis)
    ax.set(xlabel="epoch", ylabel="test error (%), mean and range over seeds")
    plots.whole_numbers(ax.xaxis)
    ax.legend(frameon=False, fontsize=9, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return plots.save(figure, path)


def _draw_angles(runs: Results, path: Path) -> bool:
    layers: dict[str, list[str]] = {}
    for rule, cells in runs.items():
        for name in last_angles(cells):
            layers.setdefault(name, []).append(rule)
    names = sorted(layers)
    if not names:
        return False
    width = max(3.6 * len(names) + 0.4, 6)
    figure, axes = plots.figure(1, len(names), figsize=(width, 3.8))
    rows = {rule: row for row, rule in enumerate(runs)}
    for ax, name in zip(axes[0], names):
        for rule in layers[name]:
            angles = _over_epochs(runs[rule], "angles", name)
            epochs, style = range(angles.shape[1]), plots.style(rows[rule])
            plots.band(ax, epochs, angles, label=rule, **style)
        ax.axhline(90, color="0.6", lw=1, ls=":")
        ax.set(xlabel="epoch", title=name)
        ax.set_ylim(-4, max(ax.get_ylim()[1], 100))
        ax.set_yticks(range(0, int(ax.get_ylim()[1]) + 1, 15))
        plots.whole_numbers(ax.xaxis)
    axes[0, 0].set_ylabel("angle to backprop's update (degrees)")
    handles: dict[str, Any] = {}
    for ax in axes[0]:
        handles.update(zip(*reversed(ax.get_legend_handles_labels())))
    figure.legend(
        handles.values(),
        handles.keys(),
        frameon=False,
        fontsize=9,
        loc="lower center",
        ncols=3,
    )
    figure.tight_layout(rect=(0, 0.12, 1, 1))
    return plots.save(figure, path, tight=False)


def _draw_goodness(runs: Results, path: Path) -> bool:
    having = {
        rule: cells
        for rule, cells in runs.items()
        if all("positive_goodness" in cell["history"][0] for cell in cells)
    }
    if not having:
        return False
    width = 4.5 * len(having)
    figure, axes = plots.figure(1, len(having), figsize=(max(width, 6), 3.6))
    for ax, (rule, cells) in zip(axes[0], having.items()):
        for row, sign in enumerate(("positive", "negative")):
            goodness = _over_epochs(cells, "history", f"{sign}_goodness")
            plots.band(ax, _epochs(cells), goodness, label=f"{sign}s", **plots.style(row))
        ax.set(xlabel="epoch", title=rule)
        plots.whole_numbers(ax.xaxis)
        ax.legend(frameon=False, fontsize=9)
    axes[0, 0].set_ylabel("goodness, summed over layers")
    return plots.save(figure, path)


PICTURES = {
    "errors": _draw_errors,
    "curves": _draw_curves,
    "angles": _draw_angles,
    "goodness": _draw_goodness,
}

CAPTIONS = {
    "errors": "Test error of each rule.",
    "curves": "Learning curves.",
    "angles": "Angle between each rule's update and backprop's at the same weights, "
    "before learning (epoch 0) and after each epoch; at 90° an update is no better "
    "than a random direction.",
    "goodness": "Goodness of training images with their label (positives) and with a wrong "
    "one (negatives), at the last step.",
}
