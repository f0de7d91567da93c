"""Cells of a comparison: how they are run and kept.

A cell runs in a process of its own, so that its memory is its own, too, and that what
kills it leaves the others alone. What it answers is believed only after a check, and so is
what was kept of it.
"""

import base64
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import warnings
from pathlib import Path

from ..storage import atomic, parsing, schema
from ..storage.schema import Either, List, Number, Table, Text, Whole
from .modules import search_path
from .specs import KINDS

_PICTURE_BYTES = 2**22  # the largest of a model's pictures have a fifth of a megabyte
_LARGEST = 1e9  # beyond any machine's speed and memory
_PNG = b"\x89PNG\r\n\x1a\n"

_DRAWN = ("val_error", "positive_goodness", "negative_goodness")
_EPOCH = Table(
    {"epoch": Whole(1), **{key: Number(optional=True) for key in _DRAWN}},
    absent=_DRAWN,
    others=Either((Number(), Text()), optional=True),
)


_FAILED = Table({"status": Text(["failed"]), "message": Text(), "code": Table(others=Text())})


def _done(rule):
    """What the result of a cell that is done may be, besides the cell itself."""
    captions = KINDS[rule].captions if rule in KINDS else {}
    return Table(
        {
            "status": Text(["done"]),
            "code": Table(others=Text()),
            "test_error": Number(0, 100),
            "history": List(_EPOCH, 1),
            "angles": List(Table(others=Number(0, 180, optional=True)), 1),
            "pictures": Table({name: Text() for name in captions}, absent=(*captions,)),
            "samples_per_second": Number(0, _LARGEST),
            "peak_memory_mb": Number(0, _LARGEST, optional=True),
            "seconds": Number(0, _LARGEST),
        }
    )


def picture(text):
    """The PNG file in a result; ValueError if it is something else."""
    try:
        content = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise ValueError(f"a picture is not in base64: {error}") from None
    if not content.startswith(_PNG) or len(content) > _PICTURE_BYTES:
        raise ValueError(f"a picture must be a PNG file of at most {_PICTURE_BYTES} bytes")
    return content


def _read(path, cell, code):
    """The result in a file, or None if it is of other settings or of other code.

    Raises ValueError if it makes no sense.
    """
    result = parsing.read(path)
    if not isinstance(result, dict):
        raise ValueError(f"{path}: the content must be a table")
    if (result.get("cell"), result.get("code")) != (cell, code):
        return None
    if result.pop("sha256", None) != _sum(result):
        raise ValueError(f"{path}: its SHA-256 is not that of its content")
    done = result.get("status") != "failed"
    measured = {key: value for key, value in result.items() if key != "cell"}
    schema.check(path, measured, _done(cell["rule"]) if done else _FAILED)
    for text in result["pictures"].values() if done else ():
        picture(text)
    return result


# --- files


def keep(path, result):
    """Write a result, with a hash over all of it."""
    with atomic.replacing(path) as file:
        json.dump({**result, "sha256": _sum(result)}, file)


def finished(path, cell, code):
    """The result of a cell that was run with these settings by this code, or None.

    A damaged file is set aside, and a warning says so.
    """
    path = Path(path)
    try:
        result = _read(path, cell, code)
    except FileNotFoundError:
        return None
    except (IsADirectoryError, RecursionError, ValueError) as error:
        aside = path.with_name(f"{path.name}.damaged")
        os.replace(path, aside)
        warnings.warn(
            f"{error}; {path.name} is now {aside.name}, and its cell runs again", stacklevel=2
        )
        return None
    return result if result is not None and result["status"] == "done" else None


def _sum(result):
    return hashlib.sha256(json.dumps(result, sort_keys=True).encode()).hexdigest()


# --- processes


class Processes:
    """Processes that run now, and that end together."""

    def __init__(self):
        self._lock, self._running = threading.Lock(), set()

    def start(self, *args, **kwargs):
        """``subprocess.Popen``, as long as nobody has ended them."""
        with self._lock:
            if self._running is None:
                raise RuntimeError("no more cells are started")
            process = subprocess.Popen(*args, **kwargs)
            self._running = {p for p in self._running if p.returncode is None} | {process}
        return process

    def end(self):
        """End all, and start no more."""
        with self._lock:
            running, self._running = self._running or (), None
        for process in running:
            process.kill()


