"""Runs networks on JAX, a minibatch at once."""

from typing import Any

import nengo
import numpy as np
from nengo.builder import Model as Built

from ...exceptions import DivergenceError
from ...program.operators import PureOperator
from ..memory import memory
from ..model import Model
from ..session import Session
from .recording import LastTimestep
from .simulator import Simulator

_DT = 0.001


class _Simulator(Simulator):
    """Skips the rest of presentations that have settled, and records the last timestep."""

    _Recording = LastTimestep

    @property
    def _skips(self):
        return not any(memory(self.model))  # neurons would go on while states are held


def placed(device: str | None) -> dict[str, Any]:
    """Return arguments of a simulator for one device, or for several separated by commas."""
    names = (device or "").split(",")
    return {"devices": names} if len(names) > 1 else {"device": device}


class JaxSession(Session):
    """Runs on `nengo_ngc.jax.Simulator`.

    In calls without learning, random neurons draw the same numbers each time. Within a call,
    and within a minibatch, each sample has other random numbers.

    Parameters
    ----------
    model, n_samples
        As for `.Session`.
    device : str, optional
        As for `nengo_ngc.jax.Simulator`. Several names, separated by commas as in
        ``"gpu:0,gpu:1"``, are devices that share the samples.
    """

    def __init__(self, model: Model, n_samples: int, device: str | None = None):
        super().__init__(model, n_samples, device)
        # those whose weights are computed from what they learn, by matrix inverses
        self._inverting = [
            op
            for op in self.sim.model.operators
            if isinstance(op, PureOperator) and "parameter" in op.updated
        ]

        # by the number of samples that they are of
        self._sums = {
            op.updated["count"]: op.updated["total"]
            for op in self.sim.model.operators
            if isinstance(op, PureOperator) and {"count", "total"} <= op.updated.keys()
        }

    def reset(self, seed: int | None = None) -> None:
        """As for `.Simulation`; what was learned remains on the device."""
        if seed is not None:
            self.sim.seed = seed
        self.sim.begin()
        for count, total in self._sums.items():
            if np.any(self.sim.signals[count]):
                self.sim.signals[count] = self.sim.signals[total] = 0.0

    def _stimulus(self, size):
        return nengo.Node(np.zeros(size))

    def _probe(self, name):
        # how much is recorded, from which follows how many timesteps are one call
        return self.net.probe(name, sample_every=self.net.schedule.steps * _DT)

    def _simulator(self):
        # without a cache of decoders, which would be a file opened for nothing
        return _Simulator(
            self.model,
            minibatch_size=self.n_samples,
            progress_bar=False,
            model=Built(_DT),
            **placed(self._device),
        )

    def _present(self, data):
        n = len(data["input"])
        if self._learn.value and n != self.n_samples:
            raise ValueError(f"learning needs minibatches of {self.n_samples}, got {n} images")
        held = {}
        for key, values in data.items():
            full = values
            if n < self.n_samples:
                full = np.zeros((self.n_samples, values.shape[1]), np.float32)
                full[:n] = values
            held[self._stimuli[key]] = full[:, None]
        self._begin()
        self.sim.run_steps(self.steps, data=held)
        settled = {name: self.sim.data[p][:n, -1] for name, p in self._probes.items()}
        self.sim.clear_probes()
        return settled

    def _check(self, settled):
        """Also name a rule whose matrix has no inverse, for which JAX raises no error."""
        super()._check(settled)
        if self._learn.value and self._inverting:
            finite = self.sim.are_finite([op.updated["weights"] for op in self._inverting])
            for op, is_finite in zip(self._inverting, finite):
                if not is_finite:
                    raise DivergenceError(op.tag, self.n_steps)

    def _forget(self):
        if self._memory or self._generators:
            self.sim.rest()

    def _repeat(self):
        self.sim.repeat()

    def _reset(self, seed):
        self.sim.reset(seed)
