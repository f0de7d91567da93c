"""Neuron types: latent states, k winners, integrators, and derivatives of activations."""

from .activations import GELU, HardTanh, LeakyRectifiedLinear
from .derivatives import derivative, register_derivative
from .integrators import Integrator
from .latent import LatentState
from .pointwise import Identity, Pointwise
from .winners import (
    GradedKWinners,
    KWinnersTakeAll,
    SoftKWinnersTakeAll,
    SoftThreshold,
    k_winners,
)

__all__ = [
    "GELU",
    "GradedKWinners",
    "HardTanh",
    "Identity",
    "Integrator",
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
