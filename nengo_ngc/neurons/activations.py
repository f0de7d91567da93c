"""Activations of deep learning that Nengo has no neuron type for."""

import math
from typing import Any

from ..namespace import Array
from ..validation import FiniteParam
from .functions import indicator
from .pointwise import Pointwise

_GELU_SLOPE = math.sqrt(2 / math.pi)
_GELU_CUBIC = 0.044715


class LeakyRectifiedLinear(Pointwise):
    r"""Rectified linear units that pass on a part of negative inputs.

    .. math:: \phi(J) = \max(J, 0) + s \min(J, 0)

    Parameters
    ----------
    slope : float, optional
        The slope s for negative inputs, from 0 to 1.

    References
    ----------
    Maas, Hannun & Ng 2013, "Rectifier nonlinearities improve neural network acoustic models".
    """

    slope = FiniteParam("slope", low=0, high=1)

    def __init__(self, slope: float = 0.01) -> None:
        super().__init__()
        self.slope = slope

    def activity(self, xp: Any, J: Array) -> Array:
        """Return the activity, see `.Pointwise.activity`."""
        return xp.where(J >= 0, J, self.slope * J)

    def derivative(self, xp: Any, J: Array) -> Array:
        """Return the derivative of the activity by the input J, which is 1 at 0."""
        return xp.where(J >= 0, xp.ones_like(J), self.slope * xp.ones_like(J))


class GELU(Pointwise):
    r"""Gaussian error linear units, in their approximation by the hyperbolic tangent.

    .. math::
        \phi(J) = \tfrac{1}{2} J \bigl(1 + \tanh u\bigr), \qquad
        u = \sqrt{2 / \pi}\, (J + 0.044715\, J^3)

    This is the default of ``jax.nn.gelu``. It differs from :math:`J\, \Phi(J)`, where
    :math:`\Phi` is the normal distribution function, by less than 0.0005.

    References
    ----------
    Hendrycks & Gimpel 2016, "Gaussian error linear units (GELUs)", arXiv 1606.08415.
    """

    def activity(self, xp: Any, J: Array) -> Array:
        """Return the activity, see `.Pointwise.activity`."""
        return 0.5 * J * (1 + _gelu_tanh(xp, J))

    def derivative(self, xp: Any, J: Array) -> Array:
        """Return the derivative of the activity by the input J."""
        t = _gelu_tanh(xp, J)
        du = _GELU_SLOPE * (1 + 3 * _GELU_CUBIC * J * J)
        return 0.5 * (1 + t) + 0.5 * J * (1 - t * t) * du


def _gelu_tanh(xp, J):
    return xp.tanh(_GELU_SLOPE * (J + _GELU_CUBIC * J * J * J))


class HardTanh(Pointwise):
    r"""Linear units whose activity is limited to the range from -1 to 1.

    .. math:: \phi(J) = \min(\max(J, -1), 1)
    """

    def activity(self, xp: Any, J: Array) -> Array:
        """Return the activity, see `.Pointwise.activity`."""
        return xp.clip(J, -1.0, 1.0)

    def derivative(self, xp: Any, J: Array) -> Array:
        """Return the derivative of the activity by the input J, which is 1 at both limits."""
        return indicator(xp, xp.abs(J) <= 1, J)
