r"""Optimisers: how a mean gradient becomes a change of the parameters.

An optimiser is its parameters and three pure functions: ``init``, ``update`` and ``project``.
They are written over a NumPy-like namespace ``xp`` and so serve every backend. To add one,
derive from :class:`Optimizer` and write ``update``, and ``init`` if it has a state.

`Clipped`, `Annealed` and `Bounded` are optimisers around another one. They can be nested in
any order: ``Bounded(Annealed(Adam(1e-3), 1000), norm=1.0)``.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from nengo.params import FrozenObject
from numpy.typing import NDArray

from ..validation import FiniteParam, FlagParam, InstanceParam, PositiveParam, WholeParam

State = Mapping[str, Any]


class Optimizer(FrozenObject, ABC):
    """Base class of the optimisers.

    Parameters
    ----------
    learning_rate : float
        Size of a step, greater than 0.
    """

    learning_rate = PositiveParam("learning_rate")

    def __init__(self, learning_rate: float):
        super().__init__()
        self.learning_rate = learning_rate

    def init(self, parameter: NDArray) -> State:
        """Return the initial state for an array ``parameter``: arrays by name."""
        return {}

    @abstractmethod
    def update(self, xp: Any, gradient: Any, state: State) -> tuple[Any, State]:
        """Return the change of the parameter, and the new state.

        Parameters
        ----------
        xp : namespace
            ``numpy``, or the namespace of a backend.
        gradient : array
            The mean gradient, which is the direction of steepest ascent of what is minimised.
        state : mapping of str to array
            What ``init`` or the previous ``update`` returned.

        Returns
        -------
        change : array
            Is added to the parameter.
        state : mapping of str to array
        """

    def project(self, xp: Any, parameter: Any) -> Any:
        """Return the parameter, projected to its allowed values, after each change.

        Most optimisers return it as it is; see `Bounded` for one that does not.

        Parameters
        ----------
        xp : namespace
        parameter : array

        Returns
        -------
        array
        """
        return parameter


class SGD(Optimizer):
    r"""Steepest descent, :math:`\Delta\theta = -\eta\, g`.

    Parameters
    ----------
    learning_rate : float, optional
        Step size :math:`\eta`.
    """

    def __init__(self, learning_rate: float = 0.01):
        super().__init__(learning_rate)

    def update(self, xp: Any, gradient: Any, state: State) -> tuple[Any, State]:
        return -self.learning_rate * gradient, state


class Momentum(Optimizer):
    r"""Heavy-ball descent (Polyak 1964).

    .. math:: v \leftarrow \mu v - \eta\, g, \qquad \Delta\theta = v

    Parameters
    ----------
    learning_rate : float, optional
        Step size :math:`\eta`.
    momentum : float, optional
        Decay :math:`\mu` of the velocity, in [0, 1).
    """

    momentum = FiniteParam("momentum", low=0, high=1, high_open=True)

    def __init__(self, learning_rate: float = 0.01, momentum: float = 0.9):
        super().__init__(learning_rate)
        self.momentum = momentum

    def init(self, parameter: NDArray) -> State:
        return {"velocity": np.zeros_like(parameter)}

    def update(self, xp: Any, gradient: Any, state: State) -> tuple[Any, State]:
        v = self.momentum * state["velocity"] - self.learning_rate * gradient
        return v, {"velocity": v}


class Adam(Optimizer):
    r"""Adam (Kingma & Ba 2015, arXiv 1412.6980), with epsilon as Keras adds it.

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1) g, \qquad
        v \leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        \Delta\theta &= -\eta \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t}
                        \frac{m}{\sqrt{v} + \epsilon}

    Parameters
    ----------
    learning_rate : float, optional
        Step size :math:`\eta`.
    beta_1, beta_2 : float, optional
        Decay of the first and second moment, in [0, 1).
    epsilon : float, optional
        Is added to the root of the second moment.
    """

    beta_1 = FiniteParam("beta_1", low=0, high=1, high_open=True)
    beta_2 = FiniteParam("beta_2", low=0, high=1, high_open=True)
    epsilon = PositiveParam("epsilon")

    def __init__(
        self,
        learning_rate: float = 1e-3,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
    ):
        super().__init__(learning_rate)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def init(self, parameter: NDArray) -> State:
        return {
            "m": np.zeros_like(parameter),
            "v": np.zeros_like(parameter),
            "t": np.zeros((), dtype=parameter.dtype),
        }

    def update(self, xp: Any, gradient: Any, state: State) -> tuple[Any, State]:
        b1, b2 = self.beta_1, self.beta_2
        t = state["t"] + 1
        m = b1 * state["m"] + (1 - b1) * gradient
        v = b2 * state["v"] + (1 - b2) * gradient * gradient
        rate = self.learning_rate * xp.sqrt(1 - b2**t) / (1 - b1**t)
        return -rate * m / (xp.sqrt(v) + self.epsilon), {"m": m, "v": v, "t": t}


class _Around(Optimizer):
    """An optimiser that does what another one does, but for what a subclass changes."""

    optimizer = InstanceParam("optimizer", Optimizer)

    def __init__(self, optimizer: Optimizer):
        self.optimizer = optimizer  # first, since its learning rate is asked for
        super().__init__(optimizer.learning_rate)

    def init(self, parameter: NDArray) -> State:
        return self.optimizer.init(parameter)

    def update(self, xp: Any, gradient: Any, state: State) -> tuple[Any, State]:
        return self.optimizer.update(xp, gradient, state)

    def project(self, xp: Any, parameter: Any) -> Any:
        return self.optimizer.project(xp, parameter)


class Annealed(_Around):
    r"""Another optimiser whose steps become smaller as learning goes on.

    .. math:: \Delta\theta \leftarrow
        \bigl(1 - (1 - f) \min(t / T, 1)\bigr)\, \Delta\theta

    in the t-th update, counted from 0.

    Parameters
    ----------
    optimizer : Optimizer
        The optimiser whose steps are scaled.
    n_updates : int
        Number of updates T over which steps shrink.
    floor : float, optional
        Fraction f of a step that remains after that.
    """

    n_updates = WholeParam("n_updates")
    floor = FiniteParam("floor", low=0, high=1)

    def __init__(self, optimizer: Optimizer, n_updates: int, floor: float = 0.05):
        super().__init__(optimizer)
        self.n_updates = n_updates
        self.floor = floor

    def init(self, parameter: NDArray) -> State:
        age = np.zeros((), dtype=parameter.dtype)
        return _with_age(super().init(parameter), age)

    def update(self, xp: Any, gradient: Any, state: State) -> tuple[Any, State]:
        inner: State = {k.removeprefix("inner_"): a for k, a in state.items() if k != "age"}
        step, inner = super().update(xp, gradient, inner)
        passed = xp.minimum(state["age"] / self.n_updates, 1.0)
        left = 1 - (1 - self.floor) * passed
        return left * step, _with_age(inner, state["age"] + 1)


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

    def update(self, xp: Any, gradient: Any, state: State) -> tuple[Any, State]:
        gradient = xp.minimum(xp.maximum(gradient, -self.limit), self.limit)
        return super().update(xp, gradient, state)


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
