"""Compare learning rules: each combination of settings is a cell, a run of its own.

A cell runs in a process of its own, so that its memory is its own, too, and that what
kills it leaves the others alone. `compare` sends cells through joblib.
"""

import base64
import hashlib
import importlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
import tomllib
from functools import partial
from dataclasses import replace
from pathlib import Path

import numpy as np

from . import datasets, files, report
from .naming import unknown
from .version import __version__

# what a configuration may say, and what holds if it does not
DEFAULTS = {
    "rules": [
        "autodiff",
        "backprop",
        "feedback-alignment",
        "direct-feedback-alignment",
        "predictive-coding",
        "pes",
    ],
    "datasets": ["digits"],
    "hidden": [[128, 128]],
    "neurons": ["relu"],
    "seeds": [0, 1],
    "backends": ["auto"],
    "epochs": 20,
    "batch_size": 32,
    "train_images": None,
    "angle_images": 256,
    "modules": [],
    "settings": {},
}

# of a cell, from the outermost to the innermost; the rest of a cell is the same for all
AXES = {
    "dataset": "datasets",
    "hidden": "hidden",
    "neurons": "neurons",
    "backend": "backends",
    "rule": "rules",
    "seed": "seeds",
}

_OF_ALL_CELLS = ("epochs", "batch_size", "train_images", "angle_images")

# parameters of a model that a cell sets
_OF_THE_CELL = {
    "rule",
    "n_hidden",
    "neuron_type",
    "backend",
    "random_state",
    "max_epochs",
    "batch_size",
}


def _rectified(estimator, what):
    """A model all of whose hidden units are rectified linear, as a cell asks for it."""

    def make(neuron_type, **kwargs):
        from . import estimators

        if neuron_type != "relu":
            raise ValueError(f"{what} has rectified linear units only, got {neuron_type!r}")
        return getattr(estimators, estimator)(**kwargs)

    return make


_forward_forward = _rectified("PFFClassifier", "forward-forward")


# models that are more than a rule of `RuleClassifier`: name -> callable that takes the
# parameters of a classifier
MODELS = {
    "pff": _forward_forward,
    "ff": partial(_forward_forward, recurrent=False, carry=0.0, g_units=0),
    # the code comes after the hidden layers; its units are among the settings
    "sdr": _rectified("SDREncoder", "a sparse encoder"),
    # one hidden size, that of its filters
    "hebbian": _rectified("HebbianEncoder", "an encoder without gradients"),
}


def compare(config, output, n_jobs=1, dask=None, data_dir=None, on_cell=None):
    """Run what has not been run yet, and write the report of everything.

    Parameters
    ----------
    config : dict or path
        What to compare, see ``DEFAULTS``; or a TOML file of it.
    output : path
        Folder of the comparison: ``cells``, ``compare.json``, ``table.txt``, pictures
        and ``report.html``.
    n_jobs : int, optional
        Cells that run at once.
    dask : str, optional
        Address of a Dask scheduler on whose workers cells run instead.
    data_dir : path, optional
        As for `.datasets.load`.
    on_cell : callable, optional
        Called with each result and the number of cells left.

    Returns
    -------
    list of dict
        The result of each cell, with what it was made by, its ``code``: the version of this
        package, and a hash of the files of each module. A cell whose code has changed since
        is run again.

    Raises
    ------
    FileNotFoundError, ValueError
        If the configuration is unfit. What goes wrong in a cell is in its result.
    """
    config = check_config(config if isinstance(config, dict) else read_config(config))
    cells, folder = cells_of(config), Path(output)
    (folder / "cells").mkdir(parents=True, exist_ok=True)
    code = _code(config["modules"])
    done = {name: _finished(folder, name, cell, code) for name, cell in cells.items()}
    waiting = [name for name, result in done.items() if result is None]
    jobs = ((name, cells[name], config["modules"], data_dir) for name in waiting)
    left = len(waiting)
    for name, result in _parallel(list(jobs), n_jobs, dask):
        result["code"] = code
        done[name], left = result, left - 1
        with files.replacing(folder / "cells" / f"{name}.json") as file:
            json.dump(result, file)
        if on_cell is not None:
            on_cell(result, left)
    results = list(done.values())
    report.write(results, config, folder)
    return results


