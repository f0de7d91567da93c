"""Settings that change from epoch to epoch."""

import numpy as np

from ..validation import PositiveParam, WholeParam, checked


@checked(
    PositiveParam("first"),
    PositiveParam("last"),
    PositiveParam("factor"),
    WholeParam("n", low=0),
)
def geometric(first: float, last: float, factor: float, n: int) -> float:
    r"""Return a value that has been multiplied n times by a factor, up to a limit.

    .. math:: v_n = v_0\, f^n

    A product that would lie beyond the limit is replaced by the limit.

    Parameters
    ----------
    first : float
        The initial value :math:`v_0`, above 0.
    last : float
        The limit that the value does not pass, above 0.
    factor : float
        The factor f, above 0. It is below 1 if the last value is smaller than the first.
    n : int
        Number of multiplications, at least 0.

    Returns
    -------
    float
    """
    bound = max if last < first else min
    with np.errstate(over="ignore"):  # an infinite value lies beyond any limit
        return bound(float(first * np.float64(factor) ** n), last)
