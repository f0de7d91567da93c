"""Losses and measures of training by gradients, in JAX."""

from collections.abc import Callable
from typing import Any

import jax

from ...metrics.code_losses import CODE_LOSSES, PairwiseLoss
from ...namespace import Array
from ...networks.classifiers import OUTPUT_LOSSES
from ...neurons.functions import is_wrong
from ..model import Loss

Measure = Callable[[Any, Array, Array, Array], Array]


def measure(loss: Loss) -> Measure:
    """Return the function that computes a loss or a measure.

    Parameters
    ----------
    loss : Loss

    Returns
    -------
    callable
        ``function(xp, output, y, n_updates)`` returns the mean over a minibatch. Its arguments
        are the output at the last timestep, (n, size), the targets, (n, ...), and the number
        of updates including this one, which determines the random numbers.
    """
    return _MEASURES[loss.name](**loss.settings)


def _of_output(name: str) -> Callable[..., Measure]:
    def mean(xp, output, y, n_updates):
        return xp.mean(OUTPUT_LOSSES[name].of(xp, output, y))

    return lambda: mean


def _error(xp, output, y, n_updates):
    """The percentage of samples whose largest output is not that of the label."""
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

    In each draw all anchors use the same circular order of codes, but start at different
    places. To draw a number for each pair of codes would take longer than the rest of an
    update.
    """
    entries, places = jax.random.uniform(key, (2, 2, n_draws, n))
    turned = entries[..., None] + places[:, :, None]
    return tuple(turned - xp.floor(turned))


_MEASURES: dict[str, Callable[..., Measure]] = {
    **{name: _of_output(name) for name in OUTPUT_LOSSES},
    **{name: _pairwise(kind) for name, kind in CODE_LOSSES.items()},
    "error": lambda: _error,
}
