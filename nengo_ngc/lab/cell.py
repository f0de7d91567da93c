"""One cell of a comparison, in a process of its own.

`.lab.cells.run_cell` starts it. The task comes through the standard input, which stays open
for as long as the process that started this one lives; the answer goes into a file.
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

import numpy as np

from . import cells, compare, datasets
from .modules import hashes, import_module


def main():
    """Do what the task says."""
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
    cells.keep(folder / "answer.json", {"cell": task["cell"], "code": code, **result})


def _end_with_parent(folder):
    """End this process, and remove its folder, once the process that started it is gone."""
    alive = os.dup(0)  # its other end closes with the parent, however that ends
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)

    def watch():
        while os.read(alive, 1):
            pass
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _run(cell, data_dir, folder):
    start = time.perf_counter()
    data = datasets.load(cell["dataset"], data_dir, binarize=False)
    X, y = data.X_train[: cell["train_images"]], data.y_train[: cell["train_images"]]
    model = compare.model_of(cell)
    shown = slice(max(cell["angle_images"], cell["batch_size"]))

    def angles():
        measure = getattr(model, "alignment", None)
        return {} if measure is None else measure(X[shown], y[shown])

    epochs = model.epochs(X, y, data.X_test, data.y_test)
    measured = [angles()]
    for _ in epochs:
        measured.append(angles())
    speeds = [record["samples_per_second"] for record in model.history_]
    return {
        "test_error": model.history_[-1]["val_error"],
        "history": [_without_nan(record) for record in model.history_],
        "angles": [_without_nan(record) for record in measured],
        "pictures": _pictures(
            cell["rule"], model, replace(data, X_train=X, y_train=y), folder
        ),
        # the first epoch builds and compiles
        "samples_per_second": float(np.median(speeds[1:] or speeds)),
        "peak_memory_mb": _peak_memory_mb(),
        "seconds": round(time.perf_counter() - start, 1),
    }


def _pictures(rule, model, data, folder):
    from .specs import KINDS

    if rule not in KINDS:
        return {}
    KINDS[rule].finish(model, data.X_train, data.y_train)
    drawn = folder / "pictures"
    drawn.mkdir()
    KINDS[rule].draw(model, data, drawn)
    return {
        path.stem: base64.b64encode(path.read_bytes()).decode()
        for path in sorted(drawn.glob("*.png"))
        if path.stem in KINDS[rule].captions
    }


def _without_nan(record):
    """A record as JSON has it: null where there is no number."""
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in record.items()
    }


def _peak_memory_mb():
    try:
        import resource
    except ModuleNotFoundError:  # Windows has none
        return None
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(kilobytes / (1024 * 1024 if sys.platform == "darwin" else 1024))


if __name__ == "__main__":
    main()
