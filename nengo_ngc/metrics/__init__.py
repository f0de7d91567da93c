"""Measures of reconstructions, of classifiers and of sparse codes."""

from ..neurons.functions import softmax
from .classification import cross_entropy, probe_error
from .reconstruction import (
    binary_cross_entropy,
    masked_mse,
    monte_carlo_log_likelihood,
    mse,
)
from .vectors import angle

__all__ = [
    "angle",
    "binary_cross_entropy",
    "cross_entropy",
    "masked_mse",
    "monte_carlo_log_likelihood",
    "mse",
    "probe_error",
    "softmax",
]
