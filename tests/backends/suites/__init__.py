"""Runs Nengo's own tests and nengo-dl's on a simulator, in a process of their own."""

import importlib.util
import json
import os
import subprocess
import sys
import tomllib
from collections import namedtuple
from fnmatch import fnmatchcase
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SUITES = {"nengo": "nengo", "nengo_dl": "nengo_dl/tests"}  # folders of tests

Result = namedtuple("Result", "outcome error simulators seconds")


def site():
    """The folder in which Nengo is installed; names of tests are relative to it."""
    return Path(importlib.util.find_spec("nengo").origin).parent.parent


def files(suite):
    """Files of tests of a suite that may have to do with a simulator, as in `site()`."""
    found = sorted((site() / SUITES[suite]).rglob("test_*.py"))
    if suite == "nengo":  # whose deprecated nengo.spa is not tested unless asked for
        found = [
            path
            for path in found
            if "spa" not in path.parts and "Simulator" in path.read_text(encoding="utf-8")
        ]
    return [path.relative_to(site()).as_posix() for path in found]


def run(simulator, tests, path, keyword="", timeout=600):
    """Run tests.

    Parameters
    ----------
    simulator : {"nengo", "stock", "dl", "jax"}
        Nengo's, NengoDL's, and the two of this package.
    tests : list of str
        Files or names of tests, relative to `site()`.
    path : pathlib.Path
        Receives the results. Until all tests have ended they are in a file with the
        suffix ".part", and another call goes on from there.
    keyword : str, optional
        As pytest's ``-k``.
    timeout : float, optional
        Seconds for one test; after that it counts as failed, and the next one runs.

    Returns
    -------
    dict of str to Result
        By the name of the test.

    Raises
    ------
    RuntimeError
        If pytest gives up, because another simulator ran for example.
    """
    path = path.resolve()  # pytest runs in another folder
    part, log = path.with_suffix(".part"), path.with_suffix(".log")
    command = [sys.executable, "-m", "pytest", "-q", "-c", HERE / "pytest.ini"]
    command += ["--rootdir", site(), "-p", "no:xdist", "-p", "tests.backends.suites.plugin"]
    command += ["--continue-on-collection-errors"]
    command += ["--simulator", simulator, "--results", part, "-k", keyword]
    command += [site() / test for test in tests]
    part.touch()
    while True:
        with open(log, "w", encoding="utf-8") as out:
            process = subprocess.Popen(
                command, cwd=ROOT, env=_environment(), stdout=out, stderr=out
            )
            end = _watch(process, part, timeout)
        if end in (0, 1, 5):  # passed, some failed, none selected
            break
        running = [t for t, result in read(part).items() if result.outcome == "running"]
        if end in (2, 3, 4) or not running:  # pytest gave up; otherwise a test ended it
            raise RuntimeError(f"pytest ended with {end}:\n{log.read_text()[-3000:]}")
        for test in running:
            write(part, test, Result("failed", f"the process ended with {end}", {}, timeout))
    part.replace(path)
    return read(path)


def _watch(process, path, timeout):
    """How a process ended; it is stopped if nothing new is in the file for a time."""
    try:
        while True:
            size = path.stat().st_size
            try:
                return process.wait(timeout)
            except subprocess.TimeoutExpired:
                if path.stat().st_size == size:
                    return "timeout"
    finally:
        process.kill()
        process.wait()


def write(path, test, result):
    """Append the result of a test to a file."""
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps({"test": test, **result._asdict()}) + "\n")


def read(path):
    """Results of a run, a dict by the name of the test; the last one of a test counts."""
    entries = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return {entry.pop("test"): Result(**entry) for entry in entries}


def failed(results):
    """Names of tests that neither passed nor were skipped by their own suite."""
    good = ("passed", "skipped", "xfailed", "xpassed")
    return {test for test, result in results.items() if result.outcome not in good}


def unsupported(simulator):
    """Patterns of tests that fail on a simulator of this package, a dict to the reason."""
    groups = tomllib.loads((HERE / "unsupported.toml").read_text(encoding="utf-8"))
    return {test: group["reason"] for group in groups[simulator] for test in group["tests"]}


def stale(results, simulator):
    """Names of tests that are listed as unsupported, and pass."""
    patterns = unsupported(simulator)
    passed = {test for test, result in results.items() if result.outcome == "passed"}
    return {test for test in passed if any(matches(test, p) for p in patterns)}


def unlisted(results, simulator):
    """Names of tests that fail, and are not listed as unsupported."""
    patterns = unsupported(simulator)
    return {t for t in failed(results) if not any(matches(t, p) for p in patterns)}


def matches(test, pattern):
    """Whether the name of a test fits a pattern, in which only ``*`` is special."""
    return fnmatchcase(test, pattern.replace("[", "[[]").replace("?", "[?]"))


def _environment():
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        environment.setdefault(name, "1")
    environment.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    return environment
