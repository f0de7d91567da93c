r"""Optimisers around another one, which scale its steps, or limit what it sees or changes.

They can be nested in any order: ``Bounded(Annealed(Adam(1e-3), 1000), norm=1.0)``.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..validation import (
    ChoiceParam,
    FiniteParam,
    FlagParam,
    InstanceParam,
    PositiveParam,
    WholeParam,
    unfit,
)
from .optimizers import Optimizer, State

SHAPES = "linear", "cosine"


class _Around(Optimizer):
    """An optimiser that does what another one does, but for what a subclass changes."""

    optimizer = InstanceParam("optimizer", Optimizer)

    def __init__(self, optimizer: Optimizer):
        self.optimizer = optimizer  # first, since its learning rate is asked for
        super().__init__(optimizer.learning_rate)

    def init(self, parameter: NDArray) -> State:
        return self.optimizer.init(parameter)

    def update(
        self, xp: Any, gradient: Any, state: State, parameter: Any
    ) -> tuple[Any, State]:
        return self.optimizer.update(xp, gradient, state, parameter)

    def project(self, xp: Any, parameter: Any) -> Any:
        return self.optimizer.project(xp, parameter)


class Annealed(_Around):
    r"""Another optimiser whose steps change in size as learning goes on.

    .. math:: \Delta\theta \leftarrow s_t\, \Delta\theta

    in the t-th update, counted from 0. The size of a step first grows linearly for w updates,
    then keeps its full size for h updates, and then shrinks until update T, either linearly or
    along half a wave of the cosine:

    .. math::
        s_t &= s_0 + (1 - s_0)\, t / w \qquad \text{for } t < w, \qquad
        p = \min\bigl(\max(t - w - h, 0) / (T - w - h), 1\bigr) \\
        s_t &= 1 - (1 - f)\, p \qquad \text{or} \qquad
        s_t = 1 - (1 - f)\, \tfrac{1}{2} (1 - \cos \pi p) \qquad \text{for } t \geq w

    With the cosine, and without updates of the same size between, this is
    ``optax.warmup_cosine_decay_schedule``.

    Parameters
    ----------
    optimizer : Optimizer
        The optimiser whose steps are scaled.
    n_updates : int
        Number of updates T after which steps stay as they are.
    floor : float, optional
        Fraction f of a step that remains after that.
    shape : {"linear", "cosine"}, optional
        How steps shrink.
    warm_up : int, optional
        Number of updates w in which steps grow, below ``n_updates``.
    first : float, optional
        Fraction :math:`s_0` of a step in the first update, if there is a warm-up.
    hold : int, optional
        Number of updates h, after the warm-up, in which steps have their full size.
        ``warm_up + hold`` must be below ``n_updates``.

    References
    ----------
    Loshchilov & Hutter 2017, "SGDR: stochastic gradient descent with warm restarts", arXiv
    1608.03983.
    """

    n_updates = WholeParam("n_updates")
    floor = FiniteParam("floor", low=0, high=1)
    shape = ChoiceParam("shape", SHAPES)
    warm_up = WholeParam("warm_up", low=0)
    first = FiniteParam("first", low=0, high=1)
    hold = WholeParam("hold", low=0)

    def __init__(
        self,
        optimizer: Optimizer,
        n_updates: int,
        floor: float = 0.05,
        shape: str = "linear",
        warm_up: int = 0,
        first: float = 0.0,
        hold: int = 0,
    ):
        super().__init__(optimizer)
        self.n_updates = n_updates
        self.floor = floor
        self.shape = shape
        self.warm_up = warm_up
        self.first = first
        self.hold = hold
        if warm_up >= n_updates:
            raise unfit("warm_up", f"below n_updates, {n_updates}", warm_up, self)
        if hold >= n_updates - warm_up:
            expected = f"below n_updates - warm_up, {n_updates - warm_up}"
            raise unfit("hold", expected, hold, self)

    def init(self, parameter: NDArray) -> State:
        age = np.zeros((), dtype=parameter.dtype)
        return _with_age(super().init(parameter), age)

    def update(
        self, xp: Any, gradient: Any, state: State, parameter: Any
    ) -> tuple[Any, State]:
        inner: State = {k.removeprefix("inner_"): a for k, a in state.items() if k != "age"}
        step, inner = super().update(xp, gradient, inner, parameter)
        size = self.size_of_step(xp, state["age"])
        return size * step, _with_age(inner, state["age"] + 1)

    def size_of_step(self, xp: Any, age: Any) -> Any:
        """Return the fraction of a step that is left in an update.

        Parameters
        ----------
        xp : namespace
        age : array
            Number of the update, counted from 0.

        Returns
        -------
        array
        """
        begin = self.warm_up + self.hold
        passed = xp.maximum(age - begin, 0.0) / (self.n_updates - begin)
        passed = xp.minimum(passed, 1.0)
        if self.shape == "cosine":
            passed = 0.5 * (1 - xp.cos(math.pi * passed))
        size = 1 - (1 - self.floor) * passed
        if self.warm_up == 0:
            return size
        grown = self.first + (1 - self.first) * (age / self.warm_up)
        return xp.where(age < self.warm_up, grown, size)


def _with_age(inner, age):
    # the inner optimiser may be annealed, too
    inner = {f"inner_{k}" if k.endswith("age") else k: a for k, a in inner.items()}
    return {**inner, "age": age}


class Clipped(_Around):
    r"""Another optimiser that sees no gradient beyond a limit.

    .. math:: g \leftarrow \min(\max(g, -c), c)

    Parameters
    ----------
    optimizer : Optimizer
        The optimiser that sees the clipped gradient.
    limit : float, optional
        The limit c of each entry of the mean gradient.
    """

    limit = PositiveParam("limit")

    def __init__(self, optimizer: Optimizer, limit: float = 1.0):
        super().__init__(optimizer)
        self.limit = limit

    def update(
        self, xp: Any, gradient: Any, state: State, parameter: Any
    ) -> tuple[Any, State]:
        gradient = xp.minimum(xp.maximum(gradient, -self.limit), self.limit)
        return super().update(xp, gradient, state, parameter)


class Bounded(_Around):
    r"""Another optimiser, after each change of which the norms of rows are bounded.

    .. math:: W_i \leftarrow W_i \min(1, c / \lVert W_i \rVert)

    Rows are the incoming weights of one unit each. Biases have no rows and are not bounded.

    Parameters
    ----------
    optimizer : Optimizer
        The optimiser that changes the matrix.
    norm : float, optional
        The largest L2 norm c.
    columns : bool, optional
        Whether to bound the norms of columns instead.
    """

    norm = PositiveParam("norm")
    columns = FlagParam("columns")

    def __init__(self, optimizer: Optimizer, norm: float = 1.0, columns: bool = False):
        super().__init__(optimizer)
        self.norm = norm
        self.columns = columns

    def project(self, xp: Any, parameter: Any) -> Any:
        parameter = super().project(xp, parameter)
        if len(parameter.shape) != 2:
            return parameter
        if self.columns:
            return xp.transpose(bound_rows(xp, xp.transpose(parameter), self.norm))
        return bound_rows(xp, parameter, self.norm)


def bound_rows(xp: Any, weights: Any, norm: float) -> Any:
    """Scale each row of ``weights`` whose L2 norm is larger than ``norm`` down to it."""
    squared = xp.sum(weights * weights, axis=1, keepdims=True)
    return weights * (norm / xp.sqrt(xp.maximum(squared, norm * norm)))
