"""Attacks on files, folders and processes: no result may be lost or wrong.

Runs each attack in a process and a folder of its own, with one thread, and counts what became
of its attempts:

refused     a clear error that names the file
same        the same result as without the attack
traceback   an error that nobody has thought of
silent      something wrong was accepted
lost        a result is gone

It ends with status 1 if there is any of the last three, or if an attack on files took more
than 1,024 MB of memory.

    python -m benchmarks.attacks --output benchmarks/attacks
"""

import click

from .._report import benchmark
from . import OUTCOMES
from ._apart import module_of, run_apart

MODULES = (
    "checkpoints",
    "configurations",
    "run_folders",
    "idx",
    "kills",
    "two_processes",
)
LIMIT_MB = 1024  # of attacks on files


@benchmark
@click.option("--only", type=click.Choice(MODULES), help="One attack.")
@click.option("--scale", default=1.0, help="Part of the attempts.")
@click.option("--seed", default=0, help="Seed of the attempts.")
def main(report, only, scale, seed):
    """Print the table."""
    report.seeds(seed)
    outcomes = {outcome: ">11" for outcome in OUTCOMES}
    table = report.table(
        "",
        {
            "attack": "<16",
            "attempts": ">9",
            **outcomes,
            "peak MB": ">9.0f",
            "seconds": ">9.0f",
        },
    )
    failed = []
    for name in [only] if only else MODULES:
        result = run_apart(name, scale, seed)
        counts = [result["counts"].get(outcome, 0) for outcome in OUTCOMES]
        table.row(name, result["n"], *counts, result["peak_mb"], result["seconds"])
        failed += [f"{name}: {example}" for example in result["examples"]]
        if module_of(name).ON_FILES and result["peak_mb"] > LIMIT_MB:
            failed.append(f"{name}: more than {LIMIT_MB} MB of memory")
    for line in failed[:20]:
        report.say(line)
    return 1 if failed else 0


if __name__ == "__main__":
    main()
