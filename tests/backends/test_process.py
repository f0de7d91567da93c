"""What importing this package and building its models leave as it was in the process."""

import logging
import os

import nengo
import numpy as np
import pytest

import nengo_ngc as ngc
from nengo_ngc.backends import process

from ..conftest import needs_dl
from .test_dl import python


def state():
    kind, keys, position, *rest = np.random.get_state()
    return kind, keys.tobytes(), position, rest


def model(seed):
    with nengo.Network(seed=seed) as network:
        nengo.Probe(nengo.Ensemble(5, 1).neurons)
    return network


@needs_dl
def test_importing_nengo_dl():
    said = python(
        """
        import os, sys
        import numpy as np
        os.environ.pop("TF_CPP_MIN_LOG_LEVEL", None)
        before = np.random.get_state()[1:3]
        import nengo_ngc.dl
        after = np.random.get_state()[1:3]
        print("TF_CPP_MIN_LOG_LEVEL" in os.environ, os.environ["TF_USE_LEGACY_KERAS"])
        print(np.array_equal(before[0], after[0]), before[1] == after[1])
        """
    )
    assert said.split() == ["False", "1", "True", "True"]


@needs_dl
@pytest.mark.parametrize("level", ["0", "3"])
def test_importing_nengo_dl_leaves_the_level_of_tensorflow_as_it_is_set(level):
    said = python(
        f"""
        import os
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = {level!r}
        import nengo_ngc.dl
        print(os.environ["TF_CPP_MIN_LOG_LEVEL"])
        """
    )
    assert said.split() == [level]


@needs_dl
def test_building_leaves_the_root_logger_alone(monkeypatch):
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    with ngc.dl.Simulator(model(seed=0), progress_bar=False):
        pass
    assert logging.getLogger().handlers == []


@needs_dl
def test_building_leaves_the_generator_of_numpy_alone():
    before = state()
    with ngc.dl.Simulator(model(seed=0), progress_bar=False):
        assert state() == before


@needs_dl
def test_networks_without_a_seed_differ():
    np.random.seed(0)
    gains = []
    for _ in range(2):
        network = model(seed=None)
        with ngc.dl.Simulator(network, progress_bar=False) as sim:
            gains.append(sim.data[network.all_ensembles[0]].gain)
    assert not np.array_equal(*gains)


def test_models_leave_the_generator_of_numpy_alone(backend):
    X, y = np.random.RandomState(0).rand(8, 16), np.arange(8) % 2
    before, handlers = state(), logging.getLogger().handlers[:]
    estimator = ngc.RuleClassifier(
        (4,), backend=backend, batch_size=4, max_epochs=1, random_state=0
    )
    estimator.fit(X, y).predict(X)
    assert state() == before and logging.getLogger().handlers == handlers


def test_what_raises_leaves_everything_as_it_was(monkeypatch):
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    before = state()
    with pytest.raises(KeyError), process.building(model(seed=0)):
        np.random.rand()
        logging.debug("a message that would add a handler")
        raise KeyError
    assert state() == before and root.handlers == []


@pytest.mark.parametrize("before", [None, "1"])
def test_variable(before, monkeypatch):
    monkeypatch.delenv("NENGO_NGC_TEST", raising=False)
    if before is not None:
        monkeypatch.setenv("NENGO_NGC_TEST", before)
    with process.variable("NENGO_NGC_TEST", "3"):
        assert os.environ["NENGO_NGC_TEST"] == (before or "3")
        os.environ["NENGO_NGC_TEST"] = "4"
    assert os.environ.get("NENGO_NGC_TEST") == before


@pytest.mark.parametrize("kind", [tuple, list, dict])
def test_rules_of_nengo_come_through_as_they_are(kind):
    rules = [nengo.PES(), nengo.Voja()]
    rules = dict(zip("ab", rules)) if kind is dict else kind(rules)
    with nengo.Network():
        a, b = nengo.Ensemble(5, 1), nengo.Ensemble(5, 1)
        assert nengo.Connection(a, b, learning_rule_type=rules).learning_rule_type is rules
