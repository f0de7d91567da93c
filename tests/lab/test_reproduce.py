"""Published tables that are computed again."""

import importlib.util
import json
from importlib import import_module

import numpy as np
import pytest
from click.testing import CliRunner

from nengo_ngc.lab import reproduce
from nengo_ngc.lab.cli import main
from nengo_ngc.lab.compare import training
from nengo_ngc.lab.compare.report import outcome
from nengo_ngc.lab.reproduce import report
from nengo_ngc.lab.reproduce.recipes import Row
from nengo_ngc.models import RULES

from ..conftest import needs_jax

RECIPE = """
title = "A table"
source = "Somebody 2020"

[all]
hidden = [[16]]
neurons = ["tanh"]
epochs = 2
seeds = [0, 1]
settings = { beta = 0.1 }

[quick]
dataset = "digits"
epochs = 1
seeds = [0]
settings = { learning_rate = 0.01 }

[[rows]]
name = "first"
rule = "backprop"
dataset = "mnist"
published = 2.0

[[rows]]
name = "second"
rule = "predictive-coding"
dataset = "digits"
neurons = ["relu"]
origin = "memory"
published = 3.0
settings = { steps = 4 }
"""

CELL = {"epochs": 3}
cli = import_module("nengo_ngc.lab.cli.reproduce")  # the package has the command of this name

# what a network that has learned nothing would not reach in the small version
REACHED = {"error": 60.0, "log_p": -60.0}


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(RECIPE)
    return path


def test_a_row_is_what_all_rows_are_but_for_what_it_says(recipe):
    first, second = reproduce.read(recipe).rows()
    assert first.name == "first" and (first.published, first.origin) == (2.0, "read")
    cells = list(first.cells.values())
    assert [cell["seed"] for cell in cells] == [0, 1]
    assert {cell["neurons"] for cell in cells} == {"tanh"}
    assert cells[0]["settings"] == {"beta": 0.1}
    (cell, _) = second.cells.values()
    assert cell["neurons"] == "relu" and cell["settings"] == {"beta": 0.1, "steps": 4}
    assert not first.cells.keys() & second.cells.keys()


def test_a_mistyped_recipe_is_said_to_be_no_toml_and_where(recipe):
    recipe.write_text(RECIPE.replace('title = "', "title = ", 1))
    with pytest.raises(ValueError, match=r"mine\.toml is not valid TOML: .*at line 2, col"):
        reproduce.read(recipe)


def test_the_small_version_and_what_is_asked_for(recipe):
    table = reproduce.read(recipe)
    (row,) = table.rows(quick=True, names=["first"])
    (cell,) = row.cells.values()
    assert (cell["dataset"], cell["epochs"], cell["seed"]) == ("digits", 1, 0)
    assert cell["settings"] == {"beta": 0.1, "learning_rate": 0.01}
    (row,) = table.rows(names=["second"], seeds=[4, 5, 6], epochs=7)
    assert [(cell["seed"], cell["epochs"]) for cell in row.cells.values()] == [
        (4, 7),
        (5, 7),
        (6, 7),
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('rule = "backprop"', 'rule = "backpop"', "row 'first'.*'backpop'.*mean 'backprop'"),
        ("steps = 4", "stesp = 4", "row 'second': settings.*'stesp'.*mean 'steps'"),
        ('origin = "memory"', 'origin = "hearsay"', "rows.1..origin.*'hearsay'"),
        ("published = 2.0", 'published = "two"', "rows.0..published"),
        ("epochs = 2", "epoch = 2", "row 'first'.*'epoch'"),
        ('title = "A table"', "", "title is missing"),
        (
            "hidden = [[16]]",
            "hidden = [[16], [8]]",
            "row 'first': hidden must be a list of one",
        ),
        ("epochs = 2", 'tasks = ["noise"]', "row 'first': tasks must be .'accuracy'.*'noise'"),
        ("epochs = 2", 'origin = "memory"', "mine: origin must be in a row, not in all"),
        ("published = 2.0", 'rules = ["pes"]', "row 'first': rules must not be in a recipe"),
        ("published = 2.0", 'modules = ["a"]', "row 'first': modules must be in all"),
        (
            "published = 2.0",
            "search = { backprop = { learning_rate = [0.1, 1.0] } }",
            "row 'first': search must not be in a recipe",
        ),
        ('title = "', 'measure = "log_p"\ntitle = "', "row 'first': measure: .*'log_p'"),
    ],
)
def test_a_recipe_that_makes_no_sense(old, new, message, recipe):
    assert old in RECIPE
    recipe.write_text(RECIPE.replace(old, new))
    with pytest.raises(ValueError, match=message):
        reproduce.read(recipe).rows()


