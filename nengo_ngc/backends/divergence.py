"""Errors for learning that has diverged."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..exceptions import DivergenceError

# The largest state, prediction or parameter of a network that learns. Pixels are at most 1,
# and the largest number seen while all went well is 160 (docs/promises.md). From here on the
# steps between float32 numbers, 0.008, are larger than any useful step of learning: there is
# no way back.
LARGEST = 1e5


def check_finite(name: str, array: ArrayLike, step: int | None) -> None:
    """Raise a DivergenceError unless all numbers are finite."""
    if not np.all(np.isfinite(array)):
        raise DivergenceError(name, step)


def check_size(name: str, array: NDArray, step: int | None) -> None:
    """Raise a DivergenceError if a number is too large for learning to recover."""
    check_finite(name, array, step)
    largest = max(np.max(array, initial=0), -np.min(array, initial=0))
    if largest > LARGEST:
        raise DivergenceError(
            name, step, f"has reached {largest:.1e}, more than {LARGEST:.0e}"
        )
