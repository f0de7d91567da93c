"""Runs the attacks, each in a process and a folder of its own, and prints a table.

python -m benchmarks.attacks > benchmarks/attacks.txt
"""

import datetime
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from importlib import import_module, metadata
from pathlib import Path

import click
import numpy as np

from . import OUTCOMES

MODULES = (
    "checkpoints",
    "configurations",
    "run_folders",
    "idx",
    "kills",
    "two_processes",
)
VERSIONS = ("nengo", "nengo-dl", "tensorflow", "numpy", "scikit-learn")
ONE_THREAD = {
    name: "1"
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
}
LIMIT_MB = 1024  # of attacks on files
ROOT = Path(__file__).parents[2]


def run_here(name, scale, seed):
    """Run an attack in this process, and print what came of it as JSON."""
    module = import_module(f".{name}", __package__)
    n, start = max(1, round(scale * module.N)), time.perf_counter()
    counts, examples = Counter(), []
    with tempfile.TemporaryDirectory() as folder:
        for what, outcome in module.attack(Path(folder), n, np.random.RandomState(seed)):
            counts[outcome] += 1
            if outcome not in ("refused", "same"):
                examples.append(f"{outcome}: {what}")
    result = {
        "n": sum(counts.values()),
        "counts": counts,
        "examples": examples,
        "seconds": time.perf_counter() - start,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(result))


def run_apart(name, scale, seed):
    """Run an attack in a process of its own, within its time."""
    module = import_module(f".{name}", __package__)
    command = [sys.executable, "-m", __package__, "--here", "--only", name]
    command += ["--scale", str(scale), "--seed", str(seed)]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, **ONE_THREAD, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"},
            stdout=subprocess.PIPE,
            text=True,
            timeout=module.SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise click.ClickException(f"{name} took longer than {module.SECONDS} s") from None
    if done.returncode:
        raise click.ClickException(f"{name} ended with status {done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])


def header():
    """When, what and where."""
    git = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, cwd=ROOT, capture_output=True, text=True).stdout.strip()
    versions = [f"{name} {metadata.version(name)}" for name in VERSIONS]
    print(f"{datetime.date.today()}  python -m benchmarks.attacks {' '.join(sys.argv[1:])}")
    print(f"commit {commit}, Python {platform.python_version()}, {', '.join(versions)}")
    print(f"{platform.system()}, {os.cpu_count()} cores, one thread each\n")
    columns = "".join(f"{outcome:>11s}" for outcome in OUTCOMES)
    print(f"{'attack':16s}{'attempts':>9s}{columns}{'peak MB':>9s}{'seconds':>9s}", flush=True)


@click.command()
@click.option("--only", type=click.Choice(MODULES), help="One attack.")
@click.option("--scale", default=1.0, help="Part of the attempts.")
@click.option("--seed", default=0, help="Of the attempts.")
@click.option("--here", is_flag=True, help="In this process; prints JSON.")
def main(only, scale, seed, here):
    """Print the table."""
    if here:
        run_here(only, scale, seed)
        return
    header()
    failed = []
    for name in [only] if only else MODULES:
        result = run_apart(name, scale, seed)
        counts = "".join(f"{result['counts'].get(outcome, 0):11d}" for outcome in OUTCOMES)
        print(
            f"{name:16s}{result['n']:9d}{counts}{result['peak_mb']:9.0f}"
            f"{result['seconds']:9.0f}",
            flush=True,
        )
        failed += [f"{name}: {example}" for example in result["examples"]]
        if import_module(f".{name}", __package__).ON_FILES and result["peak_mb"] > LIMIT_MB:
            failed.append(f"{name}: more than {LIMIT_MB} MB of memory")
    for line in failed[:20]:
        print(line)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
