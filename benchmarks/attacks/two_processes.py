"""Two processes at once: in one folder one of them wins, and the other says who holds it.

In turns they begin a run, resume one, and begin one without a name for its folder, where each
must get a folder of its own.
"""

import os
import re
import shutil
import subprocess
import sys

from .run_folders import state

N, SECONDS, ON_FILES = 20, 1200, False

TRAIN = ["train", "digits", "--hidden", "6,4", "--steps", "3", "--backend", "nengo"]
TRAIN += ["--batch", "50", "--epochs", "1"]


def attack(folder, n, rng):
    """Start two at once; see the package."""
    ended(started(folder, [*TRAIN, "--output", "straight"]))
    expected = state(folder / "straight")
    for attempt in range(n):
        kind = ("begin", "resume", "unnamed")[attempt % 3]
        place = folder / f"try{attempt}"
        place.mkdir()
        if kind == "resume":
            (place / "run").mkdir()
            shutil.copy(folder / "straight" / "config.json", place / "run")
        args = {
            "begin": [*TRAIN, "--output", "run"],
            "resume": ["train", "--resume", "--output", "run"],
            "unnamed": TRAIN,
        }[kind]
        both = [started(place, args) for _ in range(2)]
        results = [ended(process) for process in both]
        check = two_folders if kind == "unnamed" else one_wins
        yield kind, check(place, both, results, expected)


def started(folder, args):
    return subprocess.Popen(
        [sys.executable, "-m", "nengo_ngc", *args],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ,
    )


def ended(process):
    output, _ = process.communicate()
    return process.returncode, output


def one_wins(place, processes, results, expected):
    """One ends well, and the other names it."""
    if "Traceback" in results[0][1] + results[1][1]:
        return "traceback"
    if sorted(status for status, _ in results) != [0, 1]:
        return "silent"
    winner = [status for status, _ in results].index(0)
    message = results[1 - winner][1]
    named = re.search(r"run is held by process (\d+) on .+ since 20", message)
    if not named or int(named[1]) != processes[winner].pid:
        return "silent"
    return "refused" if state(place / "run") == expected else "lost"


def two_folders(place, processes, results, expected):
    """Both end well, each in a folder of its own."""
    if any(status for status, _ in results):
        return "traceback" if "Traceback" in results[0][1] + results[1][1] else "lost"
    folders = sorted(os.listdir(place / "runs"))
    if folders != ["digits", "digits-2"]:
        return "lost"
    same = all(state(place / "runs" / name) == expected for name in folders)
    return "same" if same else "lost"
