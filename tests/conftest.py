"""What tests of several modules share."""

import importlib.util
import os
import re
from pathlib import Path

import nengo
import numpy as np
import pytest

import nengo_ngc as ngc

HAS_DL = all(importlib.util.find_spec(name) for name in ("tensorflow", "tf_keras", "nengo_dl"))
needs_dl = pytest.mark.nengo_dl
HAS_NIR = importlib.util.find_spec("nir") is not None
HAS_JAX = importlib.util.find_spec("jax") is not None
needs_jax = pytest.mark.skipif(not HAS_JAX, reason="JAX is not installed")
needs_trainer = pytest.mark.skipif(
    not HAS_DL and not HAS_JAX, reason="neither JAX nor nengo-dl is installed"
)


# files whose tests take minutes, which come first, so that no process is left with one of them
LONG = ("test_nengo_suite.py", "test_compare.py", "test_reproduce.py", "test_docs.py")


def pytest_configure(config):
    # pytest-xdist begins with files of many tests, but it is those of few that take long
    config.option.loadscopereorder = False


# NengoDL builds a large graph for each network, and CI has 20 minutes. These tests run on it
# there; the others do on request.
ON_NENGO_DL = re.compile(
    r"backends/test_(at_once|backends|differential|losses|nengo_suite)\.py"
    r"|networks/test_reference\.py|tests/test_\w+\.py"
)
ALL = bool(os.environ.get("NENGO_NGC_ALL_TESTS"))
on_request = pytest.mark.skip(reason="NENGO_NGC_ALL_TESTS=1 runs it")


@pytest.hookimpl(tryfirst=True)  # before Nengo's plugin, which skips what is slow
def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.name not in LONG)
    for item in items:
        if item.get_closest_marker("nengo_dl"):
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.skipif(not HAS_DL, reason="nengo-dl is not installed"))
            if not (ALL or ON_NENGO_DL.search(item.nodeid)):
                item.add_marker(on_request)


def pytest_terminal_summary(terminalreporter):
    skipped = terminalreporter.stats.get("skipped", [])
    n_slow = sum("slow tests not requested" in str(report.longrepr) for report in skipped)
    if n_slow:
        terminalreporter.write_line(f"{n_slow} slow tests were left out; --slow runs them")


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
    if backend == "jax":
        return ngc.jax.Simulator(
            model, minibatch_size=minibatch_size, dtype=dtype, progress_bar=False
        )
    if backend == "nengo-dl":
        simulate = ngc.dl.Simulator  # it prepares TensorFlow for what follows
        from nengo_dl import configure_settings

        with model:
            configure_settings(dtype=dtype)
        return simulate(model, minibatch_size=minibatch_size, progress_bar=False)
    return nengo.Simulator(model, progress_bar=False)


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
