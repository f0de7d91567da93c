"""The functions of ``xp`` in JAX, see `nengo_ngc.namespace`."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import solve_triangular

from ...namespace import FUNCTIONS, offer


def jax_namespace(training: Any = False) -> ModuleType:
    """Return JAX's functions in the form that `nengo_ngc.namespace` describes.

    Parameters
    ----------
    training : bool, optional
        Whether the model is being trained by back-propagation.

    Returns
    -------
    module
    """
    functions: dict[str, Callable] = {
        "argsort": lambda x, axis=-1, kind="stable": jnp.argsort(x, axis=axis, stable=True),
        # by default JAX makes its argument symmetric, where NumPy takes the lower triangle
        "linalg.cholesky": lambda x: jnp.linalg.cholesky(x, symmetrize_input=False),
        "linalg.inv_lower": lambda x: solve_triangular(
            x, jnp.eye(len(x), dtype=x.dtype), lower=True
        ),
        "convolve": _convolve,
        "stop_gradient": jax.lax.stop_gradient,
        "partition": _partition,
        "take": _take,
    }
    for name in (function.name for function in FUNCTIONS):
        if name not in functions:
            *within, last = name.split(".")
            functions[name] = getattr(jnp.linalg if within else jnp, last)
    return offer(functions, training)


def _take(x, indices, axis):
    if not isinstance(indices, jax.Array):
        indices = np.asarray(indices)
    # they are never out of bounds, and need no check, but may count from the end
    return jnp.take(x, indices % x.shape[axis], axis=axis, mode="clip")


def _partition(x, kth):
    kth = kth % x.shape[-1]
    # by the smallest entries alone if the others are not used; XLA would sort whole rows if it
    # saw that of these only the last is used
    smallest = jax.lax.optimization_barrier(-jax.lax.top_k(-x, kth + 1)[0])
    others = jax.lax.top_k(x, x.shape[-1] - kth - 1)[0]
    return jnp.concatenate([smallest, others], axis=-1)


def _convolve(x, kernel, strides, padding, dilation, groups):
    space = "XYZUVW"[: len(strides)]
    return jax.lax.conv_general_dilated(
        x,
        kernel,
        tuple(strides),
        tuple(padding),
        lhs_dilation=tuple(dilation),
        dimension_numbers=(f"N{space}C", f"{space}IO", f"N{space}C"),
        feature_group_count=groups,
    )
