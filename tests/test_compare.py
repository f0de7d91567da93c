"""Comparing learning rules: cells, what is kept of them, and the report."""

import base64
import json
import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from matplotlib.image import imread

from nengo_ngc import compare as comparison
from nengo_ngc import report
from nengo_ngc.cli import main
from nengo_ngc.estimators import RULES

from .conftest import needs_dl

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
from nengo_ngc.estimators.classifier import RULES, Rule
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
        assert 0 <= result["test_error"] <= 100
        assert len(result["history"]) == 2 and len(result["angles"]) == 3
        assert result["samples_per_second"] > 0 and result["peak_memory_mb"] > 50
    first = results[0]
    assert first["test_error"] == first["history"][-1]["val_error"]
    assert set(first["angles"][0]) == {"W1", "W2"}
    errors = [result["test_error"] for result in results[:2]]
    row = report.summary(results)[0]
    assert row["rule"] == "backprop" and row["n"] == 2
    assert row["error"] == pytest.approx(sum(errors) / 2)
    assert row["error_std"] == pytest.approx(abs(errors[0] - errors[1]) / 2**0.5)


def test_what_is_written(compared):
    folder, results = compared
    assert json.loads((folder / "compare.json").read_text())["results"] == results
    assert len(list((folder / "cells").glob("*.json"))) == 4
    table = (folder / "table.txt").read_text()
    assert re.search(r"backprop +\d+\.\d\d ± \d+\.\d\d +2 ", table)
    for name in ("errors-1.png", "curves-1.png", "angles-1.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG")


