"""What all of a process shares, left as it was."""

import logging
import os
from contextlib import contextmanager, nullcontext

import numpy as np


@contextmanager
def building(network):
    """Leave the root logger and NumPy's global generator as they were.

    NengoDL writes to the root logger, which gets a handler of Python's by that. Nengo draws
    a number for each network that is built, whether it has a seed or not.

    Parameters
    ----------
    network : nengo.Network or None
        What is built. If it has no seed, it needs numbers of its own, and the generator goes
        on.
    """
    silent = logging.NullHandler()
    logging.getLogger().addHandler(silent)  # Python adds one only where there is none
    try:
        with nullcontext() if getattr(network, "seed", None) is None else generator():
            yield
    finally:
        logging.getLogger().removeHandler(silent)


@contextmanager
def generator():
    """Leave NumPy's global generator as it was."""
    state = np.random.get_state()
    try:
        yield
    finally:
        np.random.set_state(state)


@contextmanager
def variable(name, default=None):
    """Leave an environment variable as it was.

    Parameters
    ----------
    name : str
    default : str, optional
        What it is within the block if it is not set.
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
