"""Nengo's own tests and nengo-dl's: how many pass on which simulator.

    python -m benchmarks.suites --results suites --output benchmarks/suites

Each result is kept in the folder as it comes, so that a second start goes on where the first
one ended; a table and the tests that only stock NengoDL passes are printed at the end.
"""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from nengo_ngc.storage.atomic import replacing
from tests.backends import suites

from ._report import benchmark

TITLES = {
    "nengo": "nengo.Simulator",
    "stock": "nengo_dl.Simulator",
    "dl": "ngc.dl.Simulator",
    "jax": "ngc.jax.Simulator",
}
COMBINATIONS = [  # nengo-dl's own tests do not fit nengo.Simulator
    ("nengo", "nengo"),
    ("nengo", "stock"),
    ("nengo", "dl"),
    ("nengo", "jax"),
    ("nengo_dl", "stock"),
    ("nengo_dl", "dl"),
]


@benchmark
@click.option(
    "--results",
    type=click.Path(path_type=Path),
    default="suites",
    help="Folder of results; begin a new one after a change.",
)
@click.option("--only", type=click.Choice(suites.SUITES), help="The tests of one package.")
@click.option(
    "--sim",
    "sims",
    type=click.Choice(TITLES),
    multiple=True,
    help="A simulator, once or more; stock is NengoDL's. By default all of them.",
)
@click.option("-k", "names", default="", help="Tests whose names match, as in pytest.")
@click.option("-n", "processes", default=1, help="Processes at once.")
@click.option("--timeout", default=600.0, help="Seconds for one test.")
@click.option(
    "--before",
    type=click.Path(exists=True, path_type=Path),
    help="The results.json of an earlier run, to stand beside.",
)
def main(report, results, only, sims, names, processes, timeout, before):
    """Run what has not been run yet; print the summary."""
    results.mkdir(parents=True, exist_ok=True)
    combinations = [
        (suite, simulator)
        for suite, simulator in COMBINATIONS
        if only in (None, suite) and (not sims or simulator in sims)
    ]
    outcomes = {suite: {} for suite, _ in combinations}

    def run(combination):
        suite, simulator = combination
        path = results / f"{suite}-{simulator}.jsonl"
        if path.exists():
            return suites.read(path)
        return suites.run(simulator, suites.files(suite), path, names, timeout)

    with ThreadPoolExecutor(processes) as pool:
        for (suite, simulator), found in zip(combinations, pool.map(run, combinations)):
            outcomes[suite][simulator] = found
    for suite, earlier in _read(before).items():
        if suite in outcomes and "dl" in earlier:
            outcomes[suite]["before"] = earlier["dl"]
    with replacing(results / "results.json") as file:
        json.dump(outcomes, file, indent=1)
    for suite, simulators in outcomes.items():
        summary(report, suite, simulators)


def summary(report, suite, simulators):
    """Print a table, and what differs between our simulators and those they follow.

    Parameters
    ----------
    report : Report
    suite : str
    simulators : dict of str to dict of str to Result
        Results by the name of the test, by simulator.
    """
    titles = {**TITLES, "before": "ngc.dl.Simulator before"}
    outcomes = ("passed", "failed", "skipped")
    table = report.table("", {suite: "<24", **{outcome: ">10" for outcome in outcomes}})
    for simulator in sorted(simulators, key=list(titles).index):
        counts = Counter(_kind(r.outcome) for r in simulators[simulator].values())
        table.row(titles[simulator], *(counts[outcome] for outcome in outcomes))
    for simulator in ("dl", "jax"):
        if simulator in simulators:
            _differences(report, simulator, simulators)


def _differences(report, simulator, simulators):
    """Print what a simulator of ours does not pass, and what is wrong with its list."""
    found, title = simulators[simulator], TITLES[simulator]
    other = {"dl": "stock", "jax": "nengo"}[simulator]
    if other in simulators:
        lost = sorted(suites.failed(found) - suites.failed(simulators[other]))
        _list(report, f"passes on {TITLES[other]} and fails on {title}", lost, found)
    unlisted = sorted(suites.unlisted(found, simulator))
    _list(report, f"fails on {title} and is not listed as unsupported", unlisted, found)
    stale = sorted(suites.stale(found, simulator))
    _list(report, f"listed as unsupported and passes on {title}", stale)


def _list(report, title, tests, results=None):
    report.say()
    report.say("{title}: {n}", title=title, n=len(tests))
    for test in tests:
        report.say(f"  {test}")
        if results:
            report.say(f"    {results[test].error}")


def _kind(outcome):
    names = {"xpassed": "passed", "xfailed": "skipped"}
    outcome = names.get(outcome, outcome)
    return outcome if outcome in ("passed", "skipped") else "failed"


def _read(path):
    if path is None:
        return {}
    return {
        suite: {
            simulator: {test: suites.Result(*result) for test, result in results.items()}
            for simulator, results in simulators.items()
        }
        for suite, simulators in json.loads(Path(path).read_text(encoding="utf-8")).items()
    }


if __name__ == "__main__":
    main()
