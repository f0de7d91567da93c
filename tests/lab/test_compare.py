"""Comparing learning rules: cells, what is kept of them, and the report."""

import base64
import datetime
import html
import importlib.util
import json
import math
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib.image import imread

from nengo_ngc import datasets
from nengo_ngc.exceptions import FolderHeldError
from nengo_ngc.lab import compare as comparison
from nengo_ngc.lab import plots, provenance
from nengo_ngc.lab.cli import main
from nengo_ngc.lab.compare import (
    checkpoints,
    code_hashes,
    processes,
    report,
    results,
    training,
    user_modules,
)
from nengo_ngc.lab.compare import data as data_of
from nengo_ngc.lab.specs import MODELS, base, pff
from nengo_ngc.models import RULES, RuleClassifier
from nengo_ngc.models.tasks.rules import RuleTask
from nengo_ngc.storage import locks

from ..conftest import needs_jax
from .test_plots import check_layout

needs_dask = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="Dask is not installed"
)

pytestmark = pytest.mark.slow  # most cells run in processes of their own

SMALL = {
    "rules": ["backprop", "pes"],
    "hidden": [[8]],
    "seeds": [0, 1],
    "backends": ["nengo"],
    "epochs": 2,
    "batch_size": 20,
    "train_images": 40,
    "angle_images": 20,
}


def as_file(config, folder):
    path = folder / "small.toml"
    lines = [f"{key} = {json.dumps(value)}" for key, value in config.items()]
    path.write_text("\n".join(lines))
    return path


# a rule of a user's own: hidden layers learn from the sign of the error
OWN_RULE = """
import numpy as np
import nengo_ngc as ngc
from nengo_ngc.models import RULES, Rule
from nengo_ngc.networks import FeedforwardClassifier
from nengo_ngc.networks.classifiers import HiddenRule


class SignAlignment(ngc.FeedbackAlignment):
    def carry_back(self, xp, error, feedback):
        return super().carry_back(xp, xp.sign(error), feedback)


hidden = HiddenRule(lambda layer, after, output, **kw: SignAlignment(after, **kw))
RULES["sign"] = Rule(
    lambda model, learns, **kw: FeedforwardClassifier(rule=hidden if learns else None, **kw)
)
"""


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compared")
    return folder, comparison.compare(SMALL, folder, n_jobs=2)


def test_every_combination_is_a_cell():
    config = comparison.check_config({**SMALL, "hidden": [[8], [6, 5]]})
    cells = comparison.cells_of(config)
    assert len(cells) == 2 * 2 * 2
    assert cells["digits-6x5-relu-nengo-pes-1"]["hidden"] == [6, 5]


def test_results(compared):
    _, results = compared
    assert [result["status"] for result in results] == ["done"] * 4
    for result in results:
        for epoch in ("last", "best"):
            assert 0 <= result["test"][epoch]["error"] <= 100
        assert len(result["history"]) == 2 and len(result["angles"]) == 3
        assert result["samples_per_second"] > 0 and result["peak_memory_mb"] > 50
    # of 40 images 7 are held out, and a batch is 20
    for result, updates in zip(results[::2], (592 + 80, 80)):
        last = result["history"][-1]
        assert last["samples"] == 40 and last["macs"] == 40 * (64 * 8 + 8 * 10 + updates)
        seconds = sum(20 / record["samples_per_second"] for record in result["history"])
        assert last["seconds"] == pytest.approx(seconds)
    first = results[0]
    assert first["val"]["last"] == {"error": first["history"][-1]["val_error"]}
    best = min(record["val_error"] for record in first["history"])
    assert first["val"]["best"] == {"epoch": first["test"]["best"]["epoch"], "error": best}
    assert set(first["angles"][0]) == {"W1", "W2"}
    errors = [result["test"]["last"]["error"] for result in results[:2]]
    row = report.summary(results)[0]
    assert row["rule"] == "backprop" and row["n"] == 2 and row["criterion"] == "error"
    deviation = abs(errors[0] - errors[1]) / 2**0.5
    assert row["last"]["error"] == pytest.approx((sum(errors) / 2, deviation))


def test_what_is_written(compared):
    folder, results = compared
    assert json.loads((folder / "compare.json").read_text())["results"] == results
    assert len(list((folder / "cells").glob("*.json"))) == 4
    table = (folder / "table.txt").read_text()
    assert re.search(r"backprop( +\d+\.\d\d ± \d+\.\d\d){2} +\S+ to \S+ +2 ", table)
    assert "GMAC per" in table
    for name in ("errors-1.png", "curves-1.png", "budgets-1.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG")
    # all updates are backprop's: nothing would be seen on the axes
    assert not (folder / "angles-1.png").exists()
    assert re.search(r"pes .* W2 0$", table, re.MULTILINE)


