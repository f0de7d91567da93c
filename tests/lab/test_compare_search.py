"""The search over settings: equal budgets, validation images only, and the same end."""

import importlib.util
import io
import json
import math
import sys

import numpy as np
import pytest

from nengo_ngc.exceptions import DivergenceError
from nengo_ngc.lab import compare as comparison
from nengo_ngc.lab import provenance
from nengo_ngc.lab.compare import data, processes, report, results, search, training, worker
from nengo_ngc.lab.specs import MODELS

needs_optuna = pytest.mark.skipif(
    importlib.util.find_spec("optuna") is None, reason="Optuna is not installed"
)

SMALL = {
    "rules": ["backprop", "predictive-coding", "pes"],
    "hidden": [[4]],
    "seeds": [0, 1, 2],
    "backends": ["nengo"],
    "epochs": 3,
    "batch_size": 20,
    "train_images": 40,
    "angle_images": 20,
    "trials": 12,
    "search_epochs": 2,
    "settings": {"backprop": {"anneal": False}},
    "search": {
        "backprop": {"learning_rate": [1e-4, 1e-1, "log"]},
        "predictive-coding": {"steps": [2, 9, "linear"], "anneal": ["cosine", "linear"]},
    },
}


def config_of(**changes):
    return comparison.check_config({**SMALL, **changes})


def validated(cell):
    """An error that depends on the settings, and is the smallest at a rate of 0.01."""
    settings = cell["settings"]
    rate = abs(math.log10(settings.get("learning_rate", 1e-2)) + 2)
    return 10 + 10 * rate + settings.get("steps", 0) + (settings.get("anneal") == "linear")


def result_of(cell, code=None):
    """The result of a cell that nobody has run."""
    error = validated(cell)
    both = {"last": {"error": error}, "best": {"epoch": 1, "error": error}}
    return {
        "cell": cell,
        "code": code or {},
        "status": "done",
        "test": both if cell["tasks"] else {},
        "val": both,
        "curves": {},
        "history": [{"epoch": 1, "val_error": error}],
        "angles": [{}],
        "pictures": {},
        "samples_per_second": 1.0,
        "peak_memory_mb": 1,
        "seconds": 1.0,
        "provenance": provenance.collect([cell["seed"]], {"digits": "ab" * 32}),
    }


class Runner:
    """Runs cells, keeps what was run, and can be interrupted."""

    def __init__(self, until=10**9):
        self.until, self.cells, self.later = until, {}, []

    def __call__(self, cells, n_later):
        self.until -= 1
        if self.until < 0:
            raise KeyboardInterrupt
        self.cells |= cells
        self.later.append(n_later)
        return [result_of(cell) for cell in cells.values()]


@needs_optuna
def test_each_rule_has_the_same_number_of_trials():
    runner = Runner()
    first, second = search.choose(config_of(), runner)
    assert len(first["trials"]) == len(second["trials"]) == 12
    assert runner.later == list(range(22, -1, -2)) and search.n_trials(config_of()) == 24
    for cell in runner.cells.values():
        assert (cell["tasks"], cell["epochs"], cell["seed"]) == ([], 2, search.SEED)
        if cell["rule"] == "backprop":
            assert 1e-4 <= cell["settings"]["learning_rate"] <= 0.1
            assert cell["settings"]["anneal"] is False
        else:
            assert isinstance(cell["settings"]["steps"], int)
            assert cell["settings"]["anneal"] in ("cosine", "linear")
    rates = [trial["settings"]["learning_rate"] for trial in first["trials"]]
    assert len(set(rates)) == 12 and sum(rate < 3e-3 for rate in rates) > 2  # on a log scale
    assert first["value"] == min(trial["value"] for trial in first["trials"])
    assert first["settings"] in [trial["settings"] for trial in first["trials"]]


@needs_optuna
def test_an_interrupted_search_goes_on_to_the_same_end():
    whole, part, again = Runner(), Runner(until=11), Runner()
    found = search.choose(config_of(), whole)
    with pytest.raises(KeyboardInterrupt):
        search.choose(config_of(), part)
    assert search.choose(config_of(), again) == found
    assert list(whole.cells.items())[: len(part.cells)] == list(part.cells.items())
    # what was found before decides what comes next
    assert (
        found[0]["trials"][11]["settings"]
        != search.choose(
            config_of(),
            lambda cells, n: [{**result_of(c), "val": worst()} for c in cells.values()],
        )[0]["trials"][11]["settings"]
    )


