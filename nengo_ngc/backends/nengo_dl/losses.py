r"""Losses that make codes of the same class similar, for ``sim.compile(loss=...)``.

The targets of these losses are labels, (batch, n_steps, 1), and they use the codes of the last
timestep. Codes are compared by the cosine of the angle between them. Each code in turn is the
anchor, and is compared with codes that are drawn at random from the same batch. What is drawn
at an update depends on ``seed`` and on the number of updates before.
"""

import tensorflow as tf

from ...validation import FiniteParam, WholeParam, checked

_ARGUMENTS = (
    FiniteParam("margin", low=0, low_open=True, high=2),
    WholeParam("n_draws"),
    WholeParam("seed", low=0),
)


class _PairwiseLoss:
    def __init__(self, margin, n_draws, seed):
        self.margin = margin
        self.n_draws = n_draws
        self.seed = seed
        # counts updates, so that learning that is resumed goes on with the same draws
        self.variables = [tf.Variable(0, trainable=False, dtype=tf.int32)]

    def __call__(self, labels, codes):
        labels = tf.reshape(labels[:, -1], (-1,))
        u = tf.math.l2_normalize(codes[:, -1], axis=1, epsilon=1e-12)
        cosine = tf.matmul(u, u, transpose_b=True)
        same = labels[:, None] == labels[None]
        positive = same & ~tf.eye(tf.shape(u)[0], dtype=tf.bool)
        negative = ~same
        usable = tf.reduce_any(positive, axis=1) & tf.reduce_any(negative, axis=1)
        update = self.variables[0].assign_add(1)
        values = self._of(
            self._drawn(cosine, positive, [self.seed, 2 * update]),
            self._drawn(cosine, negative, [self.seed, 2 * update + 1]),
        )
        values = tf.where(usable, values, tf.zeros_like(values))
        # anchors whose loss is 0 would only make steps smaller
        n_active = tf.math.count_nonzero(values, dtype=values.dtype)
        return tf.reduce_sum(values) / tf.maximum(n_active, 1)

    def _drawn(self, cosine, allowed, seed):
        """Cosines of each anchor with some of the allowed codes, (n_draws, batch)."""
        n = tf.shape(cosine)[0]
        order = tf.random.stateless_uniform((self.n_draws, n, n), seed)
        chosen = tf.argmax(tf.where(allowed, order, -tf.ones_like(order)), axis=2)
        cosines = tf.broadcast_to(cosine, (self.n_draws, n, n))
        return tf.gather(cosines, chosen, axis=2, batch_dims=2)


class TripletLoss(_PairwiseLoss):
    r"""Loss that is 0 if codes of one class are closer than others by a margin.

    .. math:: \max(0,\ m - \cos(a, p) + \cos(a, n))

    for an anchor a, a code p of the same class and a code n of another class, averaged over
    the triplets for which it is not 0.

    Parameters
    ----------
    margin : float, optional
        The margin m, above 0 and at most 2.
    n_draws : int, optional
        Number of triplets that are drawn for each anchor in an update.
    seed : int, optional
        Seed of the draws.

    Raises
    ------
    ValueError
        If an argument is out of range.

    References
    ----------
    Schroff, Kalenichenko & Philbin 2015, "FaceNet: a unified embedding for face recognition
    and clustering".
    """

    @checked(*_ARGUMENTS)
    def __init__(self, margin: float = 0.3, n_draws: int = 8, seed: int = 0) -> None:
        super().__init__(margin, n_draws, seed)

    def _of(self, positive, negative):
        return tf.nn.relu(self.margin - positive + negative)


class ContrastiveLoss(_PairwiseLoss):
    r"""Loss that is 0 if codes of one class are equal and others a margin apart.

    .. math:: (1 - \cos(a, p))^2 + \max(0,\ m - (1 - \cos(a, n)))^2

    for an anchor a, a code p of the same class and a code n of another class, averaged over
    the draws of p and n for which it is not 0.

    Parameters
    ----------
    margin : float, optional
        The margin m, above 0 and at most 2.
    n_draws : int, optional
        Number of codes p, and of codes n, that are drawn for each anchor in an update.
    seed : int, optional
        Seed of the draws.

    Raises
    ------
    ValueError
        If an argument is out of range.

    References
    ----------
    Hadsell, Chopra & LeCun 2006, "Dimensionality reduction by learning an invariant
    mapping".
    """

    @checked(*_ARGUMENTS)
    def __init__(self, margin: float = 0.5, n_draws: int = 8, seed: int = 0) -> None:
        super().__init__(margin, n_draws, seed)

    def _of(self, positive, negative):
        return (1 - positive) ** 2 + tf.nn.relu(self.margin - (1 - negative)) ** 2
