"""Run folders that are damaged, edited, in use by another process, or of diverged learning."""

import json
import os
import subprocess
import sys

import pytest

from nengo_ngc.exceptions import DivergenceError
from nengo_ngc.lab import run_folders
from nengo_ngc.models import NGCModel
from nengo_ngc.models.tasks.ngc import NGCTask
from nengo_ngc.storage import locks
from nengo_ngc.training import Trainer

from .test_cli import (  # noqa: F401
    RUN_FILES,
    TINY,
    complaint,
    contents,
    copied,
    few_digits,
    nengo_ngc,
    records,
    state,
    succeed,
    train,
    trained,
)

pytestmark = pytest.mark.slow

posix = pytest.mark.skipif(os.name != "posix", reason="POSIX only")


def resume(folder, *args):
    return nengo_ngc("train", "--resume", "--output", folder, *args)


def edit(folder, key, value, of="parameters"):
    path = folder / "config.json"
    config = json.loads(path.read_text())
    (config[of] if of else config)[key] = value
    path.write_text(json.dumps(config))


@pytest.mark.parametrize("name", ["checkpoint.npz", "metrics.jsonl"])
def test_files_of_something_else_are_not_overwritten(name, tmp_path):
    (tmp_path / name).write_text("precious")
    message = complaint(nengo_ngc("train", *TINY, "--output", tmp_path))
    assert f"{tmp_path} holds {name}, which a run would overwrite" in message
    assert (tmp_path / name).read_text() == "precious"


# --- config.json


@pytest.mark.parametrize(
    "key, value, of, message",
    [
        ("steps", None, "parameters", "parameters.steps must be a whole number, got None"),
        ("steps", [4], "parameters", "parameters.steps must be a whole number, got"),
        ("steps", True, "parameters", "parameters.steps must be a whole number, got True"),
        ("steps", 0, "parameters", "parameters: NGCModel.steps: must be a whole number"),
        ("beta", "0.1", "parameters", "parameters.beta must be a finite number, got '0.1'"),
        ("n_hidden", 6, "parameters", "parameters.n_hidden must be a list"),
        ("n_hidden", [6, "4"], "parameters", "n_hidden: '4' is no convolutional layer"),
        ("n_hidden", [6, 0.5], "parameters", r"parameters.n_hidden[1] must be a whole"),
        (
            "tolerance",
            {},
            "parameters",
            "parameters.tolerance must be a finite number or null",
        ),
        ("variant", "phd", "parameters", "(did you mean 'pdh'?)"),
        ("stepz", 4, "parameters", "unknown key 'stepz' (did you mean 'steps'?)"),
        ("parameters", None, None, "parameters must be a table, got None"),
        ("parameters", [], None, "parameters must be a table, got []"),
        ("model", ["ngc"], None, "model must be a text, got ['ngc']"),
        ("dataset", None, None, "dataset must be a text, got None"),
        ("dataset", "fashion", None, "did you mean 'fashion-mnist'?"),
        ("binarize", 1, None, "binarize must be true or false, got 1"),
        ("validation", -1, None, "validation must be a whole number of at least 0"),
        ("changes", [{"epoch": 1}], None, "changes[0].learning_rate is missing"),
    ],
)
def test_unfit_config(copied, key, value, of, message):
    edit(copied, key, value, of)
    before = contents(copied)
    for result in (resume(copied), nengo_ngc("sample", copied)):
        said = complaint(result)
        assert str(copied / "config.json") in said and message in said
    assert contents(copied) == before


@pytest.mark.parametrize("text", ['{"dataset": NaN}', "[" * 100_000, '{"a": 1, "a": 1}'])
def test_damaged_config(copied, text):
    (copied / "config.json").write_text(text)
    assert "config.json is not valid JSON: " in complaint(resume(copied))


# --- config.json, checkpoint and options


