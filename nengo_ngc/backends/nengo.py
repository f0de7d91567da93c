"""Nengo's reference simulator, on which samples are presented one after another."""

import nengo
import numpy as np
from nengo.builder import Model

from ..exceptions import DivergenceError
from .session import Session

_DT = 0.001


class NengoSession(Session):
    """A session on Nengo's reference simulator, which presents one image after another."""

    def _stimulus(self, size):
        return nengo.Node(_Film(self.net.schedule), size_out=size)

    def _probe(self, name):
        schedule = self.net.schedule
        # a little less: 1001 * 0.001 / 0.001 is above 1001, and Nengo would be late
        every = schedule.steps * _DT * (1 - 1e-9) if schedule.interleave == 1 else None
        return self.net.probe(name, sample_every=every)

    def _simulator(self):
        # merging the products of large matrices, as Nengo does, slows them down; the model
        # comes without a cache of decoders, which would be a file opened for nothing
        return nengo.Simulator(
            self.model, dt=_DT, model=Model(_DT), optimize=False, progress_bar=False
        )

    def _present(self, data):
        for key, frames in data.items():
            self._stimuli[key].output.show(frames, self.sim.n_steps)
        n_steps = self.steps * len(data["input"])
        part = self.steps * self.net.schedule.interleave if self._remembers else n_steps
        try:
            for _ in range(0, n_steps, part):
                self._begin()
                self._run(part)
        except FloatingPointError as error:
            step = int(self.sim.signals[self.sim.model.step])
            raise DivergenceError(self._not_finite(), step) from error
        settled = {name: self._last(self.sim.data[p]) for name, p in self._probes.items()}
        self.sim.clear_probes()
        return settled

    def _run(self, n_steps):
        model, end = self.sim.model, self.sim.n_steps + n_steps
        ends = [op for op in model.operators if getattr(op, "ends", None) is not None]
        if not ends or self._remembers:  # neurons would go on while states are held
            self.sim.run_steps(n_steps, progress_bar=False)
            return
        step = self.sim.signals[model.step]
        settled = [self.sim.signals[signal] for op in ends for signal in op.sets]
        while step < end:
            self.sim.step()
            if all(values[0] > 0 for values in settled):
                step += max(min(op.ends.remaining(int(step)) for op in ends), 0)

    def _forget(self):
        for signal in self._memory:
            self.sim.signals.reset(signal)

    def _reset(self, seed):
        self.sim.reset(seed)
        self._seed_generators(seed)

    def _last(self, data):
        """The probed values at the last timestep of each presentation."""
        together = self.net.schedule.interleave
        if together == 1:
            return data.copy()
        blocks = data.reshape(-1, self.steps, together, data.shape[-1])
        return blocks[:, -1].reshape(-1, data.shape[-1])

    def _step_of(self, row, n):
        together = self.net.schedule.interleave
        left = n // together - 1 - row // together
        return self.sim.n_steps - left * self.steps * together

    def _not_finite(self):
        signals, sig = self.sim.signals, self.sim.model.sig
        for ensemble in self.net.all_ensembles:
            if not np.all(np.isfinite(signals[sig[ensemble.neurons]["out"]])):
                return ensemble.label
        return "a state"


class _Film:
    """The output of a node that shows one frame after another, or several in turns."""

    def __init__(self, schedule):
        self._steps, self._together = schedule.steps, schedule.interleave

    def show(self, frames, now):
        """Show ``frames`` from timestep ``now`` on."""
        self._frames, self._now = frames, now

    def __call__(self, t):
        step = int(round(t / _DT)) - 1 - self._now
        block = step // (self._steps * self._together)
        return self._frames[block * self._together + step % self._together]
