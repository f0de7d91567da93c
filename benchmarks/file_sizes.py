"""How long the modules of this package are, at any commit, beside other packages.

Counts all lines of all modules that are not tests. Prints the number of modules, the median of
their lengths, and how many have more than 400 lines; then those of this package by name.
Other packages are counted if they are installed.

    python -m benchmarks.file_sizes --commit 8d0f065 --output benchmarks/file_sizes
"""

import importlib.util
import re
import statistics
import subprocess
from pathlib import Path

import click

from nengo_ngc.lab import provenance

from ._report import ROOT, benchmark

PACKAGE = "nengo_ngc"
OTHERS = ("diffrax", "nengo_spa", "optax", "nengo", "nengo_dl")
LONG = 400


@benchmark
@click.option("--commit", "commits", multiple=True, help="Another commit to count, too.")
def main(report, commits):
    """Print the tables."""
    counted = {f"{PACKAGE} at {name}": at_commit(name) for name in commits}
    now = in_folder(ROOT / PACKAGE)
    counted[f"{PACKAGE} at {provenance.collect()['commit']}"] = now
    for package in OTHERS:
        found = importlib.util.find_spec(package)
        if found is not None:
            counted[package] = in_folder(Path(found.submodule_search_locations[0]))
    table = report.table(
        "", {"package": "<32", "modules": ">8", "median": ">8g", f"over {LONG}": ">10"}
    )
    for name, sizes in counted.items():
        n_long = sum(size > LONG for size in sizes.values())
        table.row(name, len(sizes), statistics.median(sizes.values()), n_long)
    table = report.table(
        f"modules of more than {LONG} lines", {"module": "<48", "lines": ">6"}
    )
    for path, size in sorted(now.items(), key=lambda item: -item[1]):
        if size > LONG:
            table.row(path, size)


def in_folder(folder):
    """The number of lines of each module below a folder, by its path."""
    texts = {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8", errors="replace")
        for path in folder.rglob("*.py")
    }
    return sizes(texts)


def at_commit(name):
    """The number of lines of each module of this package at a commit, by its path."""

    def git(*command):
        return subprocess.run(
            ["git", *command], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout

    paths = git("ls-tree", "-r", "--name-only", name, "--", PACKAGE).splitlines()
    return sizes(
        {path: git("show", f"{name}:{path}") for path in paths if path.endswith(".py")}
    )


def sizes(texts):
    """The number of lines of each text whose path does not name a test."""
    return {
        path: len(text.splitlines())
        for path, text in texts.items()
        if "tests" not in Path(path).parts and not re.search(r"(^|/)test_|_test\.py$", path)
    }


if __name__ == "__main__":
    main()
