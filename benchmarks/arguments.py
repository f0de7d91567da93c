"""What becomes of bad arguments: one at a time, for every argument of every public signature.

Each attempt has a time and a memory limit, in a process of its own module. Prints how many
attempts ended in an error that names the argument, in one that does not, or in no error, and
then every attempt that did not end in a clear error.

    OMP_NUM_THREADS=1 python -m benchmarks.arguments > benchmarks/arguments.txt
"""

import collections
import datetime
import multiprocessing
import os
import platform
import resource
import subprocess
import tempfile
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import click
import nengo
import numpy as np
import sklearn

import nengo_ngc
from tests.validation import bad_arguments

SECONDS = 20
GIGABYTES = 6


@click.command()
@click.argument("modules", nargs=-1)
def main(modules):
    """Try all bad values of some modules, or of all."""
    modules = modules or bad_arguments.MODULES
    counts, unclear = {}, []
    for module in modules:
        click.echo(module, err=True)
        for name, argument, value, kind, message in attempts(module):
            counts.setdefault(name, collections.Counter())[kind] += 1
            if kind != "clear":
                unclear.append((name, argument, value, kind, message))
    print(header(modules))
    report(counts, unclear)


def header(modules):
    """Where and when this was measured."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
    )
    named = "" if modules == bad_arguments.MODULES else " " + " ".join(modules)
    versions = f"nengo {nengo.__version__}, NumPy {np.__version__}"
    return (
        f"{datetime.date.today()}  python -m benchmarks.arguments{named}\n"
        f"nengo-ngc {nengo_ngc.__version__} ({commit.stdout.strip()}), {versions}, "
        f"scikit-learn {sklearn.__version__}, Python {platform.python_version()}"
    )


def report(counts, unclear):
    """A table of signatures, then what did not end in a clear error."""
    total = sum(counts.values(), collections.Counter())
    print(f"\n{'':52s}{'bad values':>11s}{'clear':>8s}{'unclear':>9s}{'accepted':>10s}")
    for name, found in [*counts.items(), ("all", total)]:
        row = f"{name:52s}{found.total():11d}{found['clear']:8d}"
        print(f"{row}{found['unclear']:9d}{found['accepted']:10d}")
    print("\nallowed besides, and why")
    for (where, argument), (values, why) in bad_arguments.ACCEPTED.items():
        print(f"{where:40s} {argument:30s} {', '.join(sorted(values))}: {why}")
    print("\nnot clear")
    for name, argument, value, kind, message in unclear:
        print(f"{kind:9s} {name}({argument}={value})  {message}")


def attempts(module):
    """The outcome of each attempt on a module, in a process with limits."""
    done = 0
    while done is not None:
        ours, theirs = multiprocessing.get_context("spawn").Pipe()
        process = multiprocessing.get_context("spawn").Process(
            target=_work, args=(module, done, theirs), daemon=True
        )
        process.start()
        theirs.close()
        done, current = yield from _receive(ours, process, done)
        if done is not None:
            if current is None:
                raise RuntimeError(f"the process of {module} ended before the first attempt")
            yield (*current, "unclear", f"no answer within {SECONDS} s, or the process died")
            done += 1
        process.kill()
        process.join()


def _receive(pipe, process, done):
    """Outcomes until the process ends; returns where it stopped early, or None."""
    current = None
    try:
        while pipe.poll(120 if current is None else SECONDS):
            message = pipe.recv()
            if message is None:
                return None, None
            if len(message) == 3:
                current = message
            else:
                yield message
                done += 1
    except EOFError:
        pass
    return done, current


def _work(module, start, pipe):
    limit = GIGABYTES * 2**30
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    warnings.simplefilter("ignore")
    # whatever is printed on the way is no part of the table
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    with tempfile.TemporaryDirectory() as folder:
        number = 0
        for target in bad_arguments.targets([module]):
            os.chdir(folder)
            for name in target.signature:
                for what, value in bad_arguments.values_for(target, name).items():
                    if number >= start:
                        pipe.send((target.name, name, what))
                        kind, message = bad_arguments.outcome(target, name, value)
                        line = " ".join(message.split())[:150]
                        pipe.send((target.name, name, what, kind, line))
                    number += 1
        pipe.send(None)


if __name__ == "__main__":
    main()
