"""Synapses that Nengo lacks."""

from collections.abc import Callable
from typing import Any

import numpy as np
from nengo.synapses import Synapse
from numpy.typing import DTypeLike, NDArray

from ..validation import WholeParam


class Delay(Synapse):
    """A delay of a whole number of timesteps.

    Parameters
    ----------
    steps : int
        Number of timesteps, at least 1, after which a value that goes into a connection with
        this synapse comes out.

    Raises
    ------
    nengo.exceptions.ValidationError
        If ``steps`` is not a whole number of at least 1.
    """

    steps = WholeParam("steps")

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.steps = steps

    def make_state(
        self,
        shape_in: tuple[int, ...],
        shape_out: tuple[int, ...],
        dt: float,
        dtype: DTypeLike | None = None,
        y0: float | None = 0,
    ) -> dict[str, NDArray]:
        """Return the values that are on their way; see `nengo.synapses.Synapse.make_state`."""
        # Nengo's own operator is late by the one timestep that is missing here
        return {"waiting": np.full((self.steps - 1, *shape_in), y0 or 0, dtype=dtype)}

    def make_step(
        self,
        shape_in: tuple[int, ...],
        shape_out: tuple[int, ...],
        dt: float,
        rng: Any,
        state: dict[str, NDArray],
    ) -> Callable[[float, NDArray], NDArray]:
        """Return the function of one timestep; see `nengo.synapses.Synapse.make_step`."""
        waiting = state["waiting"]
        n_waiting = len(waiting)
        if not n_waiting:
            return lambda t, x: x

        def step_delay(t, x):
            oldest = waiting[int(round(t / dt)) % n_waiting]
            out = oldest.copy()
            oldest[...] = x
            return out

        return step_delay