def read_config(path):
    """The dict in a TOML file, with modules that lie beside it as files.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is none, or it is not TOML.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no configuration file {path}")
    try:
        config = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not a TOML file: {error}") from error
    modules = config.get("modules")
    if isinstance(modules, list):
        beside = [path.resolve().parent / f"{module}.py" for module in modules]
        config["modules"] = [
            str(file) if file.is_file() else module for file, module in zip(beside, modules)
        ]
    return config


def check_config(given):
    """A configuration with its defaults; raises ValueError if it makes no sense."""
    from .estimators import BACKENDS
    from .estimators.base import check_count
    from .networks.classifiers import NEURONS

    for key in given:
        if key not in DEFAULTS:
            raise ValueError(unknown("key", key, DEFAULTS))
    config = {**DEFAULTS, **given}
    for key in (*AXES.values(), "modules"):
        if not isinstance(config[key], list) or not (config[key] or key == "modules"):
            raise ValueError(
                f"{key} must be a list of one entry or more, got {config[key]!r}"
            )
    for module in config["modules"]:
        if not isinstance(module, str):
            raise ValueError(f"modules must be names of Python modules, got {module!r}")
        _import(module)
    known = {
        "rules": _rules(),
        "datasets": datasets.SOURCES,
        "neurons": NEURONS,
        "backends": BACKENDS,
    }
    for key, names in known.items():
        for name in config[key]:
            if name not in names:
                raise ValueError(f"{key}: {unknown('name', name, names)}")
    for name, settings in config["settings"].items():
        if name not in config["rules"]:
            raise ValueError(f"settings: {unknown('rule', name, config['rules'])}")
        _check_settings(name, settings)
    for key in ("epochs", "batch_size", "angle_images"):
        check_count(key, config[key])
    for sizes in config["hidden"]:
        if not isinstance(sizes, list) or not sizes:
            raise ValueError(
                f"hidden must be a list of lists like [[256, 256]], got {sizes!r}"
            )
        for size in sizes:
            check_count("hidden", size)
    for seed in config["seeds"]:
        if not isinstance(seed, int) or not 0 <= seed < 2**32:
            raise ValueError(f"seeds must be whole numbers of at least 0, got {seed!r}")
    if config["train_images"] is not None:
        check_count("train_images", config["train_images"])
    return config


def _check_settings(rule, settings):
    from .estimators import RuleClassifier

    if not isinstance(settings, dict):
        raise ValueError(f"settings.{rule} must be a table, got {settings!r}")
    if rule in MODELS:
        return  # takes what it takes
    known = set(RuleClassifier().get_params()) - _OF_THE_CELL
    for name in settings:
        if name not in known:
            raise ValueError(f"settings.{rule}: {unknown('name', name, sorted(known))}")


def cells_of(config):
    """All cells of a configuration, by name."""
    cells = {}
    for values in itertools.product(*(config[key] for key in AXES.values())):
        cell = dict(zip(AXES, values))
        name = "-".join(
            "x".join(map(str, v)) if isinstance(v, list) else str(v)
            for v in cell.values()
        )
        cells[name] = {
            **cell,
            **{key: config[key] for key in _OF_ALL_CELLS},
            "settings": config["settings"].get(cell["rule"], {}),
        }
    return cells


def run_cell(name, cell, modules=(), data_dir=None, n_threads=None):
    """Run a cell in a process of its own.

    Returns
    -------
    name : str
    result : dict
        ``cell``, ``status`` ("done" or "failed"), and either ``test_error``, ``history``,
        ``angles``, ``pictures`` (PNG files in base64, by name), ``samples_per_second``,
        ``peak_memory_mb`` and ``seconds``, or ``message``.
    """
    with tempfile.TemporaryDirectory() as folder:
        task, answer = Path(folder) / "task.json", Path(folder) / "answer.json"
        job = [cell, list(modules), data_dir and str(data_dir)]
        task.write_text(json.dumps(job), encoding="utf-8")
        process = subprocess.run(
            [sys.executable, "-m", __name__, str(task), str(answer)],
            env={**os.environ, **_limits(n_threads)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        if answer.exists():
            return name, json.loads(answer.read_text(encoding="utf-8"))
    last = (process.stderr.strip().splitlines() or ["it said nothing"])[-1]
    message = f"the process ended with status {process.returncode}: {last}"
    return name, {"cell": cell, "status": "failed", "message": message}


def _parallel(jobs, n_jobs, dask):
    from joblib import Parallel, delayed, parallel_config

    if not jobs:
        return
    if dask is None:
        # threads are enough, since each of them waits for a process
        backend, threads = {"backend": "threading", "n_jobs": n_jobs}, _share(n_jobs)
    else:
        backend, threads = {"backend": "dask", "client": _dask_client(dask)}, None
    with parallel_config(**backend):
        yield from Parallel(return_as="generator_unordered", batch_size=1)(
            delayed(run_cell)(*job, n_threads=threads) for job in jobs
        )


def _dask_client(address):
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise ImportError(
            'Dask is not installed: pip install "nengo-ngc[dask]"'
        ) from error
    try:
        return Client(address)
    except (OSError, ValueError) as error:
        raise OSError(f"no Dask scheduler at {address}: {error}") from error


def _share(n_jobs):
    return None if n_jobs == 1 else max(1, (os.cpu_count() or 1) // n_jobs)


def _limits(n_threads):
    """Environment variables that keep cells from fighting for processors."""
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3"}
    if n_threads is None:
        return quiet
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
    return {**quiet, **{name: str(n_threads) for name in names}}


def _finished(folder, name, cell, code):
    """The result of a cell that was run with these settings by this code, or None."""
    path = folder / "cells" / f"{name}.json"
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        same = (result["cell"], result["code"]) == (cell, code)
        same = same and result["status"] == "done"
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return result if same else None


def _code(modules):
    """What results depend on besides the cell."""
    found = [_import(module) for module in modules]
    return {"nengo_ngc": __version__, **{module.__name__: _hash(module) for module in found}}


def _hash(module):
    """A hash of a module's file, or of all those of a package."""
    paths = [Path(module.__file__)] if getattr(module, "__file__", None) else []
    for folder in getattr(module, "__path__", ()):
        paths += sorted(Path(folder).rglob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:16]


