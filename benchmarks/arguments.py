"""What becomes of bad arguments: one at a time, for every argument of every public signature.

Each attempt has a time and a memory limit, in a process of its own module. Prints how many
attempts ended in an error that names the argument, in one that does not, or in no error, and
then every attempt that did not end in a clear error.

    OMP_NUM_THREADS=1 python -m benchmarks.arguments --output benchmarks/arguments
"""

import collections
import multiprocessing
import os
import resource
import tempfile
import warnings

import click

from tests.validation import bad_arguments

from ._report import benchmark

SECONDS = 20
GIGABYTES = 6


@benchmark
@click.argument("modules", nargs=-1)
def main(report, modules):
    """Try all bad values of some modules, or of all."""
    modules = modules or bad_arguments.MODULES
    counts, unclear = {}, []
    for module in modules:
        click.echo(module, err=True)
        for name, argument, value, kind, message in attempts(module):
            counts.setdefault(name, collections.Counter())[kind] += 1
            if kind != "clear":
                unclear.append((name, argument, value, kind, message))
    tell(report, counts, unclear)


def tell(report, counts, unclear):
    """Print a table of signatures, then what did not end in a clear error."""
    total = sum(counts.values(), collections.Counter())
    columns = {"bad values": ">11", "clear": ">8", "unclear": ">9", "accepted": ">10"}
    table = report.table("", {"signature": "<60", **columns})
    for name, found in [*counts.items(), ("all", total)]:
        outcomes = (found[kind] for kind in ("clear", "unclear", "accepted"))
        table.row(name, found.total(), *outcomes)
    columns = {"where": "<44", "argument": "<32", "values": "<24", "why": "<1"}
    table = report.table("allowed besides, and why", columns)
    for (where, argument), (values, why) in bad_arguments.ACCEPTED.items():
        table.row(where, argument, ", ".join(sorted(values)) + " ", why)
    table = report.table("not clear", {"outcome": "<10", "attempt": "<70", "message": "<1"})
    for name, argument, value, kind, message in unclear:
        table.row(kind, f"{name}({argument}={value}) ", message)


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
