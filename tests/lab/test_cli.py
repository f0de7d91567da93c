"""The command line, from end to end, with models of a few units."""

import itertools
import json
import logging
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib.image import imread

from nengo_ngc import __version__, datasets
from nengo_ngc import models as estimators
from nengo_ngc.lab.cli import main
from nengo_ngc.lab.cli.common import silence_libraries
from nengo_ngc.lab.provenance import collect
from nengo_ngc.lab.run_folders import Run, history
from nengo_ngc.lab.specs import MODELS
from nengo_ngc.lab.specs.documented import documented
from nengo_ngc.models import NGCModel, PFFClassifier, RuleClassifier, SDREncoder
from nengo_ngc.training import Trainer
from nengo_ngc.validation import WholeParam

from ..conftest import needs_jax, needs_trainer

RUN_FILES = {
    "config.json",
    "metrics.jsonl",
    "checkpoint.npz",
    "provenance.json",
    "curves.png",
    "latents.png",
    "samples.png",
    "reconstructions.png",
    "filters.png",
}
PFF_FILES = RUN_FILES - {"reconstructions.png", "filters.png"}
TINY = ["--hidden", "6,4", "--steps", "4", "--batch", "50", "--backend", "nengo"]


def nengo_ngc(*args):
    return CliRunner().invoke(main, [str(arg) for arg in args])


def train(output, *args, dataset="digits"):
    return nengo_ngc("train", dataset, *TINY, "--output", output, *args)


def succeed(result):
    assert result.exit_code == 0, result.output
    return result.output


def complaint(result):
    """What a command that failed says, without a traceback."""
    assert result.exit_code != 0
    assert isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    return result.output[result.output.index("Error: ") :]


def state(folder, kind="NGCModel"):
    """All arrays from which learning goes on, as bytes."""
    model = getattr(estimators, kind).load(Path(folder) / "checkpoint.npz")
    return {k: (v.dtype, v.tobytes()) for k, v in model._task.learned.items()}


def records(folder):
    return [json.loads(line) for line in (Path(folder) / "metrics.jsonl").open()]


