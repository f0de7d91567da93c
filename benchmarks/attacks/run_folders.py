"""Damaged run folders: the commands refuse them, or end as if nothing had happened.

Every folder is one in which all epochs but the last are done. What is refused must leave the
folder as it was.
"""

import json
import os
import shutil
import zipfile
from contextlib import suppress
from pathlib import Path

from click.testing import CliRunner

from nengo_ngc import datasets
from nengo_ngc.lab.cli import main
from nengo_ngc.lab.datasets.digits import Digits
from nengo_ngc.lab.run_folders import Run, claimed

from . import damage

N, SECONDS, ON_FILES = 300, 1800, True

TINY = ["--backend", "nengo", "--batch", "30", "--validation", "30"]
MODELS = {
    "ngc": ["--hidden", "6,4", "--steps", "3"],
    "pff": ["--hidden", "6", "--steps", "2"],
    "hebbian": ["--hidden", "4", "--units", "30", "--patch", "4", "--grid", "2"],
}
EPOCHS = {"ngc": 3, "pff": 3, "hebbian": 4}


class _FewDigits(Digits):
    """Ninety digits to learn from, and thirty to test with."""

    def arrays(self, *args, **kwargs):
        arrays = super().arrays(*args, **kwargs)
        return {k: array[: 30 if k.endswith("_test") else 90] for k, array in arrays.items()}


def few_digits():
    """Have the command line learn from few digits."""
    datasets.SOURCES["digits"] = _FewDigits()


def call(*args):
    return CliRunner().invoke(main, [str(arg) for arg in args])


def resume(folder):
    return call("train", "--resume", "--output", folder)


def leave_before_the_end(folder):
    """Train again, and stop before the last epoch."""
    run = Run.open(folder)
    shutil.rmtree(folder)

    def stop(record):
        if record["epoch"] == run.config["parameters"]["max_epochs"] - 1:
            raise KeyboardInterrupt

    with claimed([folder]), suppress(KeyboardInterrupt):
        run.train(on_epoch=stop)


def state(folder):
    """What was learned, as bytes, and the history but for the speed."""
    with zipfile.ZipFile(Path(folder) / "checkpoint.npz") as file:
        arrays = {name: file.read(name) for name in file.namelist() if name.endswith(".npy")}
        history = json.loads(file.read("header.json"))["history"]
    slow = [{k: v for k, v in r.items() if not k.startswith("samples")} for r in history]
    return arrays, slow


def snapshot(folder):
    """Names and contents of all that matters in a folder."""
    return {
        path.name: path.read_bytes() if path.is_file() else None
        for path in Path(folder).iterdir()
        if path.name in ("config.json", "checkpoint.npz", "metrics.jsonl")
    }


def attack(folder, n, rng):
    """Resume, evaluate and sample damaged runs; see the package."""
    few_digits()
    expected, measured = {}, {}
    for model, options in MODELS.items():
        output = folder / model
        args = ["--model", model, *options, *TINY, "--output", output]
        straight = call("train", *args, "--epochs", EPOCHS[model])
        assert straight.exit_code == 0, straight.output
        expected[model] = state(output)
        leave_before_the_end(output)
        measured[model] = measures(output)
    models = list(MODELS)
    for attempt in range(n):
        model = models[rng.randint(len(models))]
        target = folder / "damaged"
        shutil.copytree(folder / model, target)
        harm = HARMS[attempt % len(HARMS)]
        harm(target, rng)
        looks = measured[model] is not None and rng.randint(4) == 0
        if looks:
            yield f"{model} {harm.__name__}", looked_at(target, measured[model])
        else:
            yield f"{model} {harm.__name__}", resumed(target, expected[model])
        shutil.rmtree(target)


def measures(folder):
    """What evaluation says, or None of a model that needs its last epoch for that."""
    if call("evaluate", folder).exit_code:
        return None
    path = folder / "evaluation.json"
    found = path.read_text()
    path.unlink()
    return found


def looked_at(folder, expected):
    """What comes of evaluating a damaged run."""
    before = snapshot(folder)
    result = call("evaluate", folder)
    if result.exit_code or snapshot(folder) != before:
        return failed(result, folder, before)
    return "same" if (folder / "evaluation.json").read_text() == expected else "silent"


def resumed(folder, expected):
    """What comes of going on with a damaged run."""
    before = snapshot(folder)
    result = resume(folder)
    if result.exit_code:
        return failed(result, folder, before)
    if any(path.suffix == ".tmp" or path.name == ".lock" for path in folder.iterdir()):
        return "silent"
    return "same" if state(folder) == expected else "silent"


def failed(result, folder, before):
    """Whether a command has failed as it should."""
    clear = isinstance(result.exception, SystemExit) and "Error: " in result.output
    if not clear or "Traceback" in result.output:
        return "traceback"
    return "refused" if snapshot(folder) == before else "lost"


# --- harms


def _config(folder):
    return json.loads((folder / "config.json").read_text())


def _write(folder, config):
    (folder / "config.json").write_text(json.dumps(config))