def run_cell(name, cell, code, modules=(), data_dir=None, n_threads=None, processes=None):
    """Run a cell in a process of its own.

    Parameters
    ----------
    name : str
    cell : dict
    code : dict of {str: str}
        Hashes of the code that must run, as `.lab.modules.hashes` returns them.
    modules : sequence of (str, str), optional
        Names of modules to import, and where they are.
    data_dir : path, optional
    n_threads : int, optional
        Threads of the process.
    processes : Processes, optional
        Where to start it.

    Returns
    -------
    name : str
    result : dict
        ``cell``, ``code``, ``status`` ("done" or "failed"), and either ``test_error``,
        ``history``, ``angles``, ``pictures`` (PNG files in base64, by name),
        ``samples_per_second``, ``peak_memory_mb`` and ``seconds``, or ``message``.
    """
    with tempfile.TemporaryDirectory(prefix="nengo-ngc-") as folder:
        task = {
            "cell": cell,
            "code": code,
            "modules": list(modules),
            "data_dir": data_dir and str(data_dir),
            "folder": folder,
        }
        message = _in_a_process(task, processes or Processes(), n_threads)
        try:
            result = _read(Path(folder) / "answer.json", cell, code)
            if result is not None:
                return name, result
            message = "other code ran than that of this process, or it has changed since"
        except FileNotFoundError:
            pass
        except (RecursionError, ValueError) as error:
            message = f"the answer of the process makes no sense: {error}"
    return name, {"cell": cell, "code": code, "status": "failed", "message": message}


def _in_a_process(task, processes, n_threads):
    """Run the process of a cell to its end; returns what there is to say of that."""
    with tempfile.TemporaryFile() as errors:
        process = processes.start(
            # -P: what lies in the current folder is not run
            [sys.executable, "-P", "-m", f"{__package__}.cell"],
            env={**os.environ, **_limits(n_threads), "PYTHONPATH": search_path()},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        with process:
            try:
                _tell(process, task)
                process.wait()  # it ends by itself if this process does
            except BaseException:
                process.kill()
                raise
        errors.seek(max(0, errors.seek(0, os.SEEK_END) - 2**16))
        said = errors.read().decode(errors="replace").strip().splitlines()
    last = said[-1] if said else "it said nothing"
    return f"the process ended with status {process.returncode}: {last}"


def _tell(process, task):
    try:
        process.stdin.write(json.dumps(task).encode() + b"\n")
        process.stdin.flush()
    except OSError:  # it has ended already, and its status says why
        pass


def _limits(n_threads):
    """Environment variables that keep cells from fighting for processors."""
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3"}
    if n_threads is None:
        return quiet
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
    return {**quiet, **{name: str(n_threads) for name in names}}


def run_all(jobs, n_jobs, dask):
    """Run cells, n at a time or on the workers of Dask; yields results as they come.

    Parameters
    ----------
    jobs : list of tuple
        Arguments of `run_cell`.
    n_jobs : int
    dask : str or None
    """
    from joblib import Parallel, delayed, parallel_config

    if not jobs:
        return
    if dask is None:
        processes = Processes()
        # threads are enough, since each of them waits for a process
        backend, end = {"backend": "threading", "n_jobs": n_jobs}, processes.end
        shared = {"n_threads": _share(n_jobs), "processes": processes}
    else:
        client = _dask_client(dask)
        backend, end, shared = {"backend": "dask", "client": client}, client.close, {}
    try:
        with parallel_config(**backend):
            yield from Parallel(return_as="generator_unordered", batch_size=1)(
                delayed(run_cell)(*job, **shared) for job in jobs
            )
    finally:
        end()


def _dask_client(address):
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise ImportError('Dask is not installed: pip install "nengo-ngc[dask]"') from error
    try:
        return Client(address)
    except (OSError, ValueError) as error:
        raise OSError(f"no Dask scheduler at {address}: {error}") from error


def _share(n_jobs):
    return None if n_jobs == 1 else max(1, (os.cpu_count() or 1) // n_jobs)
