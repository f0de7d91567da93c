"""Nengo's own tests and nengo-dl's: how many pass on which simulator.

    python -m benchmarks.suites --out suites > benchmarks/suites.txt

Each result is kept in the folder as it comes, so that a second start goes on where the first
one ended; a table and the tests that only stock NengoDL passes are printed at the end.
"""

import argparse
import datetime
import json
import platform
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

from nengo_ngc import __version__
from tests.backends import suites

VERSIONS = ("nengo", "nengo-dl", "tensorflow", "numpy", "pytest")

TITLES = {
    "nengo": "nengo.Simulator",
    "stock": "nengo_dl.Simulator",
    "ours": "ngc.dl.Simulator",
}
COMBINATIONS = [  # nengo-dl's own tests do not fit nengo.Simulator
    ("nengo", "nengo"),
    ("nengo", "stock"),
    ("nengo", "ours"),
    ("nengo_dl", "stock"),
    ("nengo_dl", "ours"),
]


def main():
    """Run what has not been run yet; print the summary."""
    options = _options()
    folder = Path(options.out)
    folder.mkdir(parents=True, exist_ok=True)
    combinations = [
        (suite, simulator)
        for suite, simulator in COMBINATIONS
        if options.only in (None, suite) and options.sim in (None, simulator)
    ]
    outcomes = {suite: {} for suite, _ in combinations}
    with ThreadPoolExecutor(options.n) as pool:
        done = pool.map(lambda combination: _run(folder, options, *combination), combinations)
        for (suite, simulator), results in zip(combinations, done):
            outcomes[suite][simulator] = results
    for suite, before in _read(options.before).items():
        if suite in outcomes and "ours" in before:
            outcomes[suite]["before"] = before["ours"]
    _write(folder / "results.json", outcomes)
    versions = [f"{name} {metadata.version(name)}" for name in VERSIONS]
    print(f"{datetime.date.today()}  python -m benchmarks.suites")
    print(
        f"nengo-ngc {__version__}, Python {platform.python_version()}, {', '.join(versions)}"
    )
    for suite, simulators in outcomes.items():
        print("\n".join(["", *summary(suite, simulators)]))


def summary(suite, simulators):
    """Lines of text: a table, and what differs between stock NengoDL and ours.

    Parameters
    ----------
    suite : str
    simulators : dict of str to dict of str to Result
        Results by the name of the test, by simulator.
    """
    titles = {**TITLES, "before": "ngc.dl.Simulator before"}
    outcomes = ("passed", "failed", "skipped")
    yield f"{suite:24}" + "".join(f"{outcome:>10}" for outcome in outcomes)
    for simulator in sorted(simulators, key=list(titles).index):
        counts = Counter(_kind(r.outcome) for r in simulators[simulator].values())
        yield f"{titles[simulator]:24}" + "".join(f"{counts[o]:10}" for o in outcomes)
    if "ours" not in simulators:
        return
    ours, listed = simulators["ours"], suites.unsupported()
    failed = suites.failed(ours)
    if "stock" in simulators:
        lost = sorted(failed - suites.failed(simulators["stock"]))
        yield f"\nfails on ngc.dl.Simulator only: {len(lost)}"
        yield from (f"  {test}\n    {ours[test].error}" for test in lost)
    unlisted = sorted(t for t in failed if not any(suites.matches(t, p) for p in listed))
    yield f"\nfails and is not listed as unsupported: {len(unlisted)}"
    yield from (f"  {test}\n    {ours[test].error}" for test in unlisted)
    passed = {test for test, result in ours.items() if result.outcome == "passed"}
    stale = sorted(t for t in passed if any(suites.matches(t, p) for p in listed))
    yield f"\nlisted as unsupported and passes: {len(stale)}"
    yield from (f"  {test}" for test in stale)


def _kind(outcome):
    names = {"xpassed": "passed", "xfailed": "skipped"}
    outcome = names.get(outcome, outcome)
    return outcome if outcome in ("passed", "skipped") else "failed"


def _run(folder, options, suite, simulator):
    path = folder / f"{suite}-{simulator}.jsonl"
    if path.exists():
        return suites.read(path)
    files = suites.files(suite)
    return suites.run(simulator, files, path, options.k, options.timeout)


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


def _write(path, outcomes):
    part = path.with_suffix(".part")
    part.write_text(json.dumps(outcomes, indent=1), encoding="utf-8")
    part.replace(path)


def _options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add = parser.add_argument
    add(
        "--out",
        default="suites",
        help="folder of results; start with a new one after a change",
    )
    add("--only", choices=list(suites.SUITES), help="the tests of one package")
    add("--sim", choices=list(TITLES), help="Nengo's simulator, stock NengoDL's or ours")
    add("-k", default="", help="tests whose names match, as in pytest; needs its own --out")
    add("-n", type=int, default=1, help="processes at once (default: 1)")
    add("--timeout", type=float, default=600, help="seconds for one test (default: 600)")
    add("--before", metavar="RESULTS.JSON", help="an earlier run's results, to stand beside")
    return parser.parse_args()


if __name__ == "__main__":
    main()
