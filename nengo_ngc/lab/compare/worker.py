"""The process of one cell of a comparison.

`.lab.compare.processes.run_cell` starts it. The process reads its task from the standard
input, which stays open as long as the parent process lives, and writes its answer to a file.
"""

import base64
import json
import math
import os
import shutil
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ...training.images import part
from .. import datasets, provenance
from ..specs import MODELS, compared
from ..training_path import train
from . import data, results
from .cells import model_of
from .code_hashes import hashes
from .user_modules import import_module


def main() -> None:
    """Read a task, run its cell, and write the answer."""
    task = json.loads(sys.stdin.buffer.readline())
    folder = Path(task["folder"])
    _end_with_parent(folder)
    try:
        modules = [import_module(*place) for place in task["modules"]]
        code = hashes(modules)  # of what runs here, wherever it was found
        result = {"status": "done", **_run(task["cell"], task["data_dir"], folder)}
    except Exception as error:  # whatever it is, the other cells go on
        code = task["code"]
        result = {"status": "failed", "message": f"{type(error).__name__}: {error}"}
    results.keep(folder / "answer.json", {"cell": task["cell"], "code": code, **result})


def _end_with_parent(folder: Path) -> None:
    """End this process, and remove its folder, once the process that started it is gone."""
    alive = os.dup(0)  # its other end closes with the parent, however that ends
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)

    def watch() -> None:
        while os.read(alive, 1):
            pass
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _run(cell: dict[str, Any], data_dir: str | None, folder: Path) -> dict[str, Any]:
    start = time.perf_counter()
    full = data.of_cell(cell, data_dir)
    learned = slice(cell["train_images"])
    X, y = part(full.X_train, learned), full.y_train[learned]
    model, (spec, _) = model_of(cell, full.image_shape), compared()[cell["rule"]]
    shown = slice(max(cell["angle_images"], cell["batch_size"]))
    measured = []

    def measure(*_: Any) -> None:
        angles = getattr(model, "alignment", None)
        measured.append({} if angles is None else angles(X[shown], y[shown]))

    train(
        spec,
        model,
        replace(full, X_train=X, y_train=y),
        (full.X_test, full.y_test),
        _folder_of_pictures(cell["rule"], folder),
        began=measure,
        after_epoch=measure,
    )
    speeds = [record["samples_per_second"] for record in model.history_]
    return {
        "test_error": model.history_[-1]["val_error"],
        "history": [_without_nan(record) for record in model.history_],
        "angles": [_without_nan(record) for record in measured],
        "pictures": _pictures(cell["rule"], folder),
        # the first epoch builds and compiles
        "samples_per_second": float(np.median(speeds[1:] or speeds)),
        "peak_memory_mb": _peak_memory_mb(),
        "seconds": round(time.perf_counter() - start, 1),
        "provenance": provenance.collect(
            [cell["seed"]], {cell["dataset"]: _hash(cell, data_dir)}, model
        ),
    }


def _hash(cell: dict[str, Any], data_dir: str | None) -> str:
    """Return the SHA-256 of the data of a cell."""
    if "data" in cell:
        return cell["data"]["sha256"]
    return datasets.find(cell["dataset"]).sha256(data_dir)


def _folder_of_pictures(rule: str, folder: Path) -> Path | None:
    """Give a folder for pictures if the rule names a model, which draws some; else None."""
    if rule not in MODELS:
        return None
    drawn = folder / "pictures"
    drawn.mkdir()
    return drawn


def _pictures(rule: str, folder: Path) -> dict[str, str]:
    return {
        path.stem: base64.b64encode(path.read_bytes()).decode()
        for path in sorted((folder / "pictures").glob("*.png"))
        if path.stem in MODELS[rule].captions
    }


def _without_nan(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record for JSON, with None in place of NaN."""
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in record.items()
    }


def _peak_memory_mb() -> int | None:
    try:
        import resource
    except ModuleNotFoundError:  # Windows has none
        return None
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(kilobytes / (1024 * 1024 if sys.platform == "darwin" else 1024))


if __name__ == "__main__":
    main()
