"""A session is one model on one simulator."""

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
    """A network that learns, with its simulator.

    Attributes
    ----------
    net : LearningNetwork
    sim : nengo.Simulator, nengo_ngc.dl.Simulator or another simulator
    """

    net: LearningNetwork
    sim: Any

    @property
    def n_steps(self) -> int:
        """Number of timesteps that have been simulated."""
        return self.sim.n_steps

    @property
    def is_random(self) -> bool:
        """Whether the simulation may draw random numbers."""
        return is_random(self.sim.model)

    def reset(self, seed: int | None = None) -> None:
        """Start again as a new session, except that everything learned is kept.

        Parameters
        ----------
        seed : int, optional
            Seed of all that is random from now on. By default it is that of before.
        """
        state = self.state()
        self._reset(seed)
        self.set_state(state)

    def state(self) -> dict[str, NDArray]:
        """Return all arrays that learning changes, as ``net.state`` does."""
        return self.net.state(self.sim)

    def set_state(self, state: Mapping[str, NDArray]) -> None:
        """Set the arrays that ``state`` has returned, or parameters alone."""
        self.net.set_state(self.sim, state)

    def parameters(self) -> dict[str, NDArray]:
        """Return the present parameters of the network, by name."""
        return self.net.parameters(self.sim)

    def close(self) -> None:
        """Release the memory of the simulator."""
        if "sim" in self.__dict__:
            self.sim.close()

    __del__ = close

    @abstractmethod
    def _reset(self, seed):
        """Reset the simulator, with a seed or None; this may discard what was learned."""


class Session(Simulation):
    """A model on a simulator, to which samples are presented.

    Neurons and synapses start each presentation in the same state, so that the result for an
    image does not depend on the images before it. In calls without learning, random neurons
    draw the same numbers each time. On NengoDL this is not true of the neurons that TensorFlow
    computes.

    To add a simulator of your own, implement the abstract methods of this class, and register
    a `.Backend`.

    Parameters
    ----------
    model : Model
    n_samples : int
        Number of samples that are presented at once, if the simulator supports minibatches.
    device : str, optional
        Name of the device, for simulators that can choose one.

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
        """Present images, each for the number of timesteps in the schedule.

        Parameters
        ----------
        X : (n, n_pixels) array, or anything whose slices are such arrays
        learn : bool, optional
            Whether the network learns from the images. If so, n must be a multiple of
            ``n_samples``.
        **others : (n, size) arrays
            Values of the other inputs, by name.

        Returns
        -------
        dict of {str: (n, size) array}
            The outputs at the last timestep of each presentation.

        Raises
        ------
        DivergenceError
            If a value is not finite, or its absolute value exceeds ``LARGEST``.
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
        """Raise a DivergenceError that names the presentation in which it begins."""
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
        """The last timestep of the presentation of one of the last n images."""
        return self.n_steps

    def gradient(self, X: Any, **others: Any) -> dict[str, NDArray]:
        """Return the updates that the rules would make, without making them.

        Parameters
        ----------
        X, **others
            As for ``present``.

        Returns
        -------
        dict of {str: array}
            The directions in which the weights would grow, summed over the samples, by the
            names of the weights.

        Raises
        ------
        TypeError
            If the network's schedule is not an `.AddUp`, so that updates would be made.
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
        """Reset neurons and synapses before a presentation."""
        self._forget()
        if not self._learn.value:  # images that are learned from see noise of their own
            self._repeat()

    def _repeat(self):
        for rng, start in self._generators:
            rng.set_state(start)

    def _seed_generators(self, seed):
        """Let random neurons begin with other numbers, unless the seed is None."""
        if seed is not None:
            for place, (rng, _) in enumerate(self._generators):
                start = np.random.RandomState([seed, place]).get_state()
                self._generators[place] = rng, start
        self._repeat()

    # --- what a simulator has to do

    @abstractmethod
    def _stimulus(self, size):
        """A node whose output is the array that ``_present`` receives."""

    @abstractmethod
    def _probe(self, name):
        """A probe that ``network.probe`` creates for this name."""

    @abstractmethod
    def _simulator(self):
        """A simulator of ``self.model``."""

    @abstractmethod
    def _present(self, data):
        """Present at most ``n_samples`` samples; returns the outputs of each, by name."""

    @abstractmethod
    def _forget(self):
        """Reset neurons and synapses."""


class TrainingSession(Simulation):
    """A model on a simulator that trains it by automatic differentiation.

    Parameters that learning rules change are not trained. Neurons and synapses start each
    presentation in the same state.

    Parameters
    ----------
    model : Model
        A model whose network has ``input`` and ``output``.
    n_samples : int
        Number of samples in a minibatch.
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
        """Train once on rows of the data, in the given order.

        Parameters
        ----------
        X : (n, n_features) array, or `.Images`
        y : (n, size) array
            The targets of the loss.
        order : (m,) array of int
            The rows. m is a multiple of the number of samples in a minibatch.
        report : callable
            A function that is called after each minibatch with the loss and the measures,
            which are means over the minibatches so far.

        Returns
        -------
        dict of {str: float}
            ``loss`` and the measures, as means over all samples.
        """


class _Constant:
    """The output of a node, which can be set between runs."""

    def __init__(self, value):
        self.value = value

    def __call__(self, t):
        return self.value