@pytest.mark.parametrize(
    "key, value, of, message",
    [
        ("steps", 5, "parameters", "steps is 5 in config.json and 4 in checkpoint.npz"),
        ("n_hidden", [6, 5], "parameters", "n_hidden is [6, 5] in config.json and [6, 4] in"),
        ("random_state", 3, "parameters", "random_state is 3 in config.json and 0 in"),
        ("learning_rate", 0.5, "parameters", "learning_rate is 0.5 in config.json and 0.001"),
        ("validation", 40, None, "validation is 40 in config.json and 50 in checkpoint.npz"),
        ("binarize", False, None, "binarize is False in config.json and True in"),
        ("dataset", "mnist", None, "dataset is 'mnist' in config.json and 'digits' in"),
        ("max_epochs", 2, "parameters", "max_epochs must be at least the 3 epochs that are"),
    ],
)
def test_edited_config(copied, key, value, of, message):
    edit(copied, key, value, of)
    before = contents(copied)
    for result in (resume(copied), nengo_ngc("sample", copied)):
        assert message in complaint(result)
    assert contents(copied) == before


def test_all_differences_are_named(copied):
    edit(copied, "steps", 9)
    edit(copied, "batch_size", 10)
    message = complaint(resume(copied))
    assert "steps is 9" in message and "batch_size is 10" in message
    assert "change config.json back, or begin another run" in message
    message = complaint(resume(copied, "--seed", 3, "--steps", 2, "--hidden", "3"))
    for part in ("seed must be 0, got 3", "steps must be 9, got 2", "hidden must be [6, 4]"):
        assert part in message


def test_checkpoint_of_another_run(copied, trained):
    NGCModel.load(trained / "checkpoint.npz").save(copied / "checkpoint.npz")
    assert "dataset is 'digits' in config.json and None" in complaint(resume(copied))


def test_fewer_epochs_than_are_done(copied):
    before = contents(copied)
    message = "epochs must be at least the 3 that are done, got 2"
    assert message in complaint(resume(copied, "--epochs", 2))
    assert contents(copied) == before


def test_checkpoint_that_is_gone(copied):
    (copied / "checkpoint.npz").unlink()
    message = complaint(resume(copied))
    assert "checkpoint.npz is missing, although metrics.jsonl says that epochs" in message


# --- divergence


@pytest.fixture
def diverging(monkeypatch):
    """Weights of 1e11 in the third epoch, if the learning rate is still 0.001."""
    finite = NGCTask._session_state

    def session_state(self):
        found = finite(self)
        if self.epoch == 2 and self.learning_rate == 1e-3:
            found["W2"] = 1e11 + found["W2"]
        return found

    monkeypatch.setattr(NGCTask, "_session_state", session_state)


def test_another_learning_rate_after_divergence(tmp_path, diverging, backend):
    folder = tmp_path / "run"
    args = ["--epochs", 4, "--validation", 50, "--backend", backend]
    message = complaint(train(folder, *args))
    assert "learning diverged at timestep " in message
    assert "W2 has reached 1.0e+11, more than 1e+05" in message
    command = "nengo-ngc train digits --resume --learning-rate 0.0005 --output"
    assert "checkpoint.npz is that of the last epoch that went well; go on" in message
    assert f"{command} {folder}" in message
    assert len(records(folder)) == 2
    assert "learning diverged" in complaint(resume(folder))
    succeed(resume(folder, "--learning-rate", 0.0005))
    rates = [record["learning_rate"] for record in records(folder)]
    assert rates == [0.001, 0.001, 0.0005, 0.0005]
    config = json.loads((folder / "config.json").read_text())
    change = {"epoch": 3, "learning_rate": 0.0005, "before": 0.001}
    assert config["changes"] == [change]
    assert config["parameters"]["learning_rate"] == 0.0005
    succeed(resume(folder))


