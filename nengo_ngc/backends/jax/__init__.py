"""The backend that compiles models by XLA; importing it imports JAX."""

try:
    import jax
except ImportError as error:
    raise ImportError(
        'nengo_ngc.jax needs JAX, which is not installed: pip install "nengo-ngc[jax]"'
    ) from error

from .simulator import Simulator

__all__ = ["Simulator"]
