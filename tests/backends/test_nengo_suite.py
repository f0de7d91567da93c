"""Nengo's own tests pass on our simulators, but for those listed in unsupported.toml.

They run in a process of their own. `python -m benchmarks.suites` runs all of them.
"""

from collections import Counter

import pytest

from ..conftest import needs_dl, needs_jax
from . import suites

pytestmark = pytest.mark.slow

FILES = [
    "networks/tests/test_ensemblearray.py",
    "tests/test_connection.py",
    "tests/test_neurons.py",
    "tests/test_node.py",
    "tests/test_probe.py",
    "tests/test_transforms.py",
]
# NengoDL builds a graph of TensorFlow for each test, so that it runs one of them only
FEW = ["tests/test_transforms.py"]
# builds a hundred simulators; loads those of all packages that are installed
SLOW = "not test_dts and not test_entry_point"

CLASSES = {
    "dl": "nengo_ngc.backends.nengo_dl.simulator.Simulator",
    "jax": "nengo_ngc.backends.jax.simulator.Simulator",
}


@pytest.fixture(
    scope="module",
    params=[pytest.param("dl", marks=needs_dl), pytest.param("jax", marks=needs_jax)],
)
def simulator(request):
    return request.param


@pytest.fixture(scope="module")
def results(simulator, tmp_path_factory):
    path = tmp_path_factory.mktemp(simulator) / "results.jsonl"
    files = FEW if simulator == "dl" else FILES
    return suites.run(simulator, [f"nengo/{file}" for file in files], path, keyword=SLOW)


def test_our_simulator_is_what_runs(simulator, results):
    made = Counter()
    for result in results.values():
        made.update(result.simulators)
    assert list(made) == [CLASSES[simulator]]
    assert made.total() > (5 if simulator == "dl" else 150)


def test_tests_pass(simulator, results):
    lost = suites.unlisted(results, simulator)
    assert {test: results[test].error for test in lost} == {}
    assert Counter(result.outcome for result in results.values())["passed"] > (
        5 if simulator == "dl" else 150
    )


def test_list_of_unsupported_tests_is_up_to_date(simulator, results):
    assert suites.stale(results, simulator) == set()


@pytest.mark.parametrize("name, page", [("dl", "nengo_dl.md"), ("jax", "jax.md")])
def test_docs_give_the_reasons(name, page):
    text = (suites.ROOT / "docs" / page).read_text(encoding="utf-8")
    assert {r for r in suites.unsupported(name).values() if r not in text} == set()
