"""The base class of models that compute sparse codes of images."""

from typing import Any, Self

from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix
from sklearn.utils.validation import check_is_fitted

from ..validation import ChoiceParam, FlagParam, WholeParam
from .classifier import ImageClassifier
from .inputs import ImagesLike
from .transformer import LatentTransformer

READOUTS = "mean-codes", "linear"


class CodeClassifier(LatentTransformer, ImageClassifier):
    """Base class of models that make codes of images, and tell classes by codes.

    Its task is a `.CodeTask`. Subclasses have the parameters ``n_units``, ``readout`` and
    ``sparse_output``.
    """

    arguments: tuple = (
        WholeParam("n_units"),
        ChoiceParam("readout", READOUTS),
        FlagParam("sparse_output"),
    )

    def fit(
        self,
        X: ImagesLike,
        y: ArrayLike,
        X_val: ImagesLike | None = None,
        y_val: ArrayLike | None = None,
        **kwargs: Any,
    ) -> Self:
        """Learn codes of images, from the start.

        Parameters
        ----------
        X, y, X_val, y_val, **kwargs
            As for ``epochs``.

        Returns
        -------
        self
        """
        for _ in self.epochs(X, y, X_val, y_val, **kwargs):
            pass
        return self.fit_centroids(X, y)

    def fit_centroids(self, X: ImagesLike, y: ArrayLike) -> Self:
        """Make the mean codes of the classes, and their centroids, from images.

        ``fit`` does this at its end, with all its images. They may be new to the model. Codes
        do not change. With ``readout="linear"`` the linear classifier is trained, too.

        Parameters
        ----------
        X : (n, n_pixels) array or Images
        y : (n,) array
            Labels, with at least one of each class.

        Returns
        -------
        self
        """
        check_is_fitted(self, "parameters_")
        self._task.fit_centroids(*self._check_all_classes(X, y))
        return self

    @property
    def mean_codes_(self) -> NDArray:
        """The mean code of each class, (n_classes, n_units).

        Of binary codes, it is the part of the codes in which a unit is active. With
        ``readout="mean-codes"`` the predicted class is the one whose mean code is at the
        smallest angle to the code.
        """
        means = self._task.means
        if means is None:
            raise AttributeError("mean_codes_")
        return means

    @property
    def centroids_(self) -> NDArray:
        """The k largest entries of each mean code, as 0 and 1, (n_classes, n_units)."""
        centroids = self._task.centroids
        if centroids is None:
            raise AttributeError("centroids_")
        return centroids

    # --- using what was learned

    def transform(self, X: ImagesLike) -> NDArray | csr_matrix:
        """Return the codes of images.

        Parameters
        ----------
        X : (n, n_pixels) array or Images

        Returns
        -------
        (n, n_units) array or scipy.sparse.csr_matrix
        """
        check_is_fitted(self, "parameters_")
        codes = self._task.codes(self._check_images(X))
        return csr_matrix(codes) if self.sparse_output else codes

    @property
    def _n_columns(self):
        return self._task.n_units

    def _decide(self, X):
        check_is_fitted(self, "centroids_")  # the first epoch may not be over yet
        return super()._decide(X)
