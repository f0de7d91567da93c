"""A pytest plugin: runs other packages' tests of simulators on the simulator of one's choice.

Nengo's own tests and nengo-dl's take their simulator from the fixture ``Simulator``,
which asks `load_simulator` for it. Each test's result, and which simulators it made, go into
a file of one JSON object a line.
"""

import re
import warnings
from collections import Counter
from pathlib import Path
from pydoc import locate

import nengo
import pytest
from nengo.rc import rc

from tests.backends.suites import Result, read, write

SIMULATORS = {
    "nengo": "nengo.simulator.Simulator",
    "stock": "nengo_dl.simulator.Simulator",
    "dl": "nengo_ngc.backends.nengo_dl.simulator.Simulator",
    "jax": "nengo_ngc.backends.jax.simulator.Simulator",
}
OF_NENGO_DL = ("stock", "dl")
uncollected = {}  # errors by the name of the file
made = Counter()  # simulators of the test that is running, by the name of their class


def pytest_addoption(parser):
    group = parser.getgroup("suites")
    group.addoption("--simulator", choices=SIMULATORS, default="dl")
    group.addoption("--results", type=Path, required=True, help="file to append results to")
    # what nengo-dl's tests ask for
    group.addoption("--dtype", default="float32")
    group.addoption("--unroll-simulation", default=1, type=int)
    group.addoption("--device", default=None)
    group.addoption("--inference-only", action="store_true")


def pytest_configure(config):
    config.addinivalue_line("markers", "training: trains a network")
    config.addinivalue_line("markers", "performance: measures time on one certain machine")
    simulator = config.getoption("simulator")
    if simulator in OF_NENGO_DL:
        import nengo_ngc.dl  # makes nengo-dl importable
        from nengo_ngc.backends.nengo_dl.compat import numpy_1_names

        # benchmarks of nengo-dl make filters of many states while they are collected
        config.add_cleanup(_entered(numpy_1_names()))
    # nengo-dl's tests were written for a Nengo that had this network, and a pytest of which
    # warns(None) recorded warnings
    nengo.networks.Oscillator = _oscillator
    pytest.warns = _warns
    if simulator == "dl":
        import nengo_dl

        nengo_dl.Simulator = nengo_dl.simulator.Simulator = nengo_ngc.dl.Simulator


def _entered(context):
    """Enter a context; what is returned leaves it."""
    context.__enter__()
    return lambda: context.__exit__(None, None, None)


def _oscillator(tau, frequency, n_neurons):
    with nengo.Network() as network:
        state = nengo.Ensemble(n_neurons, dimensions=2)
        turn = [[1, -frequency * tau], [frequency * tau, 1]]
        nengo.Connection(state, state, transform=turn, synapse=tau)
    return network


def _warns(expected, *args, _warns=pytest.warns, **kwargs):
    if expected is None:
        return warnings.catch_warnings(record=True)
    return _warns(expected, *args, **kwargs)


def load_simulator(request):
    """The simulator under test: what Nengo's fixture ``Simulator`` returns."""
    name = request.config.getoption("simulator")
    if name in OF_NENGO_DL:
        from nengo_dl.tests import make_test_sim

        make = make_test_sim(request)
    else:
        make = locate(SIMULATORS[name])

    def make_and_check(*args, **kwargs):
        sim = make(*args, **kwargs)
        kind = f"{type(sim).__module__}.{type(sim).__qualname__}"
        if kind != SIMULATORS[name]:
            pytest.exit(f"{kind} ran instead of {SIMULATORS[name]}", returncode=3)
        made[kind] += 1
        return sim

    return make_and_check


def pytest_collectreport(report):
    if report.failed:
        uncollected[report.nodeid] = _one_line(str(report.longrepr))


def pytest_collection_modifyitems(config, items):
    path = config.getoption("results")
    for file, error in uncollected.items():
        write(path, file, Result("failed", f"cannot be collected: {error}", {}, 0))
    before = read(path) if path.exists() else {}
    done = {test for test, result in before.items() if result.outcome != "running"}
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid in done])
    items[:] = [item for item in items if item.nodeid not in done]
    for item in items:
        if item.get_closest_marker("performance"):
            item.add_marker(pytest.mark.skip("measures time on one certain machine"))


def pytest_runtest_setup(item):
    made.clear()
    write(item.config.getoption("results"), item.nodeid, Result("running", "", {}, 0))
    rc.reload_rc([])
    rc.set("decoder_cache", "enabled", "False")
    rc.set("exceptions", "simplified", "False")
    if item.nodeid.startswith("nengo/"):  # nengo-dl's tests make operators that fail at once
        rc.set("nengo.Simulator", "fail_fast", "True")
    rc.set("progress", "progress_bar", "False")


def pytest_runtest_teardown(item):
    if item.config.getoption("simulator") in OF_NENGO_DL:
        import tensorflow as tf

        tf.keras.backend.clear_session()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call" or report.outcome != "passed":
        outcome = report.outcome
        if hasattr(report, "wasxfail"):
            outcome = "xfailed" if report.skipped else "xpassed"
        error = "" if call.excinfo is None else _one_line(call.excinfo.exconly())
        result = Result(outcome, error, dict(made), round(call.duration, 2))
        write(item.config.getoption("results"), item.nodeid, result)
    return report


def _one_line(error):
    """What an error says; TensorFlow's quote the Python error far below their beginning."""
    lines = [line.strip() for line in error.strip().splitlines()]
    quoted = [line for line in lines[1:] if re.match(r"(E +)?[\w.]*(Error|Exception)\b", line)]
    return (quoted[-1] if quoted else lines[0])[:300]