def test_divergence_in_the_first_epoch(tmp_path, monkeypatch):
    def diverge(*_):
        raise DivergenceError("z1", 7)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_epoch", diverge)
        message = complaint(train(tmp_path / "run", "--epochs", 1, "--validation", 100))
    assert "no epoch is done; go on with a smaller learning rate: " in message
    succeed(resume(tmp_path / "run", "--learning-rate", 0.0005))
    changes = json.loads((tmp_path / "run" / "config.json").read_text())["changes"]
    assert changes == [{"epoch": 1, "learning_rate": 0.0005, "before": 0.001}]


def test_a_change_that_no_epoch_has_seen_may_be_changed_again(copied):
    run = run_folders.Run.open(copied)
    run.change(max_epochs=5, learning_rate=0.5)
    run.change(learning_rate=0.25)
    assert run.config["changes"] == [{"epoch": 4, "learning_rate": 0.25, "before": 0.001}]
    run._write_config()
    assert run_folders.Run.open(copied).model().learning_rate == 0.001
    edit(copied, "changes", [{"epoch": 3, "learning_rate": 0.25, "before": 0.001}], None)
    message = "learning_rate is 0.25 in config.json and 0.001 in checkpoint.npz"
    assert message in complaint(nengo_ngc("sample", copied))


# --- processes


@pytest.mark.parametrize("args", [["--epochs", 1], ["--resume"]])
def test_folder_that_is_held(copied, args):
    before = contents(copied)
    with locks.held(copied):
        message = complaint(train(copied, *args))
    assert f"{copied} is held by process {os.getpid()} on " in message
    assert contents(copied) == before


def test_folder_of_a_run_that_has_just_begun_is_held(tmp_path):
    with locks.held(tmp_path):  # before config.json is written
        assert "is held by process" in complaint(train(tmp_path, "--resume"))
    assert "no run" in complaint(train(tmp_path, "--resume"))
    assert os.listdir(tmp_path) == []


def test_folder_is_held_while_it_trains(tmp_path, monkeypatch):
    folder = tmp_path / "run"

    def make(*_):
        with pytest.raises(locks.FolderHeldError), locks.held(folder):
            pytest.fail("it is free")
        raise ValueError("this is enough")

    monkeypatch.setattr(run_folders.Run, "_new_model", make)
    assert "this is enough" in complaint(train(folder, "--epochs", 1))
    assert not folder.exists()


def test_names_of_folders_are_given_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with locks.held("runs/digits"):
        output = succeed(nengo_ngc("train", *TINY, "--epochs", 1, "--validation", 100))
    assert f"output in {os.path.join('runs', 'digits-2')}\n" in output
    assert os.listdir("runs") == ["digits-2"]


def test_what_killed_processes_left_is_cleared(copied):
    (copied / ".checkpoint.npz.0123abcd.tmp").write_text("half of")
    (copied / ".lock").write_text('{"pid": 1, "host": "a", "since": "b"}')
    succeed(resume(copied))
    assert contents(copied).keys() == RUN_FILES


# --- a disk that is full


@posix
def test_limit_on_the_size_of_files(copied):
    """Neither the checkpoint is lost, nor does anything that is not needed stop training."""
    size = (copied / "checkpoint.npz").stat().st_size
    before = contents(copied)
    code = f"""
import resource, sys
from nengo_ngc.lab.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, ({size // 2}, {size // 2}))
main(sys.argv[1:])
"""
    args = ["train", "--resume", "--epochs", "4", "--output", str(copied)]
    edit(copied, "validation", 50, None)
    done = subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert f"{copied / 'checkpoint.npz'} could not be written: File too large" in done.stderr
    # what is written before the checkpoint is put right when the epoch is repeated
    for name in RUN_FILES - {"config.json", "provenance.json"}:
        assert contents(copied)[name] == before[name]
    assert contents(copied).keys() == RUN_FILES
    assert state(copied)


def test_decoder_cache_is_not_opened(tmp_path, monkeypatch):
    def opened(*_, **__):
        pytest.fail("Nengo's cache of decoders was opened")

    monkeypatch.setattr("nengo.cache.DecoderCache.__init__", opened)
    succeed(train(tmp_path / "run", "--epochs", 1, "--validation", 100))