def test_page_is_self_contained(compared):
    page = (compared[0] / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 3
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert "http" not in re.sub(r'"data:[^"]*"', "", page)  # pictures are random letters
    assert "digits, 8 hidden, relu, nengo" in page and "±" in page


def test_finished_cells_are_not_run_again(compared, monkeypatch):
    folder, results = compared

    def fail(*args, **kwargs):
        raise AssertionError("a cell runs")

    monkeypatch.setattr(processes, "run_cell", fail)
    assert comparison.compare(SMALL, folder) == results
    with pytest.raises(AssertionError, match="a cell runs"):
        comparison.compare({**SMALL, "epochs": 1}, folder)


def result_of(cell, code, **changes):
    """A result that makes sense, of a cell that nobody has run."""
    return {
        "cell": cell,
        "code": code,
        "curves": {},
        "status": "done",
        "test": {"last": {"error": 12.5}, "best": {"epoch": 1, "error": 12.5}},
        "val": {"last": {"error": 12.5}, "best": {"epoch": 1, "error": 12.5}},
        "history": [{"epoch": 1, "val_error": 12.5, "loss": 0.1, "phase": "one"}],
        "angles": [{"W1": 90.0}, {"W1": None}],
        "pictures": {},
        "samples_per_second": 100.0,
        "peak_memory_mb": 200,
        "seconds": 1.5,
        "provenance": provenance.collect([cell["seed"]], {cell["dataset"]: "ab" * 32}),
        **changes,
    }


@pytest.fixture
def ran(monkeypatch):
    """Names of the cells that were to be run; nothing is, and nothing is drawn."""
    names = []

    def run_cell(name, cell, code, *args, **kwargs):
        names.append(name)
        return name, result_of(cell, code)

    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(processes, "run_cell", run_cell)
    monkeypatch.setattr(report, "write", lambda *args: None)
    return names


def times_run(ran, config, folder):
    ran.clear()
    comparison.compare(config, folder)
    return len(ran)


def test_a_cell_is_run_again_once_its_code_has_changed(tmp_path, monkeypatch, ran):
    module, out = tmp_path / "changing_rule.py", tmp_path / "out"
    one = {**SMALL, "rules": ["backprop"], "seeds": [0], "modules": ["changing_rule"]}
    config = as_file(one, tmp_path)
    for content in ("rate = 1", "rate = 2"):
        module.write_text(content)
        assert [times_run(ran, config, out) for _ in range(2)] == [1, 0]
    (result,) = comparison.compare(config, out)
    assert result["code"].keys() == {"nengo_ngc", "changing_rule"}
    (tmp_path / "helpers").mkdir()
    module.write_text("import json\nfrom beside import rate\n")
    (tmp_path / "beside.py").write_text("from helpers.inner import rate\n")
    for path in ("helpers/__init__.py", "helpers/inner.py"):  # all that it imports from there
        (tmp_path / path).write_text("rate = 3\n")
    assert [times_run(ran, config, out) for _ in range(2)] == [1, 0]
    for path in ("beside.py", "helpers/inner.py"):
        with open(tmp_path / path, "a") as file:
            file.write("\n")
        assert [times_run(ran, config, out) for _ in range(2)] == [1, 0]
    (tmp_path / "unused.py").write_text("")
    assert times_run(ran, config, out) == 0
    package = tmp_path / "nengo_ngc"
    shutil.copytree(user_modules.PACKAGE, package, ignore=shutil.ignore_patterns("*.pyc"))
    monkeypatch.setattr(user_modules, "PACKAGE", package)
    assert times_run(ran, config, out) == 0
    with open(package / "backends" / "nengo_dl" / "graph.py", "a") as file:
        file.write("\n")
    assert [times_run(ran, config, out) for _ in range(2)] == [1, 0]


def test_results_with_other_settings_are_kept(tmp_path, ran):
    """Two configurations may have the same name, or one may be changed and changed back."""
    one = {**SMALL, "rules": ["backprop"], "seeds": [0]}
    two = {**one, "epochs": 3}
    assert [times_run(ran, c, tmp_path) for c in (one, two, one, two, one)] == [1, 1, 0, 0, 0]
    (found,) = comparison.compare(one, tmp_path)
    assert found["cell"]["epochs"] == SMALL["epochs"]
    paths = sorted((tmp_path / "cells").glob("*.json"))
    assert len(paths) == 2
    paths[0].write_text(paths[0].read_text().replace("12.5", "1.5"))
    with pytest.warns(UserWarning, match="is now"):
        assert sum(times_run(ran, c, tmp_path) for c in (one, two)) == 1


def test_checkpoints_with_other_settings_are_kept(tmp_path, ran):
    one = {**SMALL, "rules": ["backprop"], "seeds": [0]}
    ((name, cell),) = comparison.cells_of(comparison.check_config(one)).items()
    part = results.own_place(tmp_path / "cells" / f"{name}.json", cell).with_suffix(".part")
    part.mkdir(parents=True)
    times_run(ran, {**one, "epochs": 3}, tmp_path)
    assert part.exists()
    times_run(ran, one, tmp_path)
    assert not part.exists()


def test_a_result_that_is_damaged_while_another_one_is_computed(tmp_path):
    cell = {"rule": "backprop", "seed": 0, "dataset": "digits", "tasks": ["accuracy"]}
    (tmp_path / "x.json").write_text("{")
    results.keep(tmp_path / "x.json", result_of(cell, {}))
    assert results.finished(tmp_path / "x.json", cell, {}) is not None


def test_a_comparison_and_its_data_may_be_moved(tmp_path, ran):
    X = np.random.RandomState(0).rand(40, 16)
    config = {**SMALL, "rules": ["backprop"], "seeds": [0]}
    config["datasets"] = {"mine": (X, np.arange(40) % 2)}
    assert [times_run(ran, config, tmp_path / "here") for _ in range(2)] == [1, 0]
    (tmp_path / "here").rename(tmp_path / "there")
    assert times_run(ran, config, tmp_path / "there") == 0
    (found,) = comparison.compare(config, tmp_path / "there")
    assert found["cell"]["data"]["path"] == str(tmp_path / "there" / "data" / "mine")
    config["datasets"] = {"mine": (X[::-1], np.arange(40) % 2)}
    assert times_run(ran, config, tmp_path / "there") == 1


def test_pictures_that_a_result_cannot_hold_are_left_out(tmp_path, monkeypatch):
    (tmp_path / "pictures").mkdir()
    for name, n_bytes in (("filters", 900), ("reconstructions", 300), ("samples", 600)):
        assert name in MODELS["ngc"].captions
        (tmp_path / "pictures" / f"{name}.png").write_bytes(bytes(n_bytes))
    monkeypatch.setattr(results, "PICTURE_BYTES", 1000)
    assert list(training._pictures("ngc", tmp_path)) == ["reconstructions", "samples"]


@needs_jax
@pytest.mark.skipif(
    not Path("/proc/self/task").exists(), reason="Linux says which threads there are"
)
def test_threads_of_a_cell_are_those_that_it_is_given():
    script = (
        "import glob, jax; jax.jit(lambda x: x @ x)(jax.numpy.ones((512, 512)));"
        "names = [open(path).read() for path in glob.glob('/proc/self/task/*/comm')];"
        "print(sum(name.startswith('tf_XLAEigen') for name in names))"
    )
    env = {**os.environ, **processes._limits(1)}
    said = subprocess.check_output([sys.executable, "-c", script], env=env, text=True)
    assert said == "1\n"


def test_a_cell_is_run_again_once_registered_data_have_changed(tmp_path, monkeypatch, ran):
    rng = np.random.RandomState(0)

    class Changing(datasets.SOURCES["digits"].__class__):
        def arrays(self, data_dir=None, download=True):
            return given

    Changing.__module__ = "another_package"
    given = {"X": rng.rand(40, 16), "y": np.arange(40) % 2}
    monkeypatch.setitem(datasets.SOURCES, "changing", Changing())
    config = {**SMALL, "rules": ["backprop"], "seeds": [0], "datasets": ["changing"]}

    def run_cell(name, cell, code, *args, **kwargs):
        ran.append(name)
        sha256 = datasets.find("changing").sha256()
        about = provenance.collect([0], {"changing": sha256})
        return name, result_of(cell, code, provenance=about)

    monkeypatch.setattr(processes, "run_cell", run_cell)
    for _ in range(2):
        assert [times_run(ran, config, tmp_path / "out") for _ in range(2)] == [1, 0]
        given = {**given, "X": rng.rand(40, 16)}
    assert not data_of.hashes(["digits", "mnist"], tmp_path)


def test_checkpoints_of_other_data_are_not_believed(tmp_path, monkeypatch):
    config = comparison.check_config({**SMALL, "rules": ["backprop"], "seeds": [0]})
    (cell,) = comparison.cells_of(config).values()
    seen = []

    class Watched(checkpoints.Checkpoints):
        def __init__(self, folder, spec, made_of):
            seen.append(made_of)
            super().__init__(folder, spec, made_of)

    monkeypatch.setattr(checkpoints, "Checkpoints", Watched)
    training.run(cell, {}, None, tmp_path)
    assert seen == [{"cell": cell, "code": {}, "data": datasets.find("digits").sha256()}]


def test_all_rules_are_tested_on_the_same_images(monkeypatch):
    n, (X, y) = 30, (np.zeros((50, 4)), np.arange(50) % 2)
    monkeypatch.setattr(base, "N_TESTED", n)
    data = datasets.Dataset("x", X, y, X, y, (2, 2))

    class Model:
        def score(self, X, y):
            assert len(X) == len(y) == n
            return 0.75

    assert MODELS["rules"].evaluate(Model(), data, 1, 1) == {"error": 25.0}


@pytest.mark.parametrize("scan", [True, False])
def test_the_error_of_pff_is_that_of_the_predictions_it_is_set_to(scan, monkeypatch):
    monkeypatch.setattr(pff, "probe_error", lambda *args: 3.0)
    data = datasets.load("digits")

    class Model:
        def set_params(self, scan):
            self.scan = scan
            return self

        def score(self, X, y):
            return 0.875 if self.scan else 0.75

    model = Model().set_params(scan)
    found = MODELS["pff"].evaluate(model, data, 1, 1)
    others = {"scan_error": 12.5, "pass_error": 25.0, "probe_error": 3.0}
    assert found == {"error": 12.5 if scan else 25.0, **others}
    assert model.scan == scan


def test_codes_of_a_comparison_are_arrays():
    wrong = {**SMALL, "rules": ["sdr"], "settings": {"sdr": {"sparse_output": True}}}
    with pytest.raises(ValueError, match="settings.sdr: sparse_output must be False"):
        comparison.check_config(wrong)


def test_code_of_a_package_is_all_of_its_files(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    folder = tmp_path / "package_of_rules"
    folder.mkdir()
    (folder / "__init__.py").touch()
    module = user_modules.import_module("package_of_rules")
    seen = set()
    for content in ("rate = 1", "rate = 2"):
        (folder / "rules.py").write_text(content)
        seen.add(code_hashes.hashes([module])["package_of_rules"])
    assert len(seen) == 2


def test_places_of_modules(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    inner = tmp_path / "outer_rules" / "inner"
    inner.mkdir(parents=True)
    for path in (inner.parent / "__init__.py", inner / "__init__.py", inner / "rule.py"):
        path.touch()
    for name in ("outer_rules", "outer_rules.inner", "outer_rules.inner.rule"):
        assert user_modules.place(user_modules.import_module(name)) == (name, str(tmp_path))
    assert user_modules.place(sys) == ("sys", None)


# --- images for validation


def split(n=60, **settings):
    """Rows of 60 images of three classes that are learned from, and that are held out."""
    y = np.arange(n) % 3
    data = datasets.Dataset("d", np.arange(n)[:, None], y, None, None, (1, 1))
    learned, held_out = data_of.split(data, {"train_images": None, "seed": 0, **settings})
    assert np.array_equal(learned.y_train, learned.X_train[:, 0] % 3)
    return learned.X_train[:, 0], None if held_out is None else held_out[0][:, 0]


@pytest.mark.parametrize(
    "validation, n", [(None, 10), (0.3, 18), (15, 15), (57, 57), (0, 0), (1, 1)]
)
def test_images_are_held_out_by_class_and_seed(validation, n):
    learned, held_out = split(validation=validation)
    if n == 0:
        assert held_out is None and len(learned) == 60
        return
    assert np.array_equal(np.sort([*learned, *held_out]), np.arange(60))
    counts = np.bincount(held_out % 3, minlength=3)
    assert len(held_out) == n and (n < 3 or np.ptp(counts) <= 1)
    assert len(np.unique(learned % 3)) == 3
    assert np.array_equal(split(validation=validation)[1], held_out)
    if n < 57:
        assert not np.array_equal(split(validation=validation, seed=1)[1], held_out)


def test_images_are_held_out_of_those_that_a_cell_may_use():
    learned, held_out = split(validation=6, train_images=20)
    assert max(*learned, *held_out) == 19
    with pytest.raises(ValueError, match="must leave one of 60 .* for each of 3 classes"):
        split(validation=58)


@pytest.mark.parametrize("name, smaller, best", [("error", True, 2), ("error", False, 3)])
def test_the_best_epoch(name, smaller, best, monkeypatch):
    spec = MODELS["rules"]
    monkeypatch.setattr(type(spec), "smaller_is_better", smaller)
    history = [{"epoch": 1}, {"epoch": 2, "val_error": 1.0}, {"epoch": 3, "val_error": 2.0}]
    assert spec.best_epoch([*history, {"epoch": 4, "val_error": 1.0}]) == best
    assert spec.best_epoch(history[:1]) is None


def test_test_images_are_read_once_for_the_last_and_for_the_best_epoch(tmp_path, monkeypatch):
    """Validation errors are given, so that the first epoch is the best."""
    seen = []
    spec = MODELS["rules"]
    evaluate = type(spec).evaluate

    def watched(self, model, *args):
        seen.append(model.n_iter_)
        return evaluate(self, model, *args)

    monkeypatch.setattr(type(spec), "evaluate", watched)
    monkeypatch.setattr(type(spec), "best_epoch", lambda self, history: 1 if history else None)
    settings = {**SMALL, "rules": ["backprop"], "seeds": [0], "epochs": 3}
    (cell,) = comparison.cells_of(comparison.check_config(settings)).values()
    result = training.run(cell, {}, None, tmp_path)
    assert seen == [3, 1]
    assert result["test"]["best"]["epoch"] == 1
    shorter = {**cell, "epochs": 1, "settings": {"anneal": False}}
    constant = training.run({**cell, "settings": {"anneal": False}}, {}, None, tmp_path)
    alone = training.run(shorter, {}, None, tmp_path)
    assert constant["test"]["best"] == {"epoch": 1, **alone["test"]["last"]}


def test_a_cell_without_validation(tmp_path):
    settings = {**SMALL, "rules": ["backprop"], "seeds": [0], "validation": 0}
    config = comparison.check_config(settings)
    (cell,) = comparison.cells_of(config).values()
    measured = training.run(cell, {}, None, tmp_path)
    assert measured["test"].keys() == {"last"} and not measured["val"]
    assert "val_error" not in measured["history"][0]
    report.write([{"cell": cell, "code": {}, "status": "done", **measured}], config, tmp_path)
    assert not (tmp_path / "curves-1.png").exists()
    assert "best validation" not in (tmp_path / "table.txt").read_text()


@pytest.mark.parametrize("name", MODELS)
def test_no_two_measures_of_a_model_are_called_the_same(name):
    called = [*MODELS[name].measures.values()]
    assert len({*called}) == len(called)


def test_measures_that_are_called_the_same_are_both_shown(monkeypatch):
    measures = {"error": "error (%)", "a": "spread", "b": "spread"}
    monkeypatch.setattr(MODELS["rules"], "measures", measures, raising=False)
    measured = {"error": (5.0, None), "a": (1.0, 0.5), "b": (2.0, None)}
    row = {"rule": "backprop", "criterion": "error", "last": measured, "best": {}}
    assert report.other_measures([row]) == {
        "other measures, last epoch": ["backprop"],
        "spread (a)": ["1.00 ± 0.50"],
        "spread (b)": ["2.00 (one seed)"],
    }


def test_other_measures_are_those_of_each_row():
    """One without validation images has its last epoch; models call things differently."""
    measured = {"error": (5.0, None), "probe_error": (1.0, None)}
    rows = [
        {"rule": "pff", "criterion": "error", "last": {}, "best": measured},
        {"rule": "hebbian", "criterion": "error", "last": measured, "best": {}},
        {"rule": "backprop", "criterion": "error", "last": {"error": (1.0, None)}, "best": {}},
    ]
    assert report.other_measures(rows) == {
        "other measures, best or last epoch": ["pff", "hebbian"],
        "logistic regression on latents, error (%)": ["1.00 (one seed)", ""],
        "logistic regression on codes, error (%)": ["", "1.00 (one seed)"],
    }


def test_a_model_without_labels_is_a_cell(tmp_path):
    settings = {**SMALL, "rules": ["ngc"], "seeds": [0], "train_images": 60}
    settings["settings"] = {"ngc": {"steps": 5, "n_mixture": 2, "variant": "t1"}}
    config = comparison.check_config(settings)
    (cell,) = comparison.cells_of(config).values()
    measured = training.run(cell, {}, None, tmp_path)
    assert measured["test"]["best"].keys() == {"epoch", *MODELS["ngc"].measures} - {"mse"}
    best = min(record["val_bce"] for record in measured["history"])
    assert measured["val"]["best"]["bce"] == best
    result = {"cell": cell, "code": {}, "status": "done", **measured}
    results.keep(tmp_path / "x.json", result)
    assert results.read(tmp_path / "x.json", cell, {}) == result
    report.write([result], config, tmp_path)
    table = (tmp_path / "table.txt").read_text()
    assert "cross-entropy (nats per image)" in table and "log p(x)" in table
    masked = measured["test"]["best"]["masked_mse"]
    assert f"{masked:.4f} (one seed)" in table
    assert (tmp_path / "curves-1.png").exists()


# --- cells that are interrupted


KILLED = """
import os, pathlib, signal, sys, time
from nengo_ngc.models.tasks.rules import RuleTask

learn = RuleTask.learn
log = pathlib.Path(os.environ["LOG"])


def watched(task, *batch):
    number = len(log.read_text()) if log.exists() else 0
    if number == int(os.environ["KILLED_AT"]):
        log.write_text(log.read_text() + "-")
        os.kill(os.getppid() if "WORKER" in os.environ else os.getpid(), signal.SIGKILL)
        time.sleep(60)  # until the thread that watches the parent ends this process
    if "-m" in sys.orig_argv:  # in the process of a cell
        with log.open("a") as file:
            file.write("|")
    return learn(task, *batch)


RuleTask.learn = watched
"""

# of a result, what is different each time
VARYING = ("samples_per_second", "peak_memory_mb", "seconds")


def same(result):
    kept = {key: value for key, value in result.items() if key not in VARYING}
    kept["history"] = [
        {key: value for key, value in record.items() if key not in VARYING}
        for record in result["history"]
    ]
    return kept


def run_killed(at, folder, patch, workers=False):
    """Run a cell of 3 epochs of 3 batches that is killed, or whose worker is, at a batch.

    Returns the result, and a letter for each batch that was learned from.
    """
    folder.mkdir(exist_ok=True)
    log = folder / "log"
    patch.setattr(sys, "path", list(sys.path))
    patch.setattr(RuleTask, "learn", RuleTask.learn)
    patch.setenv("OMP_NUM_THREADS", "1")  # as the workers of Dask have it
    patch.setenv("LOG", str(log))
    patch.setenv("KILLED_AT", str(at))
    (folder / "killed.py").write_text(KILLED)
    config = {**SMALL, "rules": ["backprop"], "seeds": [0], "epochs": 3, "train_images": 72}
    config["modules"] = [str(folder / "killed.py")]
    sys.modules.pop("killed", None)
    if not workers:
        (result,) = comparison.compare(config, folder)
        return result, log.read_text()
    from distributed import LocalCluster

    patch.setenv("WORKER", "it is killed")
    with LocalCluster(2, threads_per_worker=1, dashboard_address=None) as cluster:
        (result,) = comparison.compare(config, folder, dask=cluster.scheduler_address)
    return result, log.read_text()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The result of that cell if nothing is killed."""
    with pytest.MonkeyPatch.context() as patch:
        result, log = run_killed(99, tmp_path_factory.mktemp("whole"), patch)
    assert log == 9 * "|" and len(result["angles"]) == 4
    return same(result)


def test_a_cell_goes_on_from_its_last_epoch_with_the_same_bits(whole, tmp_path, monkeypatch):
    failed, log = run_killed(4, tmp_path, monkeypatch)  # in the middle of the second epoch
    assert failed["status"] == "failed" and "status -9" in failed["message"]
    assert log == "||||-"
    (part,) = (tmp_path / "cells").glob("*.part")
    assert [path.name for path in part.rglob("*.npz")] == ["epoch-000001.npz"]
    resumed, log = run_killed(99, tmp_path, monkeypatch)
    assert log == "||||-" + 6 * "|"
    assert same(resumed) == whole
    assert not list((tmp_path / "cells").glob("*.part"))


@needs_dask
def test_cells_of_a_worker_that_is_killed_run_elsewhere(whole, tmp_path, monkeypatch):
    """One of two workers of Dask is killed in the middle of its cell."""
    result, log = run_killed(4, tmp_path, monkeypatch, workers=True)
    assert result["status"] == "done", result
    assert log == "||||-" + 6 * "|"
    assert same(result) == whole


@pytest.mark.skipif(
    importlib.util.find_spec("tensorboardX") is None, reason="tensorboardX is not installed"
)
def test_metrics_can_be_followed(tmp_path, monkeypatch):
    """Each record is in the file while the cell waits for it, before the next epoch."""
    from tensorboardX.proto.event_pb2 import Event

    monkeypatch.chdir(tmp_path)
    (tmp_path / "metrics" / "x").mkdir(parents=True)
    (tmp_path / "metrics" / "x" / "of a run before").touch()
    settings = {**SMALL, "rules": ["backprop"], "seeds": [0], "epochs": 2}
    (cell,) = comparison.cells_of(comparison.check_config(settings)).values()
    seen = []

    def keep(*args):
        (path,) = (tmp_path / "metrics" / "x").iterdir()
        n = len(seen) + 1
        waits_for(lambda: ("val_error", n) in [e[:2] for e in events(path, Event)])
        seen.append(list(events(path, Event)))
        return keep_checkpoint(*args)

    keep_checkpoint = checkpoints.Checkpoints.keep
    monkeypatch.setattr(checkpoints.Checkpoints, "keep", keep)
    metrics = str(tmp_path / "metrics" / "x")
    result = training.run(cell, {}, None, tmp_path, metrics=metrics)
    for epoch, found in enumerate(seen, start=1):
        errors = [value for name, _, value in found if name == "val_error"]
        expected = [record["val_error"] for record in result["history"][:epoch]]
        assert errors == pytest.approx(expected)
    assert {"loss", "macs", "seconds"} <= {name for name, _, _ in seen[-1]}
    assert {step for _, step, _ in seen[-1]} == {1, 2}


def events(path, event):
    """Names, steps and values in a file of events: a length of 8 bytes and a check of 4."""
    content = path.read_bytes()
    while content:
        n = int.from_bytes(content[:8], "little")
        parsed = event.FromString(content[12 : 12 + n])
        content = content[12 + n + 4 :]
        for value in parsed.summary.value:
            yield value.tag, parsed.step, value.simple_value


def test_following_takes_a_package(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"tensorboardX is not installed: pip install"):
        comparison.compare(SMALL, tmp_path / "out", follow=True)
    assert not (tmp_path / "out").exists()


def checkpoint(folder, epochs, **made_of):
    """Checkpoints of a cell that has learned for some epochs."""
    cell = {"cell": 1, "code": {}, **made_of}
    kept = checkpoints.Checkpoints(folder, MODELS["rules"], cell)
    model = RuleClassifier((4,), backend="nengo", batch_size=10, random_state=0)
    X, y = np.random.RandomState(0).rand(20, 6), np.arange(20) % 2
    for record in model.set_params(max_epochs=epochs).epochs(X, y, X, y):
        record["val_error"] = [3.0, 2.0, 4.0, 5.0][record["epoch"] - 1]
        kept.keep(model, {"angles": [record["epoch"]]}, record["epoch"])
    return kept


def test_checkpoints_are_of_the_last_and_the_best_epoch(tmp_path):
    kept = checkpoint(tmp_path, epochs=4)
    names = [path.name for path in sorted(tmp_path.rglob("*.npz"))]
    assert names == ["epoch-000002.npz", "epoch-000004.npz"]
    model, measured = kept.last()
    assert model.n_iter_ == 4 and measured == {"angles": [4]}
    assert kept.best(model.history_).n_iter_ == 2


def test_a_damaged_checkpoint_is_that_of_the_epoch_before(tmp_path):
    kept = checkpoint(tmp_path, epochs=4)
    (last,) = tmp_path.rglob("epoch-000004.npz")
    last.write_bytes(b"half of i")
    last.with_name("new-epoch-000005.npz").write_bytes(b"half of i")
    model, measured = kept.last()
    assert model.n_iter_ == 2 and measured == {"angles": [2]}
    assert [path.name for path in tmp_path.rglob("*.npz")] == ["epoch-000002.npz"]


@pytest.mark.parametrize("what", ["cell", "code", "versions"])
def test_checkpoints_of_something_else_are_not_believed(what, tmp_path, monkeypatch):
    checkpoint(tmp_path, epochs=2)
    made_of = {"cell": 1, "code": {}}
    other = dict(made_of)
    with monkeypatch.context() as patched:
        if what == "versions":
            patched.setattr(provenance, "_versions", lambda: {"nengo": "5"})
        else:
            other[what] = {"another": "one"}
        assert checkpoints.Checkpoints(tmp_path, MODELS["rules"], other).last() is None
        checkpoint(tmp_path, epochs=1, **other)
    # they are left for whoever goes back
    model, _ = checkpoints.Checkpoints(tmp_path, MODELS["rules"], made_of).last()
    assert model.n_iter_ == 2


def test_a_checkpoint_in_the_place_of_another_is_not_believed(tmp_path):
    checkpoint(tmp_path, epochs=1)
    (own,) = tmp_path.iterdir()
    kept = checkpoints.Checkpoints(tmp_path, MODELS["rules"], {"cell": 2, "code": {}})
    (another,) = {*tmp_path.iterdir()} - {own}
    (own / "epoch-000001.npz").rename(another / "epoch-000001.npz")
    assert kept.last() is None


def test_where_checkpoints_lie(tmp_path, monkeypatch):
    own, part = tmp_path / "own", tmp_path / "cells" / "x.part"
    monkeypatch.setattr(checkpoints, "_N_TRIES", 1)
    with checkpoints.place(str(part), own) as folder:
        assert folder == own  # a worker on a machine that does not see the folder
    part.parent.mkdir()
    with checkpoints.place(str(part), own) as folder:
        assert folder == part
        with checkpoints.place(str(part), own) as another:
            assert another == own  # the same cell runs twice


# --- files of cells


DAMAGES = {
    "not JSON": lambda text: text[:-5],
    "not text": lambda text: "\udcff" + text,
    "empty": lambda text: "",
    "something else": lambda text: "[1, 2]",
    "nested": lambda text: "[" * 100_000,
    "no number": lambda text: text.replace("12.5", "NaN"),
    "another number": lambda text: text.replace("12.5", "1.25"),
    "another type": lambda text: text.replace("12.5", '"12.5"'),
    "a key is missing": lambda text: text.replace('"angles"', '"angels"'),
    "no status": lambda text: text.replace('"status"', '"stats"'),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_cell_is_set_aside_and_run_again(damage, tmp_path, ran):
    assert times_run(ran, SMALL, tmp_path) == 4
    path = sorted((tmp_path / "cells").glob("*.json"))[1]
    whole = path.read_text()
    damaged = damage(whole).encode(errors="surrogateescape")
    path.write_bytes(damaged)
    with pytest.warns(UserWarning, match=rf"{path.name} is now {path.name}\.damaged"):
        assert times_run(ran, SMALL, tmp_path) == 1
    assert path.read_text() == whole
    assert path.with_name(f"{path.name}.damaged").read_bytes() == damaged


def test_one_comparison_works_in_a_folder(tmp_path, ran):
    left = tmp_path / "cells" / ".x.json.0123abcd.tmp"
    left.parent.mkdir()
    left.write_text("of a process that was killed")
    with locks.held(tmp_path):
        with pytest.raises(FolderHeldError, match=f"process {os.getpid()} on"):
            comparison.compare(SMALL, tmp_path)
    assert times_run(ran, SMALL, tmp_path) == 4
    assert not left.exists()


PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n and so on").decode()


@pytest.mark.parametrize(
    "changes",
    [
        {"pictures": {"../../x": PNG}},
        {"pictures": {"unknown": PNG}},
        {"pictures": {"samples": base64.b64encode(b"GIF89a").decode()}},
        {"pictures": {"samples": "no base64"}},
        {"pictures": {"samples": PNG + "A" * 3 * 2**22}},
        {"pictures": None},
        {"test": None},
        {"test": {"best": {"epoch": 1, "error": 12.5}}},
        {"test": {"last": {"probe_error": 12.5}}},
        {"test": {"last": {"error": 12.5}, "best": {"error": 12.5}}},
        {"test": {"last": {"error": 101}}},
        {"test": {"last": {"error": True}}},
        {"val": {"last": {"error": "1"}}},
        {"history": []},
        {"history": [{"epoch": 1, "val_error": [1]}]},
        {"history": [{"val_error": 1.0}]},
        {"history": [{"epoch": 1, "val_error": "1.0"}]},
        {"angles": [{"W1": "90"}]},
        {"angles": [None]},
        {"samples_per_second": -1.0},
        {"seconds": "1"},
        {"provenance": {"date": 1}},
        {"status": "finished"},
        {"status": "failed"},
        {"surplus": 1},
    ],
)
def test_what_makes_no_sense_is_not_believed(changes, tmp_path, ran):
    config = {**SMALL, "rules": ["pff"], "seeds": [0]}
    assert times_run(ran, config, tmp_path) == 1
    (path,) = (tmp_path / "cells").glob("*.json")
    before = json.loads(path.read_text())
    del before["sha256"]
    results.keep(path, {**before, "pictures": {"samples": PNG}})
    assert times_run(ran, config, tmp_path) == 0
    results.keep(path, {**before, **changes})
    with pytest.warns(UserWarning, match="is now"):
        assert times_run(ran, config, tmp_path) == 1


def test_cells_with_fewer_epochs_are_drawn(tmp_path):
    config = comparison.check_config({**SMALL, "rules": ["pff"], "backends": ["auto"]})
    results = [result_of(cell, {}) for cell in comparison.cells_of(config).values()]
    goodness = {"positive_goodness": 2.0, "negative_goodness": None}
    results[0]["history"] = [{"epoch": n, "val_error": 9.0, **goodness} for n in (1, 2, 3)]
    results[1]["history"] = [{"epoch": 1, **goodness}]
    results[0]["angles"] = [{"W1": 80.0}]
    results[0]["pictures"] = {"samples": PNG}
    report.write(results, config, tmp_path)
    for kind in ("errors", "curves", "angles", "goodness"):
        assert min(imread(tmp_path / f"{kind}-1.png").shape[:2]) > 50
    assert (tmp_path / "samples-pff-1.png").read_bytes() == base64.b64decode(PNG)


@pytest.fixture
def figures(monkeypatch):
    """The figures that were saved, by the names of their files."""
    saved, figure = {}, plots.figure

    @contextmanager
    def remember(path, *args, **kwargs):
        with figure(path, *args, **kwargs) as (fig, axes):
            saved[Path(path).name] = fig
            yield fig, axes

    monkeypatch.setattr(plots, "figure", remember)
    return saved


def test_costs_that_are_not_known_are_not_drawn(figures, tmp_path):
    config = comparison.check_config({**SMALL, "seeds": [0]})
    results = []
    for cell in comparison.cells_of(config).values():
        macs = 1e9 if cell["rule"] == "pes" else None
        cost = {"samples": 20, "seconds": 0.5, "macs": macs}
        history = [{"epoch": epoch, "val_error": 3.0, **cost} for epoch in (1, 2)]
        results.append(result_of(cell, {}, history=history))
    report.write(results, config, tmp_path)
    samples, seconds, macs = figures["budgets-1.png"].axes
    assert [len(ax.lines) for ax in (samples, seconds, macs)] == [2, 2, 1]
    assert macs.lines[0].get_label() == "pes" and macs.lines[0].get_xdata()[0] == 1
    check_layout(figures["budgets-1.png"])
    assert [row["gmacs"] for row in report.summary(results)] == [None, 0.5]


@pytest.mark.parametrize("rules", [["backprop", "pes"], ["autodiff", "pes"]])
@pytest.mark.parametrize("seeds", [[0], [0, 1, 2]])
def test_reports_say_what_was_measured_and_no_more(rules, seeds, figures, tmp_path):
    config = comparison.check_config({**SMALL, "rules": rules, "seeds": seeds})
    results = []
    for number, cell in enumerate(comparison.cells_of(config).values()):
        error = 1.0 + number if cell["rule"] == "pes" else 50.0 + number
        angles = [{"W1": 80.0, "W2": 0.01}] * 3
        history = [{"epoch": epoch, "val_error": error} for epoch in (1, 2)]
        test = {"last": {"error": error}, "best": {"epoch": 1, "error": error}}
        results.append(result_of(cell, {}, test=test, angles=angles, history=history))
    results[-1]["history"].pop()
    report.write(results, config, tmp_path)
    table, page = ((tmp_path / n).read_text("utf-8") for n in ("table.txt", "report.html"))
    for text in (table, page):
        assert ("of autodiff" in text.split("Memory")[-1]) == ("autodiff" in rules)
        assert ("(one seed)" in text) == (len(seeds) == 1)
    known = "one seed" if len(seeds) == 1 else "mean and range of 3 seeds"
    curves, angles, errors = (
        figures[f"{name}-1.png"].axes for name in ("curves", "angles", "errors")
    )
    assert known in curves[0].get_ylabel() and known in angles[0].get_ylabel()
    assert curves[0].get_ylabel().endswith("log scale") and curves[0].get_yscale() == "log"
    assert errors[0].get_xlabel().endswith("log scale")
    # seeds at both epochs, means, and intervals, which one seed does not have
    assert len(errors[0].lines) == 2 * (3 if len(seeds) == 1 else 4)
    assert "validation error" in curves[0].get_ylabel()
    assert [ax.get_title() for ax in angles] == ["W1"]
    assert figures["angles-1.png"].get_supxlabel() == "not shown: W2, 0° under every rule"
    for fig in figures.values():
        check_layout(fig)


@pytest.mark.parametrize("name", ["samples-pff-1.png", "report.html", "table.txt"])
def test_reports_are_written_whole_or_not_at_all(name, tmp_path, monkeypatch):
    config = comparison.check_config({**SMALL, "rules": ["pff"], "backends": ["auto"]})
    results = [result_of(cell, {}) for cell in comparison.cells_of(config).values()]
    results[0]["pictures"] = {"samples": PNG}
    (tmp_path / name).write_text("before")
    replace = os.replace

    def interrupted(source, target):
        if Path(target).name == name:
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        report.write(results, config, tmp_path)
    assert (tmp_path / name).read_text() == "before"


# --- processes of cells


def run_one(tmp_path, monkeypatch, module):
    """Run one cell with a module of a user's, from a folder that has others."""
    monkeypatch.chdir(tmp_path)
    (cell, *_) = comparison.cells_of(comparison.check_config(SMALL)).values()
    places, code = [], code_hashes.hashes([])
    if module is not None:
        path = tmp_path / "beside" / "own.py"
        path.parent.mkdir()
        path.write_text(module)
        places, code = [("own", str(path.parent))], {**code, "own": code_hashes._hash([path])}
    name, result = processes.run_cell("x", cell, code, places)
    assert name == "x"
    return result


def test_what_lies_in_the_current_folder_is_not_run(tmp_path, monkeypatch):
    for name in ("nengo.py", "json.py", "sitecustomize.py", "nengo_ngc/__init__.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("raise SystemExit('code of the current folder')")
    entries = ["", ".", str(tmp_path)]
    monkeypatch.setattr(sys, "path", [*entries, *sys.path])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(entries))
    result = run_one(tmp_path, monkeypatch, None)
    assert result["status"] == "done", result


def test_what_was_run_by_other_code_is_not_believed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (cell, *_) = comparison.cells_of(comparison.check_config(SMALL)).values()
    _, result = processes.run_cell("x", cell, {"nengo_ngc": "another"})
    assert result["status"] == "failed" and "other code ran" in result["message"]


def test_a_cell_that_is_killed_is_a_failed_one(tmp_path, monkeypatch):
    fatal = "import os\nos.kill(os.getpid(), 9)\n"
    result = run_one(tmp_path, monkeypatch, fatal)
    assert result["status"] == "failed" and "status -9" in result["message"]


ANGLES = "import nengo_ngc as n; n.RuleClassifier.alignment = lambda *args: {'W1': "


@pytest.mark.parametrize(
    "module, message",
    [
        ("import sys; sys.exit(0)", "own cannot be imported: SystemExit"),
        (
            f"{ANGLES}1e3}}",
            "angles[0].W1 must be a finite number of at least 0 and at most 180",
        ),
    ],
)
def test_modules_that_fail_in_a_cell(module, message, tmp_path, monkeypatch):
    result = run_one(tmp_path, monkeypatch, module)
    assert result["status"] == "failed" and message in result["message"]


SLEEPING = """
import os, pathlib, sys, time
if "-m" in sys.orig_argv:  # in the process of a cell
    pathlib.Path(os.environ["STARTED"]).write_text(str(os.getpid()))
    time.sleep(600)
"""

PARENT = """
import signal
import sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # else ignored in the background
from nengo_ngc.lab import compare as comparison
comparison.compare({config!r}, sys.argv[1], n_jobs={n_jobs})
"""


def has_ended(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"


def waits_for(what):
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.05)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")
@pytest.mark.parametrize(
    "how, n_jobs", [(signal.SIGKILL, 2), (signal.SIGINT, 1), (signal.SIGINT, 2)]
)
def test_a_cell_does_not_outlive_its_parent(how, n_jobs, tmp_path):
    temporary, started = tmp_path / "temporary", tmp_path / "started"
    temporary.mkdir()
    (tmp_path / "sleeping.py").write_text(SLEEPING)
    config = {**SMALL, "modules": [str(tmp_path / "sleeping.py")]}
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT.format(config=config, n_jobs=n_jobs), tmp_path / "out"],
        env={**os.environ, "TMPDIR": str(temporary), "STARTED": str(started)},
        stderr=subprocess.DEVNULL,
    )
    try:
        waits_for(lambda: started.exists() and started.read_text())
        parent.send_signal(how)
        parent.wait(60)
    finally:
        parent.kill()
    waits_for(lambda: has_ended(started.read_text()))
    waits_for(lambda: not list(temporary.glob("nengo-ngc-*")))


def test_same_cell_same_result(compared, tmp_path):
    one = {**SMALL, "rules": ["backprop"], "seeds": [1]}
    (again,) = comparison.compare(one, tmp_path)
    before = next(r for r in compared[1] if r["cell"] == again["cell"])
    assert again["test"] == before["test"]
    assert again["angles"] == before["angles"]


def test_failed_cells_are_reported_and_run_again(tmp_path):
    broken = {
        **SMALL,
        "rules": ["backprop", "predictive-coding"],
        "neurons": ["lif-rate"],
        "seeds": [0],
    }
    told = []
    results = comparison.compare(
        broken, tmp_path, on_cell=lambda result, left: told.append((left, result))
    )
    assert [result["status"] for result in results] == ["done", "failed"]
    assert "rate neurons of unit gain" in results[1]["message"]
    assert "rate neurons of unit gain" in (tmp_path / "report.html").read_text()
    assert [left for left, _ in told] == [1, 0]
    told.clear()
    comparison.compare(broken, tmp_path, on_cell=lambda r, left: told.append(r))
    assert [r["cell"]["rule"] for r in told] == ["predictive-coding"]


@pytest.mark.parametrize("beside", [False, True])
def test_own_rule_takes_one_line_of_registration(beside, tmp_path, monkeypatch):
    module = f"own_rule_{beside}"
    monkeypatch.delitem(RULES, "sign", raising=False)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / f"{module}.py").write_text(OWN_RULE)
    config = {**SMALL, "rules": ["sign"], "seeds": [0], "modules": [module]}
    if beside:
        config = as_file(config, tmp_path)
    else:
        monkeypatch.syspath_prepend(tmp_path)
    (result,) = comparison.compare(config, tmp_path / "out")
    assert result["status"] == "done", result
    assert result["angles"][-1]["W1"] > 1