# --- in the process of a cell


def _main(task, answer):
    cell, modules, data_dir = json.loads(Path(task).read_text(encoding="utf-8"))
    try:
        for module in modules:
            _import(module)
        result = {"cell": cell, "status": "done", **_run(cell, data_dir)}
    except Exception as error:  # whatever it is, the other cells go on
        message = f"{type(error).__name__}: {error}"
        result = {"cell": cell, "status": "failed", "message": message}
    Path(answer).write_text(json.dumps(result), encoding="utf-8")


def _run(cell, data_dir):
    start = time.perf_counter()
    data = datasets.load(cell["dataset"], data_dir, binarize=False)
    X, y = data.X_train[: cell["train_images"]], data.y_train[: cell["train_images"]]
    model = _model(cell)
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
        "history": model.history_,
        "angles": [_without_nan(record) for record in measured],
        "pictures": _pictures(cell["rule"], model, replace(data, X_train=X, y_train=y)),
        # the first epoch builds and compiles
        "samples_per_second": float(np.median(speeds[1:] or speeds)),
        "peak_memory_mb": _peak_memory_mb(),
        "seconds": round(time.perf_counter() - start, 1),
    }


def _pictures(rule, model, data):
    from .kinds import KINDS

    if rule not in KINDS:
        return {}
    KINDS[rule].finish(model, data.X_train, data.y_train)
    with tempfile.TemporaryDirectory() as folder:
        KINDS[rule].draw(model, data, Path(folder))
        return {
            path.stem: base64.b64encode(path.read_bytes()).decode()
            for path in sorted(Path(folder).glob("*.png"))
        }


def _model(cell):
    from .estimators import RuleClassifier

    make = MODELS.get(cell["rule"], partial(RuleClassifier, rule=cell["rule"]))
    return make(
        n_hidden=tuple(cell["hidden"]),
        neuron_type=cell["neurons"],
        backend=cell["backend"],
        random_state=cell["seed"],
        max_epochs=cell["epochs"],
        batch_size=cell["batch_size"],
        **cell["settings"],
    )


def _rules():
    from .estimators import RULES

    return {**RULES, **MODELS}


def _import(module):
    """Import a module by its name, or a file together with what lies beside it."""
    file = Path(module) if module.endswith(".py") else None
    if file is not None and str(file.parent) not in sys.path:
        sys.path.append(str(file.parent))
    try:
        found = importlib.import_module(module if file is None else file.stem)
    except ModuleNotFoundError as error:
        raise ValueError(f"modules: {error}") from error
    if file is not None and not (found.__file__ and file.samefile(found.__file__)):
        raise ValueError(f"modules: {file} has the name of {found}; give it another one")
    return found


def _without_nan(angles):
    return {k: None if np.isnan(v) else v for k, v in angles.items()}


def _peak_memory_mb():
    try:
        import resource
    except ModuleNotFoundError:  # Windows has none
        return None
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(kilobytes / (1024 * 1024 if sys.platform == "darwin" else 1024))


if __name__ == "__main__":
    _main(*sys.argv[1:])
