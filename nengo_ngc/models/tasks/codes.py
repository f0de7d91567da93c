"""Tasks that make binary sparse codes, and know a class by its mean code."""

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
    means : (n_classes, n_units) array or None
        The part of the codes of each class in which each unit is active.
    """

    means: NDArray | None = None

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
        # cosines of codes and mean codes, times k, which is the overlap if all codes of a
        # class are alike; where they are spread over many units, some have none of the k units
        # of a centroid
        norms = np.linalg.norm(self.means, axis=1)
        scale = np.sqrt(self.n_winners) / np.where(norms > 0, norms, 1)
        parts = gen_batches(len(X), _AT_ONCE)
        return np.concatenate([self.codes(part(X, k)) @ self.means.T * scale for k in parts])

    @property
    def centroids(self) -> NDArray | None:
        """The k units that are active most often in each class, (n_classes, n_units).

        The centroid of a class without images is 0 everywhere.
        """
        if self.means is None:
            return None
        known = self.means.any(axis=1, keepdims=True)
        return known * k_winners(np, self.means, self.n_winners)

    def fit_centroids(self, X: NDArray | Images, y: NDArray) -> None:
        """Make the mean codes from images and their labels, whole numbers from 0."""
        n_units = self.n_units
        active, counts = np.zeros((self.n_classes, n_units)), np.zeros((self.n_classes, 1))
        for rows in gen_batches(len(X), _AT_ONCE):
            codes, labels = self.codes(part(X, rows)), y[rows]
            for label in np.unique(labels):
                active[label] += codes[labels == label].sum(axis=0)
                counts[label] += np.sum(labels == label)
        self.means = active / np.maximum(counts, 1)

    def end_stream(self, data):
        self.state_now()
        before, labels = self.means, data[1][:, 0].astype(int)
        self.fit_centroids(data[0], labels)
        if before is not None:
            absent = np.setdiff1d(np.arange(self.n_classes), labels)
            self.means[absent] = before[absent]

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
        known = {} if self.means is None else {"centroids": self.means}
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
        self.means = arrays.get("centroids")  # binary in files of earlier versions
