"""Measuring time: one run, several in turns, and how fast the machine can multiply."""

import time

import numpy as np


def seconds(run):
    """The time that a function takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def in_turns(runs, rounds):
    """The times of functions that take turns, since the machine's speed drifts.

    Parameters
    ----------
    runs : dict of {str: callable}
        Each is called once before, so that compiling does not count.
    rounds : int

    Returns
    -------
    dict of {str: (rounds,) array}
        Seconds.
    """
    for run in runs.values():
        run()
    turns = [{name: seconds(run) for name, run in runs.items()} for _ in range(rounds)]
    return {name: np.array([turn[name] for turn in turns]) for name in runs}


def peak_gflops():
    """How fast the machine multiplies matrices of float32, at its best of ten."""
    import tensorflow as tf

    a = tf.random.normal((2048, 2048))
    multiply = tf.function(lambda: tf.matmul(a, a))
    return 2 * 2048**3 / 1e9 / min(seconds(lambda: multiply().numpy()) for _ in range(10))
