"""The namespace of array functions that pure functions see in TensorFlow."""

import tensorflow as tf
import tensorflow.experimental.numpy as tnp


class Namespace:
    """TensorFlow's NumPy-like functions, kept to one floating-point type.

    TensorFlow's own turn float32 into float64 as soon as a Python number takes part.

    Parameters
    ----------
    dtype : tf.DType
        Floating-point type of the simulation.
    training : bool, int or tf.Tensor
        Whether NengoDL trains.
    """

    class linalg:
        """Functions of matrices."""

        cholesky = staticmethod(tf.linalg.cholesky)
        inv = staticmethod(tf.linalg.inv)

    # TensorFlow's own do the same with fewer copies
    einsum = staticmethod(tf.einsum)
    stop_gradient = staticmethod(tf.stop_gradient)

    def __init__(self, dtype, training=False):
        self._dtype = dtype
        self.training = tf.cast(training, tf.bool)

    def where(self, condition, x, y):
        """``tf.where``, in which a number is of the type of what it stands beside."""
        dtype = next((a.dtype for a in (x, y) if tf.is_tensor(a)), self._dtype)
        x, y = (a if tf.is_tensor(a) else tf.cast(a, dtype) for a in (x, y))
        return tf.where(condition, x, y)

    def __getattr__(self, name):
        function = getattr(tnp, name)
        if not callable(function):
            return function

        def cast(*args, **kwargs):
            result = function(*args, **kwargs)
            if isinstance(result, tf.Tensor) and result.dtype.is_floating:
                return tf.cast(result, self._dtype)
            return result

        setattr(self, name, cast)
        return cast
