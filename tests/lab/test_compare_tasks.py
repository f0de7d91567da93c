"""What is asked of the models of a comparison beside their accuracy at the end."""

import json

import numpy as np
import pytest

from nengo_ngc import datasets
from nengo_ngc.lab import compare as comparison
from nengo_ngc.lab.compare import ranking, report, results, statistics, task_report, training
from nengo_ngc.lab.compare.tasks import TASKS, Curve, Task
from nengo_ngc.lab.compare.tasks import base as tasks_base
from nengo_ngc.lab.compare.tasks.noise import occluded, with_noise
from nengo_ngc.lab.specs import MODELS
from nengo_ngc.models import RuleClassifier

SMALL = {
    "rules": ["backprop"],
    "hidden": [[4]],
    "seeds": [0],
    "backends": ["nengo"],
    "epochs": 2,
    "batch_size": 20,
    "train_images": 100,
    "angle_images": 20,
}


def cells(**changes):
    return comparison.cells_of(comparison.check_config({**SMALL, **changes}))


def test_tasks_share_the_usual_cell_or_have_their_own():
    found = cells(tasks=["accuracy", "noise", "few-labels", "stream"], labels=[1, 5])
    usual, few, more, stream = found.values()
    assert usual["tasks"] == ["accuracy", "noise"] and usual["variant"] == ""
    assert [cell["labels"] for cell in (few, more)] == [1, 5]
    assert stream["tasks"] == ["stream"] and stream["validation"] == 0
    assert list(found)[1].endswith("-0-1-labels")


def own_data(n=(12, 12, 12), n_test=(2, 2, 2)):
    """Images of as many classes, of which there are so many for training and testing."""
    y, y_test = (np.repeat(np.arange(len(counts)), counts) for counts in (n, n_test))
    X, X_test = (np.random.RandomState(0).rand(len(labels), 9) for labels in (y, y_test))
    return {"X": X, "y": y, "X_test": X_test, "y_test": y_test}


