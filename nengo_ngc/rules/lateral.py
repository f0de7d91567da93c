"""Learning how the units of a layer inhibit each other."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..validation import FrozenArrayParam
from .base import LocalRule
from .optimizers import Adam, Optimizer

# Units for which a product is long enough to be taken by itself.
_WIDE = 96


class Lateral(LocalRule):
    r"""Learns how units of a layer inhibit each other and excite themselves.

    The connection carries :math:`-\hat L z` from the activities z of a layer to its own
    input, where

    .. math:: \hat L = \mathrm{relu}(L) \odot \bigl(M (1 - I) - I\bigr)

    for the parameter L and the mask M, which is 1 between units that compete. With the signal
    e, in whose direction the loss falls,

    .. math:: \Delta L = -(e z^T) \odot \bigl(M (1 - I) - I\bigr)

    where the derivative of relu counts as 1 everywhere.

    Parameters
    ----------
    L : (n, n) array
        The parameter at the start.
    mask : (n, n) array
        The mask M.
    optimizer : Optimizer, optional
        Default: ``Adam(1e-3)``.
    size_in : int or str, optional
        Size of the signal, ``"post"`` by default.
    **kwargs
        As for `.LocalRule`.

    References
    ----------
    Ororbia & Mali 2023, "The predictive forward-forward algorithm", arXiv 2301.01452.
    """

    L = FrozenArrayParam("L", ndim=2)
    mask = FrozenArrayParam("mask", ndim=2)

    def __init__(
        self,
        L: ArrayLike,
        mask: ArrayLike,
        optimizer: Optimizer | None = None,
        size_in: int | str = "post",
        **kwargs: Any,
    ):
        optimizer = Adam() if optimizer is None else optimizer
        super().__init__(optimizer, size_in=size_in, **kwargs)
        self.L = L
        self.mask = mask

    def update(self, xp: Any, pre: Any, post: Any, error: Any, weights: Any) -> Any:
        rows = []
        for first, last in _parts(self.mask):
            part = slice(first, last)
            block = xp.einsum("bi,bj->ij", error[:, part], pre[:, part])
            before, after = weights[part, :first], weights[part, last:]
            row = [xp.zeros_like(before), block, xp.zeros_like(after)]
            rows.append(xp.concatenate(row, axis=1))
        return -xp.concatenate(rows, axis=0) * self._signs(xp, weights)

    def init(self, weights: NDArray) -> NDArray:
        return np.array(self.L, dtype=weights.dtype)

    def constrain(self, xp: Any, parameter: Any) -> tuple[Any, Any]:
        return parameter, -xp.maximum(parameter, 0.0) * self._signs(xp, parameter)

    def _signs(self, xp, like):
        eye = np.eye(len(self.mask))
        return xp.asarray(self.mask * (1 - eye) - eye, dtype=like.dtype)


def ends_of_groups(matrix: NDArray) -> NDArray:
    """Return where groups of units end, of which a matrix links none to units outside.

    Parameters
    ----------
    matrix : (n, n) array
        It links two units if one of the two entries between them is not 0. The units of a
        group follow one another.

    Returns
    -------
    (n_groups,) array of int
        For each group the number of the first unit behind it, in ascending order.
    """
    n = len(matrix)
    linked = (matrix != 0) | (matrix.T != 0) | np.eye(n, dtype=bool)
    furthest = np.maximum.accumulate(n - 1 - np.argmax(linked[:, ::-1], axis=1))
    return np.flatnonzero(furthest == np.arange(n)) + 1


def _parts(mask):
    """Where units begin and end that compete with none but each other: (first, last) of each.

    All products outside of them would be multiplied by 0. Groups next to each other are in one
    part until it is wide enough.
    """
    parts, first = [], 0
    for end in ends_of_groups(mask).tolist():
        if end - first >= _WIDE or end == len(mask):
            parts.append((first, end))
            first = end
    return parts
