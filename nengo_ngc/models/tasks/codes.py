"""Tasks that make sparse codes, and tell classes by their mean codes or linearly."""

from abc import abstractmethod
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack
from sklearn.exceptions import NotFittedError
from sklearn.utils import gen_batches

from ...metrics import codes as analysis
from ...neurons import k_winners
from ...storage.model_files import Array
from ...training import Images
from ...training.images import part
from .labels import LabelTask
from .linear_readout import LinearReadout

_SEEN = 10_000  # training images that centroids are made of while a model learns
_AT_ONCE = 10_000  # images whose codes are held in memory


class CodeTask(LabelTask):
    """A network learns to make codes of images.

    Subclasses write ``codes`` and ``n_winners``, besides what `.Task` asks for.

    Attributes
    ----------
    means : (n_classes, n_units) array or None
        The mean code of each class.
    linear : LinearReadout or None
        What the settings ask for with ``readout="linear"``.
    """

    means: NDArray | None = None
    linear: LinearReadout | None = None

    @abstractmethod
    def codes(self, X: NDArray | Images) -> NDArray:
        """Return the codes of images, (n, n_units), also in the middle of an epoch.

        A unit is active where a code is above 0.
        """

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
        parts = gen_batches(len(X), _AT_ONCE)
        return np.concatenate([self._evidence(self.codes(part(X, k))) for k in parts])

    def _evidence(self, codes):
        if self._is_linear:
            if self.linear is None:
                raise NotFittedError(
                    "readout was 'mean-codes' when the model learned; call fit_centroids"
                )
            return self.linear.evidence(codes)
        # cosines of codes and mean codes, times k, which is the overlap if all codes of a
        # class are alike; where they are spread over many units, some have none of the k units
        # of a centroid
        norms = np.linalg.norm(self.means, axis=1)
        scale = np.sqrt(self.n_winners) / np.where(norms > 0, norms, 1)
        return codes @ self.means.T * scale

    @property
    def _is_linear(self):
        return self.settings.readout == "linear"

    @property
    def centroids(self) -> NDArray | None:
        """The k units that are active most often in each class, (n_classes, n_units).

        The centroid of a class without images is 0 everywhere.
        """
        if self.means is None:
            return None
        known = self.means.any(axis=1, keepdims=True)
        return known * k_winners(np, self.means, self.n_winners)

    def fit_centroids(
        self, X: NDArray | Images, y: NDArray, before: NDArray | None = None
    ) -> None:
        """Make the mean codes, and the linear readout if there is one, from images.

        Parameters
        ----------
        X : (n, n_pixels) array or Images
        y : (n,) array
            Labels, whole numbers from 0.
        before : (n_classes, n_units) array, optional
            Mean codes that classes without images keep. By default theirs are 0.
        """
        seen = [self._sparse_codes(part(X, rows)) for rows in gen_batches(len(X), _AT_ONCE)]
        self._fit_centroids(vstack(seen, format="csr"), y, before)

    def _sparse_codes(self, X):
        return csr_matrix(self.codes(X).astype(np.float32))

    def _fit_centroids(self, codes, y, before=None):
        means, linear = np.zeros((self.n_classes, self.n_units)), self.linear
        for label in range(self.n_classes):
            of_class = codes[y == label]
            if of_class.shape[0]:
                means[label] = of_class.sum(axis=0, dtype=float) / of_class.shape[0]
            elif before is not None:
                means[label] = before[label]
        if self._is_linear:
            linear = LinearReadout.fitted(codes, y, self.n_classes, before)
        self.means, self.linear = means, linear  # both or, after an interruption, neither

    @contextmanager
    def whole(self):
        means, linear = self.means, self.linear
        try:
            with super().whole():
                yield
        except BaseException:
            self.means, self.linear = means, linear
            raise

    def end_stream(self, data):
        self.state_now()
        self.fit_centroids(data[0], data[1][:, 0].astype(int), self.means)

    def look(self, X: NDArray | Images, y: NDArray, order: NDArray) -> dict[str, float]:
        """Make the centroids from some images, and return measures of their codes."""
        seen = order[:_SEEN]
        codes = self.codes(part(X, seen))
        self._fit_centroids(csr_matrix(codes.astype(np.float32)), y[seen, 0].astype(int))
        active = codes > 0
        return {
            "silent_units": int(np.sum(~active.any(axis=0))),
            "entropy": float(analysis.unit_entropy(active).mean()),
        }

    # --- files

    def arrays(self):
        known = {} if self.means is None else {"centroids": self.means}
        if self._is_linear and self.linear is not None:
            known.update(self.linear.arrays)
        return {**super().arrays(), **known}

    def expected_arrays(self, shapes):
        expected = super().expected_arrays(shapes)
        looked = any("silent_units" in record for record in self.history)
        if looked or "centroids" in shapes:
            n_units = self._n_units_in(shapes)
            expected["centroids"] = Array((self.n_classes, n_units))
            if self._is_linear:
                expected.update(LinearReadout.expected_arrays(self.n_classes, n_units))
        return expected

    def _n_units_in(self, shapes):
        """The number of units in a file, by the shapes of its arrays."""
        return self.settings.n_units

    def take_up(self, arrays):
        super().take_up(arrays)
        self.means = arrays.get("centroids")  # binary in files of earlier versions
        self.linear = LinearReadout.of(arrays)
