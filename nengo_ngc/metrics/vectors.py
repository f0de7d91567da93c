"""Measures that compare arrays as vectors, such as the updates of two learning rules."""

import numpy as np
from numpy.typing import NDArray

from ..validation import ArrayParam, check_as_many, checked


@checked(ArrayParam("a"), ArrayParam("b"))
def angle(a: NDArray, b: NDArray) -> float:
    """Return the angle between two arrays as vectors, in degrees.

    Parameters
    ----------
    a, b : arrays
        Of as many entries each, in any shape.

    Returns
    -------
    float
        From 0 to 180, or NaN if one of the arrays is 0.

    Raises
    ------
    ValueError
        If the arrays have different numbers of entries.
    """
    check_as_many("b", np.ravel(b), "the entries of a", np.ravel(a))
    a, b = (np.ravel(x).astype(np.float64) for x in (a, b))
    norms = np.linalg.norm(a) * np.linalg.norm(b)
    if norms == 0:
        return float("nan")
    return float(np.degrees(np.arccos(np.clip(a @ b / norms, -1, 1))))