def test_a_module_with_the_name_of_another_one(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "json.py").write_text(OWN_RULE)
    with pytest.raises(ValueError, match="json.py has the name of .*; give it another one"):
        comparison.compare(as_file({"modules": ["json"]}, tmp_path), tmp_path / "out")


@needs_jax
def test_models_that_are_no_rule(tmp_path):
    config = {
        **SMALL,
        "rules": ["pff", "ff", "sdr"],
        "seeds": [0],
        "epochs": 1,
        "backends": ["jax"],
        "settings": {"pff": {"steps": 3}, "ff": {"steps": 3}},
    }
    done, plain, sparse = comparison.compare(config, tmp_path)
    for result in (done, plain, sparse):
        assert result["status"] == "done" and result["angles"] == [{}, {}], result
    assert done["pictures"].keys() == {"samples", "latents"} and not plain["pictures"]
    assert sparse["pictures"].keys() == {"codes", "latents"}
    with pytest.raises(ValueError, match="rectified linear units only"):
        comparison.model_of({**done["cell"], "neurons": "tanh"})
    assert "pff" in (tmp_path / "table.txt").read_text()
    page = (tmp_path / "report.html").read_text()
    for kind in ("goodness-1", "samples-pff-1", "latents-pff-1", "codes-sdr-1"):
        picture = tmp_path / f"{kind}.png"
        assert min(imread(picture).shape[:2]) > 50
        assert base64.b64encode(picture.read_bytes()).decode() in page
    assert "pff, seed 0: samples of each class" in page
    assert "sdr, seed 0: how often each unit is active" in page


