"""Tasks that are learned from labels."""

from abc import abstractmethod
from collections.abc import Callable

import numpy as np

from ...networks.base import LearningNetwork
from ...storage.model_files import WHOLES, Array
from ...training import Task


class LabelTask(Task):
    """A network learns to tell classes apart.

    Subclasses write ``decide``, besides what `.Task` asks for.

    Parameters
    ----------
    settings, seed, n_features
        As for `.Task`.
    n_classes : int
    n_updates : int
        Updates of the weights in all epochs.
    """

    inputs = ("input", "target")

    def __init__(self, settings, seed: int, n_features: int, n_classes: int, n_updates: int):
        super().__init__(settings, seed, n_features)
        self.n_classes, self.n_updates = n_classes, n_updates

    @abstractmethod
    def decide(self, X) -> np.ndarray:
        """How much speaks for each class, (n, n_classes), amid an epoch, too."""

    def targets(self, y: np.ndarray) -> np.ndarray:
        """What the network is told of labels, whole numbers from 0."""
        return self.one_hot(y)

    def one_hot(self, y: np.ndarray) -> np.ndarray:
        """1 at the class of each label, (n, n_classes)."""
        return np.eye(self.n_classes, dtype=np.float32)[y]

    def validate(self, X_val, y_val):
        wrong = self.decide(X_val).argmax(axis=1) != y_val
        return {"val_error": 100 * float(wrong.mean())}

    def output(self, X, build: Callable[[], LearningNetwork]) -> np.ndarray:
        """What a network that learns nothing says of images, with the parameters of now."""
        session = self.session("infer", build, ["output"])
        session.set_state(self.parameters())
        with self.whole():
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
