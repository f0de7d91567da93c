"""Neuron types: latent states, k winners, and the derivatives of activations."""

from .derivatives import derivative, register_derivative
from .latent import LatentState
from .pointwise import Identity, Pointwise
from .winners import KWinnersTakeAll, SoftKWinnersTakeAll, SoftThreshold, k_winners

__all__ = [
    "Identity",
    "KWinnersTakeAll",
    "LatentState",
    "Pointwise",
    "SoftKWinnersTakeAll",
    "SoftThreshold",
    "derivative",
    "k_winners",
    "register_derivative",
]
