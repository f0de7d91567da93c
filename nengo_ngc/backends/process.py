"""Context managers that leave what a whole process shares as it was."""

import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import nengo
import numpy as np


@contextmanager
def building(network: nengo.Network | None) -> Iterator[None]:
    """Leave the process and the network as they were before a simulator was built.

    These are the root logger, NumPy's global generator, the network's configuration, and
    what happens when the terminal is resized.

    Parameters
    ----------
    network : nengo.Network or None
        The network that is built. Nengo draws a number from NumPy's generator for each network
        that it builds, whether the network has a seed or not. Without a seed the network
        needs numbers of its own, so the generator is left where building leaves it.
    """
    seeded = getattr(network, "seed", None) is not None
    with (
        root_logger(),
        generator() if seeded else nullcontext(),
        configuration(network),
        resizing(),
    ):
        yield


@contextmanager
def root_logger() -> Iterator[None]:
    """Leave the handlers of the root logger as they were.

    NengoDL writes to the root logger, and Python adds a handler to it at the first message
    if there is none.
    """
    silent = logging.NullHandler()
    logging.getLogger().addHandler(silent)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(silent)


@contextmanager
def configuration(network: nengo.Network | None) -> Iterator[None]:
    """Leave the configuration of a network, and of the networks in it, as it was.

    NengoDL asks the configuration for the settings of each object, and Nengo makes an entry
    for each object that it is asked for.

    Parameters
    ----------
    network : nengo.Network or None
    """
    networks = [] if network is None else [network, *network.all_networks]
    before = [(net.config.params, set(net.config.params)) for net in networks]
    try:
        yield
    finally:
        for parameters, known in before:
            for key in parameters.keys() - known:
                del parameters[key]


@contextmanager
def resizing() -> Iterator[None]:
    """Leave what happens when the terminal is resized as it was.

    The library that draws NengoDL's progress bars handles the signal from the first bar on.
    A bar that shows nothing counts as one, and never gives the signal back.
    """
    number = getattr(signal, "SIGWINCH", None)
    if number is None:  # on Windows
        yield
        return
    before = signal.getsignal(number)
    try:
        yield
    finally:
        # only the main thread may set a handler, and only one of Python's can be set again
        in_main = threading.current_thread() is threading.main_thread()
        if in_main and before is not None and signal.getsignal(number) is not before:
            signal.signal(number, before)


@contextmanager
def generator() -> Iterator[None]:
    """Leave NumPy's global generator as it was."""
    state = np.random.get_state()
    try:
        yield
    finally:
        np.random.set_state(state)


@contextmanager
def variable(name: str, default: str | None = None) -> Iterator[None]:
    """Leave an environment variable as it was.

    Parameters
    ----------
    name : str
    default : str, optional
        The value within the block if the variable is not set. By default it stays unset.
    """
    before = os.environ.get(name)
    if default is not None:
        os.environ.setdefault(name, default)
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = before
