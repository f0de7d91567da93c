"""Gaussian mixtures as arrays, so that files need hold nothing else."""

from sklearn.mixture import GaussianMixture

_ARRAYS = ("weights_", "means_", "covariances_", "precisions_cholesky_")


def arrays_of(mixture, prefix):
    """What a fitted mixture consists of, named ``prefix/...``."""
    return {f"{prefix}/{name}": getattr(mixture, name) for name in _ARRAYS}


def mixture_of(arrays):
    """The mixture that consists of arrays, named without the prefix."""
    mixture = GaussianMixture(len(arrays["weights_"]))
    for name in _ARRAYS:
        setattr(mixture, name, arrays[name])
    return mixture
