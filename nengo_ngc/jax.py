"""JAX: fast simulation of any Nengo model on processors, GPUs and TPUs, compiled by XLA.

Importing it imports JAX.
"""

from .backends.jax import Simulator

__all__ = ["Simulator"]
