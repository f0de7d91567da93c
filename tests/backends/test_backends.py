"""The seam: backends by name, and what sessions do."""

import importlib.util

import numpy as np
import pytest

import nengo_ngc as ngc
from nengo_ngc import backends
from nengo_ngc.backends import BACKENDS, Backend, Model, choose, get, open_session
from nengo_ngc.backends.nengo import NengoSession
from nengo_ngc.version import how_to_install

from ..conftest import HAS_DL, HAS_JAX, needs_dl

X = (np.random.RandomState(0).rand(6, 8) > 0.5).astype(np.float32)


def build(**kwargs):
    kwargs = {"schedule": ngc.Schedule(4, 6), **kwargs}
    rule = ngc.ErrorDriven(ngc.SGD(0.1))
    return ngc.networks.GNCN((8, 5), variant="t1", learning_rule_type=rule, seed=1, **kwargs)


@pytest.fixture
def other():
    backend = backends.register(Backend("other", NengoSession, requires=("not_there",)))
    yield backend
    backends.unregister("other")


def test_registered_by_name(other):
    assert [*BACKENDS] == ["auto", "nengo", "nengo-dl", "jax", "other"]
    assert get("other") is choose("other", 100) is other
    with pytest.raises(ValueError, match="unknown backend 'nego' .did you mean 'nengo'"):
        get("nego")
    with pytest.raises(ValueError, match="unknown backend 'auto'"):
        get("auto")
    with pytest.raises(ValueError, match="name must not be 'auto'"):
        backends.register(Backend("auto", NengoSession))


def test_why_it_is_unavailable(other, monkeypatch):
    assert get("nengo").why_unavailable() is None
    assert "'other' needs not_there" in other.why_unavailable()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    reason = get("nengo-dl").why_unavailable()
    assert reason.startswith("backend 'nengo-dl' needs nengo_dl, tensorflow, tf_keras")
    assert reason.endswith(how_to_install("dl"))
    assert get("jax").why_unavailable().endswith(how_to_install("jax"))


def test_auto_takes_the_fastest_that_is_there(monkeypatch):
    for n_samples, without_jax in ((1, "nengo"), (2, "nengo-dl" if HAS_DL else "nengo")):
        fastest = "jax" if HAS_JAX else without_jax
        assert choose("auto", n_samples).name == fastest
    quick = backends.register(Backend("quick", NengoSession, preferred_from=9))
    try:
        assert choose("auto", 9) is quick
        assert choose("auto", 8) is not quick
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
        assert choose("auto", 8).name == "nengo"
        # of those that are able the best one says what it lacks
        assert choose("auto", 8, differentiates=True).name == "jax"
    finally:
        backends.unregister("quick")


@pytest.mark.parametrize(
    "there, chosen", [("nengo_dl tensorflow tf_keras", "nengo-dl"), ("jax", "jax")]
)
def test_auto_takes_a_trainer_that_is_there(there, chosen, monkeypatch):
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: name in there.split() or None
    )
    assert choose("auto", 8, differentiates=True).name == chosen


def test_what_a_backend_cannot_do():
    with pytest.raises(ValueError, match="'nengo' has no automatic differentiation"):
        get("nengo").open_trainer(Model(build), 2)


def test_gradient_changes_nothing(backend):
    schedule = ngc.schedule.AddUp(4)
    session = open_session(backend, lambda: build(schedule=schedule), 3, ["e0", "phi_z1"])
    before = session.parameters()
    update = session.gradient(X)
    again = session.gradient(X)
    seen = session.present(X)
    for name, array in session.parameters().items():
        np.testing.assert_array_equal(array, before[name])
    np.testing.assert_allclose(update["W1"], seen["e0"].T @ seen["phi_z1"], atol=1e-6)
    np.testing.assert_array_equal(again["W1"], update["W1"])
    session.close()


def test_gradient_is_what_is_applied(backend):
    learning = open_session(backend, build, 6, [])
    before = learning.parameters()
    learning.present(X, learn=True)
    looking = open_session(backend, lambda: build(schedule=ngc.schedule.AddUp(4)), 6, [])
    update = looking.gradient(X)["W1"]
    step = learning.parameters()["W1"] - before["W1"]
    np.testing.assert_allclose(step, 0.1 * update / 6, atol=1e-7)


def test_gradient_of_a_network_that_would_learn():
    session = open_session("nengo", build, 6, [])
    with pytest.raises(TypeError, match="schedule of the network must be an AddUp"):
        session.gradient(X)


@needs_dl
@pytest.mark.parametrize("optimizer", [ngc.SGD(), ngc.Annealed(ngc.Momentum(), 5)])
def test_optimizers_that_nengo_dl_does_not_train_with(optimizer):
    def network():
        return ngc.networks.FeedforwardClassifier((8, 4, 2), rule=None)

    with pytest.raises(ValueError, match="optimizer must be Adam or AdamW, annealed"):
        get("nengo-dl").open_trainer(
            Model(network), 2, optimizer=optimizer, loss=backends.Loss("cross-entropy")
        )


@needs_dl
def test_losses_of_nengo_dl_are_those_of_the_package():
    from nengo_ngc.backends.nengo_dl import autodiff
    from nengo_ngc.namespace import NUMPY
    from nengo_ngc.neurons import functions

    output = np.random.RandomState(1).randn(6, 3, 4).astype(np.float32)
    y = np.eye(4, dtype=np.float32)[[0, 1, 2, 3, 0, 1]][:, None]
    of_last = output[:, -1], y[:, -1]
    expected = functions.cross_entropy(NUMPY, *of_last)
    np.testing.assert_allclose(autodiff.cross_entropy(y, output), expected, rtol=1e-6)
    wrong = 100 * functions.is_wrong(NUMPY, *of_last)
    np.testing.assert_array_equal(autodiff.error(y, output), wrong)
    assert 0 < wrong.mean() < 100
