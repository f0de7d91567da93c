r"""How layers of forward-forward see each other: without their goodness, or with it."""

from dataclasses import dataclass
from typing import Any

from ..namespace import Array
from ..neurons.functions import normalize, through_normalize

EPSILON = 1e-8  # added to the norms of states, as in the authors' program


@dataclass(frozen=True)
class Normalization:
    r"""A function n of states, and the gradients through it.

    .. math:: n(z) = \sqrt{d}\, \frac{z}{\lVert z \rVert}, \qquad
        n(z) = \frac{z}{\lVert z \rVert} \qquad \text{or} \qquad n(z) = z

    Parameters
    ----------
    kind : bool or "rms"
        Whether n makes the mean of the d squared states 1 ("rms"), or their sum (True), or is
        the identity (False).
    """

    kind: bool | str

    def of(self, xp: Any, z: Array) -> Array:
        """Return n(z) of each row, (n, d)."""
        return self._length(z) * normalize(xp, z, EPSILON) if self.kind else z

    def through(self, xp: Any, gradient: Array, z: Array) -> Array:
        """Return gradients by n(z) as gradients by z, (n, d)."""
        if not self.kind:
            return gradient
        return self._length(z) * through_normalize(xp, gradient, z, EPSILON)

    def _length(self, z):
        return z.shape[1] ** 0.5 if self.kind == "rms" else 1.0
