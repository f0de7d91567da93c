"""Runners present images to a network and say what it settled on.

What differs between simulators when a model learns from a data set is here and in
``dl.runner``; estimators see no difference.
"""

import nengo
import numpy as np
from nengo.builder import Model
from nengo.builder.neurons import SimNeurons
from nengo.builder.processes import SimProcess
from sklearn.utils import gen_batches

from ..exceptions import DivergenceError
from ..objects import Delay
from . import process

_DT = 0.001

# The largest state, prediction or parameter of a network that learns. Pixels are at most 1,
# and the largest number seen while all went well is 160 (docs/promises.md). From here on the
# steps between float32 numbers, 0.008, are larger than any useful step of learning: there is
# no way back.
LARGEST = 1e5


class Runner:
    """Holds a network, the nodes that feed it, and a simulator of both.

    Neurons and synapses are at rest when a presentation begins, so that images do not
    depend on those before them. Where they are random, they do the same in each run of the
    simulator that learns nothing; on NengoDL, those that TensorFlow computes do not.

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
        with process.building(self.model):
            self.sim = self._simulator()
        self._memory, generators = memory(self.sim.model)
        self._generators = [(rng, rng.get_state()) for rng in generators]
        self._remembers = bool(self._memory or generators)

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
            If a value is not finite, or beyond ``LARGEST``.
        """
        self._learn.value = float(learn)
        data = {"input": X, **others}
        chunks = []
        for rows in gen_batches(len(X), self.minibatch_size):
            chunks.append(self._present({k: values[rows] for k, values in data.items()}))
            self._check(chunks[-1])
        return {
            name: np.concatenate([chunk[name] for chunk in chunks]) for name in self._probes
        }

    def _check(self, settled):
        """Raise a DivergenceError that names the presentation where it begins."""
        found = {}
        for name, values in settled.items():
            limit = np.finfo(float).max if name in self.net._scale_free else LARGEST
            unfit = ~np.all(np.abs(values) <= limit, axis=1)
            if np.any(unfit):
                found[name] = np.argmax(unfit)
        if found:
            name = min(found, key=found.get)  # of those that come together, the first probe
            row = found[name]
            check_size(name, settled[name][row], self._step_of(row, len(settled[name])))

    def _step_of(self, row, n):
        """The last timestep of the presentation of one of n images that ended just now."""
        return self.sim.n_steps

    def rest(self):
        """Go on as a new simulator would that takes up what was learned."""
        state = self.state()
        self._reset()
        self._repeat()
        self.set_state(state)

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

    def _begin(self):
        """Have neurons and synapses forget what was presented before."""
        self._forget()
        if not self._learn.value:  # images that are learned from see noise of their own
            self._repeat()

    def _repeat(self):
        for rng, start in self._generators:
            rng.set_state(start)


class NengoRunner(Runner):
    """Runs on Nengo's reference simulator, one image after another."""

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

    def _reset(self):
        self.sim.reset()

    def _last(self, data):
        """What was probed at the last timestep of each presentation."""
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


def memory(model):
    """What neurons and synapses of a model keep for the next timestep.

    Returns
    -------
    signals : list of nengo.builder.Signal
    generators : list of numpy.random.RandomState
        Of random neurons.

    Notes
    -----
    Both are empty if there is nothing but delays of whole timesteps: networks that begin
    afresh, as `.neurons.LatentState` does, don't look at what these still hold.
    """
    neurons = [op for op in model.operators if isinstance(op, SimNeurons)]
    synapses = [op for op in model.operators if isinstance(op, SimProcess)]
    signals = [signal for op in neurons for signal in op.state.values()]
    generators = [rng for op in neurons for rng in op.state_extra.values()]
    lasting = [op for op in synapses if op.updates and not _is_delay(op.process)]
    if signals or generators or lasting:
        signals += [signal for op in synapses for signal in op.updates]
    return signals, generators


def _is_delay(synapse):
    return isinstance(synapse, Delay) or (
        isinstance(synapse, nengo.Lowpass) and synapse.tau == 0
    )


def check_finite(name, array, step):
    """Raise a DivergenceError unless all numbers are finite."""
    if not np.all(np.isfinite(array)):
        raise DivergenceError(name, step)


def check_size(name, array, step):
    """Raise a DivergenceError unless all numbers are of a size from which one can learn."""
    check_finite(name, array, step)
    largest = max(np.max(array, initial=0), -np.min(array, initial=0))
    if largest > LARGEST:
        raise DivergenceError(
            name, step, f"has reached {largest:.1e}, more than {LARGEST:.0e}"
        )


def make_runner(backend, *args, device=None, **kwargs):
    """A runner for ``backend``, "nengo" or "nengo-dl"."""
    if backend == "nengo":
        return NengoRunner(*args, **kwargs)
    from .nengo_dl.runner import NengoDLRunner

    return NengoDLRunner(*args, device=device, **kwargs)
