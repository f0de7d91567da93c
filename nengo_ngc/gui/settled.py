"""Values at the ends of presentations."""

from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..validation import CallableParam, WholeParam, checked


class Settled:
    """Function of a `nengo.Node` that shows its input only once a network has settled.

    ::

        squared_error = nengo.Node(Settled(50, lambda e: e @ e), size_in=64)
        nengo.Connection(net.connections["E1"].pre, squared_error, synapse=None)

    In a plot of the Node, each presentation is one value. A plot of the error itself rises at
    the start of each presentation, when the states start anew, and falls while they settle.

    Parameters
    ----------
    steps : int
        Number of timesteps in a presentation. The value of the last one is held until the
        next presentation ends. During the first presentation the value is the present one.
    function : callable, optional
        ``function(x)`` of the Node's input, an array, returns an array or a number. Default:
        the input itself.
    n_mean : int, optional
        Number of presentations of which the mean is shown.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is out of range or of another type.
    """

    @checked(WholeParam("steps"), CallableParam("function"), WholeParam("n_mean"))
    def __init__(
        self,
        steps: int,
        function: Callable[[NDArray], NDArray | float] = np.asarray,
        n_mean: int = 1,
    ) -> None:
        self.steps, self.function = steps, function
        self._t: float | None = None
        self._n = 0
        self._last: deque[NDArray] = deque(maxlen=n_mean)
        self._shown: NDArray | float = 0.0

    def __call__(self, t: float, x: NDArray) -> NDArray | float:
        if t == 0 or self._t is None or t <= self._t:  # a new simulation
            self._n = 0
            self._last.clear()
        self._n += t > 0
        self._t = t
        ends = self._n > 0 and self._n % self.steps == 0
        if ends or self._n < self.steps:
            value = np.array(self.function(x), dtype=float)
            if ends:
                self._last.append(value)
            self._shown = np.mean(self._last, axis=0) if ends else value
        return self._shown