def test_modules_and_data_beside_a_recipe_are_those_that_it_names(recipe, monkeypatch):
    folder = recipe.parent
    (folder / "shifted_rule.py").write_text(
        'from nengo_ngc.models import RULES\nRULES["as-before"] = RULES["backprop"]\n'
    )
    rng = np.random.RandomState(0)
    np.savez(folder / "mine.npz", X=rng.rand(40, 16), y=np.arange(40) % 2)
    text = RECIPE.replace("[all]", '[all]\nmodules = ["shifted_rule"]')
    text = text.replace('"mnist"', '"mine.npz"').replace('"backprop"', '"as-before"')
    recipe.write_text(text)
    monkeypatch.chdir("/")
    table = reproduce.read(recipe)
    try:
        (row,) = table.rows(names=["first"])
    finally:
        RULES.pop("as-before", None)
    (cell, _) = row.cells.values()
    assert (row.dataset, cell["dataset"], cell["rule"]) == ("mine", "mine", "as-before")
    assert cell["data"]["path"] == str(folder / "mine.npz")
    assert table.modules == [str(folder / "shifted_rule.py")]
    assert json.loads(json.dumps(cell)) == cell


def test_the_measure_is_called_as_the_model_calls_it(recipe):
    rule = 'measure = "log_p"\nsmaller_is_better = false\n\n[all]'
    text = RECIPE.replace("[all]", rule).replace("settings = { beta = 0.1 }", "")
    text = text.replace('neurons = ["tanh"]', "").replace("settings = { steps = 4 }", "")
    for name in ("backprop", "predictive-coding"):
        text = text.replace(f'"{name}"', '"ngc"')
    recipe.write_text(text)
    table = reproduce.read(recipe)
    assert len(table.rows()) == 2
    assert (
        "the log p(x), samples of the prior (nats); higher" in report.heading(table, False)[2]
    )


def test_rows_of_one_name_are_told_apart_by_their_data(recipe):
    recipe.write_text(RECIPE.replace('name = "second"', 'name = "first"'))
    table = reproduce.read(recipe)
    assert [row.dataset for row in table.rows(names=["first"])] == ["mnist", "digits"]
    (row,) = table.rows(names=["first, digits"])
    assert row.dataset == "digits"
    with pytest.raises(
        ValueError, match="unknown row 'first, digit' .did you mean 'first, di"
    ):
        table.rows(names=["first, digit"])


def test_rows_keep_their_cells_when_another_is_written_above_them(recipe):
    def cells(quick):
        return {row.name: row.cells for row in reproduce.read(recipe).rows(quick)}

    before, small = cells(quick=False), cells(quick=True)
    above = '[[rows]]\nname = "new"\nrule = "backprop"\ndataset = "digits"\n\n'
    recipe.write_text(RECIPE.replace("[[rows]]", above + "[[rows]]", 1))
    for kept, found in ((before, cells(quick=False)), (small, cells(quick=True))):
        assert {name: found[name] for name in kept} == kept


def test_no_two_rows_have_the_same_cells(recipe):
    """In the small version all rows have the same data, but still cells of their own."""
    recipe.write_text(RECIPE.replace('name = "second"', 'name = "first"'))
    first, second = reproduce.read(recipe).rows(quick=True)
    assert first.cells and not first.cells.keys() & second.cells.keys()
    same = 'name = "First!"\nrule = "backprop"\ndataset = "mnist"\n\n[[rows]]\n'
    recipe.write_text(RECIPE.replace('name = "second"', same + 'name = "second"'))
    with pytest.raises(
        ValueError, match="mine: the names of two rows .*'first, mnist' and 'First!, mnist'"
    ):
        reproduce.read(recipe).rows()
    recipe.write_text(RECIPE.replace('name = "first"', 'name = "一"'))
    (row,) = reproduce.read(recipe).rows(names=["一"])
    assert all(name.startswith("一-mnist-") for name in row.cells)


def test_unknown_tables_and_rows(recipe, tmp_path):
    with pytest.raises(ValueError, match="unknown table 'pc-mnits' .did you mean 'pc-mnist'"):
        reproduce.read("pc-mnits")
    with pytest.raises(ValueError, match="unknown row 'frist' .did you mean 'first'"):
        reproduce.reproduce(recipe, tmp_path / "out", rows=["frist"])
    assert not (tmp_path / "out").exists()


