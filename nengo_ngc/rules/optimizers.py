r"""Optimisers: how a mean gradient becomes a change of the parameters.

An optimiser is its parameters and three pure functions: ``init``, ``update`` and ``project``.
They are written over a NumPy-like namespace ``xp`` and so serve every backend. To add one,
derive from :class:`Optimizer` and write ``update``, and ``init`` if it has a state.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from nengo.params import FrozenObject
from numpy.typing import NDArray

from ..validation import FiniteParam, PositiveParam

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
    def update(
        self, xp: Any, gradient: Any, state: State, parameter: Any
    ) -> tuple[Any, State]:
        """Return the change of the parameter, and the new state.

        Parameters
        ----------
        xp : namespace
            ``numpy``, or the namespace of a backend.
        gradient : array
            The mean gradient, which is the direction of steepest ascent of what is minimised.
        state : mapping of str to array
            What ``init`` or the previous ``update`` returned.
        parameter : array
            The parameter before the change.

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

    def update(
        self, xp: Any, gradient: Any, state: State, parameter: Any
    ) -> tuple[Any, State]:
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

    def update(
        self, xp: Any, gradient: Any, state: State, parameter: Any
    ) -> tuple[Any, State]:
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

    def update(
        self, xp: Any, gradient: Any, state: State, parameter: Any
    ) -> tuple[Any, State]:
        new = self._moments(gradient, state)
        t = new["t"]
        rate = self.learning_rate * xp.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
        return -rate * new["m"] / (xp.sqrt(new["v"]) + self.epsilon), new

    def _moments(self, gradient, state):
        b1, b2 = self.beta_1, self.beta_2
        return {
            "m": b1 * state["m"] + (1 - b1) * gradient,
            "v": b2 * state["v"] + (1 - b2) * gradient * gradient,
            "t": state["t"] + 1,
        }


class AdamW(Adam):
    r"""Adam with weight decay that its moments do not see (Loshchilov & Hutter 2019).

    .. math::
        \hat m = \frac{m}{1 - \beta_1^t}, \qquad \hat v = \frac{v}{1 - \beta_2^t}, \qquad
        \Delta\theta = -\eta \left( \frac{\hat m}{\sqrt{\hat v} + \epsilon}
                        + \lambda\, \theta \right)

    with the moments m and v of `Adam`. This is what ``optax.adamw`` computes: the decay is
    multiplied by the learning rate, a schedule of steps scales it as well, and epsilon is
    added after the correction for the start. It applies to weights and to biases.

    Parameters
    ----------
    learning_rate : float, optional
        Step size :math:`\eta`.
    beta_1, beta_2 : float, optional
        Decay of the first and second moment, in [0, 1).
    epsilon : float, optional
        Is added to the root of the corrected second moment.
    decay : float, optional
        Weight decay :math:`\lambda`, at least 0.

    References
    ----------
    Loshchilov & Hutter 2019, "Decoupled weight decay regularization", arXiv 1711.05101.
    """

    decay = FiniteParam("decay", low=0)

    def __init__(
        self,
        learning_rate: float = 1e-3,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        decay: float = 1e-4,
    ):
        super().__init__(learning_rate, beta_1, beta_2, epsilon)
        self.decay = decay

    def update(
        self, xp: Any, gradient: Any, state: State, parameter: Any
    ) -> tuple[Any, State]:
        new = self._moments(gradient, state)
        m = new["m"] / (1 - self.beta_1 ** new["t"])
        v = new["v"] / (1 - self.beta_2 ** new["t"])
        step = m / (xp.sqrt(v) + self.epsilon) + self.decay * parameter
        return -self.learning_rate * step, new


class RMSprop(Optimizer):
    r"""Steps that are divided by a running mean of the gradient's size (Hinton 2012).

    .. math:: v \leftarrow \rho v + (1 - \rho)\, g^2, \qquad
        \Delta\theta = -\eta \frac{g}{\sqrt{v} + \epsilon}

    Parameters
    ----------
    learning_rate : float, optional
        Step size :math:`\eta`.
    smoothing : float, optional
        Decay :math:`\rho` of the mean square, in [0, 1).
    epsilon : float, optional
        Is added to the root of the mean square.

    References
    ----------
    Tieleman & Hinton 2012, "Neural networks for machine learning", lecture 6.5. The defaults
    of ``smoothing`` and ``epsilon`` are those of Torch.
    """

    smoothing = FiniteParam("smoothing", low=0, high=1, high_open=True)
    epsilon = PositiveParam("epsilon")

    def __init__(
        self, learning_rate: float = 1e-3, smoothing: float = 0.99, epsilon: float = 1e-8
    ):
        super().__init__(learning_rate)
        self.smoothing = smoothing
        self.epsilon = epsilon

    def init(self, parameter: NDArray) -> State:
        return {"v": np.zeros_like(parameter)}

    def update(
        self, xp: Any, gradient: Any, state: State, parameter: Any
    ) -> tuple[Any, State]:
        v = self.smoothing * state["v"] + (1 - self.smoothing) * gradient * gradient
        return -self.learning_rate * gradient / (xp.sqrt(v) + self.epsilon), {"v": v}


# by the names that models and the command line have for them
OPTIMIZERS = {
    "adam": Adam,
    "adamw": AdamW,
    "momentum": Momentum,
    "rmsprop": RMSprop,
    "sgd": SGD,
}
