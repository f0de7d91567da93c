"""What models share that make binary sparse codes of images."""

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ..metrics import codes as analysis
from ..storage.model_files import Array
from ..validation import FlagParam, WholeParam
from .labels import ImageClassifier

_SEEN = 10_000  # training images that centroids are made of while a model learns


class CodeClassifier(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ImageClassifier):
    """A model that makes codes of images and knows a class by its centroid.

    Subclasses write ``_codes``, which makes codes of images, and ``_n_winners``, the active
    units of a code, besides what `.base.NetworkEstimator` asks for; they have the parameters
    ``n_units`` and ``sparse_output``.
    """

    arguments = WholeParam("n_units"), FlagParam("sparse_output")

    def fit(self, X, y, X_val=None, y_val=None, **kwargs):
        """Learn codes of images, from the start; see ``epochs`` for the arguments.

        Returns
        -------
        self
        """
        for _ in self.epochs(X, y, X_val, y_val, **kwargs):
            pass
        return self.fit_centroids(X, y)

    def fit_centroids(self, X, y):
        """Make the centroids of the classes from images, which need not be new.

        ``fit`` does it at its end, from all its images. Codes are left as they are.

        Parameters
        ----------
        X : (n, n_pixels) array
        y : (n,) array
            At least one of each class.

        Returns
        -------
        self
        """
        check_is_fitted(self, "parameters_")
        X = self._check_images(X)
        y = self._check_labels(y, X)
        check_has_all(y, self.classes_)
        self._set_centroids(self._codes(X), y)
        return self

    def _set_centroids(self, codes, y):
        known, centroids = analysis.centroids(codes, y, self._n_winners)
        self.centroids_ = np.zeros((len(self.classes_), self.n_units))
        self.centroids_[known] = centroids

    def _look(self, X, y, order):
        """Make centroids of some images, and say what their codes are like."""
        seen = order[:_SEEN]
        codes = self._codes(X[seen])
        self._set_centroids(codes, y[seen, 0].astype(int))
        return {
            "silent_units": int(np.sum(~codes.any(axis=0))),
            "entropy": float(analysis.unit_entropy(codes).mean()),
        }

    def _forget_learned(self):
        super()._forget_learned()
        self.__dict__.pop("centroids_", None)

    def _targets(self, y):
        return y[:, None].astype(np.float32)

    # --- using what was learned

    def transform(self, X):
        """Binary codes of images.

        Parameters
        ----------
        X : (n, n_pixels) array

        Returns
        -------
        (n, n_units) array or scipy.sparse.csr_matrix
        """
        check_is_fitted(self, "parameters_")
        codes = self._codes(self._check_images(X))
        return csr_matrix(codes) if self.sparse_output else codes

    @property
    def _n_features_out(self):
        check_is_fitted(self, "parameters_")
        return self.n_units

    def _decide(self, X):
        check_is_fitted(self, "centroids_")  # the first epoch may not be over yet
        return analysis.overlap(self._codes(X), self.centroids_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # simulators have their own
        return tags

    # --- files

    def _expected_arrays(self, shapes):
        expected = super()._expected_arrays(shapes)
        if any("silent_units" in record for record in self.history_) or (
            "centroids" in shapes
        ):
            expected["centroids"] = Array((len(self.classes_), self.n_units))
        return expected

    def _arrays_beside(self):
        known = {"centroids": self.centroids_} if hasattr(self, "centroids_") else {}
        return {**super()._arrays_beside(), **known}

    def _restore_beside(self, arrays):
        super()._restore_beside(arrays)
        if "centroids" in arrays:
            self.centroids_ = arrays["centroids"]


def check_has_all(y, classes):
    """Raise ValueError unless labels, which are rows of the classes, have all of these."""
    missing = np.setdiff1d(np.arange(len(classes)), y)
    if len(missing):
        raise ValueError(f"y must have all classes, got none of {classes[missing].tolist()}")