def cell_result(seed, last, best=None, epoch=1):
    test = {"last": {"error": last}}
    if best is not None:
        test["best"] = {"epoch": epoch, "error": best}
    return {"status": "done", "cell": {"seed": seed}, "test": test}


def test_what_tables_show():
    rows = [
        Row("a", "mnist", "backprop", 1.5, "memory", "x", {"a0": CELL, "a1": CELL}),
        Row("b", "mnist", "backprop", None, "read", "x", {"b0": CELL}),
        Row("c", "mnist", "backprop", 4.0, "read", "x", {"c0": CELL, "c1": CELL}),
    ]
    results = {
        "a0": cell_result(0, 2.0, 1.0, 3),
        "a1": cell_result(1, 4.0, 2.0, 5),
        "b0": cell_result(0, 7.0),
        "c0": cell_result(0, 5.0),
        "c1": {"status": "failed", "message": "it broke", "cell": {"seed": 1}},
    }
    found = report.summary(rows, results, "error")
    assert found[0]["epochs"] == [3, 5] and found[2]["failed"] == ["seed 1: it broke"]
    shown = report.columns(found, quick=False)
    assert shown["published"] == ["1.50²", "-", "4.00"]
    assert shown["ours, last epoch"] == ["3.00 ± 1.41", "7.00", "5.00"]
    assert shown["ours, best validation epoch"] == ["1.50 ± 0.71", "-", "-"]
    assert shown["seeds"] == ["2", "1", "1"]
    assert shown["difference"] == ["+0.00", "-", "+1.00"]
    assert "difference" not in report.columns(found, quick=True)
    assert report.notes(found) == ["² from memory; it was not looked up"]
    assert not report.other_measures(found, "error")
    assert found[0]["test"] == [results["a0"]["test"], results["a1"]["test"]]


def test_small_numbers_and_what_is_no_number():
    rows = [Row("a", "mnist", "ngc", 0.0, "read", "x", {"a0": CELL, "a1": CELL})]
    results = {"a0": cell_result(0, 0.0213), "a1": cell_result(1, None)}
    for result in results.values():
        result["test"]["last"]["mse"] = result["test"]["last"].pop("error")
    found = report.summary(rows, results, "mse")
    shown = report.columns(found, False, "mse")
    assert (shown["published"], shown["ours, last epoch"]) == (["0.0000"], ["0.0213"])
    assert (shown["difference"], shown["seeds"]) == (["+0.0213"], ["1 of 2"])
    assert outcome({**results["a1"], "cell": {"rule": "ngc"}}, "mse").startswith(
        "test squared error per pixel NaN at the last epoch"
    )


def test_tables_say_for_how_many_epochs_models_have_learned(recipe):
    table = reproduce.read(recipe)
    head = "\n".join(report.heading(table, False, 1))
    assert "learned for 1 epoch here, and not for as many as the recipe says" in head
    assert "learned for" not in "\n".join(report.heading(table, False))


def test_tables_show_all_that_was_measured_of_test_images():
    rows = [
        Row("a", "mnist", "ngc", -120.0, "read", "x", {"a0": CELL, "a1": CELL}),
        Row("b", "mnist", "ngc", None, "read", "x", {"b0": CELL}),
    ]
    names = ("log_p", "log_p_error", "log_p_importance", "log_p_importance_error")

    def result(seed, *values):
        measured = dict(zip(names, values))
        return {
            "status": "done",
            "cell": {"seed": seed},
            "test": {"last": dict.fromkeys(names, 0.0), "best": {"epoch": 2, **measured}},
        }

    results = {
        "a0": result(0, -119.0, 0.5, -100.0, 0.1),
        "a1": result(1, -121.0, 0.7, -104.0, 0.3),
        "b0": {"status": "failed", "message": "it broke", "cell": {"seed": 0}},
    }
    found = report.summary(rows, results, "log_p")
    shown = report.other_measures(found, "log_p")
    assert shown == {
        "other measures, best epoch": ["a, mnist"],
        "standard error, samples of the prior": ["0.60 ± 0.14"],
        "log p(x), importance sampling (nats)": ["-102.00 ± 2.83"],
        "standard error, importance sampling": ["0.20 ± 0.14"],
    }


