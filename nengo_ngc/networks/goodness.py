r"""The goodness of a layer, by which it tells positive from negative images."""

from dataclasses import dataclass
from typing import Any

from ..namespace import Array
from ..neurons.functions import logistic


@dataclass(frozen=True)
class Goodness:
    r"""The goodness of a layer, the loss of it, and the error by which the layer learns.

    .. math::
        G = \sum_i z_i^2, \qquad p = \sigma(\pm (G - \theta)), \qquad
        \text{loss} = -t \log p - (1 - t) \log(1 - p)

    where p is the probability that the image is positive, and t is 1 for positive and 0 for
    negative images. All methods take arrays with a batch axis and return (batch, 1) arrays,
    except ``error``.

    Parameters
    ----------
    threshold : float
        The threshold :math:`\theta`.
    low_is_positive : bool
        Whether the goodness of positive images is to be low. Then the sign before
        :math:`G - \theta` is minus.
    carry : float
        The part of the states that is kept from the timestep before, which does not depend on
        their present input.
    """

    threshold: float
    low_is_positive: bool
    carry: float

    @property
    def sign(self) -> float:
        """-1 if the goodness of positive images is to be low, else 1."""
        return -1.0 if self.low_is_positive else 1.0

    def of(self, xp: Any, z: Array) -> Array:
        """Return the goodness of states."""
        return sum_of_squares(xp, z)

    def log_odds(self, xp: Any, z: Array) -> Array:
        """Return the logarithm of p / (1 - p)."""
        return self.sign * (self.of(xp, z) - self.threshold)

    def loss(self, xp: Any, z: Array, kind: Array | None) -> Array:
        """Return the cross-entropy of p. Without ``kind`` images count as positive."""
        odds = self.log_odds(xp, z)
        t = xp.ones_like(odds) if kind is None else kind
        return xp.maximum(odds, 0.0) - odds * t + xp.log1p(xp.exp(-xp.abs(odds)))

    def error(self, xp: Any, z: Array, kind: Array | None) -> Array:
        """Return the direction of the layer's input that lowers the loss, (batch, n).

        The derivative of the rectifier counts as 1. Without ``kind`` it is 0.
        """
        if kind is None:
            return xp.zeros_like(z)
        p = logistic(xp, self.log_odds(xp, z))
        return -self.sign * 2 * (1 - self.carry) * (p - kind) * z


def sum_of_squares(xp: Any, z: Array) -> Array:
    """Return the sum of the squares of each row, (batch, 1)."""
    return xp.sum(z * z, axis=1, keepdims=True)
