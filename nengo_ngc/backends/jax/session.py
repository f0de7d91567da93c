"""Runs networks on JAX, a minibatch at once."""

import nengo
import numpy as np

from ..memory import memory
from ..session import Session
from .simulator import Simulator


class _Simulator(Simulator):
    """Leaves out the rest of presentations of which nothing changes any more."""

    @property
    def _skips(self):
        return not any(memory(self.model))  # neurons would go on while states are held


class JaxSession(Session):
    """Runs on `nengo_ngc.jax.Simulator`.

    Parameters
    ----------
    model, n_samples
        As for `.Session`.
    device : str, optional
        As for `nengo_ngc.jax.Simulator`. Several names with commas in between are devices
        that share the samples, as in ``"gpu:0,gpu:1"``.
    """

    def _stimulus(self, size):
        return nengo.Node(np.zeros(size))

    def _probe(self, name):
        every = self.net.schedule.steps * 0.001
        # a little less: 1001 * 0.001 / 0.001 is above 1001, and the probe would be late
        return self.net.probe(name, sample_every=every * (1 - 1e-9))

    def _simulator(self):
        names = (self._device or "").split(",")
        where = {"devices": names} if len(names) > 1 else {"device": self._device}
        return _Simulator(
            self.model, minibatch_size=self.n_samples, progress_bar=False, **where
        )

    def _present(self, data):
        n = len(data["input"])
        if self._learn.value and n != self.n_samples:
            raise ValueError(f"learning needs minibatches of {self.n_samples}, got {n} images")
        held = {}
        for key, values in data.items():
            full = np.zeros((self.n_samples, 1, values.shape[1]), np.float32)
            full[:n, 0] = values
            held[self._stimuli[key]] = full
        self._begin()
        self.sim.run_steps(self.steps, data=held)
        settled = {name: self.sim.data[p][:n, -1] for name, p in self._probes.items()}
        self.sim.clear_probes()
        return settled

    def _forget(self):
        if self._memory or self._generators:
            self.sim.rest()

    def _repeat(self):
        self.sim.repeat()

    def _reset(self):
        self.sim.reset()