def contents(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


@pytest.fixture(scope="module", autouse=True)
def few_digits():
    """A hundred and fifty digits to learn and fifty to test, within this process."""

    class FewDigits(datasets.Source):
        def arrays(self, data_dir=None, download=True):
            return {key: array[: 50 if "test" in key else 150] for key, array in every.items()}

    every = datasets.SOURCES["digits"].arrays()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(datasets.SOURCES, "digits", FewDigits())
        yield


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A finished run of three epochs; not to be written to."""
    folder = tmp_path_factory.mktemp("runs") / "deep" / "run"
    succeed(train(folder, "--epochs", 3, "--validation", 50))
    return folder


@pytest.fixture
def copied(trained, tmp_path):
    """A finished run of a test's own."""
    folder = tmp_path / "copied"
    folder.mkdir()
    for name, content in contents(trained).items():
        (folder / name).write_bytes(content)
    return folder


# --- train


def test_run_folder_is_complete(trained):
    assert {path.name for path in trained.iterdir()} == RUN_FILES
    for picture in trained.glob("*.png"):
        assert min(imread(picture).shape[:2]) > 50


def test_config(trained):
    config = json.loads((trained / "config.json").read_text())
    assert (config["dataset"], config["validation"]) == ("digits", 50)
    assert config["binarize"] is True
    model = NGCModel.load(trained / "checkpoint.npz")
    assert config["model"] == "ngc"
    for name, value in config["parameters"].items():
        found = getattr(model, name)
        assert (list(found) if name == "n_hidden" else found) == value
    assert (model.n_hidden, model.steps, model.batch_size) == ((6, 4), 4, 50)
    assert model.n_iter_ == model.max_epochs == 3
    assert model.n_iter_no_change == 5


def test_metrics_have_a_line_for_each_epoch(trained):
    lines = records(trained)
    assert [line["epoch"] for line in lines] == [1, 2, 3]
    keys = {"epoch", "bce", "val_bce", "discrepancy", "learning_rate", "samples_per_second"}
    assert all(line.keys() == keys for line in lines)
    assert lines[-1]["bce"] < lines[0]["bce"]
    assert lines == NGCModel.load(trained / "checkpoint.npz").history_


def test_training_says_how_it_goes(tmp_path):
    output = succeed(train(tmp_path / "run", "--epochs", 1, "--validation", 0))
    assert "epoch 1/1" not in output  # which is the bar of a terminal
    (record,) = records(tmp_path / "run")
    assert "val_bce" not in record
    assert f"epoch 1: BCE {record['bce']:.2f} nats, " in output


def test_grey_pixels(trained, tmp_path):
    succeed(train(tmp_path / "run", "--epochs", 1, "--validation", 50, "--grey"))
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["binarize"] is False
    assert records(tmp_path / "run")[0]["bce"] != records(trained)[0]["bce"]


def test_default_folders_are_free_ones(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tiny = ["train", *TINY, "--epochs", 1, "--validation", 100]
    assert "runs/digits" in succeed(nengo_ngc(*tiny)).replace(os.sep, "/")
    first = contents("runs/digits")
    assert "runs/digits-2" in succeed(nengo_ngc(*tiny)).replace(os.sep, "/")
    assert sorted(os.listdir("runs")) == ["digits", "digits-2"]
    assert contents("runs/digits") == first
    assert state("runs/digits") == state("runs/digits-2")


def test_seed_changes_the_run(trained, tmp_path):
    succeed(train(tmp_path / "run", "--epochs", 1, "--validation", 50, "--seed", 1))
    assert records(tmp_path / "run")[0]["bce"] != records(trained)[0]["bce"]


# --- resume


def test_resumed_run_equals_a_straight_one(trained, tmp_path):
    folder = tmp_path / "run"
    succeed(train(folder, "--epochs", 2, "--validation", 50))
    assert state(folder) != state(trained)
    output = succeed(nengo_ngc("train", "--output", folder, "--resume", "--epochs", 3))
    assert "epoch 1:" not in output and "epoch 3:" in output
    assert state(folder) == state(trained)
    assert contents(folder)["samples.png"] == contents(trained)["samples.png"]
    assert contents(folder)["config.json"] == contents(trained)["config.json"]
    assert [record["epoch"] for record in records(folder)] == [1, 2, 3]


def test_finished_run_is_resumed_without_change(copied, trained):
    for name in RUN_FILES - {"config.json", "checkpoint.npz", "provenance.json"}:
        (copied / name).unlink()
    succeed(nengo_ngc("train", "--output", copied, "--resume"))
    assert contents(copied).keys() == RUN_FILES
    for name in ("metrics.jsonl", "samples.png", "reconstructions.png", "config.json"):
        assert contents(copied)[name] == contents(trained)[name]
    assert state(copied) == state(trained)


def test_run_without_a_checkpoint_starts_anew(copied, trained):
    for name in RUN_FILES - {"config.json"}:
        (copied / name).unlink()
    succeed(nengo_ngc("train", "--output", copied, "--resume"))
    assert state(copied) == state(trained)


@pytest.mark.slow
@needs_jax
def test_killed_run_goes_on_as_if_it_had_not_been(tmp_path):
    def command(folder, *args):
        settings = [*TINY, "--backend", "jax", "--output", str(tmp_path / folder)]
        return [sys.executable, "-m", "nengo_ngc", "train", "digits", *settings, *args]

    epochs = ["--epochs", "3", "--validation", "0"]
    with subprocess.Popen(
        command("killed", *epochs), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        seen = b""
        while b"epoch 1:" not in seen:
            chunk = process.stdout.read1()
            assert chunk, process.stderr.read().decode()
            seen += chunk
        process.kill()
    assert process.returncode != 0
    assert 1 <= len(records(tmp_path / "killed")) < 3
    assert not (tmp_path / "killed" / "samples.png").exists()

    for args in (command("killed", "--resume"), command("whole", *epochs)):
        subprocess.run(args, check=True, capture_output=True)
    assert state(tmp_path / "killed") == state(tmp_path / "whole")
    assert contents(tmp_path / "killed").keys() >= RUN_FILES


# --- the other model


def train_pff(output, *args):
    return train(output, "--model", "pff", "--steps", 2, "--validation", 50, *args)


@pytest.fixture(scope="module")
def trained_pff(tmp_path_factory):
    """A finished run of two epochs; not to be written to."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    output = succeed(train_pff(folder, "--epochs", 2, "--noise", 0))
    (first, _) = records(folder)
    assert f"epoch 1: validation error {first['val_error']:.2f} %, goodness " in output
    return folder


def test_pff_run_is_complete(trained_pff):
    assert {path.name for path in trained_pff.iterdir()} == PFF_FILES
    config = json.loads((trained_pff / "config.json").read_text())
    assert (config["model"], config["binarize"]) == ("pff", False)
    model = PFFClassifier.load(trained_pff / "checkpoint.npz")
    assert (model.n_hidden, model.steps, model.n_iter_) == ((6, 4), 2, 2)
    assert model.learning_rate == config["parameters"]["learning_rate"] == 1e-3
    model.check_parameters()


@pytest.mark.slow
def test_pff_resumed_run_equals_a_straight_one(trained_pff, tmp_path):
    folder = tmp_path / "run"
    succeed(train_pff(folder, "--epochs", 1))
    message = complaint(nengo_ngc("train", "--resume", "--output", folder, "--model", "ngc"))
    assert "model must be 'pff', got 'ngc'" in message
    succeed(nengo_ngc("train", "--resume", "--output", folder, "--epochs", 2))
    assert state(folder, "PFFClassifier") == state(trained_pff, "PFFClassifier")
    assert contents(folder)["samples.png"] == contents(trained_pff)["samples.png"]


@pytest.mark.slow
@needs_jax
def test_a_run_on_jax_is_that_on_nengo(trained, tmp_path):
    folder, pictures = tmp_path / "run", []
    succeed(train(folder, "--epochs", 2, "--validation", 50, "--backend", "jax"))
    succeed(nengo_ngc("train", "--output", folder, "--resume", "--epochs", 3))
    for found, expected in zip(records(folder), records(trained), strict=True):
        for key in ("bce", "val_bce", "discrepancy"):
            assert found[key] == pytest.approx(expected[key], rel=1e-3)
    succeed(nengo_ngc("evaluate", folder, "--log-p-images", 5, "--log-p-samples", 10))
    for k, run in enumerate((folder, trained)):
        pictures.append(tmp_path / f"{k}.png")
        succeed(nengo_ngc("sample", run, "--rows", 2, "--output", pictures[-1]))
    found, expected = (imread(picture)[..., :3] / 255 for picture in pictures)
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_pff_evaluate_and_sample(trained_pff, tmp_path):
    folder = tmp_path / "copied"
    folder.mkdir()
    for name, content in contents(trained_pff).items():
        (folder / name).write_bytes(content)
    output = succeed(nengo_ngc("evaluate", folder))
    result = json.loads((folder / "evaluation.json").read_text())
    assert result.pop("provenance")["data"].keys() == {"digits"}
    assert result.keys() == {"error", "scan_error", "pass_error", "probe_error"}
    assert result["error"] == result["scan_error"]
    assert all(0 <= value <= 100 for value in result.values())
    assert f"{result['error']:.4f}" in output
    path = tmp_path / "three.png"
    succeed(nengo_ngc("sample", folder, "--rows", 3, "--output", path))
    rows = imread(path).shape[0]
    assert 2.5 * rows < imread(folder / "samples.png").shape[0] < 4 * rows


@needs_trainer
def test_sdr_run(tmp_path):
    folder = tmp_path / "run"
    args = ["--model", "sdr", "--hidden", 8, "--units", 40, "--sparsity", 0.1, "--batch", 50]
    args += ["--epochs", 2, "--scaling", 0.01, "--validation", 50, "--output", folder]
    output = succeed(nengo_ngc("train", "digits", *args))
    error = records(folder)[1]["val_error"]
    assert f"epoch 2: validation error {error:.2f} %, loss " in output
    expected = PFF_FILES - {"samples.png"} | {"codes.png"}
    assert {path.name for path in folder.iterdir()} == expected
    assert SDREncoder.load(folder / "checkpoint.npz").scaling == 0.01
    succeed(nengo_ngc("evaluate", folder))
    result = json.loads((folder / "evaluation.json").read_text())
    assert result["active_units"] == 4 and 0 <= result["error"] <= 100
    assert "makes no images" in complaint(nengo_ngc("sample", folder))


def test_hebbian_run(tmp_path):
    folder = tmp_path / "run"
    args = ["--model", "hebbian", "--hidden", 8, "--units", 40, "--sparsity", 0.1]
    args += ["--patch", 5, "--grid", 2, "--batch", 50, "--epochs", 3, "--validation", 50]
    args += ["--backend", "nengo", "--output", folder]
    output = succeed(nengo_ngc("train", "digits", *args))
    assert (
        "epoch 1: filters, " in output and "epoch 3: thresholds, validation error " in output
    )
    expected = PFF_FILES - {"samples.png"} | {"codes.png", "filters.png"}
    assert {path.name for path in folder.iterdir()} == expected
    assert "epochs must be at least the 3 that are done, got 2" in complaint(
        nengo_ngc("train", "--resume", "--output", folder, "--epochs", 2)
    )


@pytest.mark.parametrize(
    "args, parts",
    [
        (
            ["--model", "hebbian", "--components", "1"],
            ["hebbian has no option --components; ngc has"],
        ),
        (
            ["--model", "pff", "--no-residual"],
            ["pff has no option --no-residual; rules has"],
        ),
        (
            ["--model=sdr", "--steps", "3"],
            ["no option --steps; ngc and pff and rules have it"],
        ),
        (["--model", "pff", "--sparsity", "0.1"], ["model pff has no option --sparsity"]),
        (["--model", "pdf"], ["unknown model 'pdf' (did you mean 'pff'?)", "ngc"]),
        (["--model", "pff", "--variant", "pdh"], ["model pff has no option --variant"]),
        (["--noise", "0.1"], ["model ngc has no option --noise"]),
        (["--nois", "0.1", "--model", "pff"], ["--nois", "--noise"]),
        (["--model", "pff", "--noise", "-1"], ["--noise", "-1.0 is not in the range"]),
    ],
)
def test_options_of_another_model(tmp_path, args, parts):
    message = complaint(nengo_ngc("train", "--output", tmp_path / "run", *args))
    assert all(part in message for part in parts)
    assert not (tmp_path / "run").exists()


# --- evaluate, sample, datasets


def test_evaluate(copied):
    output = succeed(
        nengo_ngc("evaluate", copied, "--log-p-images", 20, "--log-p-samples", 50)
    )
    result = json.loads((copied / "evaluation.json").read_text())
    assert result.pop("provenance")["seeds"] == [0]
    estimated = "log_p", "log_p_importance"
    of_log_p = {f"{key}{what}" for key in estimated for what in ("", "_error", "_effective")}
    assert result.keys() == {"bce", "masked_mse", *of_log_p, "probe_error"}
    assert 0 < result["bce"] < 64 and 0 < result["masked_mse"] < 1
    for key, n_samples in zip(estimated, (50, 5)):
        assert -100 < result[key] < 0 < result[f"{key}_error"] < 1
        assert 1 <= result[f"{key}_effective"] <= n_samples
    assert 0 <= result["probe_error"] <= 100
    assert [float(line.split()[-1]) for line in output.splitlines()[-9:]] == [
        pytest.approx(value, abs=1e-4) for value in result.values()
    ]


def test_sample(trained, tmp_path):
    before = contents(trained)
    shapes = []
    for rows in (1, 3):
        path = tmp_path / f"{rows}.png"
        output = succeed(nengo_ngc("sample", trained, "--rows", rows, "--output", path))
        assert str(path) in output
        shapes.append(imread(path).shape)
    assert shapes[1][0] > 2 * shapes[0][0] and shapes[1][1] == shapes[0][1]
    assert contents(trained) == before


def test_sample_by_seed(tmp_path):
    run = tmp_path / "run"
    # by large steps, since samples of a network that knows little are all alike
    succeed(train(run, "--epochs", 1, "--validation", 50, "--learning-rate", 0.1))
    for seed in ("1", "2"):
        output = tmp_path / seed
        succeed(nengo_ngc("sample", run, "--seed", seed, "--output", output))
    succeed(nengo_ngc("sample", run, "--seed", "1"))
    drawn = contents(run)["samples.png"]
    assert drawn == (tmp_path / "1").read_bytes() != (tmp_path / "2").read_bytes()


def test_datasets():
    lines = succeed(nengo_ngc("datasets")).splitlines()
    assert [line.split()[0] for line in lines[:4]] == [
        "digits",
        "mnist",
        "fashion-mnist",
        "kmnist",
    ]
    assert datasets.DATA_VARIABLE in lines[-1] or datasets.DATA_VARIABLE in lines[-2]


# --- what is said of mistakes


@pytest.mark.parametrize(
    "args, parts",
    [
        (["--variant", "pdf"], ["variant 'pdf'", "did you mean 'pdh'?", "t2-sigma"]),
        (["--backend", "nengo_dl"], ["backend 'nengo_dl'", "'nengo-dl'?", "auto"]),
        (["--steps", "0"], ["--steps", "0 is not in the range x>=1"]),
        (["--steps", "few"], ["--steps", "'few' is not a valid int"]),
        (["--batch", "0"], ["--batch", "0 is not in the range x>=1"]),
        (["--epochs", "0"], ["--epochs", "0 is not in the range x>=1"]),
        (["--patience", "0"], ["--patience", "0 is not in the range x>=1"]),
        (["--components", "5,0"], ["--components", "whole numbers of at least 1"]),
        (["--seed", "-1"], ["--seed", "-1 is not in the range"]),
        (["--learning-rate", "-1"], ["learning_rate", "above 0, got", "-1"]),
        (["--validation", "-1"], ["--validation", "-1 is not in the range x>=0"]),
        (["--validation", "150"], ["validation", "got 150 of 150 images", "smaller"]),
        (["--hidden", "6,"], ["--hidden", "'6,'", "360,360,360"]),
        (["--hidden", "6,0"], ["--hidden", "'6,0'", "at least 1"]),
        (["--hidden", "many"], ["--hidden", "'many'", "whole numbers"]),
        (["--epoch", "3"], ["--epoch", "--epochs"]),
    ],
)
def test_unfit_option(tmp_path, args, parts):
    folder = tmp_path / "run"
    message = complaint(train(folder, "--validation", 0, *args))
    for part in parts:
        assert part in message
    assert not folder.exists()


def test_unknown_dataset(tmp_path):
    message = complaint(train(tmp_path / "run", dataset="fashion"))
    assert "data set 'fashion' (did you mean 'fashion-mnist'?)" in message
    assert all(name in message for name in datasets.SOURCES)
    assert os.listdir(tmp_path) == []


def test_data_dir_that_is_no_directory(tmp_path):
    path = tmp_path / "absent"
    message = complaint(train(tmp_path / "run", "--data-dir", path, dataset="mnist"))
    assert f"--data-dir': Directory '{path}' does not exist" in message
    assert os.listdir(tmp_path) == []


def test_run_that_exists_is_kept(copied):
    before = contents(copied)
    copied.with_name("copied-2").mkdir()
    message = complaint(train(copied, "--epochs", 1))
    assert contents(copied) == before
    _, goes_on, _, begins = message.splitlines()
    assert goes_on == f"nengo-ngc train --resume --output {copied}"
    typed = ["train", "digits", *TINY, "--epochs", "1", "--output", f"{copied}-3"]
    assert begins == f"nengo-ngc {shlex.join(typed)}"


def test_ctrl_c_ends_with_the_command_that_goes_on(trained, tmp_path, monkeypatch):
    epoch, folder = Trainer._epoch, tmp_path / "a run"

    def interrupted(self, *args):
        if len(self.history) == 1:
            raise KeyboardInterrupt
        return epoch(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_epoch", interrupted)
        done = train(folder, "--epochs", 3, "--validation", 50)
    assert done.exit_code == 130 and "Traceback" not in done.output
    command = done.output.splitlines()[-1]
    assert command == f"nengo-ngc train --resume --output '{folder}'"
    succeed(nengo_ngc(*shlex.split(command)[1:]))
    assert state(folder) == state(trained)


def test_ctrl_c_before_anything_is_written(tmp_path, monkeypatch):
    def load(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Run, "data", load)
    done = train(tmp_path / "run", "--epochs", 3)
    assert done.exit_code == 130 and os.listdir(tmp_path) == []
    typed = shlex.join(["train", "digits", *TINY, "--output", str(tmp_path / "run")])
    assert done.output.splitlines()[-1] == f"nengo-ngc {typed} --epochs 3"


@pytest.mark.parametrize("command", ["evaluate", "sample"])
def test_ctrl_c_in_commands_that_keep_nothing_before_their_end(command, copied, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    # amid the results of the one, and of the picture of the other
    monkeypatch.setattr("nengo_ngc.lab.cli.runs.json.dump", interrupted)
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", interrupted)
    before = contents(copied)
    few = ["--log-p-images", 5, "--log-p-samples", 10] if command == "evaluate" else []
    done = nengo_ngc(command, copied, *few)
    assert done.exit_code == 130 and "Aborted" not in done.output
    said, typed = done.stderr.splitlines()[-2:]
    assert said == "interrupted; no file was left incomplete; this command starts again:"
    assert typed == shlex.join(["nengo-ngc", command, str(copied), *map(str, few)])
    assert contents(copied) == before


def test_ctrl_c_in_any_other_command(monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("nengo_ngc.lab.check.check", interrupted)
    done = nengo_ngc("check")
    assert done.exit_code == 130
    assert done.stderr.splitlines()[-1] == "nengo-ngc check"


def test_ctrl_c_while_the_command_line_is_imported():
    code = """
import sys, nengo_ngc.__main__ as command
class Interrupted:
    def find_spec(self, name, *_):
        if name == "nengo_ngc.lab.cli":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupted())
command.main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 130
    assert done.stderr == "\ninterrupted before anything was done\n"


def test_the_logger_of_jax_leaves_messages_of_xla_to_the_variable(monkeypatch):
    """JAX takes a level of this logger for messages of XLA, and ignores the variable."""
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    silence_libraries()
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "3"
    assert logging.getLogger("jax").level == logging.NOTSET
    said_of_gpus = logging.getLogger("jax._src.xla_bridge")
    assert said_of_gpus.getEffectiveLevel() == logging.ERROR


def test_a_warning_is_one_line_on_the_standard_error(tmp_path):
    done = train(tmp_path / "run", "--epochs", 1, "--validation", 50, "--batch", 500)
    succeed(done)
    line = "warning: batch_size=500 is larger than the data: each batch consists of all 100"
    assert f"{line} samples\n" in done.stderr and "warning:" not in done.stdout
    assert ".py" not in done.output and "warnings.warn" not in done.output


def test_nothing_is_said_before_everything_is_checked(tmp_path):
    for args in (["--validation", "150"], ["--learning-rate", "-1"]):
        assert train(tmp_path / "run", *args).output.startswith("Error: "), args


def test_quiet(tmp_path):
    folder = tmp_path / "run"
    done = [
        train(folder, "--epochs", 1, "--validation", 100, "--quiet"),
        nengo_ngc("evaluate", folder, "--quiet", "--log-p-images", 5, "--log-p-samples", 10),
    ]
    assert [succeed(result) for result in done] == ["", ""]
    assert json.loads((folder / "evaluation.json").read_text())["bce"] > 0


# --- where the numbers come from


def provenance(folder):
    return json.loads((Path(folder) / "provenance.json").read_text())


def test_provenance(trained):
    (entry,) = provenance(trained)
    assert entry["from_epoch"] == 1 and entry["seeds"] == [0]
    assert entry["simulator"] == "Nengo" and entry["versions"]["nengo-ngc"] == __version__
    assert {"nengo", "numpy"} < entry["versions"].keys() and entry["processor"]
    assert entry["data"] == {"digits": datasets.SOURCES["digits"].sha256()}


def test_a_resumed_run_adds_what_it_goes_on_with(tmp_path):
    here, there = ({**collect([0]), "processor": name} for name in "AB")
    for epoch, circumstances in enumerate((here, here, there, there), start=1):
        history.note(tmp_path, epoch, circumstances)
    assert provenance(tmp_path) == [{"from_epoch": 1, **here}, {"from_epoch": 3, **there}]
    history.note(tmp_path, 3, here)  # after a kill between this file and the checkpoint
    assert provenance(tmp_path) == [{"from_epoch": 1, **here}]


def test_damaged_provenance(copied):
    (copied / "provenance.json").write_text("[{}]")
    before = contents(copied)
    message = complaint(nengo_ngc("train", "--resume", "--output", copied, "--epochs", 4))
    assert "provenance.json: [0]" in message
    assert contents(copied) == before


@pytest.mark.parametrize("below", [".", "run", "deep/run"])
def test_output_that_cannot_be_written(tmp_path, below):
    path = tmp_path / "file"
    path.write_text("text")
    message = complaint(train(path / below, "--validation", 0))
    assert "output must be a folder that can be written to" in message
    assert str(path / below) in message
    assert path.read_text() == "text" and os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("name", ["checkpoint.npz", "config.json"])
@pytest.mark.parametrize("command", ["train", "evaluate", "sample"])
def test_damaged_run(copied, name, command):
    path = copied / name
    content = path.read_bytes()
    middle = len(content) // 2
    path.write_bytes(content[:middle] + bytes(8) + content[middle + 8 :])
    before = contents(copied)
    args = ["train", "--resume", "--output", copied]
    result = nengo_ngc(*(args if command == "train" else [command, copied]))
    message = complaint(result)
    assert str(path) in message and ("damaged" in message or "not valid JSON" in message)
    assert contents(copied) == before


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"dataset": "digits"}', "\xff"])
def test_config_that_is_none(copied, text):
    (copied / "config.json").write_bytes(text.encode("latin-1"))
    message = complaint(nengo_ngc("evaluate", copied))
    assert f"{copied / 'config.json'}" in message
    assert any(
        part in message for part in ("is not valid JSON", "must be a table", "is missing")
    )


@pytest.mark.parametrize("args", [["train", "--resume", "--output"], ["evaluate"], ["sample"]])
def test_folder_without_a_run(tmp_path, args):
    folder = tmp_path / "absent"
    message = complaint(nengo_ngc(*args, folder))
    assert f"{folder} holds no run: config.json is missing" in message
    assert not folder.exists()


def test_folders_with_runs_are_named(copied):
    missing = copied.with_name(copied.name + "s")
    assert f"did you mean '{copied}'?" in complaint(nengo_ngc("sample", missing))
    assert f"expected one of {copied}" in complaint(nengo_ngc("sample", copied.parent))


def test_run_without_a_checkpoint_cannot_be_sampled(copied):
    (copied / "checkpoint.npz").unlink()
    message = complaint(nengo_ngc("sample", copied))
    assert f"no model file {copied / 'checkpoint.npz'}" in message


@pytest.mark.parametrize(
    "args",
    [
        ["sample", "--rows", "0"],
        ["sample", "--seed", "-1"],
        ["evaluate", "--log-p-samples", "0"],
        ["evaluate", "--log-p-images", "0"],
    ],
)
def test_numbers_out_of_range(copied, args):
    before = contents(copied)
    command, option, value = args
    message = complaint(nengo_ngc(command, copied, option, value))
    assert option in message and f"{value} is not in the range" in message
    assert contents(copied) == before


@pytest.mark.parametrize(
    "mistyped, meant",
    [("trian", "train"), ("evaluat", "evaluate"), ("dataset", "datasets")],
)
def test_mistyped_command(mistyped, meant):
    message = complaint(nengo_ngc(mistyped))
    assert f"unknown command {mistyped!r} (did you mean {meant!r}?)" in message
    assert all(name in message for name in main.commands)


def test_help_has_the_options_of_one_model():
    shown = {name: succeed(nengo_ngc("train", "--model", name, "--help")) for name in MODELS}
    assert succeed(nengo_ngc("train", "--help")) == shown["ngc"]
    for name, text in shown.items():
        wanted = {f"--{option.name}" for option in MODELS[name].options}
        of_model = text[text.index(f"Options of the model {name}:") :]
        of_model = of_model[: of_model.index("\n\n")]
        shown_options = set(re.findall(r"^  (--[a-z-]+)", of_model, re.MULTILINE))
        assert shown_options == wanted
        assert "[default: " in of_model
        models = text[text.index("Models:") :].splitlines()[1 : len(MODELS) + 1]
        assert [line.split()[0] for line in models] == [*MODELS]
        assert len({line.index(line.strip()) for line in models}) == 1
    last = " ".join(shown["ngc"].split())
    assert last.endswith("train --model pff --help shows those of pff.")
    message = complaint(nengo_ngc("train", "--model", "pdf", "--help"))
    assert "did you mean 'pff'?" in message


@pytest.mark.parametrize("command", main.commands.values(), ids=main.commands)
def test_help_is_in_sentences(command):
    models = [[option.as_click() for option in spec.options] for spec in MODELS.values()]
    for option in (*command.params, *itertools.chain(*models)):
        if not isinstance(option, click.Argument):
            assert re.fullmatch(r"[A-Z].*\.", option.help), option.name


def test_all_arguments_of_the_classifier_are_options():
    options = {option.parameter: option for option in MODELS["rules"].options}
    assert set(options) == set(RuleClassifier().get_params()) - {
        "verbose",
        "image_shape",  # that of the data
    }
    text = " ".join(succeed(nengo_ngc("train", "--model", "rules", "--help")).split())
    for part in (
        "--steps INTEGER Timesteps for which an image is presented. The default takes 50",
        "Weight decay of --optimizer adamw, see AdamW. Other optimisers have none. [def",
        "in the course of --epochs.",
        "true, false, linear, cosine. [default: linear]",
        "see nengo_ngc.networks.PredictiveCodingClassifier. The default clamps the output",
        "--residual / --no-residual Whether hidden layers",
        "size. [default: false]",
    ):
        assert part in text
    assert "`" not in text


def test_an_argument_that_is_new_needs_no_other_line():
    class Slower(RuleClassifier):
        """A slower one.

        Parameters
        ----------
        slow_down : int, optional
            How much slower it is than
            `.RuleClassifier`, see ``rule``.

        Attributes
        ----------
        slow_down_ : int
            Something else.
        """

        arguments = (WholeParam("slow_down"),)

    (option,) = documented(Slower, ["slow_down"], {"rule": "by"})
    assert (option.name, option.parameter) == ("slow-down", "slow_down")
    assert option.help == "How much slower it is than RuleClassifier, see --by."
    click_option = option.as_click()
    assert (
        click_option.type.name == "integer" and click_option.type.convert("3", None, None) == 3
    )
    with pytest.raises(click.BadParameter, match=r"must be a whole number .*, got 0\.5"):
        click_option.type.convert("0.5", None, None)


def test_options_of_the_classifier_reach_it(tmp_path):
    wanted = {
        "rule": "predictive-coding",
        "neuron_type": "tanh",
        "init": "normal",
        "scaling": "mupc",
        "residual": True,
        "centred": False,
        "nudging": -0.5,
        "anneal": False,
        "floor": 0.25,
        "warm_up_from": 0.5,
        "steps": 3,
        "synapse": 0.02,
    }
    args = ["--neurons", "tanh", "--residual", "--no-centred", "--hidden", "4,4"]
    args += ["--epochs", 1, "--validation", 50]
    for name, value in wanted.items():
        if name not in ("neuron_type", "residual", "centred"):
            args += [f"--{name.replace('_', '-')}", value]
    folder = tmp_path / "run"
    succeed(train(folder, "--model", "rules", *args))
    parameters = json.loads((folder / "config.json").read_text())["parameters"]
    assert {name: parameters[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    "option, value, expected",
    [
        ("--nudging", "0", "'--nudging': nudging: must be a finite number of at least -1"),
        ("--momentum", "much", "momentum: must be a finite number of at least 0 and below 1"),
        ("--states", "1", "states: must be one of 'currents', 'activities', got 1"),
        ("--anneal", "cosinus", "did you mean 'cosine'?"),
    ],
)
def test_options_of_the_classifier_are_checked(option, value, expected, tmp_path):
    result = train(tmp_path / "run", "--model", "rules", option, value)
    assert expected in " ".join(complaint(result).split())
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("command", main.commands)
def test_help_has_an_example(command):
    output = succeed(nengo_ngc(command, "--help"))
    assert "Example" in output and f"\n    nengo-ngc {command}" in output


def test_help_says_where_to_start():
    output = succeed(nengo_ngc("--help"))
    assert "nengo-ngc train" in output
    assert all(name in output for name in main.commands)


def test_version():
    assert succeed(nengo_ngc("--version")) == f"nengo-ngc, version {__version__}\n"


def test_resume_keeps_the_settings(tmp_path):
    folder = tmp_path / "run"
    succeed(train(folder, "--epochs", 1, "--validation", 50))
    before = contents(folder)
    message = complaint(train(folder, "--resume", "--epochs", 2, "--seed", 9))
    assert "seed must be 0, got 9" in message
    assert contents(folder) == before


@pytest.mark.parametrize("before, after", [((4,), (4, 4)), ((4, 4), (4, 4, 4))])
def test_resume_keeps_the_number_of_layers(copied, before, after):
    path = copied / "config.json"
    config = json.loads(path.read_text())
    config["parameters"]["n_hidden"] = before
    path.write_text(json.dumps(config))
    hidden = ",".join(map(str, after))
    result = nengo_ngc("train", "--resume", "--output", copied, "--hidden", hidden)
    assert f"hidden must be {list(before)}, got {list(after)}" in complaint(result)


def test_resume_takes_the_settings_as_they_were_by_default(copied):
    usual = ["--components", 75, "--patience", 5, "--momentum", 0, "--seed", 0]
    succeed(nengo_ngc("train", "digits", *TINY, "--resume", "--output", copied, *usual))
    several = nengo_ngc("train", "--resume", "--output", copied, "--components", "75,20")
    assert "components must be 75, got [75, 20]" in complaint(several)


def test_start_and_end_of_settling(tmp_path):
    args = ["--initial", "previous", "--momentum", 0.3, "--tolerance", 0.5]
    args += ["--validation", 50]
    output = succeed(train(tmp_path / "run", "--epochs", 1, *args))
    (record,) = records(tmp_path / "run")
    assert f", {record['iterations']:.1f} steps, " in output
    message = complaint(train(tmp_path / "other", "--initial", "last"))
    assert "unknown initial 'last'" in message and "previous" in message