def worst():
    error = np.random.uniform(0, 100)
    return {"last": {"error": error}, "best": {"epoch": 1, "error": error}}


@needs_optuna
def test_a_larger_measure_may_be_better(monkeypatch):
    monkeypatch.setattr(type(MODELS["rules"]), "smaller_is_better", False)
    (found, _) = search.choose(config_of(), Runner())
    assert found["value"] == max(trial["value"] for trial in found["trials"])


@needs_optuna
def test_trials_that_fail_count_and_are_not_chosen():
    def run(cells, n_later):
        failing = {"status": "failed", "message": "out of luck"}
        return [
            failing if cell["settings"].get("steps", 0) < 6 else result_of(cell)
            for cell in cells.values()
        ]

    none, some = search.choose(config_of(), run)
    assert none["settings"] is None and len(none["trials"]) == 12
    assert some["settings"]["steps"] >= 6
    assert search.settings([none, some]).keys() == {"digits-4-relu-nengo-predictive-coding"}
    texts = search.columns([none, some])
    assert texts["settings"][0] == "none: all trials failed" and texts["failed"][0] == "12"


@needs_optuna
def test_a_search_without_a_measure_of_validation_images():
    def run(cells, n_later):
        return [{**result_of(cell), "val": {}} for cell in cells.values()]

    with pytest.raises(ValueError, match="backprop needs a measure of validation images"):
        search.choose(config_of(), run)
    (trial,) = run({"trial": trial_cell()}, 0)
    assert report.outcome({**trial, "test": {}}) == "validation images were not measured"


def trial_cell():
    config = config_of(rules=["pes"], seeds=[0], search={}, settings={})
    (cell,) = comparison.cells_of(config).values()
    return {**cell, "tasks": [], "variant": "-trial-001"}


def test_trials_have_no_test_images(tmp_path, monkeypatch):
    """Not even a picture or a measure could read them, and their result is the same."""
    seen, train = [], training.train

    def watched(spec, model, given, *args, **kwargs):
        seen.append(given)
        train(spec, model, given, *args, **kwargs)

    monkeypatch.setattr(training, "train", watched)
    monkeypatch.setattr(type(MODELS["rules"]), "evaluate", None)
    cell = trial_cell()
    measured = training.run(cell, {}, None, tmp_path)
    assert len(seen[0].X_test) == len(seen[0].y_test) == 0 and len(seen[0].X_train) == 33
    assert measured["test"] == {} and measured["curves"] == {}
    assert measured["val"]["best"]["error"] >= 0
    result = {"cell": cell, "code": {}, "status": "done", **measured}
    results.keep(tmp_path / "x.json", result)
    assert results.read(tmp_path / "x.json", cell, {}) == result
    usual = {**cell, "tasks": ["accuracy"]}
    results.keep(tmp_path / "x.json", {**result, "cell": usual})
    with pytest.raises(ValueError, match="must be measured if there are tasks"):
        results.read(tmp_path / "x.json", usual, {})
    of_cell = data.of_cell

    def other_test(cell, data_dir):
        found = of_cell(cell, data_dir)
        found.X_test[:], found.y_test[:] = np.nan, -1
        return found

    monkeypatch.setattr(data, "of_cell", other_test)
    assert training.run(cell, {}, None, tmp_path)["val"] == measured["val"]


@needs_optuna
def test_what_was_chosen_runs_with_all_seeds(tmp_path, monkeypatch):
    told, ran = [], []

    def run_cell(name, cell, code, *args, **kwargs):
        ran.append(name)
        return name, result_of(cell, code)

    monkeypatch.setattr(processes, "run_cell", run_cell)
    found = comparison.compare(SMALL, tmp_path, on_cell=lambda r, left: told.append(left))
    assert len(found) == 9 and told == list(range(24 + 9 - 1, -1, -1))
    assert comparison.n_runs(config_of()) == 33
    record = json.loads((tmp_path / "compare.json").read_text())
    chosen = record["search"][0]["settings"]
    for result in found:
        if result["cell"]["rule"] == "backprop":
            assert result["cell"]["settings"] == {"anneal": False, **chosen}
    text = f"learning_rate {chosen['learning_rate']:.3g}"
    for name in ("table.txt", "report.html"):
        assert text in (tmp_path / name).read_text()
    assert "No settings were searched for: pes." in (tmp_path / "report.html").read_text()
    ran.clear()
    assert comparison.compare(SMALL, tmp_path) == found and not ran


