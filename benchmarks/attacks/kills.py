"""Training that is killed, at any moment or while it writes a file, and then resumed.

It must end with the same bits as training that was left alone, for every model on every
simulator. Processes are forked from one that has imported everything, to save time.
"""

import os
import shutil
import signal
import sys
import time
import traceback
import zipfile
from importlib import import_module

from nengo_ngc.lab.cli import main
from nengo_ngc.storage import locks

from .run_folders import MODELS, TINY, few_digits, state

N, SECONDS, ON_FILES = 100, 3000, False

RUNS = {
    f"{model} {backend}": ["--model", model, *options, *TINY, "--backend", backend]
    for model, options in {
        **MODELS,
        "sdr": ["--hidden", "6", "--units", "30", "--scaling", "0.01"],
    }.items()
    for backend in ("nengo", "nengo-dl")
    if (model, backend) != ("sdr", "nengo")
}
EPOCHS = ["--epochs", "3"]
IMPORTED = (
    "nengo_ngc.backends.nengo_dl.session",
    "nengo_ngc.backends.nengo_dl.autodiff",
    "sklearn.manifold",
)


def attack(folder, n, rng):
    """Kill and resume; see the package."""
    few_digits()
    for module in IMPORTED:
        import_module(module)
    whole = {name: alone(folder / name.replace(" ", "_"), name) for name in RUNS}
    names = list(RUNS)
    for attempt in range(n):
        name = names[attempt % len(names)]
        expected, seconds, n_writes = whole[name]
        target = folder / f"killed{attempt}"
        if attempt // len(names) % 2:
            moment = rng.randint(n_writes)
            what = f"{name}, killed at moment {moment} of {n_writes} of its writes"
            status = started(name, target, die_at=moment)[1]
        else:
            moment = rng.uniform(0, seconds)
            what = f"{name}, killed after {moment:.2f} of {seconds:.2f} s"
            status = started(name, target, after=moment)[1]
        yield what, outcome(name, target, status, expected)
        shutil.rmtree(target, ignore_errors=True)


def alone(folder, name):
    """What training ends with that nobody disturbs, its time, and how often it writes."""
    start = time.perf_counter()
    counter = folder.with_suffix(".count")
    _, status = started(name, folder, count_in=counter)
    assert status == 0, f"{name} does not train"
    seconds = time.perf_counter() - start
    return state(folder), seconds, int(counter.read_text())


def outcome(name, folder, status, expected):
    """What comes of resuming what was killed."""
    n_done = 0
    if (folder / "checkpoint.npz").exists():
        n_done = len(state(folder)[1])
    resume = (folder / "config.json").exists()
    output, status = started(name, folder, resume=resume)
    if status != 0:
        return "traceback" if "Traceback" in output else "lost"
    done_again = [f"epoch {epoch}: " in output for epoch in range(1, n_done + 1)]
    if any(done_again):
        return "lost"
    if any(path.suffix == ".tmp" or path.name == ".lock" for path in folder.iterdir()):
        return "silent"
    return "same" if state(folder) == expected else "silent"


# --- processes


def started(name, folder, resume=False, after=None, die_at=None, count_in=None):
    """Train in a process of its own; returns what it said and its status."""
    log = folder.with_suffix(".log")
    child = os.fork()
    if not child:
        _train(name, folder, resume, log, die_at, count_in)
    if after is not None:
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return log.read_text(errors="replace"), status


def _train(name, folder, resume, log, die_at, count_in):
    status = 1
    with open(log, "w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    try:
        writes = _Writes(die_at)
        args = ["train", "digits", "--output", str(folder)]
        args += ["--resume"] if resume else [*RUNS[name], *EPOCHS]
        main(args, standalone_mode=False)
        if count_in is not None:
            count_in.write_text(str(writes.n))
        status = 0
    except BaseException as error:
        # what the command line says of, without a traceback, is no failure of its own
        if hasattr(error, "show"):
            error.show()
        else:
            traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)


class _Writes:
    """Counts the moments at which files are written, and ends the process at one of them."""

    def __init__(self, die_at):
        self.n, self._die_at = 0, die_at
        for module, name in ((os, "fsync"), (os, "replace"), (zipfile.ZipFile, "writestr")):
            setattr(module, name, self._watched(getattr(module, name)))
        locks.lock = self._watched(locks.lock)

    def _watched(self, function):
        def watched(*args, **kwargs):
            self._moment()
            result = function(*args, **kwargs)
            self._moment()
            return result

        return watched

    def _moment(self):
        if self.n == self._die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.n += 1
