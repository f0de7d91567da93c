"""Processes in which cells run, here or on the workers of Dask.

Each cell runs in its own process. Its memory is freed when it ends, and a process that is
killed does not affect the other cells.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ...version import how_to_install
from . import results
from .user_modules import search_path


class Processes:
    """The processes that are running, which can all be ended at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen] | None = set()

    def start(self, *args: Any, **kwargs: Any) -> subprocess.Popen:
        """Start a process as ``subprocess.Popen`` does, unless `end` has been called."""
        with self._lock:
            if self._running is None:
                raise RuntimeError("no more cells are started")
            process = subprocess.Popen(*args, **kwargs)
            self._running = {p for p in self._running if p.returncode is None} | {process}
        return process

    def end(self) -> None:
        """End all processes, and refuse to start others."""
        with self._lock:
            running, self._running = self._running or (), None
        for process in running:
            process.kill()


def run_cell(
    name: str,
    cell: dict[str, Any],
    code: dict[str, str],
    modules: Sequence[tuple[str, str | None]] = (),
    data_dir: str | Path | None = None,
    part: str | Path | None = None,
    metrics: str | Path | None = None,
    n_threads: int | None = None,
    processes: Processes | None = None,
) -> tuple[str, dict[str, Any]]:
    """Run a cell in its own process.

    Parameters
    ----------
    name : str
    cell : dict
    code : dict of {str: str}
        Hashes of the code that must run, as `.lab.compare.code_hashes.hashes` returns them.
    modules : sequence of (str, str), optional
        Names of modules to import, and where they are.
    data_dir : path, optional
    part : path, optional
        Where the cell keeps a checkpoint after each epoch, and goes on from it, if this
        machine has the folder around it.
    metrics : path, optional
        Where metrics are written while the cell runs, if this machine has the folder of the
        comparison.
    n_threads : int, optional
        Threads of the process.
    processes : Processes, optional
        Where to start it.

    Returns
    -------
    name : str
    result : dict
        ``cell``, ``code``, ``status`` ("done" or "failed"), and either ``message``, and
        ``lasting`` if the cell would fail again, or

        - ``test``: measures of test images, by name: ``"last"`` after the last epoch, and
          ``"best"`` after the one that was the best on validation images, with its number
          ``"epoch"``, if there were such images
        - ``val``: what was measured of validation images after the same two epochs
        - ``curves``: what tasks have measured, as lists of pairs, see `.tasks.TASKS`
        - ``history``: the records of epochs, with what learning has cost since it began:
          ``samples``, ``seconds`` and ``macs``, see `.lab.compare.budget.spent`
        - ``angles``, ``pictures`` (PNG files in base64, by name),
          ``samples_per_second``, ``peak_memory_mb``, ``seconds`` and ``provenance``
    """
    with tempfile.TemporaryDirectory(prefix="nengo-ngc-") as folder:
        task = {
            "cell": cell,
            "code": code,
            "modules": list(modules),
            "data_dir": data_dir and str(data_dir),
            "part": part and str(part),
            "metrics": metrics and str(metrics),
            "folder": folder,
        }
        message = _in_a_process(task, processes or Processes(), n_threads)
        try:
            result = results.read(Path(folder) / "answer.json", cell, code)
            if result is not None:
                return name, result
            message = "other code ran than that of this process, or it has changed since"
        except FileNotFoundError:
            pass
        except (RecursionError, ValueError) as error:
            message = f"the answer of the process makes no sense: {error}"
    return name, {"cell": cell, "code": code, "status": "failed", "message": message}


def _in_a_process(task: dict, processes: Processes, n_threads: int | None) -> str:
    """Run the process of a cell to its end, and return a message about how it ended."""
    with tempfile.TemporaryFile() as errors:
        process = processes.start(
            # -P: what lies in the current folder is not run
            [sys.executable, "-P", "-m", f"{__package__}.worker"],
            env={**os.environ, **_limits(n_threads), "PYTHONPATH": search_path()},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,  # Ctrl-C reaches this process, which ends the others
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


def _tell(process: subprocess.Popen, task: dict) -> None:
    assert process.stdin is not None
    try:
        process.stdin.write(json.dumps(task).encode() + b"\n")
        process.stdin.flush()
    except OSError:  # it has ended already, and its status says why
        pass


def _limits(n_threads: int | None) -> dict[str, str]:
    """Return environment variables that keep cells from competing for processors."""
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3"}
    if n_threads is None:
        return quiet
    # the last one is that of XLA, which reads none of the others
    names = "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "NPROC"
    return {**quiet, **{name: str(n_threads) for name in names}}


def run_all(
    jobs: Sequence[tuple], n_jobs: int, dask: str | None
) -> Iterator[tuple[str, dict[str, Any]]]:
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


def _dask_client(address: str) -> Any:
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise ImportError(f"Dask is not installed: {how_to_install('dask')}") from error
    try:
        return Client(address)
    except (OSError, ValueError) as error:
        raise OSError(f"no Dask scheduler at {address}: {error}") from error


def _share(n_jobs: int) -> int | None:
    return None if n_jobs == 1 else max(1, (os.cpu_count() or 1) // n_jobs)