def test_page_is_self_contained(compared):
    page = (compared[0] / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 3
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert "http" not in page
    assert "digits, 8 hidden, relu, nengo" in page and "±" in page


def test_finished_cells_are_not_run_again(compared, monkeypatch):
    folder, results = compared

    def fail(*args, **kwargs):
        raise AssertionError("a cell runs")

    monkeypatch.setattr(comparison, "run_cell", fail)
    assert comparison.compare(SMALL, folder) == results
    with pytest.raises(AssertionError, match="a cell runs"):
        comparison.compare({**SMALL, "epochs": 1}, folder)


def test_a_cell_is_run_again_once_its_code_has_changed(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(report, "write", lambda *args: None)
    ran = []

    def run_cell(name, cell, *args, **kwargs):
        ran.append(name)
        return name, {"cell": cell, "status": "done"}

    monkeypatch.setattr(comparison, "run_cell", run_cell)
    module = tmp_path / "changing_rule.py"
    one = {**SMALL, "rules": ["backprop"], "seeds": [0], "modules": ["changing_rule"]}
    config = as_file(one, tmp_path)

    def times_run():
        ran.clear()
        (result,) = comparison.compare(config, tmp_path / "out")
        assert result["code"].keys() == {"nengo_ngc", "changing_rule"}
        return len(ran)

    for content in ("rate = 1", "rate = 2"):
        module.write_text(content)
        assert [times_run(), times_run()] == [1, 0]
    monkeypatch.setattr(comparison, "__version__", "0.0.0")
    assert [times_run(), times_run()] == [1, 0]


def test_code_of_a_package_is_all_of_its_files(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    folder = tmp_path / "package_of_rules"
    folder.mkdir()
    (folder / "__init__.py").touch()
    seen = set()
    for content in ("rate = 1", "rate = 2"):
        (folder / "rules.py").write_text(content)
        seen.add(comparison._code(["package_of_rules"])["package_of_rules"])
    assert len(seen) == 2


def test_same_cell_same_result(compared, tmp_path):
    one = {**SMALL, "rules": ["backprop"], "seeds": [1]}
    (again,) = comparison.compare(one, tmp_path)
    before = next(r for r in compared[1] if r["cell"] == again["cell"])
    assert again["test_error"] == before["test_error"]
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


def test_a_cell_that_is_killed_is_a_failed_one(tmp_path, monkeypatch):
    (tmp_path / "fatal.py").write_text(
        "import os, sys\nif '-m' in sys.orig_argv: os.kill(os.getpid(), 9)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    cell = comparison.cells_of(comparison.check_config({**SMALL, "seeds": [0]}))
    name, result = comparison.run_cell("x", next(iter(cell.values())), ["fatal"])
    assert name == "x" and result["status"] == "failed"
    assert "status -9" in result["message"]


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
        monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    (result,) = comparison.compare(config, tmp_path / "out")
    assert result["status"] == "done", result
    assert result["angles"][-1]["W1"] > 1


def test_a_module_with_the_name_of_another_one(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "json.py").write_text(OWN_RULE)
    with pytest.raises(ValueError, match="json.py has the name of .*; give it another one"):
        comparison.compare(as_file({"modules": ["json"]}, tmp_path), tmp_path / "out")


@needs_dl
def test_models_that_are_no_rule(tmp_path):
    config = {
        **SMALL,
        "rules": ["pff", "ff", "sdr"],
        "neurons": ["relu", "tanh"],
        "seeds": [0],
        "backends": ["nengo-dl"],
        "settings": {"pff": {"steps": 3}, "ff": {"steps": 3}},
    }
    done, plain, sparse, failed, *_ = comparison.compare(config, tmp_path)
    for result in (done, plain, sparse):
        assert result["status"] == "done" and result["angles"] == [{}, {}, {}], result
    assert done["pictures"].keys() == {"samples", "latents"} and not plain["pictures"]
    assert sparse["pictures"].keys() == {"codes", "latents"}
    assert "rectified linear units only" in failed["message"]
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
    "config, message",
    [
        ({"rule": ["backprop"]}, "did you mean 'rules'"),
        ({"rules": ["bakprop"]}, "rules: unknown name 'bakprop'.*'backprop'"),
        ({"rules": []}, "rules must be a list of one entry or more"),
        ({"rules": "backprop"}, "rules must be a list"),
        ({"datasets": ["mnst"]}, "did you mean 'mnist'"),
        ({"neurons": ["rel"]}, "did you mean 'relu'"),
        ({"backends": ["tf"]}, "backends: unknown"),
        ({"hidden": [64]}, r"hidden must be a list of lists"),
        ({"hidden": [[0]]}, "hidden: must be a whole number"),
        ({"seeds": [-1]}, "seeds must be"),
        ({"epochs": 0}, "epochs must be"),
        ({"train_images": 0.5}, "train_images must be"),
        ({"settings": {"fa": {}}}, "settings: unknown rule 'fa'"),
        ({"settings": {"pes": {"lerning_rate": 1}}}, "did you mean 'learning_rate'"),
        ({"settings": {"pes": {"batch_size": 1}}}, "unknown name 'batch_size'"),
        ({"settings": {"pes": 1}}, "settings.pes must be a table"),
        ({"modules": ["not_there_at_all"]}, "modules: No module named"),
        ({"modules": [1]}, "modules must be names of Python modules, got 1"),
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


def test_command_fails_if_a_run_has(tmp_path, monkeypatch):
    def run_cell(name, cell, *args, **kwargs):
        return name, {"cell": cell, "status": "failed", "message": "out of luck"}

    monkeypatch.setattr(comparison, "run_cell", run_cell)
    path, folder = as_file(SMALL, tmp_path), tmp_path / "out"
    done = CliRunner().invoke(main, ["compare", str(path), "--output", str(folder)])
    assert done.exit_code == 1 and "Traceback" not in done.output
    assert "4 of 4 runs failed; report.html says why" in done.output
    assert "out of luck" in (folder / "report.html").read_text(encoding="utf-8")


def test_files_are_read_as_utf_8(compared, tmp_path, monkeypatch):
    seen, read_text = {}, Path.read_text

    def watched(path, encoding=None, errors=None):
        seen[path.name] = encoding
        return read_text(path, encoding, errors)

    monkeypatch.setattr(Path, "read_text", watched)
    path = as_file(SMALL, tmp_path)
    CliRunner().invoke(main, ["compare", str(path), "--output", str(compared[0])])
    read = {"small.toml", "table.txt", *(p.name for p in compared[0].glob("cells/*.json"))}
    assert len(read) == 6 and {seen[name] for name in read} == {"utf-8"}


@pytest.mark.parametrize(
    "text, message",
    [(None, "no configuration file"), ("rules = [", "not a TOML file"),
     ('epoch = 3', "did you mean 'epochs'")],
)
def test_command_says_what_is_wrong(text, message, tmp_path):
    path = tmp_path / "config.toml"
    if text is not None:
        path.write_text(text)
    done = CliRunner().invoke(main, ["compare", str(path)])
    assert done.exit_code == 1 and message in done.output
    assert "Traceback" not in done.output
