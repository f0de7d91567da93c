"""Definitions written out."""

import numpy as np


def bernoulli(x, mu):
    """Log probability of one image, pixel by pixel."""
    mu = np.clip(np.asarray(mu, dtype=np.float64), 1e-7, 1 - 1e-7)
    return sum(a * np.log(p) + (1 - a) * np.log(1 - p) for a, p in zip(x, mu))
