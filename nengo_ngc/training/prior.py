"""Gaussian mixtures as arrays, so that files need hold nothing else."""

from collections.abc import Mapping
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.mixture import GaussianMixture

from ..exceptions import DivergenceError
from ..storage.model_files import Array

# axes beside that of the components
_N_AXES = {"weights_": 0, "means_": 1, "covariances_": 2, "precisions_cholesky_": 2}


def fitted_mixture(
    Z: NDArray, name: str, n_components: int, seed: int, **kwargs: Any
) -> GaussianMixture:
    """Return a mixture that is fitted to the rows of Z, which errors call by their name.

    Raises
    ------
    DivergenceError
        If no mixture fits.
    """
    mixture = GaussianMixture(n_components, reg_covar=1e-4, random_state=seed, **kwargs)
    if len(Z) == 1:  # scikit-learn asks for two
        Z = np.repeat(Z, 2, axis=0)
    try:
        return mixture.fit(np.asarray(Z, dtype=float))
    except ValueError as error:
        largest = np.abs(Z).max()
        raise DivergenceError(
            name, reason=f"has values up to {largest:.1e}, to which no prior can be fitted"
        ) from error


def drawn(mixture: GaussianMixture, n_samples: int, rng: np.random.RandomState) -> NDArray:
    """Return samples of a fitted mixture, in random order of their components."""
    prior = copy(mixture)
    prior.random_state = rng
    return rng.permutation(prior.sample(n_samples)[0])  # it sorts by component


def arrays_of(mixture: GaussianMixture, prefix: str) -> dict[str, NDArray]:
    """Return the arrays of a fitted mixture, named ``prefix/...``."""
    return {f"{prefix}/{name}": getattr(mixture, name) for name in _N_AXES}


def expected_arrays(prefix: str, size: int) -> dict[str, Array]:
    """Return what a file must hold of a mixture in a space of this size."""
    return {f"{prefix}/{name}": Array((None, *[size] * n)) for name, n in _N_AXES.items()}


def mixture_of(arrays: Mapping[str, NDArray]) -> GaussianMixture:
    """Return the mixture that consists of arrays, named without the prefix.

    Raises
    ------
    ValueError
        If the arrays are of different numbers of components, or are no mixture.
    """
    weights = arrays["weights_"]
    if len({len(array) for array in arrays.values()}) > 1:
        raise ValueError("the parts of a mixture must have the same number of components")
    if not len(weights) or np.any(weights < 0) or not np.isclose(weights.sum(), 1, atol=1e-3):
        raise ValueError("the weights of a mixture must be at least 0, with a sum of 1")
    mixture = GaussianMixture(len(weights))
    for name in _N_AXES:
        setattr(mixture, name, arrays[name])
    return mixture
