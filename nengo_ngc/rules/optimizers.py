r"""Optimisers: how a mean gradient becomes a change of the parameters.

An optimiser is its parameters and two pure functions, ``init`` and ``update``, as
in optax. ``update`` is written over a NumPy-like namespace ``xp`` and so serves
every backend. To add one, derive from :class:`Optimizer` and write these two.
"""

from abc import ABC, abstractmethod

import numpy as np
from nengo.params import FrozenObject

from ..validation import FiniteParam, InstanceParam, PositiveParam, WholeParam


class Optimizer(FrozenObject, ABC):
    """Base class of the optimisers.

    Parameters
    ----------
    learning_rate : float
        Size of a step, greater than 0.
    """

    learning_rate = PositiveParam("learning_rate")

    def __init__(self, learning_rate):
        super().__init__()
        self.learning_rate = learning_rate

    def init(self, parameter):
        """Initial state, a dict of arrays, for an array ``parameter``."""
        return {}

    @abstractmethod
    def update(self, xp, gradient, state):
        """Return the change of the parameter and the new state.

        Parameters
        ----------
        xp : namespace
            Where array functions come from: ``numpy`` or its like in TensorFlow.
        gradient : array
            Mean gradient (the direction of steepest ascent of what is minimised).
        state : dict
            What ``init`` or the previous ``update`` returned.
        """


class SGD(Optimizer):
    r"""Steepest descent, :math:`\Delta\theta = -\eta\, g`.

    Parameters
    ----------
    learning_rate : float, optional
        Step size :math:`\eta`.
    """

    def __init__(self, learning_rate=0.01):
        super().__init__(learning_rate)

    def update(self, xp, gradient, state):
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

    def __init__(self, learning_rate=0.01, momentum=0.9):
        super().__init__(learning_rate)
        self.momentum = momentum

    def init(self, parameter):
        return {"velocity": np.zeros_like(parameter)}

    def update(self, xp, gradient, state):
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
        Added to the root of the second moment.
    """

    beta_1 = FiniteParam("beta_1", low=0, high=1, high_open=True)
    beta_2 = FiniteParam("beta_2", low=0, high=1, high_open=True)
    epsilon = PositiveParam("epsilon")

    def __init__(self, learning_rate=1e-3, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
        super().__init__(learning_rate)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def init(self, parameter):
        return {
            "m": np.zeros_like(parameter),
            "v": np.zeros_like(parameter),
            "t": np.zeros((), dtype=parameter.dtype),
        }

    def update(self, xp, gradient, state):
        b1, b2 = self.beta_1, self.beta_2
        t = state["t"] + 1
        m = b1 * state["m"] + (1 - b1) * gradient
        v = b2 * state["v"] + (1 - b2) * gradient * gradient
        rate = self.learning_rate * xp.sqrt(1 - b2**t) / (1 - b1**t)
        return -rate * m / (xp.sqrt(v) + self.epsilon), {"m": m, "v": v, "t": t}


class Annealed(Optimizer):
    r"""Another optimiser whose steps become smaller as learning goes on.

    .. math:: \Delta\theta \leftarrow
        \bigl(1 - (1 - f) \min(t / T, 1)\bigr)\, \Delta\theta

    in the t-th update, counted from 0.

    Parameters
    ----------
    optimizer : Optimizer
    n_updates : int
        Updates T over which steps shrink.
    floor : float, optional
        The fraction f of a step that is left then.
    """

    optimizer = InstanceParam("optimizer", Optimizer)
    n_updates = WholeParam("n_updates")
    floor = FiniteParam("floor", low=0, high=1)

    def __init__(self, optimizer, n_updates, floor=0.05):
        self.optimizer = optimizer  # first, since its learning rate is asked for
        super().__init__(optimizer.learning_rate)
        self.n_updates = n_updates
        self.floor = floor

    def init(self, parameter):
        age = np.zeros((), dtype=parameter.dtype)
        return _with_age(self.optimizer.init(parameter), age)

    def update(self, xp, gradient, state):
        inner = {k.removeprefix("inner_"): a for k, a in state.items() if k != "age"}
        step, inner = self.optimizer.update(xp, gradient, inner)
        passed = xp.minimum(state["age"] / self.n_updates, 1.0)
        left = 1 - (1 - self.floor) * passed
        return left * step, _with_age(inner, state["age"] + 1)


def _with_age(inner, age):
    # the inner optimiser may be annealed, too
    inner = {f"inner_{k}" if k.endswith("age") else k: a for k, a in inner.items()}
    return {**inner, "age": age}


class Clipped(Optimizer):
    r"""Another optimiser that sees no gradient beyond a limit.

    .. math:: g \leftarrow \min(\max(g, -c), c)

    Parameters
    ----------
    optimizer : Optimizer
    limit : float, optional
        The limit c of each entry of the mean gradient.
    """

    optimizer = InstanceParam("optimizer", Optimizer)
    limit = PositiveParam("limit")

    def __init__(self, optimizer, limit=1.0):
        self.optimizer = optimizer  # first, since its learning rate is asked for
        super().__init__(optimizer.learning_rate)
        self.limit = limit

    def init(self, parameter):
        return self.optimizer.init(parameter)

    def update(self, xp, gradient, state):
        gradient = xp.minimum(xp.maximum(gradient, -self.limit), self.limit)
        return self.optimizer.update(xp, gradient, state)


def bound_rows(xp, weights, norm):
    """Scale each row of ``weights`` whose L2 norm is over ``norm`` down to it."""
    squared = xp.sum(weights * weights, axis=1, keepdims=True)
    return weights * (norm / xp.sqrt(xp.maximum(squared, norm * norm)))