@pytest.mark.parametrize(
    "sizes, changes, message",
    [
        ({"n_test": (2, 0, 2)}, {}, "test images must be of all .* got none of class 1 among"),
        ({"n": (20, 20, 6)}, {"train_images": 5}, "training images must be .* of class .* 5"),
        ({"n": (40, 6), "n_test": (2,)}, {"train_images": 2}, "two classes or more, got 0"),
        ({"n": (12, 9, 12)}, {"tasks": ["few-labels"]}, "got 10 with 9 images of class 1"),
        (
            {"n": (20, 20, 6)},
            {"tasks": ["few-labels"], "labels": [1], "train_images": 5},
            "training images must be of all .* got none of class",
        ),
    ],
)
def test_data_that_do_not_suit_a_task_are_found_before_cells_run(
    sizes, changes, message, tmp_path
):
    config = {**SMALL, "tasks": ["stream"], "datasets": {"mine": own_data(**sizes)}}
    config |= changes
    with pytest.raises(ValueError, match=rf"datasets\.mine: .*{message}"):
        comparison.compare(config, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("task", ["stream", "few-labels"])
def test_a_cell_says_that_its_data_do_not_suit_the_task_before_it_learns(
    task, tmp_path, monkeypatch
):
    monkeypatch.setattr(training, "train", None)
    monkeypatch.setattr(RuleClassifier, "partial_fit", None)
    (cell,) = cells(tasks=[task], labels=[1], train_images=5).values()
    with pytest.raises(ValueError, match="got none of class 5 among 5"):
        training.run(cell, {}, None, tmp_path)


def test_data_that_suit_the_tasks_are_accepted():
    config = {**SMALL, "tasks": ["stream", "few-labels"], "labels": [2]}
    config |= {"datasets": {"mine": own_data()}}
    assert list(comparison.check_config(config)["datasets"]) == ["mine"]
    lacking = {"mine": own_data(n_test=(2, 0, 2))}
    comparison.check_config({**config, "datasets": lacking, "tasks": ["accuracy"]})


# --- few labels


def test_few_labels_are_drawn_by_class_and_repeated():
    y = np.arange(60) % 3
    rows = [TASKS["few-labels"].rows(y, {"labels": 4, "seed": seed}) for seed in (0, 0, 1)]
    assert np.array_equal(rows[0], rows[1]) and set(rows[0]) != set(rows[2])
    assert len(rows[0]) == 60 and np.bincount(y[np.unique(rows[0])]).tolist() == [4, 4, 4]
    assert set(np.bincount(rows[0])) == {0, 5}


def test_a_cell_of_few_labels_learns_from_them_only(tmp_path, monkeypatch):
    (cell,) = cells(tasks=["few-labels"], labels=[2]).values()
    seen = set()
    learn = RuleClassifier.epochs

    def watched(self, X, *args, **kwargs):
        seen.update(map(bytes, X))
        assert len(X) == 100
        return learn(self, X, *args, **kwargs)

    monkeypatch.setattr(RuleClassifier, "epochs", watched)
    result = training.run(cell, {}, None, tmp_path)
    assert len(seen) == 20 and result["test"].keys() == {"last"}
    assert result["curves"] == {"few-labels": [[2, result["test"]["last"]["error"]]]}


# --- a stream


def test_forgetting_is_what_was_known_and_is_lost():
    history = [
        {"accuracy_0": 90.0},
        {"accuracy_0": 60.0, "accuracy_1": 80.0},
        {"accuracy_0": 30.0, "accuracy_1": 50.0, "accuracy_2": 70.0},
    ]
    assert TASKS["stream"].measure(None, None, {}, history) == {
        "stream": [[1, 90.0], [2, 70.0], [3, 50.0]],
        "forgetting": [[3, (60.0 + 30.0) / 2]],
    }


@pytest.fixture
def taught(monkeypatch):
    """The labels of each call of ``partial_fit``, of which the fifth raises an error."""
    found, learn = [], RuleClassifier.partial_fit

    def watched(self, X, y, classes):
        found.append(list(y))
        if len(found) == 5:
            raise ArithmeticError("interrupted")
        return learn(self, X, y, classes)

    monkeypatch.setattr(RuleClassifier, "partial_fit", watched)
    return found


def test_a_stream_goes_on_where_it_was_interrupted(tmp_path, taught, monkeypatch):
    (cell,) = cells(tasks=["stream"]).values()
    part = tmp_path / "cells" / "x.part"
    part.parent.mkdir()
    with pytest.raises(ArithmeticError):
        training.run(cell, {}, None, tmp_path, str(part))
    resumed = training.run(cell, {}, None, tmp_path, str(part))
    order = [labels[0] for labels in taught]
    # the fifth class comes again, and no other one does
    assert all(len(set(labels)) == 1 for labels in taught) and len(order) == 11
    assert order[4] == order[5] and len(set(order)) == 10 and order[:4] != [0, 1, 2, 3]
    digits = datasets.load("digits", binarize=False)
    of_first = np.sum(digits.y_train[:100] == order[0])
    assert len(taught[0]) == 2 * of_first  # in each of two epochs
    whole = training.run(cell, {}, None, tmp_path)
    assert whole["curves"] == resumed["curves"] and len(whole["history"]) == 10
    assert whole["history"][-1]["samples"] == 200
    (_, last) = whole["curves"]["stream"][-1]
    assert 0 <= last <= 100


def test_models_that_cannot_do_a_task_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(MODELS["sdr"], "estimator", type("Coder", (), {}), raising=False)
    given = {**SMALL, "rules": ["ngc", "sdr"], "tasks": ["stream", "noise"]}
    config = {**comparison.DEFAULTS, **given}
    assert [cell["rule"] for cell in comparison.cells_of(config).values()] == ["sdr"]
    report.write([], config, tmp_path)
    for name in ("table.txt", "report.html"):
        text = (tmp_path / name).read_text()
        assert "ngc cannot do the task noise: it learns without labels" in text
        assert "sdr cannot do the task stream: Coder has no method partial_fit" in text


# --- noise


def test_noise_has_the_deviation_that_is_said_and_stays_in_the_range():
    X = np.full((100, 50), 0.5, np.float32)
    X[0, :2] = -1.0, 2.0
    noisy = with_noise(X, 0.1, seed=0)
    assert np.std((noisy - X)[1:]) == pytest.approx(0.3, rel=0.05)
    assert noisy.min() >= -1 and noisy.max() <= 2 and np.array_equal(with_noise(X, 0, 0), X)
    assert np.array_equal(noisy, with_noise(X, 0.1, seed=0))
    assert not np.array_equal(noisy, with_noise(X, 0.1, seed=1))


@pytest.mark.parametrize("shape", [(8, 4), (8, 4, 3)])
def test_a_square_of_each_image_is_hidden(shape):
    X = np.random.RandomState(0).uniform(0.1, 1, (30, np.prod(shape)))
    X[0, 0] = 0.0
    hidden = occluded(X, shape, 0.5, seed=0)
    images = (hidden != X)[1:].reshape(29, *shape)
    assert all(image.sum() == 4 * 2 * np.prod(shape[2:]) for image in images)
    places = {tuple(np.argwhere(image)[0][:2]) for image in images}
    assert len(places) > 5 and np.array_equal(occluded(X, shape, 0.0, 0), X)


def test_noise_is_measured_of_the_usual_cell(tmp_path):
    usual, noisy = (
        training.run(cell, {}, None, tmp_path)
        for tasks in (["accuracy"], ["accuracy", "noise"])
        for cell in cells(tasks=tasks).values()
    )
    assert noisy["test"] == usual["test"] and usual["curves"] == {}
    for name in ("noise", "occlusion"):
        (zero, clean), *others = noisy["curves"][name]
        assert (zero, clean) == (0.0, noisy["test"]["best"]["error"]) and len(others) >= 4


# --- reports, and tasks of a user's own


class Brightness(Task):
    """The mean activity of the outputs."""

    caption = "Brightness."
    curves = {"brightness": Curve("mean output", "factor")}

    def measure(self, model, data, cell, history):
        X = data.X_test
        return {"brightness": [[k, float(model.predict_proba(k * X).max())] for k in (1, 2)]}


def test_a_task_may_change_the_images_that_it_is_given():
    data = datasets.load("digits", binarize=False)
    X, y = tasks_base.tested(data)
    X *= 0.5
    y[:] = 0
    np.testing.assert_array_equal(2 * X, data.X_test)
    assert len(np.unique(data.y_test)) == 10


def test_a_task_of_ones_own_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setitem(TASKS, "brightness", Brightness())
    config = comparison.check_config({**SMALL, "tasks": ["brightness"]})
    (cell,) = comparison.cells_of(config).values()
    measured = training.run(cell, {}, None, tmp_path)
    result = {"cell": cell, "code": {}, "status": "done", **measured}
    results.keep(tmp_path / "x.json", result)
    assert results.read(tmp_path / "x.json", cell, {}) == result
    found = [{**result, "cell": {**cell, "seed": seed}} for seed in range(3)]
    few = {"variant": "-1-labels", "tasks": ["few-labels"]}
    found.append({**result, "cell": {**cell, **few}, "curves": {"few-labels": [[1, 50.0]]}})
    report.write(found, config, tmp_path)
    for name in ("task-brightness-1.png", "task-few-labels-1.png"):
        assert (tmp_path / name).exists()
    assert "brightness: mean output by factor" in (tmp_path / "table.txt").read_text()
    (tasks,) = json.loads((tmp_path / "compare.json").read_text())["tasks"].values()
    values = [result["curves"]["brightness"][1][1] for result in found[:3]]
    point = tasks["brightness"]["brightness"]["backprop"][1]
    assert (point["x"], point["n"]) == (2, 3) and point["mean"] == pytest.approx(
        np.mean(values)
    )
    # cells of tasks are none of the seeds of the usual ones
    (known,) = json.loads((tmp_path / "compare.json").read_text())["statistics"].values()
    assert known["rules"]["backprop"]["n"] == 3


def test_rules_are_ranked_by_each_task():
    """By the mean of all points where tables show all, and otherwise by the last one."""
    found = []
    for seed in range(3):
        for rule, error in (("backprop", 20.0 + seed), ("pes", 30.0 + 1.3 * seed)):
            curves = {
                "noise": [[0, error], [0.5, error + 40]],
                "stream": [[1, error], [2, 3 * error]],
            }
            cell = {"rule": rule, "seed": seed}
            found.append({"cell": cell, "curves": curves})
    found.append({"cell": {"rule": "pes", "seed": 3}, "curves": {"noise": [[0, 1.0]]}})
    noise = task_report.rankings(found, "noise")["noise"]
    assert list(noise["rules"]) == ["backprop", "pes"] and noise["equal"] == []
    assert noise["rules"]["backprop"]["mean"] == pytest.approx(41.0)
    assert noise["rules"]["pes"]["n"] == 3  # the fourth seed lacks a point
    stream = task_report.rankings(found, "stream")["stream"]
    assert list(stream["rules"]) == ["pes", "backprop"]
    assert stream["rules"]["pes"]["mean"] == pytest.approx(3 * 31.3)
    columns = ranking.winners({"what": noise, "two": {**stream, "equal": None}})
    assert columns["best"] == ["backprop", "pes?"]
    assert columns["significantly worse"] == ["pes", ""]
    seeds = dict(enumerate((1.0, 2.0, 4.0)))
    for rules, best in (("ab", "none, all are equal"), ("abc", "a and b")):
        values = {rule: seeds if rule in "ab" else {0: 9.0, 1: 9.5, 2: 12.0} for rule in rules}
        columns = ranking.winners({"what": statistics.ranked(values, True)})
        assert columns["best"] == [best] and "b" not in columns["not significantly worse"][0]


def test_a_page_of_tasks_only(tmp_path):
    config = {**SMALL, "tasks": ["few-labels"], "labels": [2]}
    (result,) = comparison.compare(config, tmp_path)
    assert result["status"] == "done", result
    assert "few-labels" in (tmp_path / "report.html").read_text()


def test_the_order_of_tasks_does_not_matter():
    first, second = (
        cells(tasks=tasks) for tasks in (["accuracy", "noise"], ["noise", "accuracy", "noise"])
    )
    assert first == second
