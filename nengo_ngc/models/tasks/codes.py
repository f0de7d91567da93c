"""Tasks that make binary sparse codes, and know a class by its centroid."""

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import gen_batches

from ...metrics import codes as analysis
from ...neurons import k_winners
from ...storage.model_files import Array
from ...training import Images
from ...training.images import part
from .labels import LabelTask

_SEEN = 10_000  # training images that centroids are made of while a model learns
_AT_ONCE = 10_000  # images whose codes are held in memory


class CodeTask(LabelTask):
    """A network learns to make codes of images.

    Subclasses write ``codes`` and ``n_winners``, besides what `.Task` asks for.

    Attributes
    ----------
    centroids : (n_classes, n_units) array or None
        The code of each class, of 0 and 1.
    """

    centroids: NDArray | None = None

    @abstractmethod
    def codes(self, X: NDArray | Images) -> NDArray:
        """Return the codes of images, (n, n_units), also in the middle of an epoch."""

    @property
    def n_units(self) -> int:
        """The number of units in a code."""
        return self.settings.n_units

    @property
    @abstractmethod
    def n_winners(self) -> int:
        """The number of active units in a code."""

    def targets(self, y):
        return y[:, None].astype(np.float32)

    def decide(self, X):
        return np.concatenate(
            [
                analysis.overlap(self.codes(part(X, rows)), self.centroids)
                for rows in gen_batches(len(X), _AT_ONCE)
            ]
        )

    def fit_centroids(self, X: NDArray | Images, y: NDArray) -> None:
        """Make the centroids from images and their labels, whole numbers from 0.

        The centroid of a class without images is 0 everywhere.
        """
        n_units = self.n_units
        active, counts = np.zeros((self.n_classes, n_units)), np.zeros((self.n_classes, 1))
        for rows in gen_batches(len(X), _AT_ONCE):
            codes, labels = self.codes(part(X, rows)), y[rows]
            for label in np.unique(labels):
                active[label] += codes[labels == label].sum(axis=0)
                counts[label] += np.sum(labels == label)
        known = counts[:, 0] > 0
        self.centroids = np.zeros((self.n_classes, n_units))
        self.centroids[known] = k_winners(np, active[known] / counts[known], self.n_winners)

    def end_stream(self, data):
        self.state_now()
        before, labels = self.centroids, data[1][:, 0].astype(int)
        self.fit_centroids(data[0], labels)
        if before is not None:
            absent = np.setdiff1d(np.arange(self.n_classes), labels)
            self.centroids[absent] = before[absent]

    def look(self, X: NDArray | Images, y: NDArray, order: NDArray) -> dict[str, float]:
        """Make the centroids from some images, and return measures of their codes."""
        seen = order[:_SEEN]
        X, y = part(X, seen), y[seen, 0].astype(int)
        codes = self.codes(X)
        self.fit_centroids(X, y)
        return {
            "silent_units": int(np.sum(~codes.any(axis=0))),
            "entropy": float(analysis.unit_entropy(codes).mean()),
        }

    # --- files

    def arrays(self):
        known = {} if self.centroids is None else {"centroids": self.centroids}
        return {**super().arrays(), **known}

    def expected_arrays(self, shapes):
        expected = super().expected_arrays(shapes)
        looked = any("silent_units" in record for record in self.history)
        if looked or "centroids" in shapes:
            expected["centroids"] = Array((self.n_classes, self._n_units_in(shapes)))
        return expected

    def _n_units_in(self, shapes):
        """The number of units in a file, by the shapes of its arrays."""
        return self.settings.n_units

    def take_up(self, arrays):
        super().take_up(arrays)
        self.centroids = arrays.get("centroids")
