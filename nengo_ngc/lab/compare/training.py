"""One cell: a model learns, and is measured."""

import base64
import math
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...training.images import part
from .. import datasets, provenance
from ..datasets import Dataset
from ..specs import MODELS, ModelSpec, compared
from ..training_path import train
from . import budget, checkpoints, data, follow, results
from .cells import model_of, settings_of
from .tasks import TASKS, Points, Task

# test images whose log likelihood is estimated, and samples for each, of models that have one
_N_LOG_P, _N_SAMPLES = 1000, 5000

_AT_ONCE = 100  # batches of a lesson that are in memory


def run(
    cell: dict[str, Any],
    code: dict[str, str],
    data_dir: str | None,
    folder: Path,
    part: str | None = None,
    metrics: str | None = None,
) -> dict[str, Any]:
    """Train the model of a cell, and measure it on test images once it has learned.

    A cell without tasks is a trial of a search, and has no test images.

    Parameters
    ----------
    cell : dict
    code : dict of {str: str}
        Hashes of the code that runs.
    data_dir : path or None
        As for `.lab.datasets.load`.
    folder : path
        Of this process alone.
    part : path, optional
        Where checkpoints are, from which the cell goes on. By default, or if there can be
        none, it begins from the start.
    metrics : path, optional
        Where metrics are written while the cell runs.

    Returns
    -------
    dict
        The result without ``cell``, ``code`` and ``status``, see
        `.lab.compare.processes.run_cell`.
    """
    with checkpoints.place(part, folder) as kept:
        return _Cell(cell, code, data_dir, folder, kept, metrics).result()


