"""What models share that make binary sparse codes of images."""

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ..validation import FlagParam, WholeParam
from .classifier import ImageClassifier
from .inputs import check_has_all


class CodeClassifier(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ImageClassifier):
    """A model that makes codes of images and knows a class by its centroid.

    Its task is a `.CodeTask`. Subclasses have the parameters ``n_units`` and
    ``sparse_output``.
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
        self._task.fit_centroids(X, y)
        return self

    @property
    def centroids_(self) -> np.ndarray:
        """The code of each class, (n_classes, n_units), of 0 and 1."""
        if self._task.centroids is None:
            raise AttributeError("centroids_")
        return self._task.centroids

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
        codes = self._task.codes(self._check_images(X))
        return csr_matrix(codes) if self.sparse_output else codes

    @property
    def _n_features_out(self):
        check_is_fitted(self, "parameters_")
        return self.n_units

    def _decide(self, X):
        check_is_fitted(self, "centroids_")  # the first epoch may not be over yet
        return super()._decide(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # simulators have their own
        return tags
