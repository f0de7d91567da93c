"""Makes nengo-dl import and run with the TensorFlow of today.

nengo-dl 3.6.0 was written for the Keras that came with TensorFlow 2.12. That Keras
lives on as ``tf_keras``, which nengo-dl looks for under its old name. The
names are lent to it while it is imported and taken back afterwards, so that ``import
keras`` elsewhere in the process gives what it always gave.
"""

import importlib
import logging
import os
import re
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import numpy as np
from nengo._vendor.scipy.sparse import linalg_expm, linalg_interface, linalg_onenormest

from ...version import how_to_install
from .. import process

_NEEDED = {"tensorflow": "TensorFlow", "tf_keras": "tf-keras", "nengo_dl": "nengo-dl"}


def import_nengo_dl() -> ModuleType:
    """Import nengo-dl.

    Returns
    -------
    module

    Raises
    ------
    ImportError
        If TensorFlow, tf-keras or nengo-dl is missing, with the command that brings
        it; or if ``tf.keras`` is Keras 3 in this process already.
    """
    if "nengo_dl" in sys.modules:
        return sys.modules["nengo_dl"]
    # TensorFlow looks at it whenever a part of it asks for Keras for the first time
    os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
    with _without_notices(), process.generator(), process.variable("TF_CPP_MIN_LOG_LEVEL"):
        tensorflow = _need("tensorflow")
        _need("tf_keras")
        if _keras_version(tensorflow).startswith("3"):
            raise ImportError(
                "nengo-dl needs the Keras 2 that tf-keras brings, but tf.keras is Keras "
                f"{_keras_version(tensorflow)} in this process already: import "
                "nengo_ngc.dl before TensorFlow, or set TF_USE_LEGACY_KERAS=1"
            )
        with (
            _keras_under_its_old_name(),
            _gpus_seen_here(),
            _tensorflows_logger(),
            warnings.catch_warnings(),
        ):
            # nengo 4.1 is newer than nengo-dl; the tests of this package cover the pair
            warnings.filterwarnings("ignore", message="This version of NengoDL")
            return _need("nengo_dl")


def gpus() -> list[str]:
    """Names of the GPUs that TensorFlow sees."""
    from tensorflow import config

    details = config.experimental.get_device_details
    return [
        details(device).get("device_name", device.name)
        for device in config.list_physical_devices("GPU")
    ]


@contextmanager
def numpy_1_names() -> Iterator[None]:
    """Lend Nengo's copy of SciPy the functions that NumPy 2 took away.

    Filters of more than about 200 states cannot be made discrete without them.
    """
    if hasattr(np, "in1d"):
        yield
        return
    modules = (linalg_expm, linalg_interface, linalg_onenormest)
    with _LENDING:
        before = [module.np for module in modules]
        for module in modules:
            module.np = _NumPy1()
        try:
            yield
        finally:
            for module, namespace in zip(modules, before):
                module.np = namespace


_LENDING = threading.RLock()  # one thread must not take back what another one uses


class _NumPy1:
    in1d = staticmethod(np.isin)

    @staticmethod
    def find_common_type(array_types, scalar_types):
        return np.result_type(*array_types, *scalar_types)

    def __getattr__(self, name):
        return getattr(np, name)


def _need(module):
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name not in _NEEDED:
            raise
        raise ImportError(
            f"nengo_ngc.dl needs {_NEEDED[error.name]}, which is not installed: "
            f"{how_to_install('dl')}"
        ) from error


def _keras_version(tensorflow):
    # as TensorFlow shows it, the old Keras has no version
    return getattr(tensorflow.keras, "__version__", "2")


# what TensorFlow's libraries say of themselves: "I0000 00:00:1795 ...", for example
_NOTICE = re.compile(
    rb"[IWE]\d{4} \d\d:\d\d:\d+\.|\d{4}-\d\d-\d\d .*: [IWE] (tensorflow|external)/"
    rb"|WARNING: All log messages before absl|To enable the following instructions:"
)


@contextmanager
def _without_notices():
    """Keep TensorFlow's notices of what it found from the standard error.

    It writes them before it reads TF_CPP_MIN_LOG_LEVEL; where that is 0, they are shown.
    So is everything if an import fails.
    """
    if os.environ.get("TF_CPP_MIN_LOG_LEVEL") == "0":
        yield
        return
    try:
        stderr = os.dup(2)
    except OSError:  # there is none
        yield
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        dropped = re.compile(rb"(?!)")  # nothing
        try:
            yield
            dropped = _NOTICE
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            held.seek(0)
            for line in held:
                if not dropped.match(line):
                    os.write(2, line)


@contextmanager
def _gpus_seen_here():
    """Answer when nengo-dl asks for GPUs.

    It starts another Python for that, which imports TensorFlow once more.
    """
    call = subprocess.call

    def answer(command, *args, **kwargs):
        if "list_physical_devices" in str(command):
            return int(not gpus())  # the status of a process: 0 if there are any
        return call(command, *args, **kwargs)

    subprocess.call = answer
    try:
        yield
    finally:
        subprocess.call = call


@contextmanager
def _tensorflows_logger():
    """Leave TensorFlow's logger without the filter that nengo-dl adds, which drops nothing."""
    filters = logging.getLogger("tensorflow").filters
    before = filters[:]
    try:
        yield
    finally:
        filters[:] = before


@contextmanager
def _keras_under_its_old_name():
    import tf_keras
    from tf_keras.src import engine
    from tf_keras.src.engine import functional
    from tf_keras.src.layers.normalization import batch_normalization, batch_normalization_v1

    lent = {
        "keras": tf_keras,
        "keras.layers": tf_keras.layers,
        "keras.engine": engine,
        "keras.engine.functional": functional,
    }
    ours = {name: m for name, m in sys.modules.items() if name.split(".")[0] == "keras"}
    names = {
        "BatchNormalizationV1": batch_normalization_v1.BatchNormalization,
        "BatchNormalizationV2": batch_normalization.BatchNormalization,
    }
    for name in ours:
        del sys.modules[name]
    sys.modules.update(lent)
    for name, layer in names.items():
        setattr(tf_keras.layers, name, layer)
    try:
        yield
    finally:
        for name in lent:
            sys.modules.pop(name, None)
        sys.modules.update(ours)
        for name in names:
            delattr(tf_keras.layers, name)