@needs_optuna
def test_a_trial_that_failed_is_kept_and_does_not_run_again(tmp_path, monkeypatch):
    """Unless something was lacking, or the code has changed since."""
    ran = []

    def run_cell(name, cell, code, *args, **kwargs):
        ran.append(name)
        if cell["tasks"] or cell["settings"]["learning_rate"] < 0.01:
            return name, result_of(cell, code)
        failed = {"cell": cell, "code": code, "status": "failed", "message": "it diverged"}
        return name, {**failed, "lasting": lasting}

    monkeypatch.setattr(processes, "run_cell", run_cell)
    rates = {"learning_rate": [1e-4, 1.0, "log"]}
    config = {
        **SMALL,
        "rules": ["pes"],
        "seeds": [0],
        "settings": {},
        "search": {"pes": rates},
    }
    lasting = False
    comparison.compare(config, tmp_path)
    trials = json.loads((tmp_path / "compare.json").read_text())["search"][0]["trials"]
    messages = [trial.get("message") for trial in trials]
    failed = [
        f"digits-4-relu-nengo-pes-{search.SEED}-trial-{number:03}"
        for number, message in enumerate(messages, start=1)
        if message == "it diverged"
    ]
    assert len(trials) == 12 and 0 < len(failed) < 12 and len(ran) == 13
    ran.clear()
    lasting = True
    comparison.compare(config, tmp_path)
    assert ran == failed
    ran.clear()
    comparison.compare(config, tmp_path)
    assert ran == []
    assert json.loads((tmp_path / "compare.json").read_text())["search"][0]["trials"] == trials
    monkeypatch.setattr(comparison, "hashes", lambda modules: {"nengo_ngc": "changed"})
    comparison.compare(config, tmp_path)
    assert len(ran) == 13


@pytest.mark.parametrize(
    "error, lasting",
    [
        (DivergenceError("far too large"), True),
        (ValueError("no such thing"), True),
        (OSError("no space is left"), False),
        (ModuleNotFoundError("no JAX"), False),
        (MemoryError(), False),
    ],
)
def test_only_a_failure_that_the_settings_cause_is_lasting(
    error, lasting, tmp_path, monkeypatch
):
    def run(*args):
        raise error

    task = {"cell": trial_cell(), "code": {}, "modules": [], "folder": str(tmp_path)}
    task |= {"data_dir": None, "part": None, "metrics": None}
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(task).encode())))
    monkeypatch.setattr(worker, "_end_with_parent", lambda folder: None)
    monkeypatch.setattr(training, "run", run)
    worker.main()
    answer = results.read(tmp_path / "answer.json", task["cell"], {})
    assert (answer["status"], answer["lasting"]) == ("failed", lasting)
    kept = results.finished(tmp_path / "answer.json", task["cell"], {})
    assert (kept is not None) == lasting


def test_settings_that_are_a_text_by_default_may_be_flags():
    config = config_of(settings={"pes": {"anneal": False}})
    assert config["settings"]["pes"] == {"anneal": False}


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"search": {"pff": {"steps": [1, 2]}}}, "search: unknown rule 'pff'"),
        ({"search": {"pes": {}}}, "search.pes must have at least one setting"),
        ({"search": {"pes": {"rate": [1, 2]}}}, "search.pes: unknown name 'rate'"),
        ({"search": {"pes": {"learning_rate": [0.1, -1.0]}}}, "search.pes: .*learning_rate"),
        (
            {"search": {"pes": {"learning_rate": 0.1}}},
            "search.pes.learning_rate must be a list",
        ),
        (
            {"search": {"pes": {"learning_rate": [0, 1, "log"]}}},
            "two numbers above 0, the low",
        ),
        ({"search": {"pes": {"learning_rate": [2, 1, "linear"]}}}, "must be two numbers, the"),
        ({"search": {"pes": {"learning_rate": [1, "log"]}}}, "must be two numbers above 0"),
        ({"search": {"backprop": {"anneal": [True]}}}, "anneal is among settings.backprop"),
        ({"seeds": [search.SEED]}, "seeds must not have 1000000"),
        ({"validation": 0}, "validation must hold images out for a search, got 0"),
        ({"validation": 0.01, "train_images": 40}, "hold images out for a search, got 0.01"),
        ({"trials": 0}, "trials must be a whole number"),
        ({"search_epochs": 0}, "search_epochs must be a whole number"),
    ],
)
def test_searches_that_make_no_sense(changes, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        comparison.compare({**SMALL, **changes}, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_search_takes_optuna(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match="Optuna is not installed: pip install"):
        comparison.compare(SMALL, tmp_path / "out")
    assert not (tmp_path / "out").exists()
