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
            key = jax.random.fold_in(jax.random.key(loss.seed), n_updates)
            order = _orders(xp, key, loss.n_draws, len(codes))
            return loss.mean(xp, codes, xp.reshape(y, (-1,)), order)

        return mean

    return make


def _orders(xp, key, n_draws, n):
    """Random numbers that put the codes in order, for each draw and anchor.

    Each draw has one circle of codes, which every anchor enters at a place of its own. To draw
    a number for each pair of codes would take longer than everything else in an update.
    """
    entries, places = jax.random.uniform(key, (2, 2, n_draws, n))
    turned = entries[..., None] + places[:, :, None]
    return tuple(turned - xp.floor(turned))


_MEASURES: dict[str, Callable[..., Measure]] = {
    "cross-entropy": lambda: _cross_entropy,
    "error": lambda: _error,
    "triplet": _pairwise(TripletLoss),
    "contrastive": _pairwise(ContrastiveLoss),
}
