"""What training by gradients makes smaller, and what it measures besides, in JAX."""

from collections.abc import Callable
from typing import Any

import jax

from ...metrics.code_losses import ContrastiveLoss, PairwiseLoss, TripletLoss
from ...namespace import Array
from ...neurons.functions import cross_entropy, is_wrong
from ..model import Loss

Measure = Callable[[Any, Array, Array, Array], Array]


def measure(loss: Loss) -> Measure:
    """Return the function of a loss, by its name.

    Parameters
    ----------
    loss : Loss

    Returns
    -------
    callable
        ``function(xp, output, y, n_updates)`` returns the mean over a minibatch, given the
        output at the last timestep, (n, size), what is known of the samples, (n, ...), and the
        number of updates with this one, from which random numbers follow.
    """
    return _MEASURES[loss.name](**loss.settings)


def _cross_entropy(xp, output, y, n_updates):
    return xp.mean(cross_entropy(xp, output, y))


def _error(xp, output, y, n_updates):
    """Samples whose largest output is another than that of the label, in percent."""
    return 100 * xp.mean(xp.asarray(is_wrong(xp, output, y), dtype=output.dtype))


def _pairwise(kind: type[PairwiseLoss]) -> Callable[..., Measure]:
    def make(**settings):
        loss = kind(**settings)

        def mean(xp, codes, y, n_updates):
            n = len(codes)
            key = jax.random.fold_in(jax.random.key(loss.seed), n_updates)
            order = jax.random.uniform(key, (2, loss.n_draws, n, n), codes.dtype)
            return loss.mean(xp, codes, xp.reshape(y, (-1,)), tuple(order))

        return mean

    return make


_MEASURES: dict[str, Callable[..., Measure]] = {
    "cross-entropy": lambda: _cross_entropy,
    "error": lambda: _error,
    "triplet": _pairwise(TripletLoss),
    "contrastive": _pairwise(ContrastiveLoss),
}
