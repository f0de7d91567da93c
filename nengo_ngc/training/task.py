"""Tasks for the trainer: a network, and functions for a batch and for validation."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from itertools import pairwise
from threading import RLock
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import gen_batches

from .. import backends
from ..backends.divergence import check_finite, check_size
from ..backends.means import Means
from ..networks.base import LearningNetwork
from ..networks.convolutional import Layers, has_convolutions
from ..networks.layers import LAYERS
from ..program.cost import multiply_accumulates
from ..storage.model_files import Array, within
from .images import image_shape_of

# batches after which parameters are looked at; reading them takes time on a GPU
_LOOK_EVERY = 16

_AT_ONCE = 4096  # samples of which all that is read out is held in memory


class Task(ABC):
    """A network that learns on a simulator, and methods that use what it has learned.

    Subclasses say which network learns (``training_network``), what of it is fed and read
    (``inputs``, ``outputs``), what is done with a batch (``learn``) and what is measured of
    samples that are not learned from (``validate``). The other methods do what most tasks
    need.

    Parameters
    ----------
    settings : object
        Has the parameters of a model as attributes, among them ``n_hidden``,
        ``batch_size``, ``backend``, ``device`` and ``learning_rate``.
    seed : int
        Seed of parameters, of the order of samples, and of whatever else is random.
    n_features : int
        Size of a sample.

    Attributes
    ----------
    learned : dict of {str: array} or None
        What the network had learned by the end of the last whole epoch, as
        `.Simulation.state` returns it.
    epoch : int
        The epoch that runs, or the last one, counted from 0.
    history : list of dict
        The records of the epochs that are done.
    """

    def __init__(self, settings: Any, seed: int, n_features: int):
        self.settings = settings
        self.seed = seed
        self.n_features = n_features
        self.epoch = 0
        self.learned: dict[str, NDArray] | None = None
        self.history: list[dict] = []
        self._sessions: dict[str, Any] = {}
        self._lock = RLock()
        self._fewer: int | None = None
        self._n_rest: int | None = None

    # --- what a task says

    @property
    def inputs(self) -> Sequence[str]:
        """The nodes of the network that are fed with samples, by name."""
        return ("input",)

    @property
    def outputs(self) -> Sequence[str]:
        """What is read out of the network at the end of a presentation, by name."""
        return ("output",)

    @abstractmethod
    def training_network(self) -> LearningNetwork:
        """Return the network that learns, made inside a Nengo model."""

    @abstractmethod
    def learn(self, *batch: NDArray) -> dict[str, float]:
        """Learn from one batch, and return what was measured of it."""

    @abstractmethod
    def validate(self, *validation: NDArray) -> dict[str, float]:
        """Return measures of samples that are not learned from."""

    def targets(self, y: NDArray) -> NDArray:
        """Return the targets that ``learn`` receives, given the labels of samples."""
        return y

    def begin(self) -> None:
        """Begin to learn, with a network that has learned nothing."""
        self.learned = self.training.state()

    def begin_epoch(self, data: tuple, order: NDArray) -> dict[str, Any]:
        """Prepare for an epoch, and return the first entries of its record."""
        return {}

    def end_epoch(self, data: tuple, order: NDArray) -> dict[str, Any]:
        """Evaluate an epoch, and return further entries of its record."""
        return {}

    def begin_stream(self, data: tuple) -> None:
        """Prepare for samples that are seen only once, outside of any epoch."""
        self.begin_epoch(data, np.arange(len(data[0])))

    def end_stream(self, data: tuple) -> None:
        """Finish learning from samples that are seen only once."""
        self.end_epoch(data, np.arange(len(data[0])))

    def random_state(self, stream: bool = False) -> np.random.RandomState:
        """Return the random numbers of the present epoch, or of a call of ``stream``.

        A stream that goes on draws other numbers than before, because the number of updates
        that were made is part of the seed, or a checksum of what was learned if the optimiser
        does not count them. With one that does, the first call draws the numbers of the first
        epoch.
        """
        n_made = self._place_in_stream() if stream else 0
        return np.random.RandomState([self.seed, self.epoch, 1, *([n_made] if n_made else [])])

    def _place_in_stream(self):
        """The number of updates that were made, or one that tells what was learned apart."""
        learned = self.learned or {}
        counts = ("optimizer_t", "optimizer_age")
        found = [array for name, array in learned.items() if name.endswith(counts)]
        if found:
            return int(max(found))
        # optimisers that remember nothing count nothing
        contents = (np.ascontiguousarray(learned[name]) for name in sorted(learned))
        return reduce(lambda before, array: crc32(array, before), contents, 0)

    def draw_anew(self, stream: bool = False) -> None:
        """Let noise differ from that of other epochs, or of other calls of ``stream``."""
        if self.training.is_random:
            self.training.reset(int(self.random_state(stream).randint(2**31 - 1)))

    @property
    def learning_rate(self) -> float:
        """The learning rate that is recorded."""
        return self.settings.learning_rate

    # --- learning

    def run_through(
        self, data: tuple, order: NDArray, report: Callable[[dict], None]
    ) -> dict[str, float]:
        """Learn from samples, once each, in an order.

        Parameters
        ----------
        data : tuple of arrays
            What ``learn`` takes of each sample, one array for each of its arguments.
        order : (n,) array of int
            Rows of the data. Those that do not fill a batch are one of their own.
        report : callable
            Called after each batch with what was measured of it.

        Returns
        -------
        dict of {str: float}
            Means over all samples.
        """
        means, n_done = Means(), 0
        for rows in self.parts(order):
            for batch in np.split(rows, len(rows) // self.batch_size):
                measured = self.learn(*(array[batch] for array in data))
                n_done += 1
                if n_done % _LOOK_EVERY == 0:
                    self.state_now()
                means.add(len(batch), measured)
                report(measured)
        return means.over_samples()

    def parts(self, order: NDArray) -> Iterator[NDArray]:
        """Give the rows that make whole batches, and then the rest, which is a smaller batch.

        The session that learns is prepared for batches of this size.
        """
        size = self.settings.batch_size
        n_whole = len(order) // size * size
        for rows in (order[:n_whole], order[n_whole:]):
            if len(rows):
                self.in_batches_of(min(size, len(rows)))
                yield rows

    @property
    def batch_size(self) -> int:
        """Samples of one update at present."""
        return self._fewer or self.settings.batch_size

    def in_batches_of(self, n: int) -> None:
        """Learn from batches of n samples from now on.

        A session presents a fixed number of samples at once, so that another number needs a
        session of its own, which goes on from what was learned until now.

        Parameters
        ----------
        n : int
            At most the batch size of the settings.
        """
        if n == self.batch_size:
            return
        learns = self._training_name in self._sessions
        if learns:
            self.learned = self.state_now()
        self._fewer = None if n == self.settings.batch_size else n
        if self._fewer and self._fewer != self._n_rest:
            self.close(all_but=self._sessions.keys() - {"rest"})
            self._n_rest = self._fewer
        if learns or self._training_name in self._sessions:
            self._take_up(self.training)
            self.draw_anew(stream=True)

    def batches(self, X: Any) -> Iterator[NDArray]:
        """Give samples, which need not fit into memory, in parts of whole batches."""
        n = self.n_at_once
        for rows in gen_batches(len(X), max(1, _AT_ONCE // n) * n):
            yield X[rows]

    def keep(self) -> None:
        """Store what was learned so far, so that later interruptions do not affect it."""
        self.learned = self.state_now()

    def state_now(self) -> dict[str, NDArray]:
        """Return what has been learned until now.

        Raises
        ------
        DivergenceError
            If a number is not finite, or a parameter too large.
        """
        state, step = self._session_state(), self.training.n_steps
        for name, array in state.items():
            # what optimisers remember are counts and squares, too, which may be large
            check = check_finite if "/" in name else check_size
            check(name, array, step)
        return state

    def parameters(self) -> dict[str, NDArray]:
        """Return the network's parameters by name, also in the middle of an epoch."""
        learns = self._training_name in self._sessions
        return _named(self._session_state() if learns else self.learned)

    def kept_parameters(self) -> dict[str, NDArray]:
        """Return the network's parameters by name, from the end of the last epoch."""
        return _named(self.learned)

    def _session_state(self):
        return self.training.state()

    # --- sessions

    @property
    def backend(self) -> backends.Backend:
        """The simulator of all sessions."""
        return backends.choose(self.settings.backend, self.settings.batch_size)

    @property
    def training(self) -> Any:
        """The session in which the network learns, opened when it is first asked for."""
        name = self._training_name
        if name not in self._sessions:
            self._sessions[name] = self._open_training()
            if self.learned is not None:
                self._take_up(self._sessions[name])
        return self._sessions[name]

    @property
    def _training_name(self):
        return "train" if self._fewer is None else "rest"

    def session(
        self,
        name: str,
        build: Callable[[], LearningNetwork],
        outputs: Sequence[str],
        inputs: Sequence[str] = ("input",),
        n_samples: int | None = None,
    ) -> backends.Session:
        """Return the session of a name for another network, and open it at the first call.

        Parameters
        ----------
        name : str
        build, outputs, inputs
            As for `.backends.Model`.
        n_samples : int, optional
            Samples that are presented at once. Default: the batch size of the settings.
        """
        if name not in self._sessions:
            self._sessions[name] = self._open(build, outputs, inputs, n_samples)
        return self._sessions[name]

    def _open_training(self):
        return self._open(self.training_network, self.outputs, self.inputs, self.n_at_once)

    def _open(self, build, outputs, inputs, n_samples=None):
        model = backends.Model(build, tuple(outputs), tuple(inputs))
        n_samples = self.settings.batch_size if n_samples is None else n_samples
        return self.backend.open(model, n_samples, self.settings.device)

    @property
    def n_at_once(self) -> int:
        """Samples that are presented at once while the network learns."""
        return self.batch_size

    def _take_up(self, session):
        """Give a session the state that has been learned so far."""
        session.set_state(self.learned)

    def close(self, all_but: Collection[str] = ()) -> None:
        """Close the sessions, which are opened again when they are needed."""
        for name in [name for name in self._sessions if name not in all_but]:
            self._sessions.pop(name).close()

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Undo an interrupted block, so that the learned state is that before the block.

        All sessions are closed then, since they have stopped in the middle of an epoch.
        """
        learned = self.learned
        try:
            yield
        except BaseException:
            self.close()
            self.learned = learned
            raise

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Use what was learned while other threads wait, and undo a block as `whole` does."""
        with self._lock, self.whole():
            yield

    # --- what it costs

    def multiply_accumulates(self, iterations: float | None = None) -> float | None:
        """Return how many multiply-accumulates it takes to learn from one sample.

        Parameters
        ----------
        iterations : float, optional
            Timesteps of a presentation, if it ends early.

        Returns
        -------
        float or None
            Of the present epoch; None if they cannot be counted. See
            `.program.cost.multiply_accumulates`.
        """
        net = self.training.net
        counted = multiply_accumulates(net, net.schedule, iterations, self.back_propagates)
        return None if counted is None else counted * self.n_presentations

    back_propagates = False  # through the simulation

    @property
    def n_presentations(self) -> float:
        """Presentations for each sample that is learned from."""
        return self.n_at_once / self.batch_size

    # --- files

    def layer_sizes(self) -> tuple:
        """Return the sizes of all layers, from the input up, as networks take them."""
        hidden = self.settings.n_hidden
        if not has_convolutions(hidden):
            return (self.n_features, *hidden)
        return (image_shape_of(self.settings.image_shape, self.n_features), *hidden)

    @property
    def layers(self) -> Layers:
        """All layers, from the input up."""
        return Layers(LAYERS.convert(self.layer_sizes()))

    def arrays(self) -> dict[str, NDArray]:
        """Return the arrays that a file must hold so that learning can continue."""
        return {f"state/{name}": array for name, array in (self.learned or {}).items()}

    def expected_arrays(self, shapes: dict[str, tuple]) -> dict[str, Array]:
        """Return names and shapes of what ``arrays`` returns, without a simulator.

        Parameters
        ----------
        shapes : dict of {str: tuple of int}
            Of the arrays in a file, for sizes that settings do not tell.

        Raises
        ------
        ValueError
            If there are no weights of the sizes that settings ask for.
        """
        state = self._expected_state(shapes)
        return {f"state/{name}": Array(shape) for name, shape in state.items()}

    def _expected_state(self, shapes):
        """Return the shapes of what ``Session.state`` returns."""
        there, layers = set(shapes.values()), self.layers
        for level, pair in enumerate(pairwise(layers.sizes), start=1):
            # before a network of such sizes is made
            if not {layers.weights(level), layers.weights_down(level)} & there:
                raise ValueError(f"there are no weights between {pair[0]} and {pair[1]} units")
        return self.training_network().state_shapes()

    def take_up(self, arrays: dict[str, NDArray]) -> None:
        """Continue from what ``arrays`` returned.

        Raises
        ------
        ValueError
            If the arrays are not valid.
        """
        self.learned = within("state", arrays)


def _named(state):
    """Return the parameters of a state, without the state of optimisers."""
    return {name: array for name, array in state.items() if "/" not in name}
