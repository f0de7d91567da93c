"""The functions of ``xp`` in TensorFlow, see `nengo_ngc.namespace`."""

from collections.abc import Callable
from functools import wraps
from types import ModuleType
from typing import Any

import tensorflow as tf
import tensorflow.experimental.numpy as tnp

from ...namespace import FUNCTIONS, offer


def tensorflow_namespace(dtype: Any, training: Any = False) -> ModuleType:
    """Return TensorFlow's functions in the form that `nengo_ngc.namespace` describes.

    All of them use one floating-point type.

    TensorFlow's own functions may convert float32 to float64 if an argument is a Python
    number.

    Parameters
    ----------
    dtype : tf.DType
        Floating-point type of the simulation.
    training : bool, int or tf.Tensor, optional
        Whether NengoDL trains the model.

    Returns
    -------
    module
    """

    def where(condition, x, y):
        # a number takes on the type of what it stands beside
        kind = next((a.dtype for a in (x, y) if tf.is_tensor(a)), dtype)
        x, y = (a if tf.is_tensor(a) else tf.cast(a, kind) for a in (x, y))
        return tf.where(condition, x, y)

    functions = {
        "where": where,
        # these do the same as the NumPy-like ones with fewer copies
        "einsum": tf.einsum,
        "linalg.cholesky": tf.linalg.cholesky,
        "linalg.inv": tf.linalg.inv,
        # it raises an error if there is no inverse, unlike the solution of triangular systems
        "linalg.inv_lower": tf.linalg.inv,
        "stop_gradient": tf.stop_gradient,
        "convolve": _convolve,
        "partition": lambda x, kth: tf.sort(x),  # which is as fast
        "take": _take,
    }
    for name in (function.name for function in FUNCTIONS):
        if name not in functions:
            functions[name] = _kept_to(dtype, getattr(tnp, name))
    return offer(functions, tf.cast(training, tf.bool))


def _kept_to(dtype: Any, function: Callable) -> Callable:
    @wraps(function)
    def cast(*args, **kwargs):
        result = function(*args, **kwargs)
        if isinstance(result, tf.Tensor) and result.dtype.is_floating:
            return tf.cast(result, dtype)
        return result

    return cast


def _take(x, indices, axis):
    indices = tf.convert_to_tensor(indices)  # which may count from the end
    return tf.gather(x, indices % tf.cast(tf.shape(x)[axis], indices.dtype), axis=axis)


def _convolve(x, kernel, strides, padding, dilation, groups):
    for axis, apart in enumerate(dilation, start=1):
        x = _apart(x, axis, apart)
    x = tf.pad(x, [(0, 0), *padding, (0, 0)])
    # TensorFlow has no convolutions of groups on processors
    channels, filters = tf.split(x, groups, axis=-1), tf.split(kernel, groups, axis=-1)
    made = [tf.nn.convolution(c, f, list(strides)) for c, f in zip(channels, filters)]
    return tf.concat(made, axis=-1)


def _apart(x, axis, distance):
    """Images with zeros between their pixels along an axis."""
    if distance == 1:
        return x
    zeros = [tf.zeros_like(x)] * (distance - 1)
    shape = [*x.shape]
    shape[axis] *= distance
    shape = [-1 if size is None else size for size in shape]
    stacked = tf.reshape(tf.stack([x, *zeros], axis=axis + 1), shape)
    return tf.split(stacked, [shape[axis] - distance + 1, distance - 1], axis=axis)[0]
