"""Measures of reconstructions, of classifiers and of sparse codes."""

from .reconstruction import (
    angle,
    binary_cross_entropy,
    cross_entropy,
    masked_mse,
    monte_carlo_log_likelihood,
    probe_error,
)

__all__ = [
    "angle",
    "binary_cross_entropy",
    "cross_entropy",
    "masked_mse",
    "monte_carlo_log_likelihood",
    "probe_error",
]
