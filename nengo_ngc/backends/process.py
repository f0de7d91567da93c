"""Context managers that restore global state of the process."""

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
    """Restore the state of the process and of the network after a simulator was built.

    This includes the root logger, NumPy's global generator, the network's configuration, and
    the handler for resizing the terminal.

    Parameters
    ----------
    network : nengo.Network or None
        The network that is built. Nengo draws a number from NumPy's generator for each network
        that it builds. If the network has a seed, the state of the generator is restored. If
        not, it is not restored, so that the next network gets other numbers.
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
    """Restore the handlers of the root logger.

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
    """Restore the configuration of a network, and of the networks in it.

    NengoDL reads the settings of each object, and Nengo adds an entry to the configuration for
    each object whose settings are read.

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
    """Restore the handler of the signal that is sent when the terminal is resized.

    The library that draws NengoDL's progress bars replaces the handler with the first bar. A
    bar that is switched off does so, too, and never restores it.
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
    """Restore the state of NumPy's global generator."""
    state = np.random.get_state()
    try:
        yield
    finally:
        np.random.set_state(state)


@contextmanager
def variable(name: str, default: str | None = None) -> Iterator[None]:
    """Restore an environment variable.

    Parameters
    ----------
    name : str
    default : str, optional
        The value within the block if the variable is not set. By default it remains unset.
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
