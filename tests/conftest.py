"""What tests of several modules share."""

import importlib.util
import os
from pathlib import Path

import nengo
import numpy as np
import pytest

import nengo_ngc as ngc

HAS_DL = all(importlib.util.find_spec(name) for name in ("tensorflow", "tf_keras", "nengo_dl"))
needs_dl = pytest.mark.skipif(not HAS_DL, reason="nengo-dl is not installed")
HAS_JAX = importlib.util.find_spec("jax") is not None
needs_jax = pytest.mark.skipif(not HAS_JAX, reason="JAX is not installed")
needs_trainer = pytest.mark.skipif(
    not HAS_DL and not HAS_JAX, reason="neither JAX nor nengo-dl is installed"
)


def pytest_configure(config):
    # pytest-xdist begins with files of many tests, but it is those of few that take long
    config.option.loadscopereorder = False


# Tests that take some ten seconds on NengoDL, which builds a graph for each model. They run on
# the other simulators, and on NengoDL if the environment variable NENGO_NGC_ALL_TESTS is set.
SLOW_ON_NENGO_DL = {
    "test_another_learning_rate_after_divergence",
    "test_backprop_is_the_gradient",
    "test_goodness_of_each_label",
    "test_interrupted_epoch_is_taken_up_from_its_start",
    "test_learning_goes_on_on_either_simulator",
    "test_model_learns_as_on_nengo",
    "test_resumed_with_previous_states",
    "test_saved_and_resumed_as_if_not_interrupted",
    "test_simulators_agree_on_any_number_of_images",
    "test_spiking_neurons_learn",
    "test_state_takes_up_learning",
    "test_t2_sigma_is_pdh_without_m",
    "test_the_rest_of_a_presentation_is_skipped",
    "test_uses",
}


def pytest_collection_modifyitems(items):
    if os.environ.get("NENGO_NGC_ALL_TESTS"):
        return
    slow = pytest.mark.skip(reason="it takes long on NengoDL; NENGO_NGC_ALL_TESTS=1 runs it")
    for item in items:
        callspec = getattr(item, "callspec", None)
        params = callspec.params.values() if callspec else ()
        on_nengo_dl = any(isinstance(p, str) and p == "nengo-dl" for p in params)
        if on_nengo_dl and item.originalname in SLOW_ON_NENGO_DL:
            item.add_marker(slow)


# those that present a minibatch at once, and train by automatic differentiation
AT_ONCE = [pytest.param("nengo-dl", marks=needs_dl), pytest.param("jax", marks=needs_jax)]
BACKENDS = ["nengo", *AT_ONCE]

# sizes and constants with which the reference arrays were recorded
REFERENCE = {
    "shape": (20, 12, 12, 12),
    "beta": 0.1,
    "leak": 0.001,
    "n_group": 3,
    "n_top_group": 4,
    "self_excitation": 0.15,
    "cross_inhibition": 0.1,
}


@pytest.fixture(params=BACKENDS)
def backend(request):
    """Each simulator in turn."""
    return request.param


@pytest.fixture(params=AT_ONCE)
def at_once(request):
    """Each simulator of minibatches in turn."""
    return request.param


def simulator(backend, model, minibatch_size=1, dtype="float32"):
    """A simulator of a network; Nengo has samples one by one, and double precision."""
    if backend == "nengo":
        return nengo.Simulator(model, progress_bar=False)
    if backend == "jax":
        return ngc.jax.Simulator(
            model, minibatch_size=minibatch_size, dtype=dtype, progress_bar=False
        )
    simulate = ngc.dl.Simulator  # it prepares TensorFlow for what follows
    from nengo_dl import configure_settings

    with model:
        configure_settings(dtype=dtype)
    return simulate(model, minibatch_size=minibatch_size, progress_bar=False)


@pytest.fixture
def simulate(backend):
    """Simulate networks on this backend; simulators are closed at the end."""
    simulators = []

    def run(model, minibatch_size, n_steps):
        sim = simulator(backend, model, minibatch_size)
        simulators.append(sim)
        sim.run_steps(n_steps)
        return sim

    yield run
    for sim in simulators:
        sim.close()


@pytest.fixture(scope="session", params=["pdh", "t1-sigma", "t1"])
def recorded(request):
    """Numbers recorded from the original program of one variant."""
    path = Path(__file__).parent / "reference"
    with np.load(path / f"gncn_{request.param.replace('-', '_')}.npz") as file:
        return request.param, dict(file)


@pytest.fixture
def parameters(recorded):
    """Parameters before anything is learned."""
    return {k[5:]: v for k, v in recorded[1].items() if k.startswith("init/")}
