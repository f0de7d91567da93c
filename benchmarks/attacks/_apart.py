"""One attack in a process of its own: ``python -m benchmarks.attacks._apart NAME SCALE SEED``.

The last line that it prints is JSON.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from importlib import import_module
from pathlib import Path

import click
import numpy as np

from .._report import ROOT

ONE_THREAD = {
    name: "1"
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
}


def module_of(name):
    """The module of an attack."""
    return import_module(f".{name}", __package__)


def run_apart(name, scale, seed):
    """Run an attack in a process of its own, within its time; returns what came of it."""
    module = module_of(name)
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    try:
        done = subprocess.run(
            [sys.executable, "-m", f"{__package__}._apart", name, str(scale), str(seed)],
            cwd=ROOT,
            env={**os.environ, **ONE_THREAD, "PYTHONPATH": path},
            stdout=subprocess.PIPE,
            text=True,
            timeout=module.SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise click.ClickException(f"{name} took longer than {module.SECONDS} s") from None
    if done.returncode:
        raise click.ClickException(f"{name} ended with status {done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])


def run_here(name, scale, seed):
    """Run an attack in this process; returns what came of it."""
    module = module_of(name)
    n, start = max(1, round(scale * module.N)), time.perf_counter()
    counts, examples = Counter(), []
    with tempfile.TemporaryDirectory() as folder:
        for what, outcome in module.attack(Path(folder), n, np.random.RandomState(seed)):
            counts[outcome] += 1
            if outcome not in ("refused", "same"):
                examples.append(f"{outcome}: {what}")
    return {
        "n": sum(counts.values()),
        "counts": counts,
        "examples": examples,
        "seconds": time.perf_counter() - start,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    print(json.dumps(run_here(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))))
