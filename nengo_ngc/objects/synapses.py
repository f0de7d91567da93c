"""Synapses that Nengo lacks."""

import numpy as np
from nengo.synapses import Synapse

from ..validation import WholeParam


class Delay(Synapse):
    """Passes on what came in some timesteps before.

    Parameters
    ----------
    steps : int
        Timesteps between what goes into a connection with this synapse and what comes
        out, at least 1.
    """

    steps = WholeParam("steps")

    def __init__(self, steps):
        super().__init__()
        self.steps = steps

    def make_state(self, shape_in, shape_out, dt, dtype=None, y0=0):
        # Nengo's own operator is late by the one timestep that is missing here
        return {"waiting": np.full((self.steps - 1, *shape_in), y0 or 0, dtype=dtype)}

    def make_step(self, shape_in, shape_out, dt, rng, state):
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