def test_a_model_whose_first_epoch_has_no_error(tmp_path):
    settings = {"hebbian": {"n_units": 30, "patch": 4}}
    config = {**SMALL, "rules": ["hebbian"], "seeds": [0], "epochs": 3, "settings": settings}
    (result,) = comparison.compare(config, tmp_path)
    assert result["status"] == "done" and "val_error" not in result["history"][0], result
    assert min(imread(tmp_path / "curves-1.png").shape[:2]) > 50


@pytest.mark.parametrize(
    "content, message",
    [
        ("x = (", "SyntaxError: '\\(' was never closed"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("import not_there_at_all", "ModuleNotFoundError: No module named 'not_there_at_all'"),
        ("def f(): f()\nf()", "RecursionError"),
        ("x = '\0'", "(SyntaxError|ValueError)"),
    ],
)
def test_modules_with_errors(content, message, tmp_path, monkeypatch, ran):
    name = f"unfit_{abs(hash(content))}"
    (tmp_path / f"{name}.py").write_text(content)
    config = as_file({**SMALL, "modules": [name]}, tmp_path)
    message = f"modules: .*{name}.py cannot be imported: {message}"
    with pytest.raises(ValueError, match=message):
        comparison.compare(config, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_names_of_rules_that_are_no_names_of_files(monkeypatch, tmp_path):
    monkeypatch.setitem(RULES, "../rule", RULES["backprop"])
    with pytest.raises(ValueError, match="rules must have names of letters.*'../rule'"):
        comparison.compare({**SMALL, "rules": ["../rule"]}, tmp_path)


def test_cells_with_many_layers_have_names_of_files(tmp_path, ran):
    hidden = [[100] * 200, [100] * 201]
    assert times_run(ran, {**SMALL, "hidden": hidden}, tmp_path) == 8
    assert times_run(ran, {**SMALL, "hidden": hidden}, tmp_path) == 0


@pytest.mark.parametrize("anneal", [False, True, "cosine"])
def test_settings_that_may_be_a_flag_or_a_name(anneal):
    config = {**SMALL, "rules": ["backprop"], "settings": {"backprop": {"anneal": anneal}}}
    assert comparison.check_config(config)["settings"]["backprop"] == {"anneal": anneal}


@pytest.mark.parametrize(
    "config, message",
    [
        ({"rule": ["backprop"]}, "did you mean 'rules'"),
        ({"rules": ["bakprop"]}, r"rules\[0\]: unknown name 'bakprop'.*'backprop'"),
        ({"rules": []}, "rules must be a list of at least 1"),
        ({"rules": "backprop"}, "rules must be a list"),
        ({"rules": ["x" * 10**7]}, r"unknown name 'x{60}\.\.\.'; expected"),
        ({"datasets": ["mnst"]}, "did you mean 'mnist'"),
        ({"neurons": ["rel"]}, "did you mean 'relu'"),
        ({"backends": ["tf"]}, r"backends\[0\]: unknown"),
        ({"hidden": [64]}, r"hidden\[0\] must be a list of at least 1, got 64"),
        ({"hidden": [[0]]}, r"hidden\[0\]\[0\] must be a whole number"),
        ({"hidden": [[4], ["../x"]]}, r"hidden\[1\]: '../x' is no convolutional layer"),
        (
            {"datasets": {"..": (np.zeros((12, 4)), np.arange(12) % 2)}},
            "datasets must have names of letters",
        ),
        ({"hidden": [[2**40]]}, r"hidden\[0\]\[0\] must be a whole number"),
        ({"seeds": [-1]}, r"seeds\[0\] must be"),
        ({"seeds": [True]}, r"seeds\[0\] must be"),
        ({"epochs": 0}, "epochs must be"),
        ({"epochs": None}, "epochs must be"),
        ({"epochs": datetime.date(2020, 1, 1)}, "epochs must be"),
        ({"train_images": 0.5}, "train_images must be"),
        ({"validation": 1.0}, "validation must be"),
        ({"validation": -1}, "validation must be"),
        ({"validation": 40, "train_images": 40}, "validation must be smaller than train_im"),
        ({"settings": {"fa": {}}}, "settings: unknown rule 'fa'"),
        ({"settings": {"pes": {"lerning_rate": 1}}}, "did you mean 'learning_rate'"),
        ({"settings": {"pes": {"batch_size": 1}}}, "unknown name 'batch_size'"),
        ({"settings": {"pes": 1}}, "settings.pes must be a table"),
        (
            {"settings": {"pes": {"learning_rate": math.nan}}},
            "settings.pes.learning_rate must",
        ),
        ({"settings": {"pes": {"learning_rate": -1}}}, "settings.pes: .*learning_rate"),
        ({"settings": {"pff": {"setps": 3}}, "rules": ["pff"]}, "did you mean 'steps'"),
        ({"settings": {"pes": {"learning_rate": True}}}, "rate must not be true or false"),
        ({"settings": {"pes": {"anneal": 1}}}, "anneal: must be True or False or one of"),
        ({"settings": None}, "settings must be a table"),
        ({"modules": ["not_there_at_all"]}, "modules: .*No module named"),
        ({"modules": [1]}, r"modules\[0\] must be a text, got 1"),
        ({"modules": ["../rules"]}, "modules must be names of Python modules"),
        ({"modules": [""]}, "modules must be names of Python modules"),
        ([], "config must be a dict or the path of a file"),
    ],
)
def test_bad_configuration(config, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        comparison.compare(config, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_command(compared, tmp_path):
    folder, _ = compared
    path = as_file(SMALL, tmp_path)
    done = CliRunner().invoke(main, ["compare", str(path), "--output", str(folder)])
    assert done.exit_code == 0, done.output
    assert "backprop" in done.output and str(folder) in done.output


def test_command_says_what_goes_on_after_ctrl_c(tmp_path, monkeypatch):
    def run_cell(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(processes, "run_cell", run_cell)
    args = ["compare", str(as_file(SMALL, tmp_path)), "--output", str(tmp_path / "an output")]
    done = CliRunner().invoke(main, args)
    assert done.exit_code == 130 and "Traceback" not in done.output
    assert done.output.splitlines()[-1] == shlex.join(["nengo-ngc", *args])


def test_where_the_numbers_come_from_is_in_each_report(compared):
    folder, results = compared
    made = json.loads((folder / "compare.json").read_text())["provenance"]
    assert made == provenance.merged(result["provenance"] for result in results)
    (one,) = made
    assert one["seeds"] == [0, 1] and one["simulator"] == "Nengo"
    assert one["data"] == {"digits": datasets.SOURCES["digits"].sha256()}
    page = html.unescape((folder / "report.html").read_text())
    for line in (f"{one['date']}  nengo-ngc compare", *provenance.lines(one)):
        assert line in page and f"\n{line}\n" in (folder / "table.txt").read_text()


def test_circumstances_that_differ_are_listed_apart():
    def made(seed, processor):
        return {**provenance.collect([seed], {"digits": "ab"}), "processor": processor}

    first, second = provenance.merged([made(1, "A"), made(0, "B"), made(2, "A")])
    assert (first["processor"], first["seeds"]) == ("A", [1, 2])
    assert (second["processor"], second["seeds"]) == ("B", [0])
    assert provenance.lines(second)[-2:] == ["one seed: 0", "data: digits, SHA-256 ab"]


def test_command_fails_if_a_run_has(tmp_path, monkeypatch):
    def run_cell(name, cell, *args, **kwargs):
        return name, {"cell": cell, "status": "failed", "message": "out of luck"}

    monkeypatch.setattr(processes, "run_cell", run_cell)
    path, folder = as_file(SMALL, tmp_path), tmp_path / "out"
    done = CliRunner().invoke(main, ["compare", str(path), "--output", str(folder)])
    assert done.exit_code == 1 and "Traceback" not in done.output
    assert "4 of 4 runs failed; report.html says why" in done.output
    assert "out of luck" in (folder / "report.html").read_text(encoding="utf-8")


def test_table_is_read_as_utf_8(compared, tmp_path, monkeypatch):
    seen, read_text = {}, Path.read_text

    def watched(path, encoding=None, errors=None):
        seen[path.name] = encoding
        return read_text(path, encoding, errors)

    monkeypatch.setattr(Path, "read_text", watched)
    path = as_file(SMALL, tmp_path)
    CliRunner().invoke(main, ["compare", str(path), "--output", str(compared[0])])
    assert seen["table.txt"] == "utf-8"


@pytest.mark.parametrize(
    "text, message",
    [
        (None, "no configuration file"),
        ("rules = [", "config.toml is not valid TOML: Invalid value (at end of document)"),
        ("rules = " + "[" * 10_000, "config.toml is not valid TOML: it is nested too deeply"),
        ("seeds = [0]\nepochs 3", "config.toml is not valid TOML: Expected '=' after a key"),
        ("seeds = [0]\nepochs 3", "(at line 2, column 8)"),
        ("epochs = 1" + "0" * 5000, "config.toml is not valid TOML: Exceeds the limit"),
        ("epoch = 3", "did you mean 'epochs'"),
        ("rules = ['hebb']", "registered by the files that modules lists"),
    ],
)
def test_command_says_what_is_wrong(text, message, tmp_path):
    path = tmp_path / "config.toml"
    if text is not None:
        path.write_text(text)
    done = CliRunner().invoke(main, ["compare", str(path)])
    assert done.exit_code == 1 and message in done.output
    assert "Traceback" not in done.output