class _Cell:
    """A cell that runs."""

    def __init__(
        self,
        cell: dict[str, Any],
        code: dict[str, str],
        data_dir: str | None,
        folder: Path,
        kept: Path,
        metrics: str | None,
    ) -> None:
        self._start = time.perf_counter()
        self._cell, self._data_dir, self._folder = cell, data_dir, folder
        self._tasks = [TASKS[name] for name in cell["tasks"]]
        full = data.of_cell(cell, data_dir)
        for task in self._tasks:
            task.check(full.y_train[: cell["train_images"]], full.y_test, cell)
        if not self._tasks:
            full = data.without_test(full)
        self._data, self._validation = data.split(full, cell)
        for task in self._tasks:
            rows = task.rows(self._data.y_train, cell)
            if rows is not None:
                self._data = data.learned_from(self._data, rows)
        self._spec: ModelSpec = compared()[cell["rule"]][0]
        self._sha256 = self._hash()
        made_of = {"cell": settings_of(cell), "code": code, "data": self._sha256}
        self._checkpoints = checkpoints.Checkpoints(kept, self._spec, made_of)
        last = self._checkpoints.last()
        self._resumes = last is not None
        self._model, measured = last or (model_of(cell, full.image_shape), {})
        self._follower = follow.Follower(metrics, self._resumes)
        self._lessons: list[dict[str, Any]] = measured.get("lessons", [])
        self._angles: list[dict[str, Any]] = measured.get("angles", [])
        self._budget: list[dict[str, Any]] = measured.get("budget", [])
        self._seconds: float = measured.get("seconds", 0.0)  # of processes before this one

    def result(self) -> dict[str, Any]:
        cell, model = self._cell, self._model
        with closing(self._follower):
            history = self._learn()
        speeds = [record["samples_per_second"] for record in history]
        test, curves = self._tested(history)
        return {
            "test": test,
            "val": _validated(self._spec, history),
            "curves": curves,
            "history": [
                _without_nan({**record, **spent})
                for record, spent in zip(history, self._budget, strict=True)
            ],
            "angles": self._angles,
            "pictures": _pictures(cell["rule"], self._folder),
            # the first epoch builds and compiles
            "samples_per_second": float(np.median(speeds[1:] or speeds)),
            "peak_memory_mb": _peak_memory_mb(),
            "seconds": round(self._spent(), 1),
            "provenance": provenance.collect(
                [cell["seed"]], {cell["dataset"]: self._sha256}, model
            ),
        }

    def _learn(self) -> list[dict[str, Any]]:
        """Learn to the end, and return the records of epochs or lessons."""
        for task in self._tasks:
            lessons = task.lessons(self._data.y_train, self._cell)
            if lessons is not None:
                return self._learn_lessons(task, lessons)
        train(
            self._spec,
            self._model,
            self._data,
            self._validation,
            _folder_of_pictures(self._cell["rule"], self._folder) if self._tasks else None,
            began=self._began,
            after_epoch=self._after_epoch,
            resume=self._resumes,
        )
        return self._model.history_

    def _learn_lessons(self, task: Task, lessons: Sequence[NDArray]) -> list[dict[str, Any]]:
        classes = np.unique(self._data.y_train)
        size = _AT_ONCE * self._cell["batch_size"]
        self._angles = self._angles or [{}]
        for number, rows in list(enumerate(lessons))[len(self._lessons) :]:
            start = time.perf_counter()
            for first in range(0, len(rows), size):
                some = rows[first : first + size]
                X, y = part(self._data.X_train, some), self._data.y_train[some]
                self._model.partial_fit(X, y, classes=classes)
            speed = len(rows) / (time.perf_counter() - start)
            found = task.after_lesson(self._model, self._data, self._cell, number)
            record = {"epoch": number + 1, "samples_per_second": speed, **found}
            self._lessons.append(record)
            self._keep(record, len(rows))
        return self._lessons

    def _began(self) -> None:
        if not self._resumes:
            self._measure_angles()

    def _after_epoch(self, record: dict) -> None:
        self._measure_angles()
        n, size = len(self._data.y_train), self._cell["batch_size"]
        self._keep(record, n // min(n, size) * min(n, size))  # others are left out of an epoch

    def _keep(self, record: dict, n_samples: int) -> None:
        """Keep a checkpoint after an epoch or a lesson that has learned from some samples."""
        before = self._budget[-1] if self._budget else {}
        self._budget.append(budget.spent(self._model, record, n_samples, before))
        self._follower.write({**record, **self._budget[-1]})
        measured = {
            "angles": self._angles,
            "budget": self._budget,
            "lessons": self._lessons,
            "seconds": self._spent(),
        }
        self._checkpoints.keep(self._model, measured, record["epoch"])

    def _spent(self) -> float:
        """Seconds that the cell has taken so far."""
        return self._seconds + time.perf_counter() - self._start

    def _measure_angles(self) -> None:
        measure = getattr(self._model, "alignment", None)
        shown = slice(max(self._cell["angle_images"], self._cell["batch_size"]))
        X, y = part(self._data.X_train, shown), self._data.y_train[shown]
        self._angles.append({} if measure is None else _without_nan(measure(X, y)))

    def _tested(
        self, history: list[dict[str, Any]]
    ) -> tuple[dict[str, dict[str, Any]], dict[str, Points]]:
        """What was measured of test images.

        Measures for the last epoch and for the best one on validation, and the curves of
        tasks for the latter, or for the last epoch. Empty of a trial of a search.
        """
        if not self._tasks:
            return {}, {}
        found = {"last": _measured(self._spec, self._model, self._data)}
        epoch, model = self._spec.best_epoch(history), self._model
        if epoch is not None and epoch == history[-1]["epoch"]:
            found["best"] = {"epoch": epoch, **found["last"]}
        elif epoch is not None:
            model = self._checkpoints.best(history)
            self._spec.finish(model, self._data.X_train, self._data.y_train)
            found["best"] = {"epoch": epoch, **_measured(self._spec, model, self._data)}
        curves: dict[str, Points] = {}
        for task in self._tasks:
            curves |= task.measure(model, self._data, self._cell, history)
        return found, curves

    def _hash(self) -> str:
        """The SHA-256 of the data."""
        if "data" in self._cell:
            return self._cell["data"]["sha256"]
        return datasets.find(self._cell["dataset"]).sha256(self._data_dir)


def _measured(spec: ModelSpec, model: Any, data: Dataset) -> dict[str, Any]:
    measured = spec.evaluate(model, data, _N_LOG_P, _N_SAMPLES)
    return _without_nan({name: float(value) for name, value in measured.items()})


def _validated(spec: ModelSpec, history: list[dict]) -> dict[str, dict[str, Any]]:
    """What decides which epoch is the best, in the last epoch and in that one."""
    epoch = spec.best_epoch(history)
    if epoch is None:
        return {}
    last, best = (
        {key[4:]: value for key, value in record.items() if key.startswith("val_")}
        for record in (history[-1], history[epoch - 1])
    )
    return {"last": _without_nan(last), "best": {"epoch": epoch, **_without_nan(best)}}


def _folder_of_pictures(rule: str, folder: Path) -> Path | None:
    """Where pictures are drawn, if the rule is a model of its own name, which has some."""
    if rule not in MODELS:
        return None
    drawn = folder / "pictures"
    drawn.mkdir()
    return drawn


def _pictures(rule: str, folder: Path) -> dict[str, str]:
    """Pictures in base64, without the largest ones if a result cannot hold them all."""
    paths = [p for p in (folder / "pictures").glob("*.png") if p.stem in MODELS[rule].captions]
    found, n_bytes = {}, 0
    for path in sorted(paths, key=lambda path: path.stat().st_size):
        content = path.read_bytes()
        n_bytes += len(content)
        if n_bytes <= results.PICTURE_BYTES:
            found[path.stem] = base64.b64encode(content).decode()
    return dict(sorted(found.items()))


def _without_nan(record: dict[str, Any]) -> dict[str, Any]:
    """A record as JSON has it: null where there is no number."""
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
