"""A data set, a model, rules and a neuron type of another package, with no edit here."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nengo_ngc import datasets
from nengo_ngc.lab import compare as comparison
from nengo_ngc.lab.registry import Registry
from nengo_ngc.lab.specs import MODELS, ModelSpec, Option
from nengo_ngc.lab.specs.options import COUNT
from nengo_ngc.models import RULES
from nengo_ngc.networks.classifiers import NEURONS

from .own_data import in_colour
from .test_cli import complaint, nengo_ngc, succeed

PLUGIN = Path(__file__).parent / "plugin" / "means_plugin.py"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with another package's module; whatever it registers is gone afterwards."""
    shutil.copy(PLUGIN, tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    for registry, names in (
        (datasets.SOURCES, ["flags"]),
        (MODELS, ["means"]),
        (RULES, ["nothing", "wrong"]),
        (NEURONS, ["square"]),
    ):
        for name in names:
            registry.pop(name, None)
    sys.modules.pop("means_plugin", None)


@pytest.fixture
def plugin(folder, monkeypatch):
    """The module of another package, imported."""
    monkeypatch.syspath_prepend(folder)
    import means_plugin

    return means_plugin


# --- a data set


def test_a_data_set_takes_one_registration(plugin, tmp_path):
    data = datasets.load("flags", binarize=False)
    assert data.image_shape == (5, 4, 3) and data.X_train.shape == (100, 60)
    assert isinstance(data.X_train, np.ndarray)  # a name was registered, not a path
    assert set(data.y_test) == {"up", "down"}
    assert "flags" in succeed(nengo_ngc("datasets"))
    args = ["--model", "rules", "--hidden", 4, "--epochs", 1, "--batch", 10]
    args += ["--backend", "nengo", "--output", tmp_path / "run"]
    succeed(nengo_ngc("train", "flags", *args))
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["dataset"] == "flags" and "data" not in config
    assert config["validation"] == 17  # a sixth
    succeed(nengo_ngc("evaluate", tmp_path / "run"))
    assert "did you mean 'flags'?" in complaint(nengo_ngc("train", "flag"))


@pytest.mark.parametrize("registry", [datasets.SOURCES, MODELS])
@pytest.mark.parametrize("value", [3, None, str])
def test_what_is_registered_must_be_of_the_class(registry, value):
    with pytest.raises(ValueError, match="wrong: must be an object of class"):
        registry["wrong"] = value
    with pytest.raises(ValueError, match="name: must be a str"):
        registry[3] = registry[next(iter(registry))]
    assert "wrong" not in registry


# --- a model


def test_a_model_takes_one_registration(plugin, tmp_path):
    run = tmp_path / "run"
    args = ["--model", "means", "--softness", 0.25, "--output", run]
    output = succeed(nengo_ngc("train", "flags", *args, "--epochs", 2))
    assert "epoch 2: validation error 0.00 %" in output
    config = json.loads((run / "config.json").read_text())
    assert config["parameters"]["softness"] == 0.25
    assert config["parameters"]["batch_size"] == 5  # its own default
    assert in_colour(run / "samples.png")
    succeed(nengo_ngc("train", "--resume", "--output", run, "--epochs", 3))
    assert len((run / "metrics.jsonl").read_text().splitlines()) == 3
    message = complaint(nengo_ngc("train", "--resume", "--output", run, "--softness", 0.5))
    assert "softness must be 0.25, got 0.5" in message
    assert "test error (%)" in succeed(nengo_ngc("evaluate", run))
    succeed(nengo_ngc("sample", run, "--output", tmp_path / "s.png"))
    (run / "config.json").write_text(
        json.dumps({**config, "parameters": {**config["parameters"], "softness": "x"}})
    )
    assert "parameters.softness must be a finite number" in complaint(nengo_ngc("sample", run))


def test_help_and_errors_know_a_registered_model(plugin):
    output = succeed(nengo_ngc("train", "--help"))
    assert "means    the mean image of each class" in output and "softness" not in output
    output = succeed(nengo_ngc("train", "--model", "means", "--help"))
    assert re.search(r"--softness FLOAT +How soft it is\. +\[default: ", output)
    assert "nothing, wrong, means, fast-means, rules of yours" in succeed(
        nengo_ngc("compare", "--help")
    )
    message = complaint(nengo_ngc("train", "--model", "means", "--steps", 3))
    assert "the model means has no option --steps" in message
    message = complaint(nengo_ngc("train", "--softness", 0.1))
    assert "the model ngc has no option --softness" in message
    message = complaint(nengo_ngc("train", "--model", "means", "--softness", 2))
    assert "softness must be at most 1, got 2.0" in message


def test_options_of_one_name_may_be_of_different_types(plugin, tmp_path):
    class Other(ModelSpec):
        estimator = plugin.NearestMeans
        own_options = (Option("softness", "softness", "Take a text.", COUNT),)

    MODELS["other"] = Other()
    try:
        args = ["train", "flags", "--softness", 0.5, "--output", tmp_path / "run", "--model"]
        assert "'0.5' is not a valid int" in complaint(nengo_ngc(*args, "other"))
        succeed(nengo_ngc(*args, "means"))
    finally:
        del MODELS["other"]


# --- a rule, and all of them in a comparison


SMALL = """
    modules = ["means_plugin"]
    datasets = ["flags"]
    hidden = [[4]]
    seeds = [0]
    backends = ["nengo"]
    epochs = 2
    batch_size = 10
"""


def test_comparisons_know_what_a_module_registers(folder):
    more = 'rules = ["means", "fast-means"]\n[settings.means]\nsoftness = 0.5\n'
    (folder / "two.toml").write_text(SMALL + more)
    results = comparison.compare(folder / "two.toml", folder / "out", n_jobs=2)
    assert [result["status"] for result in results] == ["done"] * 2, results
    means, fast = results
    assert means["code"].keys() == {"nengo_ngc", "means_plugin"}
    assert means["pictures"].keys() == {"samples"} and not fast["pictures"]
    assert means["angles"] == [{}, {}, {}]
    assert "means, seed 0: mean images." in (folder / "out" / "report.html").read_text()


def test_comparisons_know_rules_and_neurons_that_a_module_registers(folder):
    more = 'rules = ["nothing", "wrong"]\nneurons = ["square"]\n'
    (folder / "two.toml").write_text(SMALL + more)
    output = nengo_ngc("compare", folder / "two.toml", "--output", folder / "out", "--jobs", 2)
    lines = [line for line in output.output.splitlines() if "flags, wrong" in line]
    said = "failed, BuildError: Wrong, the rule of <Connection W1>: update fails in `return"
    assert f"flags, wrong, square, seed 0: {said}" in lines[0]
    assert "np.tanh(post)" in lines[0]
    cells = json.loads((folder / "out" / "compare.json").read_text())["results"]
    nothing, wrong = cells
    assert nothing["status"] == "done" and "W2" in nothing["angles"][-1], nothing
    assert wrong["status"] == "failed"


def test_names_that_no_module_registers_are_refused(folder):
    module = str(folder / "means_plugin.py")
    for key in ("rules", "neurons", "datasets", "backends"):
        with pytest.raises(ValueError, match=rf"{key}\[0\]: unknown (name|data set) 'flock'"):
            comparison.check_config({"modules": [module], key: ["flock"]})


def test_settings_of_a_registered_model_are_checked(plugin):
    wrong = {"rules": ["means"], "datasets": ["flags"], "settings": {"means": {"softnes": 1}}}
    with pytest.raises(ValueError, match="settings.means: .*did you mean 'softness'"):
        comparison.check_config(wrong)
    wrong["settings"] = {"means": {"softness": 3}}
    with pytest.raises(ValueError, match="settings.means: softness must be at most 1"):
        comparison.check_config(wrong)


# --- entry points of packages that are installed


ENTRY_POINTS = """
[nengo_ngc.models]
nearest = means_plugin:MeansSpec
broken = means_plugin:missing
[nengo_ngc.datasets]
banners = means_plugin:Flags
"""


@pytest.fixture
def installed(folder):
    """The folder, with what pip leaves beside a module that it has installed."""
    info = folder / "means_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: means-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    return folder


def test_entry_points_are_loaded_when_a_name_is_asked_for(installed, monkeypatch):
    monkeypatch.syspath_prepend(installed)
    registry = Registry("model", ModelSpec, "nengo_ngc.models")
    registry["own"] = MODELS["ngc"]
    assert registry["own"] and "means_plugin" not in sys.modules
    with pytest.warns(UserWarning, match="the model 'broken' of the entry point .*missing"):
        assert type(registry["nearest"]).__name__ == "MeansSpec"
    assert list(registry) == ["own", "nearest"]
    assert registry.modules() == [sys.modules["means_plugin"]]
    with pytest.raises(ValueError, match="unknown model 'nearst' .did you mean 'nearest'"):
        registry.find("nearst")


def test_the_command_line_finds_entry_points(installed):
    args = ["train", "banners", "--model", "nearest", "--epochs", "1", "--output", "run"]
    done = subprocess.run(
        [sys.executable, "-m", "nengo_ngc", *args],
        cwd=installed,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(installed), *sys.path])},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "training on banners" in done.stdout
    assert (installed / "run" / "checkpoint.npz").exists()