def strange_value(folder, rng):
    """A value of config.json is of another type."""
    config = _config(folder)
    paths = [p for p in damage.places(config) if damage.at(config, p) is not None]
    path = paths[rng.randint(len(paths))]
    new = damage.of_another_type(damage.at(config, path), rng)
    _write(folder, damage.changed(config, path, new))


def missing_key(folder, rng):
    config = _config(folder)
    paths = [p for p in damage.places(config) if p and isinstance(p[-1], str)]
    _write(folder, damage.removed(config, paths[rng.randint(len(paths))]))


def unknown_key(folder, rng):
    config = _config(folder)
    place = [(), ("parameters",)][rng.randint(2)]
    _write(folder, damage.changed(config, (*place, "what is this"), 3))


def edited_value(folder, rng):
    """A value of config.json is another sensible one."""
    config = _config(folder)
    edits = [
        (("validation",), 20),
        (("binarize",), not config["binarize"]),
        (("dataset",), "mnist"),
        (("parameters", "n_hidden"), [7]),
        (("parameters", "batch_size"), 15),
        (("parameters", "random_state"), 5),
        (("parameters", "learning_rate"), 0.5),
        (("parameters", "backend"), "auto"),
        (("model",), "sdr"),
    ]
    if "steps" in config["parameters"]:
        edits += [(("parameters", "steps"), 5), (("parameters", "steps"), 1)]
    path, new = edits[rng.randint(len(edits))]
    _write(folder, damage.changed(config, path, new))


def damaged_bytes(folder, rng):
    """One file is damaged."""
    names = ["config.json", "checkpoint.npz", "metrics.jsonl", "curves.png"]
    path = folder / names[rng.randint(len(names))]
    _, content = damage.damaged(path.read_bytes(), rng)
    path.write_bytes(content)


def flipped_checkpoint(folder, rng):
    path = folder / "checkpoint.npz"
    path.write_bytes(damage.flipped(path.read_bytes(), rng))


def strange_text(folder, rng):
    """config.json is no JSON, or JSON that breaks parsers."""
    texts = [
        b"",
        b"null",
        b"[]",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"1" * 10_000,
        b'{"dataset": NaN}',
        b"\xff\xfe",
        bytes(100),
        b"dataset = 'digits'",
        b'{"model": {}, "parameters": []}',
        b'{"model": "ngc", "model": "pff"}',
    ]
    (folder / "config.json").write_bytes(texts[rng.randint(len(texts))])


def missing_file(folder, rng):
    names = ["config.json", "checkpoint.npz", "metrics.jsonl", "curves.png"]
    (folder / names[rng.randint(len(names))]).unlink()


def folder_instead(folder, rng):
    """A folder, or a link to nowhere, is where a file should be."""
    name = ["config.json", "checkpoint.npz"][rng.randint(2)]
    (folder / name).unlink()
    if rng.randint(2):
        (folder / name).mkdir()
    else:
        os.symlink(name, folder / name)


def left_behind(folder, rng):
    """What a process that was killed has left."""
    for name in ("checkpoint.npz", "metrics.jsonl", "config.json"):
        (folder / f".{name}.0123abcd.tmp").write_bytes(rng.bytes(100))
    texts = [b"", b"{", b'{"pid": 1}', b"\xff", b'{"pid": 1, "host": "a", "since": 3}']
    (folder / ".lock").write_bytes(texts[rng.randint(len(texts))])


def other_checkpoint(folder, rng):
    """The checkpoint of another model, or of the same with other settings."""
    others = [path for path in folder.parent.iterdir() if (path / "checkpoint.npz").exists()]
    others = [
        path for path in others if path.name not in (folder.name, _config(folder)["model"])
    ]
    other = others[rng.randint(len(others))]
    shutil.copy(other / "checkpoint.npz", folder / "checkpoint.npz")


def invented_change(folder, rng):
    """A change of the learning rate that never was, or that makes no sense."""
    rate = _config(folder)["parameters"]["learning_rate"]
    changes = [
        [{"epoch": 2, "learning_rate": 0.1}],
        [{"epoch": 0, "learning_rate": rate, "before": rate}],
        [{"epoch": 9, "learning_rate": rate, "before": 7.0}],
        [{"epoch": 2, "learning_rate": -1, "before": rate}],
        {"epoch": 2},
        [[]],
        None,
    ]
    change = changes[rng.randint(len(changes))]
    _write(folder, {**_config(folder), "changes": change})


def fewer_epochs(folder, rng):
    """Fewer epochs than are done."""
    config = _config(folder)
    config["parameters"]["max_epochs"] = int(rng.randint(0, 2))
    _write(folder, config)


HARMS = (
    strange_value,
    damaged_bytes,
    edited_value,
    missing_key,
    strange_value,
    flipped_checkpoint,
    unknown_key,
    strange_text,
    missing_file,
    folder_instead,
    left_behind,
    other_checkpoint,
    invented_change,
    fewer_epochs,
)
