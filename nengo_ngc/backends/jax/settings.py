"""Settings of JAX that belong to one simulator."""

from typing import Any

import jax


class Settings:
    """JAX's settings while a simulator computes, without an effect on the user's settings.

    Parameters
    ----------
    wide : bool
        Whether floating-point numbers have 64 bits.
    precision : str
        As for `.Simulator`.
    """

    def __init__(self, wide: bool, precision: str) -> None:
        self._all = (jax.enable_x64(wide), jax.default_matmul_precision(precision))

    def __enter__(self) -> None:
        for setting in self._all:
            setting.__enter__()

    def __exit__(self, *error: Any) -> None:
        for setting in reversed(self._all):
            setting.__exit__(*error)
