"""The backend that compiles models by XLA; importing it imports JAX."""

from ...version import how_to_install

try:
    import jax
except ModuleNotFoundError as error:
    if error.name != "jax":  # JAX is there, but something that it needs is not
        raise
    raise ImportError(
        f"nengo_ngc.jax needs JAX, which is not installed: {how_to_install('jax')}"
    ) from None

from .simulator import Simulator

__all__ = ["Simulator"]
