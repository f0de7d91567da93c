"""Neuron types: latent states, k winners, and the derivatives of activations."""

from .activations import GELU, HardTanh, LeakyRectifiedLinear
from .derivatives import derivative, register_derivative
from .latent import LatentState
from .pointwise import Identity, Pointwise
from .winners import KWinnersTakeAll, SoftKWinnersTakeAll, SoftThreshold, k_winners

__all__ = [
    "GELU",
    "HardTanh",
    "Identity",
    "KWinnersTakeAll",
    "LatentState",
    "LeakyRectifiedLinear",
    "Pointwise",
    "SoftKWinnersTakeAll",
    "SoftThreshold",
    "derivative",
    "k_winners",
    "register_derivative",
]
