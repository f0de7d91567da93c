"""Pictures of a comparison, one of each for each group of its cells."""

import math
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import plots
from . import budget
from .results import criterion, label

Results = dict[str, list[dict[str, Any]]]  # of the cells of a group, by rule

_SAME = 1.0  # degrees, below which an update counts as backprop's


def last_angles(cells: list[dict]) -> dict[str, float]:
    """Return the mean angle over cells after the last epoch, for each weight matrix."""
    last = [cell["angles"][-1] for cell in cells]
    names = sorted(set().union(*last))
    means = {name: _mean_angle(last, name) for name in names}
    return {name: mean for name, mean in means.items() if not math.isnan(mean)}


def _mean_angle(records: list[dict], name: str) -> float:
    values = [r[name] for r in records if r.get(name) is not None]
    return float(np.mean(values)) if values else float("nan")


def _epochs(cells: list[dict]) -> list[int]:
    """Return the epochs of the cell that has the most of them."""
    return [r["epoch"] for r in max((cell["history"] for cell in cells), key=len)]


def _over_epochs(cells: list[dict], part: str, key: str) -> NDArray:
    """Return a measure of all cells, (n_cells, n_epochs), with NaN where it is missing."""
    rows = [[record.get(key) for record in cell[part]] for cell in cells]
    return np.array(list(zip_longest(*rows)), dtype=float).T


def _seeds(runs: Results) -> str:
    """Say how many seeds a curve shows, and how."""
    numbers = {len(cells) for cells in runs.values()}
    if numbers == {1}:
        return "one seed"
    return f"mean and range of {max(numbers)} seeds"


def _names(runs: Results) -> dict[str, str]:
    """Return the names of rules, with a remark on those that have fewer seeds than others."""
    most = max(len(cells) for cells in runs.values())
    return {
        rule: rule if len(cells) == most else f"{rule} (seeds: {len(cells)})"
        for rule, cells in runs.items()
    }


def _spans_decades(errors: Sequence[float] | NDArray) -> bool:
    known = [error for error in errors if not math.isnan(error)]
    return bool(known) and 0 < 5 * min(known) < max(known)


def _first(runs: Results) -> dict[str, Any]:
    return next(iter(runs.values()))[0]


def _draw_curves(runs: Results, path: Path) -> bool:
    measured = f"val_{criterion(_first(runs))}"
    if not any(measured in record for record in _first(runs)["history"]):
        return False  # there were no images for validation
    with plots.figure(path, size=(plots.WIDTH, 3.4)) as (fig, ((ax,),)):
        for row, (rule, name) in enumerate(_names(runs).items()):
            errors = _over_epochs(runs[rule], "history", measured)
            plots.band(ax, _epochs(runs[rule]), errors, label=name, **plots.look(row))
        ax.set(xlabel="epoch", ylabel=f"validation {label(_first(runs))}\n{_seeds(runs)}")
        every = [line.get_ydata() for line in ax.lines]
        if _spans_decades(np.concatenate(every)):
            plots.log_axis(ax, "y")
        if all(len(line) < 2 for line in every):
            ax.set_xlim(0.5, 1.5)
        plots.whole_numbers(ax.xaxis)
        plots.legend(fig, "right")
    return True


def _draw_budgets(runs: Results, path: Path) -> bool:
    measured = f"val_{criterion(_first(runs))}"
    shown = {
        key: about
        for key, about in budget.AXES.items()
        if any(cell["history"][-1].get(key) for cells in runs.values() for cell in cells)
    }
    if not shown or not any(measured in record for record in _first(runs)["history"]):
        return False
    size = (max(plots.WIDTH, 2.9 * len(shown)), 3.2 + 0.2 * math.ceil(len(runs) / 3))
    with plots.figure(path, 1, len(shown), size, sharey=True) as (fig, axes):
        for ax, (key, (name, scale)) in zip(axes[0], shown.items()):
            for row, (rule, called) in enumerate(_names(runs).items()):
                cost = scale * _over_epochs(runs[rule], "history", key).mean(axis=0)
                errors = _over_epochs(runs[rule], "history", measured)
                if not np.isnan(cost).all():
                    plots.band(ax, cost, errors, label=called, **plots.look(row))
            ax.set(xlabel=name, xlim=(0, None))
        axes[0, 0].set_ylabel(f"validation {label(_first(runs))}\n{_seeds(runs)}")
        every = [line.get_ydata() for line in axes[0, 0].lines]
        if _spans_decades(np.concatenate(every)):
            plots.log_axis(axes[0, 0], "y")
        plots.legend(fig, n_columns=3)
    return True


