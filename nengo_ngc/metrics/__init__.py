"""Measures of reconstructions, of likelihoods, of classifiers and of sparse codes."""

from ..neurons.functions import softmax
from .classification import cross_entropy, probe_error
from .likelihood import LogMean, log_mean_exp, pairwise_log_likelihood
from .reconstruction import binary_cross_entropy, masked_mse, mse
from .vectors import angle

__all__ = [
    "LogMean",
    "angle",
    "binary_cross_entropy",
    "cross_entropy",
    "log_mean_exp",
    "masked_mse",
    "mse",
    "pairwise_log_likelihood",
    "probe_error",
    "softmax",
]