def test_the_line_of_a_run_has_the_measure_of_the_table():
    last = {"bce": 50.0, "log_p": -110.0}
    result = {
        "status": "done",
        "cell": {"rule": "ngc"},
        "test": {"last": last, "best": {"epoch": 3, "bce": 49.0, "log_p": -109.0}},
    }
    assert outcome(result, "log_p") == (
        "log p(x), samples of the prior (nats) -110.00 at the last epoch, -109.00 at epoch 3, "
        "the best on validation"
    )
    for measure in (None, "bce", "error"):
        said = outcome(result, measure)
        assert said.startswith("test cross-entropy (nats per image) 50.00 at the last epoch")


@pytest.mark.parametrize("name", reproduce.names())
def test_recipes_that_come_with_the_package(name):
    recipe = reproduce.read(name)
    for row in (*recipe.rows(), *recipe.rows(quick=True)):
        assert row.cells
    assert {row.dataset for row in recipe.rows(quick=True)} == {"digits"}


@pytest.mark.slow
@needs_jax
@pytest.mark.parametrize("name", reproduce.names())
def test_small_versions_learn(name, tmp_path, monkeypatch):
    """The cells of each recipe run, and reach what no untrained network does."""
    monkeypatch.setattr(training, "_N_LOG_P", 12)  # images whose likelihood is estimated
    recipe, seen = reproduce.read(name), []
    for row in recipe.rows(quick=True):
        cell = next(iter(row.cells.values()))
        if cell in seen:
            continue
        seen.append(cell)
        folder = tmp_path / str(len(seen))
        folder.mkdir()
        found = training.run(cell, {}, None, folder)["test"]["best"][recipe.measure]
        reached = REACHED[recipe.measure]
        assert (found < reached) == recipe.smaller_is_better, (row.name, found)


@pytest.mark.slow
def test_the_command(recipe, tmp_path):
    output = str(tmp_path / "out")
    command = ["reproduce", str(recipe), "--quick", "--output", output]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    assert "not those of the table" in done.output and "3.00²" in done.output
    assert "other measures" not in done.output
    assert "first, digits, seed 0: test error" in done.output
    with open(tmp_path / "out" / "table.json", encoding="utf-8") as file:
        record = json.load(file)
    assert [row["name"] for row in record["rows"]] == ["first", "second"]
    assert record["quick"] and record["provenance"][0]["seeds"] == [0]
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Somebody 2020" in page and "data:image/png;base64," in page
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out/cells").iterdir()}
    again = CliRunner().invoke(main, command)
    assert again.exit_code == 0, again.output
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out/cells").iterdir()}
    assert after == kept  # nothing ran twice
    one = CliRunner().invoke(main, [*command, "--row", "first", "--seeds", "1"])
    typed = f"nengo-ngc reproduce {recipe.name} --quick --row first --seeds 1"
    assert typed in one.output


def test_what_cannot_be_run_is_said_before_any_work(recipe, tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match="tensorboardX is not installed"):
        reproduce.reproduce(recipe, tmp_path / "out", follow=True)
    with pytest.raises(ValueError, match="n_jobs must be .*, got 0"):
        reproduce.reproduce(recipe, tmp_path / "out", n_jobs=0)
    assert not (tmp_path / "out").exists()


def test_other_epochs_have_another_folder(recipe, tmp_path, monkeypatch):
    """A short look does not replace what has been learned for longer."""
    monkeypatch.chdir(tmp_path)
    folders = []

    def none_of_them(table, folder, *args):
        folders.append(str(folder))
        folder.mkdir(parents=True)
        (folder / "table.txt").write_text("a table")
        return []

    monkeypatch.setattr(cli.published, "reproduce", none_of_them)
    for options in ([], ["--epochs", "1"], ["--quick"], ["--quick", "--epochs", "3"]):
        done = CliRunner().invoke(main, ["reproduce", str(recipe), *options])
        assert done.exit_code == 0, done.output
    ends = ["", "-epochs-1", "-quick", "-quick-epochs-3"]
    assert folders == [f"runs/reproduce-mine{end}" for end in ends]


def test_the_command_lists_tables():
    shown = CliRunner().invoke(main, ["reproduce"]).output
    for name in reproduce.names():
        assert f"{name}: " in shown
    assert "FF, mnist: published 1.45" in shown


def test_the_command_is_one_that_computes_the_same_rows():
    command = reproduce._command
    assert command("t", True, ["a b"], [0, 1], 3) == (
        "nengo-ngc reproduce t --quick --row 'a b' --seeds 2 --epochs 3"
    )
    assert command("t", False, (), [7, 9], None) == (
        "nengo_ngc.lab.reproduce.reproduce('t', output, seeds=[7, 9])"
    )
