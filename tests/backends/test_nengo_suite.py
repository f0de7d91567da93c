"""Nengo's own tests pass on ngc.dl.Simulator, but for those listed in unsupported.toml.

They run in a process of their own. `python -m benchmarks.suites` runs all of them.
"""

from collections import Counter

import pytest

from ..conftest import needs_dl
from . import suites

FILES = [
    "networks/tests/test_ensemblearray.py",
    "networks/tests/test_product.py",
    "tests/test_connection.py",
    "tests/test_copy.py",
    "tests/test_ensemble.py",
    "tests/test_learning_rules.py",
    "tests/test_neurons.py",
    "tests/test_node.py",
    "tests/test_probe.py",
    "tests/test_processes.py",
    "tests/test_simulator.py",
    "tests/test_solvers.py",
    "tests/test_synapses.py",
    "tests/test_transforms.py",
    "tests/test_transforms_conv.py",
]
SLOW = "not test_dts"  # builds a hundred simulators

pytestmark = needs_dl


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    path = tmp_path_factory.mktemp("nengo") / "results.jsonl"
    return suites.run("ours", [f"nengo/{file}" for file in FILES], path, keyword=SLOW)


@pytest.fixture(scope="module")
def listed(results):
    patterns = suites.unsupported()
    return {test for test in results if any(suites.matches(test, p) for p in patterns)}


def test_our_simulator_is_what_runs(results):
    made = Counter()
    for result in results.values():
        made.update(result.simulators)
    assert list(made) == ["nengo_ngc.backends.nengo_dl.simulator.Simulator"]
    assert made.total() > 400


def test_tests_pass(results, listed):
    failed = suites.failed(results)
    assert {test: results[test].error for test in failed - listed} == {}
    assert Counter(result.outcome for result in results.values())["passed"] > 440


def test_list_of_unsupported_tests_is_up_to_date(results, listed):
    passed = {test for test, result in results.items() if result.outcome == "passed"}
    assert passed & listed == set()


def test_docs_give_the_reasons():
    page = (suites.ROOT / "docs" / "nengo_dl.md").read_text(encoding="utf-8")
    assert {reason for reason in suites.unsupported().values() if reason not in page} == set()
