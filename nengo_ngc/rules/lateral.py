"""Learning how the units of a layer inhibit each other."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..validation import FrozenArrayParam
from .base import LocalRule
from .optimizers import Adam, Optimizer


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
        return -xp.einsum("bi,bj->ij", error, pre) * self._signs(xp, weights)

    def init(self, weights: NDArray) -> NDArray:
        return np.array(self.L, dtype=weights.dtype)

    def constrain(self, xp: Any, parameter: Any) -> tuple[Any, Any]:
        return parameter, -xp.maximum(parameter, 0.0) * self._signs(xp, parameter)

    def _signs(self, xp, like):
        eye = np.eye(len(self.mask))
        return xp.asarray(self.mask * (1 - eye) - eye, dtype=like.dtype)
