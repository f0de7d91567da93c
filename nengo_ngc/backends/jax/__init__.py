"""The backend that compiles models by XLA; importing it imports JAX."""

try:
    import jax
except ModuleNotFoundError as error:
    if error.name != "jax":  # JAX is there, but something that it needs is not
        raise
    raise ImportError(
        'nengo_ngc.jax needs JAX, which is not installed: pip install "nengo-ngc[jax]"'
    ) from None

from .simulator import Simulator

__all__ = ["Simulator"]
