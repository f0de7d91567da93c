"""The process of one cell of a comparison.

`.lab.compare.processes.run_cell` starts it. The process reads its task from the standard
input, which stays open as long as the parent process lives, and writes its answer to a file.
"""

import json
import os
import shutil
import sys
import threading
from pathlib import Path

from . import results, training
from .code_hashes import hashes
from .user_modules import import_module

# what a package, a file, a network or memory that was lacking raises, not a cell's settings
_PASSING = (ImportError, MemoryError, OSError)


def main() -> None:
    """Read a task, run its cell, and write the answer."""
    task = json.loads(sys.stdin.buffer.readline())
    folder = Path(task["folder"])
    _end_with_parent(folder)
    try:
        modules = [import_module(*place) for place in task["modules"]]
        code = hashes(modules)  # of what runs here, wherever it was found
        given = task["cell"], code, task["data_dir"], folder, task["part"], task["metrics"]
        result = {"status": "done", **training.run(*given)}
    except Exception as error:  # whatever it is, the other cells go on
        code = task["code"]
        result = {
            "status": "failed",
            "message": f"{type(error).__name__}: {error}",
            "lasting": not isinstance(error, _PASSING),
        }
    results.keep(folder / "answer.json", {"cell": task["cell"], "code": code, **result})


def _end_with_parent(folder: Path) -> None:
    """End this process, and remove its folder, once the process that started it is gone."""
    alive = os.dup(0)  # its other end closes with the parent, however that ends
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)

    def watch() -> None:
        while os.read(alive, 1):
            pass
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    main()
