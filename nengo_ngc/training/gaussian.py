"""A multivariate Gaussian, by its mean and a factor of its precision."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular


@dataclass(frozen=True)
class Gaussian:
    r"""The density :math:`\mathcal{N}(m, (L L^\top)^{-1})`.

    Parameters
    ----------
    mean : (d,) array
        The mean m.
    factor : (d, d) array
        The matrix L, which is an upper or a lower triangle.
    """

    mean: NDArray
    factor: NDArray

    @classmethod
    def of_precision(cls, mean: NDArray, precision: NDArray) -> Self:
        """The Gaussian whose inverse covariance is a matrix, (d, d)."""
        return cls(mean, np.linalg.cholesky(precision))

    @cached_property
    def precision(self) -> NDArray:
        """The inverse of the covariance, (d, d)."""
        return self.factor @ self.factor.T

    def log_density(self, z: NDArray) -> NDArray:
        """The logarithms of the densities of the rows of z, (n,)."""
        standard = (z - self.mean) @ self.factor
        constant = np.log(np.diag(self.factor)).sum() - len(self.mean) / 2 * np.log(2 * np.pi)
        return constant - 0.5 * np.sum(standard**2, axis=1)

    def draw(self, n_samples: int, rng: np.random.RandomState) -> NDArray:
        """Samples, (n_samples, d)."""
        standard = rng.randn(len(self.mean), n_samples)
        is_upper = not np.tril(self.factor, -1).any()
        return self.mean + solve_triangular(self.factor.T, standard, lower=is_upper).T
