"""Runs and comparisons of data of a user's own."""

import json
import os

import numpy as np
import pytest
from matplotlib.image import imread

from nengo_ngc.lab import compare as comparison
from nengo_ngc.lab.specs.base import right_half
from nengo_ngc.lab.specs.ngc import filters_of_units

from .own_data import arrays, as_folders, as_npy, as_npz, in_colour, with_test
from .test_cli import complaint, nengo_ngc, records, succeed

pytestmark = pytest.mark.slow

NGC = ["--hidden", "6,4", "--steps", 3, "--batch", 20, "--backend", "nengo", "--epochs", 2]
RULES = ["--model", "rules", "--hidden", 4, "--batch", 10, "--epochs", 1]
RULES += ["--backend", "nengo"]


def config_of(run):
    return json.loads((run / "config.json").read_text())


# --- runs


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of images in colour, in folders by class, and where they are."""
    folder = tmp_path_factory.mktemp("own")
    path = as_folders(folder / "pets", coloured(with_test()))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        succeed(nengo_ngc("train", "pets", *NGC))
    return folder / "runs" / "pets", path


def coloured(data):
    """Images without any blue."""
    for key in ("X", "X_test"):
        data[key][..., 2] = 0
    return data


def test_a_run_of_ones_own_data(trained):
    run, path = trained
    config = config_of(run)
    assert config["dataset"] == "pets" and config["data"]["path"] == str(path)
    assert config["data"]["image_shape"] == [6, 5, 3] and len(config["data"]["sha256"]) == 64
    assert config["binarize"] is False  # colours would be lost
    assert config["validation"] == 15 and config["parameters"]["batch_size"] == 20
    assert len(records(run)) == 2
    assert in_colour(run / "reconstructions.png") and in_colour(run / "filters.png")


def copied(trained, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    for file in trained[0].iterdir():
        (run / file.name).write_bytes(file.read_bytes())
    return run


def test_evaluate_and_sample_and_resume(trained, tmp_path):
    run = copied(trained, tmp_path)
    succeed(nengo_ngc("evaluate", run, "--log-p-images", 5, "--log-p-samples", 20))
    result = json.loads((run / "evaluation.json").read_text())
    assert result["bce"] > 0 and 0 <= result["probe_error"] <= 100
    succeed(nengo_ngc("sample", run, "--rows", 2, "--output", tmp_path / "s.png"))
    assert imread(tmp_path / "s.png").shape[0] > 80
    succeed(nengo_ngc("train", "--resume", "--output", run, "--epochs", 3))
    assert len(records(run)) == 3


def test_other_data_can_be_measured(trained, tmp_path):
    run = copied(trained, tmp_path)
    other = as_npz(tmp_path / "more pets", arrays(seed=7))
    args = ["--log-p-images", 5, "--log-p-samples", 20]
    succeed(nengo_ngc("evaluate", run, "--data", other, *args))
    assert json.loads((run / "evaluation-more_pets.json").read_text())["bce"] > 0
    assert not (run / "evaluation.json").exists()
    (tmp_path / "others").mkdir()
    other = as_npz(tmp_path / "others" / "more pets", arrays(seed=8))
    for _ in range(2):
        succeed(nengo_ngc("evaluate", run, "--data", other, *args[:-1], 10))
    found = [json.loads(path.read_text()) for path in run.glob("evaluation-more_pets*.json")]
    assert len(found) == 2 and found[0]["provenance"] != found[1]["provenance"]
    assert sum(one["log_p_importance_error"] is None for one in found) == 1  # of one sample


def test_data_that_a_model_does_not_suit_are_not_measured(tmp_path):
    data, run = arrays(shape=(6, 5)), tmp_path / "run"
    path = as_npz(tmp_path / "pets", data)
    succeed(nengo_ngc("train", path, *RULES, "--output", run))
    X = data["X"]
    for number, (other, said) in enumerate(
        [
            ({"X": X.reshape(-1, 5, 6)}, "images of shape (6, 5), as those of"),
            ({"X": X.reshape(-1, 30)}, "of flat images, an array image_shape says it"),
            ({"y": np.repeat(["cat", "dog", "owl"], 30)}, "['cat', 'dog', 'eel'], got 'owl'"),
            ({"y": np.repeat([0, 1, 2], 30)}, "the labels ['cat', 'dog', 'eel'], got 0"),
        ]
    ):
        path = as_npz(tmp_path / f"other {number}", {**data, **other})
        message = complaint(nengo_ngc("evaluate", run, "--data", path))
        assert "data must have " in message and said in message
    assert not [*run.glob("evaluation*")]
    flat = as_npz(tmp_path / "flat", {**data, "X": X.reshape(-1, 30), "image_shape": (6, 5)})
    succeed(nengo_ngc("evaluate", run, "--data", flat))


def test_data_that_have_changed_are_refused(tmp_path):
    path, run = as_npy(tmp_path / "mine", arrays()), tmp_path / "run"
    succeed(nengo_ngc("train", path, *RULES, "--output", run))
    before = {file.name: file.read_bytes() for file in run.iterdir()}
    for name, array in arrays(seed=5).items():
        np.save(path / f"{name}.npy", array)
    for args in (["train", "--resume", "--epochs", 2, "--output"], ["evaluate"]):
        message = complaint(nengo_ngc(*args, run))
        assert f"the data at {path} are not those that {run} began with" in message
        assert config_of(run)["data"]["sha256"] in message
    message = complaint(nengo_ngc("train", path, "--resume", "--output", run))
    assert "are not those" in message
    assert {file.name: file.read_bytes() for file in run.iterdir()} == before


def test_data_that_have_moved_can_be_named_again(tmp_path):
    path, run, moved = as_npy(tmp_path / "mine", arrays()), tmp_path / "run", tmp_path / "new"
    succeed(nengo_ngc("train", path, *RULES, "--output", run))
    os.rename(path, moved)
    message = complaint(nengo_ngc("train", "--resume", "--epochs", 2, "--output", run))
    assert f"the data of {run} are not at {path} any more" in message
    assert f"nengo-ngc train PATH --resume --output {run}" in message
    succeed(nengo_ngc("train", moved, "--resume", "--epochs", 2, "--output", run))
    assert config_of(run)["data"]["path"] == str(moved) and len(records(run)) == 2
    assert config_of(run)["dataset"] == "mine"
    succeed(nengo_ngc("train", "--resume", "--epochs", 3, "--output", run))


def test_text_labels_go_from_the_file_to_the_pictures(tmp_path):
    path, run = as_npz(tmp_path / "mine", arrays(shape=(6, 5))), tmp_path / "run"
    args = ["--model", "pff", "--hidden", 6, "--steps", 2, "--batch", 10, "--epochs", 1]
    succeed(nengo_ngc("train", path, *args, "--backend", "nengo", "--output", run))
    succeed(nengo_ngc("evaluate", run))
    succeed(nengo_ngc("sample", run, "--rows", 3))


def test_images_of_other_shapes_and_in_colour(tmp_path):
    hebbian = ["--model", "hebbian", "--hidden", 4, "--units", 20, "--patch", 3, "--grid", 2]
    hebbian += [
        "--batch",
        10,
        "--backend",
        "nengo",
        "--epochs",
        3,
    ]
    for shape in ((6, 5), (6, 5, 3)):
        run = tmp_path / f"run{len(shape)}"
        path = as_npz(tmp_path / f"mine{len(shape)}", arrays(shape=shape))
        succeed(nengo_ngc("train", path, *hebbian, "--output", run))
        assert config_of(run)["parameters"]["image_shape"] == [*shape]
        assert in_colour(run / "filters.png") == (len(shape) == 3)


def test_real_numbers(tmp_path):
    given = with_test(shape=(6, 5))
    for key in ("X", "X_test"):
        given[key] = (given[key] - 100.0) / 50
    path, run = as_npz(tmp_path / "mine", given), tmp_path / "run"
    message = complaint(nengo_ngc("train", path, *NGC, "--grey", "--output", run))
    assert "pixels of X must lie in [0, 1]" in message
    assert "--likelihood gaussian" in message
    succeed(nengo_ngc("train", path, *NGC, "--likelihood", "gaussian", "--output", run))
    config = config_of(run)
    assert config["parameters"]["output"] == "gaussian" and config["binarize"] is False
    assert all(r["mse"] > 0 and "bce" not in r for r in records(run))
    said = nengo_ngc("evaluate", run, "--log-p-images", 5, "--log-p-samples", 20)
    succeed(said)
    result = json.loads((run / "evaluation.json").read_text())
    assert result["mse"] > 0 and np.isfinite(result["log_p"]) and "bce" not in result
    assert "squared error of reconstructions" in said.output
    assert "cross-entropy" not in said.output
    succeed(nengo_ngc("sample", run, "--rows", 2))


def test_unfit_data_leave_no_trace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = arrays()
    path = as_npz(tmp_path / "mine", {**given, "y": given["y"][:-1]})
    message = complaint(nengo_ngc("train", path, *NGC))
    assert f"{path}: y: must have one label for each image of X (90), got 89" in message
    assert os.listdir(tmp_path) == ["mine.npz"]
    message = complaint(nengo_ngc("train", tmp_path, *NGC))
    assert "must be one of these: an .npz file with X and y; a folder with" in message


@pytest.mark.parametrize(
    "key, value, message",
    [
        ("path", 3, "data.path must be a text, got 3"),
        ("sha256", None, "data.sha256 must be a text"),
        ("image_shape", [6], "data.image_shape must be a list of at least 2"),
    ],
)
def test_unfit_config_of_own_data(trained, tmp_path, key, value, message):
    run = copied(trained, tmp_path)
    config = config_of(run)
    config["data"][key] = value
    (run / "config.json").write_text(json.dumps(config))
    assert message in complaint(nengo_ngc("sample", run))


def test_checkpoint_knows_its_data(trained, tmp_path):
    run = copied(trained, tmp_path)
    config = config_of(run)
    config["data"]["sha256"] = "0" * 64
    (run / "config.json").write_text(json.dumps(config))
    assert "sha256 is '0000" in complaint(nengo_ngc("sample", run))


@pytest.mark.parametrize(
    "shape, hidden",
    [((1, 4), [0, 0, 1, 1]), ((1, 3), [0, 1, 1]), ((2, 2, 3), 2 * (3 * [0] + 3 * [1]))],
)
def test_right_half(shape, hidden):
    np.testing.assert_array_equal(right_half(shape), hidden)


@pytest.mark.parametrize("shape, seen", [((2, 3, 4, 1), (2, 3)), ((2, 3, 4, 3), (2, 3, 3))])
def test_filters_of_a_convolutional_layer(shape, seen):
    W = np.random.RandomState(0).normal(size=shape)
    filters, found = filters_of_units(W, (8, 9))
    assert found == seen and filters.shape[0] == 4
    np.testing.assert_array_equal(filters[2].reshape(seen), W[:, :, 2].reshape(seen))


def test_filters_of_a_layer_of_units():
    W = np.random.RandomState(0).normal(size=(72, 100))
    filters, shape = filters_of_units(W, (8, 9))
    assert shape == (8, 9) and len(filters) == 64
    np.testing.assert_array_equal(filters[5], W[:, 5])


# --- comparisons

SMALL = {
    "rules": ["pes"],
    "hidden": [[4]],
    "seeds": [0],
    "backends": ["nengo"],
    "epochs": 1,
    "batch_size": 10,
    "angle_images": 10,
}


def written(config, folder):
    lines = [f"{key} = {json.dumps(value)}" for key, value in config.items()]
    (folder / "small.toml").write_text("\n".join(lines))
    return folder / "small.toml"


def test_paths_in_a_comparison(tmp_path, monkeypatch):
    as_npz(tmp_path / "mine", arrays())
    config = written({**SMALL, "datasets": ["mine.npz"], "train_images": 30}, tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)  # paths count from the file on
    out = tmp_path / "out"
    (own,) = comparison.compare(config, out)
    assert own["status"] == "done", own
    assert own["cell"]["dataset"] == "mine"
    assert own["cell"]["data"]["path"] == str(tmp_path / "mine.npz")
    assert "mine, 4 hidden, relu, nengo" in (out / "table.txt").read_text()
    assert comparison.compare(config, out, on_cell=pytest.fail) == [own]
    as_npz(tmp_path / "mine", arrays(seed=3))
    (other,) = comparison.compare(config, out)  # runs again
    assert other["cell"]["data"]["sha256"] != own["cell"]["data"]["sha256"]


def test_arrays_in_a_comparison(tmp_path):
    out = tmp_path / "out"
    config = {**SMALL, "datasets": {"pair": (arrays()["X"], arrays()["y"])}}
    first = comparison.compare(config, out)
    assert first[0]["status"] == "done", first
    assert (out / "data" / "pair" / "X.npy").exists()
    saved = json.loads((out / "compare.json").read_text())["config"]["datasets"]
    assert saved["pair"]["path"] == str(out / "data" / "pair")
    assert comparison.compare(config, out, on_cell=pytest.fail) == first
    named = {"set": with_test(), "digits": "digits"}
    checked = comparison.check_config({**SMALL, "datasets": named})
    cells = comparison.cells_of(comparison.data.kept(checked, out)).values()
    own, digits = (cell.get("data") for cell in cells)
    assert own["path"] == str(out / "data" / "set") and digits is None


def test_data_that_change_while_cells_run(tmp_path):
    path = as_npz(tmp_path / "mine", arrays())
    checked = comparison.check_config({**SMALL, "datasets": [str(path)]})
    own = {"path": str(path), "sha256": "0" * 64}
    (cell,) = comparison.cells_of({**checked, "datasets": {"mine": own}}).values()
    with pytest.raises(ValueError, match="mine.npz have changed since the cells began"):
        comparison.data.of_cell(cell, None)


@pytest.mark.parametrize(
    "wanted, message",
    [
        (
            ["none.npz"],
            r"datasets\[0\]: unknown data set '.*none.npz'; .* or the path of your own",
        ),
        (["mine.npz", "other/mine.npz"], r"datasets\[1\]: another data set is called 'mine'"),
        (["unfit.npz"], r"datasets\[0\]: .*unfit.npz: y: must have one label"),
        ([3], r"datasets\[0\]: .*must be a name, a path, a mapping"),
        ([(arrays()["X"], arrays()["y"])], "datasets: arrays need a name"),
        ({"a/b": "digits"}, "datasets must have names of letters"),
        (
            {"one": "digits", "mine": "mine.npz"},
            "datasets.one: a table gives names to data",
        ),
        ({"mnist": "digits"}, "datasets.mnist: a table .* as in digits = 'digits'"),
        ({"mine": {"X": arrays()["X"]}}, "datasets.mine: y: is missing"),
        ({}, "datasets must be a list of at least 1"),
        ("mine.npz", "datasets must be a list of at least 1"),
    ],
)
def test_unfit_data_in_a_comparison(wanted, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other").mkdir()
    for path in (tmp_path / "mine", tmp_path / "other" / "mine"):
        as_npz(path, arrays())
    as_npz(tmp_path / "unfit", {**arrays(), "y": arrays()["y"][:4]})
    with pytest.raises(ValueError, match=message):
        comparison.compare({**SMALL, "datasets": wanted}, tmp_path / "out")
    assert not (tmp_path / "out").exists()
