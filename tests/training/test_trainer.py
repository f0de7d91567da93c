"""The loop over epochs, without any simulator."""

import re
import sys

import numpy as np
import pytest

from nengo_ngc import DivergenceError
from nengo_ngc.training import Patience, Task, Trainer, progress


class Settings:
    n_hidden, batch_size, backend, device, learning_rate = (3,), 4, "auto", None, 0.5


class Session:
    """Learns the sum of all that it has seen."""

    n_steps, is_random = 7, False

    def __init__(self):
        self.total, self.resets, self.closed = 0.0, 0, False

    def state(self):
        return {"W1": np.array(self.total)}

    def set_state(self, state):
        self.total = float(state["W1"])

    def reset(self):
        self.resets += 1

    def close(self):
        self.closed = True


class Sum(Task):
    """Adds up samples; the mean of a batch is what is measured."""

    def __init__(self):
        super().__init__(Settings(), seed=3, n_features=1)
        self.seen = []

    def training_network(self):
        raise AssertionError("there is none")

    def _open_training(self):
        return Session()

    def learn(self, x):
        self.seen.append(x)
        self.training.total += float(x.sum())
        return {"loss": float(x.mean())}

    def validate(self, x):
        return {"val_loss": float(x.mean()) - len(self.history)}


X = np.arange(10.0)


@pytest.fixture
def task():
    sums = Sum()
    sums.begin()
    return sums


def test_each_epoch_has_an_order_of_its_own(task):
    records = list(Trainer(task).epochs((X,), max_epochs=2, validation=(X,)))
    orders = [np.concatenate(task.seen[k : k + 2]) for k in (0, 2)]
    for epoch, order in enumerate(orders):
        expected = np.random.RandomState([3, epoch]).permutation(10)[:8]
        np.testing.assert_array_equal(order, X[expected])
    assert [record["epoch"] for record in records] == [1, 2]
    for record, order in zip(records, orders, strict=True):
        assert record["loss"] == pytest.approx(order.mean())
        assert record["learning_rate"] == 0.5
    assert [record["val_loss"] for record in records] == [4.5, 3.5]
    assert task.kept_parameters()["W1"] == sum(order.sum() for order in orders)
    assert task.training.resets == 2


def test_history_goes_on(task):
    whole = Trainer(Sum())
    whole.task.begin()
    expected = [record["loss"] for record in whole.epochs((X,), 3)]
    first = Trainer(task)
    next(first.epochs((X,), 3))
    again = Sum()
    again.learned = task.learned
    rest = Trainer(again, first.history).epochs((X,), 3)
    assert [expected[0], *(record["loss"] for record in rest)] == expected
    assert again.learned == whole.task.learned
    assert [record["epoch"] for record in again.history] == [1, 2, 3]


def test_what_is_interrupted_leaves_no_trace(task):
    trainer = Trainer(task)
    next(trainer.epochs((X,), 2))
    kept, session = dict(task.learned), task.training

    def interrupt(batch):
        if batch["batch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        next(trainer.epochs((X,), 2, on_batch=interrupt))
    assert session.closed
    assert task.learned == kept
    assert task.epoch == 0 and len(trainer.history) == 1
    assert task.training.total == kept["W1"]


def test_batches_are_reported(task):
    said = []
    next(Trainer(task).epochs((X,), 1, on_batch=said.append))
    where = [(batch["epoch"], batch["batch"], batch["n_batches"]) for batch in said]
    assert where == [(1, 1, 2), (1, 2, 2)]
    assert [batch["loss"] for batch in said] == [x.mean() for x in task.seen]
    assert all(batch["samples_per_second"] > 0 for batch in said)


def test_progress_is_shown_if_asked_for(task, capsys, monkeypatch):
    list(Trainer(task).epochs((X,), 2, verbose=True))
    first, second = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"epoch 1/2: loss \d\.\d{3}, \d+ samples/s", first)
    assert second.startswith("epoch 2/2: ")
    with progress.hidden():
        list(Trainer(task).epochs((X,), 1, verbose=True))
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    list(Trainer(task).epochs((X,), 2, verbose=True))
    shown = capsys.readouterr().err
    assert "epoch 1/2: 100%" in shown and "epoch 2/2: 100%" in shown and "loss" in shown
    with progress.hidden():
        list(Trainer(task).epochs((X,), 1, verbose=True))
    list(Trainer(task).epochs((X,), 1))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("where", ["measured", "learned"])
def test_divergence(task, where, monkeypatch):
    def learn(x):
        if where == "measured":
            return {"loss": float("nan")}
        task.training.total = np.inf
        return {"loss": 0.0}

    monkeypatch.setattr(task, "learn", learn)
    name = {"measured": "loss", "learned": "W1"}[where]
    with pytest.raises(DivergenceError, match=f"diverged at timestep 7: {name} is not finite"):
        next(Trainer(task).epochs((X,), 1))
    assert task.learned == {"W1": 0.0}


def test_stream_keeps_the_order(task):
    Trainer(task).stream((X[:8],))
    np.testing.assert_array_equal(np.concatenate(task.seen), X[:8])
    assert task.kept_parameters()["W1"] == X[:8].sum()
    assert task.history == []


@pytest.mark.parametrize(
    "values, n_epochs, over",
    [
        ([5, 4], 2, False),
        ([5, 4, 3, 3.5], 2, False),
        ([5, 3, 4, 3], 2, True),
        ([5, 3, 4, 3], None, False),
        ([3, 4], 1, True),
        ([], 1, False),
    ],
)
def test_patience(values, n_epochs, over, task):
    history = [{"epoch": 1}, *({"val": value} for value in values)]
    stop = Patience("val", n_epochs)
    assert stop.is_over(history) == over
    records = Trainer(task, history).epochs((X,), max_epochs=99, stop=stop)
    assert (next(records, None) is None) == over
