"""The content of a bug report: versions, and whether each simulator works on this machine.

``python -m nengo_ngc.lab.check`` or ``nengo-ngc check``.
"""

import importlib.util
import os
import platform
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib import metadata
from pathlib import Path

import numpy as np

from .. import __version__
from ..backends import BACKENDS, Model
from ..backends.process import variable
from ..networks import GNCN
from ..rules import Adam, ErrorDriven
from ..schedule import Schedule
from ..validation import CallableParam, checked

_MODULES = {
    "nengo": "nengo",
    "nengo-dl": "nengo_dl",
    "TensorFlow": "tensorflow",
    "tf-keras": "tf_keras",
    "jax": "jax",
    "numpy": "numpy",
    "scikit-learn": "sklearn",
    "nengo-gui": "nengo_gui",
}

_STEPS, _N_IMAGES, _ROUNDS = 10, 4, 5

# squared error per image in each round, from Nengo with 64 bits
_EXPECTED = np.array([3.9956773, 3.8432218, 3.5383234, 3.0934014, 2.5900942])
_TOLERANCE = 5e-3  # of these numbers; GPUs may multiply with ten bits


@checked(CallableParam("say"))
def check(say: Callable[[str], object] = print) -> bool:
    """Print versions, and whether a small network learns the right numbers.

    Parameters
    ----------
    say : callable, optional
        Takes each line, a str.

    Returns
    -------
    bool
        Whether every simulator that is installed works.
    """
    with variable("TF_CPP_MIN_LOG_LEVEL", "3"):
        for name, value in _versions():
            say(f"{name:14s}{value}")
        say(f"\n{_N_IMAGES} images, {_ROUNDS} times, on a GNCN:")
        works = [_report(say, backend) for backend in BACKENDS.values() if backend]
    return all(works)


def _versions():
    packages = metadata.packages_distributions()
    yield "nengo-ngc", __version__
    yield "Python", platform.python_version()
    for name, module in _MODULES.items():
        found = packages.get(module)
        version = metadata.version(found[0]) if found else "installed by hand"
        yield name, version if _found(module) else "not installed"
    yield "system", platform.platform()
    yield "cores", str(os.cpu_count())
    for backend in BACKENDS.values():  # last: they may be what does not work
        if backend and backend.gpus is not None:
            yield f"GPU, {backend.title}", _gpus(backend)


def _found(module):
    try:
        return importlib.util.find_spec(module) is not None
    except ImportError:
        return False


def _gpus(backend):
    try:
        return ", ".join(backend.find_gpus()) or "none found"
    except Exception:  # the self-test says what is wrong
        return f"not looked for without {backend.title}"


def _report(say, backend):
    start, name = time.perf_counter(), backend.title
    try:
        found = _errors_on(backend)
    except Exception as error:  # whatever it is, it belongs into the report
        if not all(_found(module) for module in backend.requires[:1]):
            say(f"{name:14s}skipped: {_one_line(error)}")
            return True
        say(f"{name:14s}failed: {type(error).__name__}: {_one_line(error)}")
        return False
    difference = np.max(np.abs(found / _EXPECTED - 1))
    works = bool(difference < _TOLERANCE)  # NaN is no success
    say(
        f"{name:14s}{'OK' if works else 'failed'}: error per image {found[0]:.4f} -> "
        f"{found[-1]:.4f}, {difference:.1e} from what is expected "
        f"(at most {_TOLERANCE:.0e}), {time.perf_counter() - start:.1f} s"
    )
    return works


def _one_line(error):
    """Return a message without its paths, which belong to this machine."""
    text = " ".join(str(error).split())
    return text.replace(sys.prefix, "...").replace(str(Path.home()), "~")


# --- the self-test


def _images():
    return (np.random.RandomState(0).rand(_N_IMAGES, 16) < 0.4).astype(float)


def _network():
    return GNCN(
        (16, 8, 6),
        n_group=2,
        n_top_group=3,
        schedule=Schedule(_STEPS, batch_size=_N_IMAGES),
        learning_rule_type=ErrorDriven(Adam(0.05)),
        seed=0,
    )


def _errors_on(backend):
    """Return the squared error per image in each round on a backend."""
    session = backend.open(Model(_network, ("e0",)), _N_IMAGES)
    try:
        rounds = [session.present(_images(), learn=True)["e0"] for _ in range(_ROUNDS)]
    finally:
        session.close()
    return np.mean(np.sum(np.square(rounds), axis=2), axis=1)


if __name__ == "__main__":
    sys.exit(0 if check(partial(print, flush=True)) else 1)