def _draw_angles(runs: Results, path: Path) -> bool:
    shown, same = _weights_with_angles(runs)
    if not shown:
        return False
    size = (max(plots.WIDTH, 2.5 * len(shown)), 3.6)
    with plots.figure(path, 1, len(shown), size, sharey=True) as (fig, axes):
        for ax, name in zip(axes[0], shown):
            for row, (rule, called) in enumerate(_names(runs).items()):
                if name in last_angles(runs[rule]):
                    angles = _over_epochs(runs[rule], "angles", name)
                    epochs = range(angles.shape[1])
                    plots.band(ax, epochs, angles, label=called, **plots.look(row))
            ax.axhline(90, color="0.5", lw=1, ls=":")
            ax.set(xlabel="epoch", title=name)
            plots.whole_numbers(ax.xaxis)
        top = max(100, axes[0, 0].get_ylim()[1])
        axes[0, 0].set(ylim=(-4, top), yticks=range(0, int(top) + 1, 15))
        axes[0, 0].set_ylabel(f"angle to backprop's update (°)\n{_seeds(runs)}")
        if same:
            fig.supxlabel(
                f"not shown: {', '.join(same)}, 0° under every rule",
                fontsize="medium",
                x=0.01,
                ha="left",
            )
        plots.legend(fig, n_columns=3)
    return True


def _weights_with_angles(runs: Results) -> tuple[list[str], list[str]]:
    """Return the weights whose angles are shown, and those whose angles are all near 0."""
    largest: dict[str, float] = {}
    for cells in runs.values():
        for name in last_angles(cells):
            angle = np.nanmax(_over_epochs(cells, "angles", name))
            largest[name] = max(angle, largest.get(name, 0.0))
    names = sorted(largest)
    shown = [name for name in names if largest[name] >= _SAME]
    return shown, [name for name in names if name not in shown]


def _draw_goodness(runs: Results, path: Path) -> bool:
    having = {
        rule: cells
        for rule, cells in runs.items()
        if all("positive_goodness" in cell["history"][0] for cell in cells)
    }
    if not having:
        return False
    size = (max(plots.WIDTH / 2 * len(having), 5.5), 3.2)
    with plots.figure(path, 1, len(having), size) as (fig, axes):
        for ax, (rule, cells) in zip(axes[0], having.items()):
            for row, sign in enumerate(("positive", "negative")):
                goodness = _over_epochs(cells, "history", f"{sign}_goodness")
                plots.band(ax, _epochs(cells), goodness, label=f"{sign}s", **plots.look(row))
            ax.set(xlabel="epoch", title=rule)
            plots.whole_numbers(ax.xaxis)
        axes[0, 0].set_ylabel(f"goodness, summed over layers\n{_seeds(having)}")
        plots.legend(fig)
    return True


PICTURES = {
    "curves": _draw_curves,
    "budgets": _draw_budgets,
    "angles": _draw_angles,
    "goodness": _draw_goodness,
}

CAPTIONS = {
    "errors": "Test images, after the epoch that was the best on validation images, or after "
    "the last one if there were none: each seed (dots), the mean (diamonds) and its 95 % "
    "confidence interval by Student's t (lines). The best rule is at the top.",
    "curves": "Validation images, which are not learned from, after each epoch.",
    "budgets": "The same by what learning has cost: images that were learned from, seconds of "
    "learning, with the time to compile, and multiply-accumulates of settling and "
    "of updates, counted from the network. Validation is not part of any of them.",
    "angles": "Angle between each rule's update and backprop's at the same weights, "
    "before learning (epoch 0) and after each epoch; at 90° an update is no better "
    "than a random direction.",
    "goodness": "Goodness of training images with their label (positives) and with a wrong "
    "one (negatives), at the last timestep.",
}
