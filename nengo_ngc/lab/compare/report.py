"""Reports of comparisons of learning rules: a table, pictures, and an HTML page."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np

from ...storage import atomic
from .. import provenance
from ..specs import MODELS
from .figures import CAPTIONS, PICTURES, Results, last_angles
from .results import picture


def write(results: list[dict], config: dict[str, Any], folder: Path) -> None:
    """Write ``compare.json``, ``table.txt``, PNG pictures and ``report.html``.

    Parameters
    ----------
    results : list of dict
        Of `.lab.compare.processes.run_cell`.
    config : dict
    folder : path
    """
    folder = Path(folder)
    origins = provenance.merged(result["provenance"] for result in _done(results))
    with atomic.replacing(folder / "compare.json") as file:
        json.dump(
            {"config": config, "provenance": origins, "results": results}, file, indent=1
        )
    rows = summary(results)
    with atomic.replacing(folder / "table.txt") as file:
        file.write("\n".join([table(rows), *origin_lines(origins)]) + "\n")
    sections = []
    for number, (group, runs) in enumerate(_groups(results).items(), start=1):
        pictures = []
        for name, draw in PICTURES.items():
            path = folder / f"{name}-{number}.png"
            if draw(runs, path):
                pictures.append((CAPTIONS[name], path))
        for rule, (cell, *_) in runs.items():
            for name, content in cell.get("pictures", {}).items():
                path = folder / f"{name}-{rule}-{number}.png"
                with atomic.replacing(path, "wb") as file:
                    file.write(picture(content))
                shown = MODELS[rule].captions[name]
                pictures.append((f"{rule}, seed {cell['cell']['seed']}: {shown}.", path))
        sections.append({"group": group, "pictures": pictures})
    with atomic.replacing(folder / "report.html") as file:
        file.write(_page(rows, sections, results, config, origins))


def summary(results: list[dict]) -> list[dict[str, Any]]:
    """Return a row for each rule in each group of cells that differ only in their seed.

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
            speed = speeds[rule] or 0.0
            rows.append(
                {
                    "group": group,
                    "rule": rule,
                    "error": float(np.mean(errors)),
                    "error_std": float(np.std(errors, ddof=1)) if errors[1:] else None,
                    "n": len(errors),
                    "samples_per_second": speed,
                    "ratio": speed / reference if reference else None,
                    "memory_mb": _mean(cells, "peak_memory_mb"),
                    "angles": last_angles(cells),
                }
            )
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """Return the rows of ``summary`` as text."""
    lines = []
    for group in dict.fromkeys(row["group"] for row in rows):
        lines += [group, "-" * len(group)]
        cells = columns([row for row in rows if row["group"] == group])
        widths = [max(map(len, (name, *texts))) for name, texts in cells.items()]
        for line in zip(*((name, *texts) for name, texts in cells.items())):
            first, *others = (f"{text:>{width}}" for text, width in zip(line, widths))
            lines.append("  ".join([f"{line[0]:{len(first)}}", *others]).rstrip())
        lines.append("")
    return "\n".join(lines)


def columns(rows: list[dict[str, Any]]) -> dict[str, list[str]]:
    """The rows of a group as text, column by column; columns of which nothing is known are
    left out."""
    texts = {
        "rule": [row["rule"] for row in rows],
        "test error (%)": [error_text(row) for row in rows],
        "seeds": [str(row["n"]) for row in rows],
        "samples/s": [f"{row['samples_per_second']:.0f}" for row in rows],
        "of autodiff": [_number(row["ratio"], ".2f") for row in rows],
        "peak MB": [_number(row["memory_mb"], ".0f") for row in rows],
        "angle to backprop (°)": [angles_text(row) for row in rows],
    }
    return {name: column for name, column in texts.items() if any(column)}


def origin_lines(origins: list[dict[str, Any]]) -> list[str]:
    """Return what `.lab.provenance.merged` returns as lines of text."""
    return [
        line
        for origin in origins
        for line in (f"{origin['date']}  nengo-ngc compare", *provenance.lines(origin))
    ]


def error_text(row: dict[str, Any]) -> str:
    """Return the mean and standard deviation of a row's error, or the error of one seed."""
    spread = " (one seed)" if row["error_std"] is None else f" ± {row['error_std']:.2f}"
    return f"{row['error']:.2f}{spread}"


def angles_text(row: dict[str, Any]) -> str:
    """Return the angles of a row as text, one for each weight matrix."""
    return ", ".join(f"{name} {angle:.0f}" for name, angle in row["angles"].items())


def _number(value: float | None, how: str) -> str:
    return "" if value is None else format(value, how)


def _groups(results: list[dict]) -> dict[str, Results]:
    """Group finished cells by the settings that they share, and then by rule."""
    groups: dict[str, Results] = {}
    for result in _done(results):
        cell = result["cell"]
        sizes = "-".join(map(str, cell["hidden"]))
        name = f"{cell['dataset']}, {sizes} hidden, {cell['neurons']}, {cell['backend']}"
        groups.setdefault(name, {}).setdefault(cell["rule"], []).append(result)
    return groups


def _done(results: list[dict]) -> list[dict]:
    return [result for result in results if result["status"] == "done"]


def _mean(cells: list[dict], key: str) -> float | None:
    values = [cell[key] for cell in cells if cell[key] is not None]
    return float(np.mean(values)) if values else None


def _page(
    rows: list[dict],
    sections: list[dict],
    results: list[dict],
    config: dict[str, Any],
    origins: list[dict[str, Any]],
) -> str:
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("nengo_ngc.lab"), autoescape=True)
    environment.globals["zip"] = zip
    environment.filters.update(columns=columns, embed=_embed)
    return environment.get_template("compare.html").render(
        rows=rows,
        sections=sections,
        failed=[result for result in results if result["status"] == "failed"],
        origins=origin_lines(origins),
        config=json.dumps(config, indent=2),
    )


def _embed(path: str | Path) -> str:
    return base64.b64encode(Path(path).read_bytes()).decode()
