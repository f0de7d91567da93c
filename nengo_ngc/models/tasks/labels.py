"""Tasks that are learned from labels."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...networks.base import LearningNetwork
from ...rules import Annealed, Optimizer
from ...storage.model_files import WHOLES, Array
from ...training import Images, Task


class LabelTask(Task):
    """A network learns to tell classes apart.

    Subclasses write ``decide``, besides what `.Task` asks for.

    Parameters
    ----------
    settings, seed, n_features
        As for `.Task`.
    n_classes : int
        Number of classes.
    n_updates : int
        Number of updates of the weights in all epochs.
    """

    inputs: Sequence[str] = ("input", "target")

    def __init__(
        self, settings: Any, seed: int, n_features: int, n_classes: int, n_updates: int
    ) -> None:
        super().__init__(settings, seed, n_features)
        self.n_classes, self.n_updates = n_classes, n_updates

    @abstractmethod
    def decide(self, X: NDArray | Images) -> NDArray:
        """Return the evidence for each class, (n, n_classes), also during an epoch."""

    def forget_age(self) -> None:
        """Let annealed steps have their full size again, as at the first update."""
        self.close()
        self.learned = {
            name: np.zeros_like(array) if name.endswith("_age") else array
            for name, array in (self.learned or {}).items()
        }

    def annealed(self, optimizer: Optimizer) -> Optimizer:
        """An optimiser whose steps shrink over all epochs, if the settings say so."""
        return Annealed(optimizer, self.n_updates) if self.settings.anneal else optimizer

    def targets(self, y: NDArray) -> NDArray:
        """Return what the network is told of labels, which are whole numbers from 0."""
        return self.one_hot(y)

    def one_hot(self, y: NDArray) -> NDArray[np.float32]:
        """Return an array, (n, n_classes), of 1 at the class of each label and 0 elsewhere."""
        return np.eye(self.n_classes, dtype=np.float32)[y]

    def validate(self, X_val, y_val):
        wrong = self.decide(X_val).argmax(axis=1) != y_val
        return {"val_error": 100 * float(wrong.mean())}

    def output(self, X: NDArray | Images, build: Callable[[], LearningNetwork]) -> NDArray:
        """Return a network's output for images, with the present parameters, not learning."""
        with self.alone():
            session = self.session("infer", build, ["output"])
            session.set_state(self.parameters())
            return session.present(X)["output"]

    def arrays(self):
        return {**super().arrays(), "n_updates": np.array(self.n_updates)}

    def expected_arrays(self, shapes):
        return {**super().expected_arrays(shapes), "n_updates": Array((), WHOLES)}

    def take_up(self, arrays):
        super().take_up(arrays)
        self.n_updates = int(arrays["n_updates"])
        if self.n_updates < 1:
            raise ValueError("n_updates must be at least 1")
