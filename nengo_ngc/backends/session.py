"""A session: one model on one simulator."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import nengo
import numpy as np
from numpy.typing import NDArray

from ..networks.base import LearningNetwork
from ..schedule import AddUp
from . import process
from .divergence import LARGEST, check_size
from .memory import is_random, memory
from .model import Model


class Simulation(ABC):
    """A network that learns, and a simulator of it.

    Attributes
    ----------
    net : LearningNetwork
    sim : nengo.Simulator, nengo_ngc.dl.Simulator or the like
    """

    net: LearningNetwork
    sim: Any

    @property
    def n_steps(self) -> int:
        """Timesteps that were simulated."""
        return self.sim.n_steps

    @property
    def is_random(self) -> bool:
        """Whether random numbers may be drawn while the simulation runs."""
        return is_random(self.sim.model)

    def reset(self) -> None:
        """Forget all but what was learned: go on as a new session would that is given it."""
        state = self.state()
        self._reset()
        self.set_state(state)

    def state(self) -> dict[str, NDArray]:
        """All that learning changes, as ``net.state`` returns it."""
        return self.net.state(self.sim)

    def set_state(self, state: Mapping[str, NDArray]) -> None:
        """Take up learning where ``state`` was read, or with parameters alone."""
        self.net.set_state(self.sim, state)

    def parameters(self) -> dict[str, NDArray]:
        """The network's parameters as they are now, by name."""
        return self.net.parameters(self.sim)

    def close(self) -> None:
        """Free the simulator."""
        if "sim" in self.__dict__:
            self.sim.close()

    __del__ = close

    @abstractmethod
    def _reset(self):
        """Have the simulator start again; what was learned may be lost by it."""


class Session(Simulation):
    """A model on a simulator, to which samples are presented.

    Neurons and synapses start each presentation in the same state, so that images do not
    depend on those before them. Random neurons do the same in each call that does not learn;
    on NengoDL, those that TensorFlow computes do not.

    To bring a simulator of your own, write the methods that are abstract here, and
    register a `.Backend`.

    Parameters
    ----------
    model : Model
    n_samples : int
        Samples that are presented at once, on simulators that can.
    device : str, optional
        For simulators that can choose one.

    Attributes
    ----------
    net : LearningNetwork
        The network that ``model`` has built.
    """

    def __init__(self, model: Model, n_samples: int, device: str | None = None):
        self.n_samples = n_samples
        self._device = device
        self._learn = _Constant(1.0)
        with nengo.Network() as self.model:
            self.net = model.build()
            self._stimuli = {}
            for name in model.inputs:
                node = getattr(self.net, name)
                self._stimuli[name] = self._stimulus(node.size_in)
                nengo.Connection(self._stimuli[name], node, synapse=None)
        self.model.seed = self.net.seed  # what is random while it runs, too
        self.net.learn.output = self._learn
        self.steps = self.net.schedule.steps
        self._probes = {name: self._probe(name) for name in model.outputs}
        with process.building(self.model):
            self.sim = self._simulator()
        self._memory, generators = memory(self.sim.model)
        self._generators = [(rng, rng.get_state()) for rng in generators]
        self._remembers = bool(self._memory or generators)

    def present(self, X: Any, learn: bool = False, **others: Any) -> dict[str, NDArray]:
        """Present images, each for the timesteps of the schedule.

        Parameters
        ----------
        X : (n, n_pixels) array, or anything whose slices are such arrays
        learn : bool, optional
            Whether the network learns from them. Then n must be a multiple of
            ``n_samples``.
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
        for first in range(0, len(X), self.n_samples):
            rows = slice(first, min(first + self.n_samples, len(X)))
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
        return self.n_steps

    def gradient(self, X: Any, **others: Any) -> dict[str, NDArray]:
        """The updates that rules would make of weights, none of which is made.

        Parameters
        ----------
        X, **others
            As for ``present``.

        Returns
        -------
        dict of {str: array}
            Sums over the samples, by the name of the weights: the directions in which they
            would grow.

        Raises
        ------
        TypeError
            If the network's schedule lets updates be made: it must be an `.AddUp`.
        """
        if not isinstance(self.net.schedule, AddUp):
            raise TypeError(
                "the schedule of the network must be an AddUp, so that no update is made, got "
                f"{self.net.schedule}"
            )
        self.reset()  # nothing is left of the samples before
        self.present(X, learn=True, **others)
        return self.net.pending(self.sim)

    def _begin(self):
        """Have neurons and synapses forget what was presented before."""
        self._forget()
        if not self._learn.value:  # images that are learned from see noise of their own
            self._repeat()

    def _repeat(self):
        for rng, start in self._generators:
            rng.set_state(start)

    # --- what a simulator has to do

    @abstractmethod
    def _stimulus(self, size):
        """A node of some size whose output is what ``_present`` is given."""

    @abstractmethod
    def _probe(self, name):
        """A probe of what ``network.probe`` knows by this name."""

    @abstractmethod
    def _simulator(self):
        """A simulator of ``self.model``."""

    @abstractmethod
    def _present(self, data):
        """Present at most ``n_samples`` samples; what is read out of each, by name."""

    @abstractmethod
    def _forget(self):
        """Have neurons and synapses start again."""


class TrainingSession(Simulation):
    """A model on a simulator that trains it by automatic differentiation.

    What its learning rules change is left to them. Neurons and synapses start each
    presentation in the same state.

    Parameters
    ----------
    model : Model
        Its network has ``input`` and ``output``.
    n_samples : int
        Samples of a minibatch.
    """

    def __init__(self, model: Model, n_samples: int):
        self.n_samples = n_samples
        with nengo.Network() as self.model:
            self.net = model.build()
            self._stimulus = nengo.Node(np.zeros(self.net.input.size_in))
            nengo.Connection(self._stimulus, self.net.input, synapse=None)
            self._output = self.net.probe("output")

    @abstractmethod
    def train(
        self, X: Any, y: Any, order: NDArray, report: Callable[[dict[str, float]], None]
    ) -> dict[str, float]:
        """Train on rows of the data, once, in an order.

        Parameters
        ----------
        X : (n, n_features) array, or `.Images`
        y : (n, size) array
            What the loss is given.
        order : (m,) array of int
            Rows; m is a multiple of the samples of a minibatch.
        report : callable
            Called after each minibatch with the loss and the measures, means over the
            minibatches until then.

        Returns
        -------
        dict of {str: float}
            ``loss`` and the measures, means over all samples.
        """


class _Constant:
    """Output of a node that can be set between runs."""

    def __init__(self, value):
        self.value = value

    def __call__(self, t):
        return self.value
