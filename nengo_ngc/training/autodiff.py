"""Tasks that a backend learns by automatic differentiation."""

from abc import abstractmethod
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import backends
from ..backends.means import Means
from ..rules import Optimizer
from ..storage.model_files import FLOATS, WHOLES, Array, within
from .task import Task

_PREFIX = "state/autodiff"


class AutodiffTask(Task):
    """A task whose network learns by back-propagation through the simulation.

    Subclasses say which network is trained, ``training_network``, and by which loss.

    Attributes
    ----------
    measures : sequence of backends.Loss
        What is reported besides the loss.
    n_remembered : int
        Numbers that the loss remembers.
    """

    measures: tuple = ()
    n_remembered = 0
    back_propagates = True

    @property
    @abstractmethod
    def loss(self) -> backends.Loss:
        """The loss that training makes smaller."""

    @property
    def training_backend(self) -> backends.Backend:
        """The simulator on which the network learns."""
        settings = self.settings
        return backends.choose(settings.backend, settings.batch_size, differentiates=True)

    @property
    @abstractmethod
    def optimizer(self) -> Optimizer:
        """The optimiser of all weights and biases: `.Adam`, annealed or not."""

    def learn(self, *batch: np.ndarray) -> dict[str, float]:
        """Learn from one batch, and return what was measured of it."""
        rows = np.arange(len(batch[0]))
        return self.run_through(batch, rows, report=lambda measured: None)

    def run_through(
        self, data: tuple, order: NDArray, report: Callable[[dict], None]
    ) -> dict[str, Any]:
        means = Means()
        for rows in self.parts(order):
            means.add(len(rows), self.training.train(*data, rows, report))
        return means.over_samples()

    def _open_training(self):
        return self.training_backend.open_trainer(
            backends.Model(self.training_network, tuple(self.outputs), tuple(self.inputs)),
            self.batch_size,
            self.settings.device,
            optimizer=self.optimizer,
            loss=self.loss,
            measures=self.measures,
        )

    def expected_arrays(self, shapes: dict[str, tuple]) -> dict[str, Array]:
        expected = super().expected_arrays(shapes)
        if f"{_PREFIX}/n_updates" in shapes:
            return {**expected, **_expected_by_name(self.layers, self.optimizer)}
        of_training = _expected_of_training(shapes, self.layers, self.n_remembered)
        return {**expected, **of_training}


def _trained(layers):
    """The shapes of all weights and biases, by name."""
    for level in range(1, len(layers.sizes)):
        yield f"W{level}", layers.weights(level)
        yield f"b{level}", layers.sizes[level : level + 1]


def _expected_by_name(layers, optimizer):
    """Return the arrays that JAX stores for the optimiser of each weight matrix and bias."""
    arrays = {f"{_PREFIX}/n_updates": Array((), WHOLES)}
    for name, shape in _trained(layers):
        for k, remembered in optimizer.init(np.zeros(shape)).items():
            arrays[f"{_PREFIX}/{name}/optimizer_{k}"] = Array(np.shape(remembered), FLOATS)
    return arrays


def _expected_of_training(shapes, layers, n_remembered):
    """Return the arrays that NengoDL stores for its Adam and for the loss.

    NengoDL joins the rows of several weight matrices into one array, in an unknown way.

    Parameters
    ----------
    shapes : dict of {str: tuple of int}
        Of all arrays in the file.
    layers : Layers
    n_remembered : int
        Numbers that the loss remembers.

    Returns
    -------
    dict of {str: Array}

    Raises
    ------
    ValueError
        If they are not of the shapes of weights and biases, each of them twice.
    """
    found = within(_PREFIX, shapes)
    moments = 2 * [shape for _, shape in _trained(layers)]
    wanted = [*moments, *(1 + n_remembered) * [()]]  # and the number of updates
    names = [str(k) for k in range(len(found))]
    if {*names} != found.keys() or _rows(found.values()) != _rows(wanted):
        raise ValueError(
            f"{_PREFIX}/0 and so on, what the optimiser remembers, must have the shapes of "
            f"weights and biases, got {', '.join(map(str, found.values()))}"
        )
    counts = {"0", *names[len(names) - n_remembered :]}
    return {
        f"{_PREFIX}/{name}": Array(found[name], WHOLES if name in counts else FLOATS)
        for name in names
    }


def _rows(shapes):
    """Count the rows of each length."""
    rows = Counter()
    for shape in shapes:
        rows[shape[1:] if shape else None] += shape[0] if shape else 1
    return rows
