r"""Losses that make codes of the same class similar, for ``sim.compile(loss=...)``.

The targets of these losses are labels, (batch, n_steps, 1), and they use the codes of the last
timestep. Codes are compared by the cosine of the angle between them. Each code in turn is the
anchor, and is compared with codes that are drawn at random from the same batch. The draws
depend on ``seed`` and on the number of previous updates.
"""

from functools import cached_property

import tensorflow as tf

from ...metrics import code_losses
from .namespace import tensorflow_namespace


class _Keras(code_losses.PairwiseLoss):
    """A loss for Keras that uses TensorFlow's random numbers."""

    @cached_property
    def variables(self):
        # counts updates, so that learning that is resumed goes on with the same draws
        with tf.init_scope():  # Keras may be making a graph
            return [tf.Variable(0, trainable=False, dtype=tf.int32)]

    def __call__(self, labels, codes):
        codes = tf.convert_to_tensor(codes)[:, -1]
        labels = tf.reshape(labels[:, -1], (-1,))
        update = self.variables[0].assign_add(1)
        n = codes.shape[0]
        order = tuple(
            tf.random.stateless_uniform((self.n_draws, n, n), [self.seed, 2 * update + k])
            for k in (0, 1)
        )
        return self.mean(tensorflow_namespace(codes.dtype), codes, labels, order)


def _of_keras(kind):
    """Return the class of a loss for Keras."""
    about = f"`.code_losses.{kind.__name__}` as a loss of Keras, with the same arguments."
    return type(kind.__name__, (_Keras, kind), {"__doc__": about, "__module__": __name__})


KERAS_LOSSES = {name: _of_keras(kind) for name, kind in code_losses.CODE_LOSSES.items()}

TripletLoss = KERAS_LOSSES["triplet"]
ContrastiveLoss = KERAS_LOSSES["contrastive"]
