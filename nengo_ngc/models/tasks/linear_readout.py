"""A linear classifier of sparse codes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix, vstack

from ...storage.model_files import Array

_WEIGHTS, _BIAS = "readout_weights", "readout_bias"
_MAX_ITER = 200


@dataclass(frozen=True)
class LinearReadout:
    r"""A softmax regression of classes on codes c, with the evidence :math:`W c + b`.

    Parameters
    ----------
    weights : (n_classes, n_units) array
    bias : (n_classes,) array
    """

    weights: NDArray
    bias: NDArray

    @classmethod
    def fitted(
        cls, codes: csr_matrix, y: NDArray, n_classes: int, means: NDArray | None = None
    ) -> Self:
        """Return a readout by scikit-learn's logistic regression.

        Parameters
        ----------
        codes : (n, n_units) sparse matrix
        y : (n,) array
            Labels, whole numbers from 0.
        n_classes : int
            Number of classes. The evidence for those that nothing is known of is 0.
        means : (n_classes, n_units) array, optional
            Mean codes of classes. Where they are not 0, they stand for the codes of a class
            that has none.

        Returns
        -------
        LinearReadout
        """
        from sklearn.linear_model import LogisticRegression

        present = np.unique(y)
        absent = np.setdiff1d(np.flatnonzero(_known(means, n_classes)), present)
        weight = np.ones(len(y))
        if len(absent):
            # a mean counts as much as the codes of a class of usual size
            weight = np.append(weight, np.full(len(absent), len(y) / len(present)))
            codes, y = vstack([codes, csr_matrix(means[absent])]), np.append(y, absent)
        W, b = np.zeros((n_classes, codes.shape[1])), np.zeros(n_classes)
        if len(present) + len(absent) == 1:
            b[present] = 1.0  # there is nothing else to tell it from
            return cls(W, b)
        model = LogisticRegression(max_iter=_MAX_ITER).fit(codes, y, weight)
        if len(model.classes_) == 2:  # one row, which is the difference of the two
            W[model.classes_] = model.coef_ * [[-0.5], [0.5]]
            b[model.classes_] = model.intercept_ * [-0.5, 0.5]
        else:
            W[model.classes_], b[model.classes_] = model.coef_, model.intercept_
        return cls(W, b)

    def evidence(self, codes: ArrayLike) -> NDArray:
        """Return the evidence for each class, (n, n_classes)."""
        return codes @ self.weights.T + self.bias

    # --- files

    @property
    def arrays(self) -> dict[str, NDArray]:
        """What a file holds."""
        return {_WEIGHTS: self.weights, _BIAS: self.bias}

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray]) -> Self | None:
        """Return what ``arrays`` has returned; None if a file has none."""
        return cls(arrays[_WEIGHTS], arrays[_BIAS]) if _WEIGHTS in arrays else None

    @staticmethod
    def expected_arrays(n_classes: int, n_units: int) -> dict[str, Array]:
        """Return what the arrays of a file must be."""
        return {_WEIGHTS: Array((n_classes, n_units)), _BIAS: Array((n_classes,))}


def _known(means, n_classes):
    return np.zeros(n_classes, bool) if means is None else means.any(axis=1)
