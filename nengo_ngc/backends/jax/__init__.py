"""The backend that compiles models by XLA; importing it imports JAX."""

from .simulator import Simulator

__all__ = ["Simulator"]
