"""Runners present images to a network and say what it settled on.

What differs between simulators when a model learns from a data set is here and in
``dl.runner``; estimators see no difference.
"""

import nengo
import numpy as np
from sklearn.utils import gen_batches

from .exceptions import DivergenceError

_DT = 0.001


class Runner:
    """Holds a network, the nodes that feed it, and a simulator of both.

    Parameters
    ----------
    build : callable
        Makes the network, a `.networks.base.LearningNetwork`, inside a model.
    minibatch_size : int
        Samples that are presented at once, on simulators that can.
    names : sequence of str
        What to read out, names for ``network.probe``.
    inputs : sequence of str, optional
        Nodes of the network that are fed, by the names of their attributes.
    """

    def __init__(self, build, minibatch_size, names, inputs=("input",)):
        self.minibatch_size = minibatch_size
        self._learn = _Constant(1.0)
        with nengo.Network() as self.model:
            self.net = build()
            self._stimuli = {}
            for name in inputs:
                node = getattr(self.net, name)
                self._stimuli[name] = self._stimulus(node.size_in)
                nengo.Connection(self._stimuli[name], node, synapse=None)
        self.model.seed = self.net.seed  # what is random while it runs, too
        self.net.learn.output = self._learn
        self.steps = self.net.schedule.steps
        self._probes = {name: self._probe(name) for name in names}
        self.sim = self._simulator()

    def present(self, X, learn=False, **others):
        """Present images, each for the timesteps of the schedule.

        Parameters
        ----------
        X : (n, n_pixels) array
        learn : bool, optional
            Whether the network learns from them. Then n must be a multiple of
            ``minibatch_size``.
        **others : (n, size) arrays
            What is fed besides ``input``, by name.

        Returns
        -------
        dict of {str: (n, size) array}
            What is read out at the last timestep of each presentation.

        Raises
        ------
        DivergenceError
            If a value is not finite.
        """
        self._learn.value = float(learn)
        data = {"input": X, **others}
        chunks = [
            self._present({key: values[rows] for key, values in data.items()})
            for rows in gen_batches(len(X), self.minibatch_size)
        ]
        settled = {
            name: np.concatenate([chunk[name] for chunk in chunks])
            for name in self._probes
        }
        for name, values in settled.items():
            if not np.all(np.isfinite(values)):
                raise DivergenceError(name, self.sim.n_steps)
        return settled

    def state(self):
        """All that learning changes, as ``net.state`` returns it."""
        return self.net.state(self.sim)

    def set_state(self, state):
        """Take up learning where ``state`` was read."""
        self.net.set_state(self.sim, state)

    def close(self):
        """Free the simulator."""
        if "sim" in self.__dict__:
            self.sim.close()

    __del__ = close


class NengoRunner(Runner):
    """Runs on Nengo's reference simulator, one image after another."""

    def _stimulus(self, size):
        return nengo.Node(_Film(self.net.schedule), size_out=size)

    def _probe(self, name):
        schedule = self.net.schedule
        every = schedule.steps * _DT if schedule.interleave == 1 else None
        return self.net.probe(name, sample_every=every)

    def _simulator(self):
        # merging the products of large matrices, as Nengo does, slows them down
        return nengo.Simulator(self.model, dt=_DT, optimize=False, progress_bar=False)

    def _present(self, data):
        for key, frames in data.items():
            self._stimuli[key].output.show(frames, self.sim.n_steps)
        try:
            self._run(self.steps * len(data["input"]))
        except FloatingPointError as error:
            step = int(self.sim.signals[self.sim.model.step])
            raise DivergenceError(self._not_finite(), step) from error
        settled = {name: self._last(self.sim.data[p]) for name, p in self._probes.items()}
        self.sim.clear_probes()
        return settled

    def _run(self, n_steps):
        ended = getattr(self.net, "settled", None)
        if ended is None:
            self.sim.run_steps(n_steps, progress_bar=False)
            return
        signals, model, end = self.sim.signals, self.sim.model, self.sim.n_steps + n_steps
        settled, step = signals[model.sig[ended]["out"]], signals[model.step]
        while step < end:
            self.sim.step()
            if settled[0] > 0:
                step += max(ended.schedule.rest(int(step)), 0)

    def _last(self, data):
        """What was probed at the last timestep of each presentation."""
        together = self.net.schedule.interleave
        if together == 1:
            return data.copy()
        blocks = data.reshape(-1, self.steps, together, data.shape[-1])
        return blocks[:, -1].reshape(-1, data.shape[-1])

    def _not_finite(self):
        signals, sig = self.sim.signals, self.sim.model.sig
        for ensemble in self.net.all_ensembles:
            if not np.all(np.isfinite(signals[sig[ensemble.neurons]["out"]])):
                return ensemble.label
        return "a state"


class _Constant:
    """Output of a node that can be set between runs."""

    def __init__(self, value):
        self.value = value

    def __call__(self, t):
        return self.value


class _Film:
    """Output of a node that shows one frame after another, or several in turns."""

    def __init__(self, schedule):
        self._steps, self._together = schedule.steps, schedule.interleave

    def show(self, frames, now):
        """Show ``frames`` from timestep ``now`` on."""
        self._frames, self._now = frames, now

    def __call__(self, t):
        step = int(round(t / _DT)) - 1 - self._now
        block = step // (self._steps * self._together)
        return self._frames[block * self._together + step % self._together]


def make_runner(backend, *args, device=None, **kwargs):
    """A runner for ``backend``, "nengo" or "nengo-dl"."""
    if backend == "nengo":
        return NengoRunner(*args, **kwargs)
    from .dl.runner import NengoDLRunner

    return NengoDLRunner(*args, device=device, **kwargs)
