"""What a comparison of learning rules found: a table, pictures, and a page."""

import base64
import json
import math
from itertools import zip_longest
from pathlib import Path

import numpy as np

from ..storage import atomic
from . import plots
from .cells import picture
from .specs import KINDS


def write(results, config, folder):
    """Write ``compare.json``, ``table.txt``, PNG pictures and ``report.html``.

    Parameters
    ----------
    results : list of dict
        Of `.lab.cells.run_cell`.
    config : dict
    folder : path
    """
    folder = Path(folder)
    with atomic.replacing(folder / "compare.json") as file:
        json.dump({"config": config, "results": results}, file, indent=1)
    rows = summary(results)
    with atomic.replacing(folder / "table.txt") as file:
        file.write(table(rows))
    sections = []
    for number, (group, runs) in enumerate(_groups(results).items(), start=1):
        pictures = []
        for kind, draw in _PICTURES.items():
            path = folder / f"{kind}-{number}.png"
            if draw(runs, path):
                pictures.append((_CAPTIONS[kind], path))
        for rule, (cell, *_) in runs.items():
            for kind, content in cell.get("pictures", {}).items():
                path = folder / f"{kind}-{rule}-{number}.png"
                with atomic.replacing(path, "wb") as file:
                    file.write(picture(content))
                caption = f"{rule}, seed {cell['cell']['seed']}: {KINDS[rule].captions[kind]}."
                pictures.append((caption, path))
        sections.append({"group": group, "pictures": pictures})
    with atomic.replacing(folder / "report.html") as file:
        file.write(_page(rows, sections, results, config))


def summary(results):
    """One row for each rule and group of cells that differ in their seed only.

    Returns
    -------
    list of dict
        ``group``, ``rule``, ``error`` and ``error_std`` (percent, over seeds), ``n``
        (seeds), ``samples_per_second``, ``ratio`` (to automatic differentiation in the
        same group, or None), ``memory_mb``, ``angles`` (of the last epoch, by weights).
    """
    rows = []
    for group, runs in _groups(results).items():
        speeds = {rule: _mean(cells, "samples_per_second") for rule, cells in runs.items()}
        for rule, cells in runs.items():
            errors = [cell["test_error"] for cell in cells]
            reference = speeds.get("autodiff")
            rows.append(
                {
                    "group": group,
                    "rule": rule,
                    "error": float(np.mean(errors)),
                    "error_std": float(np.std(errors, ddof=1)) if errors[1:] else None,
                    "n": len(errors),
                    "samples_per_second": speeds[rule],
                    "ratio": speeds[rule] / reference if reference else None,
                    "memory_mb": _mean(cells, "peak_memory_mb"),
                    "angles": _last_angles(cells),
                }
            )
    return rows


def table(rows):
    """The rows of ``summary`` as text."""
    lines = []
    for group in dict.fromkeys(row["group"] for row in rows):
        lines += [group, "-" * len(group)]
        lines.append(
            f"{'rule':28s}{'test error (%)':>18s}{'seeds':>7s}{'samples/s':>11s}"
            f"{'ratio':>7s}{'peak MB':>9s}  angle to backprop (degrees)"
        )
        for row in (row for row in rows if row["group"] == group):
            lines.append(
                f"{row['rule']:28s}{error_text(row):>18s}{row['n']:7d}"
                f"{row['samples_per_second']:11.0f}"
                f"{'' if row['ratio'] is None else format(row['ratio'], '.2f'):>7s}"
                f"{'' if row['memory_mb'] is None else format(row['memory_mb'], '.0f'):>9s}"
                f"  {angles_text(row)}".rstrip()
            )
        lines.append("")
    return "\n".join(lines)


def error_text(row):
    """Mean and standard deviation of a row's error."""
    spread = "" if row["error_std"] is None else f" ± {row['error_std']:.2f}"
    return f"{row['error']:.2f}{spread}"


def angles_text(row):
    """Angles of a row, for each weight matrix."""
    return ", ".join(f"{name} {angle:.0f}" for name, angle in row["angles"].items())


def _groups(results):
    """Finished cells by what they share, then by rule."""
    groups = {}
    for result in results:
        if result["status"] == "done":
            cell = result["cell"]
            sizes = "-".join(map(str, cell["hidden"]))
            name = f"{cell['dataset']}, {sizes} hidden, {cell['neurons']}, {cell['backend']}"
            groups.setdefault(name, {}).setdefault(cell["rule"], []).append(result)
    return groups


def _mean(cells, key):
    values = [cell[key] for cell in cells if cell[key] is not None]
    return float(np.mean(values)) if values else None


def _last_angles(cells):
    last = [cell["angles"][-1] for cell in cells]
    names = sorted(set().union(*last))
    means = {name: _mean_angle(last, name) for name in names}
    return {name: mean for name, mean in means.items() if not math.isnan(mean)}


def _mean_angle(records, name):
    values = [r[name] for r in records if r.get(name) is not None]
    return float(np.mean(values)) if values else float("nan")


# --- pictures


def _epochs(cells):
    """Epochs of the cell that has most."""
    return [r["epoch"] for r in max((cell["history"] for cell in cells), key=len)]


def _over_epochs(cells, part, key):
    """What was measured, (n_cells, n_epochs); NaN where a cell has measured nothing."""
    rows = [[record.get(key) for record in cell[part]] for cell in cells]
    return np.array(list(zip_longest(*rows)), dtype=float).T


def _draw_errors(runs, path):
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


def _draw_curves(runs, path):
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


def _draw_angles(runs, path):
    layers = {}
    for rule, cells in runs.items():
        for name in _last_angles(cells):
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
    handles = {}
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


def _draw_goodness(runs, path):
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
        for row, kind in enumerate(("positive", "negative")):
            goodness = _over_epochs(cells, "history", f"{kind}_goodness")
            plots.band(ax, _epochs(cells), goodness, label=f"{kind}s", **plots.style(row))
        ax.set(xlabel="epoch", title=rule)
        plots.whole_numbers(ax.xaxis)
        ax.legend(frameon=False, fontsize=9)
    axes[0, 0].set_ylabel("goodness, summed over layers")
    return plots.save(figure, path)


_PICTURES = {
    "errors": _draw_errors,
    "curves": _draw_curves,
    "angles": _draw_angles,
    "goodness": _draw_goodness,
}

_CAPTIONS = {
    "errors": "Test error of each rule.",
    "curves": "Learning curves.",
    "angles": "Angle between each rule's update and backprop's at the same weights, "
    "before learning (epoch 0) and after each epoch; at 90° an update is no better "
    "than a random direction.",
    "goodness": "Goodness of training images with their label (positives) and with a wrong "
    "one (negatives), at the last step.",
}


# --- page


def _page(rows, sections, results, config):
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("nengo_ngc.lab"), autoescape=True)
    environment.filters.update(error=error_text, angles=angles_text, embed=_embed)
    return environment.get_template("compare.html").render(
        rows=rows,
        sections=sections,
        failed=[result for result in results if result["status"] == "failed"],
        config=json.dumps(config, indent=2),
    )


def _embed(path):
    return base64.b64encode(Path(path).read_bytes()).decode()
