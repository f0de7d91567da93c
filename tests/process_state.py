"""Pictures of what a process shares, and what is different in a later one."""

import logging
import os
import random
import signal
import sys
import warnings

import nengo
import numpy as np
import threadpoolctl

# packages of which each module and class is looked at, attribute by attribute; of Keras what
# users see
PACKAGES = ("nengo", "nengo_dl", "numpy", "scipy", "sklearn", "tf_keras", "keras")
INSIDE = ("tf_keras.src.", "keras.src.")

_PLAIN = (str, bytes, int, float, tuple, type(None))


def picture(network=None):
    """What should stay as it is, a dict of values by name.

    Parameters
    ----------
    network : nengo.Network, optional
        A network whose configuration belongs to the picture.
    """
    found = {**_of_python(), **_of_numbers(), **_of_libraries(), **_of_modules()}
    for net in [network, *network.all_networks] if network is not None else []:
        found[f"configuration: {net}"] = tuple(net.config.params)
        for key, parameters in net.config.params.items():
            found[f"configuration: {net}, {key}"] = tuple(map(repr, parameters.__getstate__()))
    return found


def _of_python():
    found = {f"environment: {name}": value for name, value in os.environ.items()}
    loggers = [(name, logging.getLogger(name)) for name in logging.root.manager.loggerDict]
    for name, logger in [("root", logging.root), *loggers]:
        kept = logger.level, logger.propagate, logger.disabled
        found[f"logger: {name}"] = (*kept, *logger.handlers, *logger.filters)
    for number in signal.valid_signals():
        found[f"signal: {number!r}"] = signal.getsignal(number)
    return {
        **found,
        "warnings: filters": tuple(warnings.filters),
        "sys: path": tuple(sys.path),
        "sys: finders": tuple(sys.meta_path),
        "sys: hooks": (sys.excepthook, sys.displayhook, *sys.path_hooks),
        "sys: streams": (sys.stdin, sys.stdout, sys.stderr),
        "sys: recursion": sys.getrecursionlimit(),
    }


def _of_numbers():
    kind, keys, *position = np.random.get_state()
    return {
        "random: generator": random.getstate(),
        "numpy: generator": (kind, keys.tobytes(), *position),
        "numpy: errors": tuple(np.geterr().items()),
        "numpy: printing": tuple(map(str, np.get_printoptions().items())),
    }


def _of_libraries():
    found = {f"settings: {key}": value for key, value in nengo.rc.items("precision")}
    for library in threadpoolctl.threadpool_info():
        found[f"threads: {library['filepath']}"] = library["num_threads"]
    if "matplotlib" in sys.modules:
        # as a dict: matplotlib looks for a window when it is asked for its backend
        for key, value in dict.items(sys.modules["matplotlib"].rcParams):
            found[f"matplotlib: {key}"] = repr(value)
    if "tensorflow" in sys.modules:
        found["tensorflow: seed"] = sys.modules[
            "tensorflow.python.eager.context"
        ].global_seed()
    if "jax" in sys.modules:
        config = sys.modules["jax"].config
        for key in filter(lambda name: name.startswith("jax_"), dir(config)):
            found[f"jax: {key}"] = repr(getattr(config, key))
    if "tf_keras" in sys.modules:
        backend = sys.modules["tf_keras"].backend
        found["keras: settings"] = (backend.floatx(), backend.image_data_format())
    return found


def _of_modules():
    found = {}
    for name, module in list(sys.modules.items()):
        found[f"module: {name}"] = module
        if name.split(".")[0] not in PACKAGES or name.startswith(INSIDE) or module is None:
            continue
        for key, value in list(vars(module).items()):
            found |= _of_attribute(f"{name}.{key}", value)
            if isinstance(value, type) and value.__module__ == name:
                for inner in list(vars(value)):
                    found |= _of_attribute(f"{name}.{key}.{inner}", vars(value)[inner])
    return found


def _of_attribute(name, value):
    if name.endswith("__"):
        return {name: value} if name.endswith(("__init__", "__call__", "__new__")) else {}
    if not name.startswith("nengo"):  # what others keep for themselves changes as it is used
        return {} if name.rpartition(".")[2].startswith("_") else {name: value}
    if isinstance(value, dict):
        return {name: value, **{f"{name}[{key!r}]": item for key, item in value.items()}}
    if isinstance(value, list | set):
        return {name: value, f"{name}[...]": tuple(value)}
    return {name: value}


def changes(before, after):
    """Names of what is another, gone, or new in something that was there before."""
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            yield f"{name} is gone"
        elif name not in before:
            if _is_news(name, before):
                yield f"{name} is new"
        elif not _same(before[name], after[name]):
            yield f"{name} is another"


def _is_news(name, before):
    """Whether what is new belongs to something that was there; new modules do not."""
    kind = name.partition(": ")[0]
    if kind in ("module", "logger", "threads", "matplotlib", "tensorflow", "keras"):
        return False
    if kind != name:
        return True
    owner = name.partition("[")[0] if "[" in name else name.rpartition(".")[0]
    return (f"module: {owner}" in before or owner in before) and name not in sys.modules


def _same(a, b):
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(_same, a, b))
    return a is b or (type(a) is type(b) and isinstance(a, _PLAIN) and a == b)
