"""The primitives of a compiled timestep in JAX."""

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import io_callback
from jax.experimental.buffer_callback import buffer_callback

from ...namespace import Array
from ...program.lowering import Machine


def of_types(arrays: dict[str, Array], before: dict[str, Array]) -> dict[str, Array]:
    """Return arrays with the types that they had before, since loops must not change types."""
    return {name: jnp.asarray(x).astype(before[name].dtype) for name, x in arrays.items()}


class JaxMachine(Machine):
    """The primitives of one timestep, see `.Machine`.

    Parameters
    ----------
    xp : module
    dtype : numpy.dtype
    n_samples : int
    key : array
        JAX's key for the random numbers of this timestep.
    errors : list
        The list that keeps an error of a Python function, because JAX passes on its text only.
    """

    def __init__(
        self, xp: ModuleType, dtype: Any, n_samples: int, key: Array, errors: list
    ) -> None:
        self.xp, self.dtype, self.n_samples = xp, np.dtype(dtype), n_samples
        self._key, self._n_draws, self._errors = key, 0, errors
        self._turn = jnp.int32(0)  # each Python function needs that of the one before it

    def choose(self, condition: Array, then: Callable, otherwise: Callable) -> Any:
        otherwise_made = jax.eval_shape(otherwise)

        def cast() -> Any:
            return jax.tree.map(lambda x, like: x.astype(like.dtype), then(), otherwise_made)

        return jax.lax.cond(condition, cast, otherwise)

    def on_host(self, function: Callable, shape: Sequence[int], *arrays: Array) -> Array:
        def call(*arrays: Any) -> np.ndarray:
            try:
                made = function(*arrays)
                return np.asarray(made, self.dtype).reshape(shape)
            except BaseException as error:
                self._errors.append(error)
                raise

        result = jax.ShapeDtypeStruct(tuple(shape), self.dtype)
        self._turn, made = _call(call, result, self._turn, *arrays)
        return made

    def _next_key(self):
        self._n_draws += 1
        return jax.random.fold_in(self._key, self._n_draws)

    def uniform(self, shape: Sequence[int]) -> Array:
        return jax.random.uniform(self._next_key(), tuple(shape), self.dtype)

    def normal(self, shape: Sequence[int]) -> Array:
        return jax.random.normal(self._next_key(), tuple(shape), self.dtype)

    def poisson(self, mean: Array) -> Array:
        return jax.random.poisson(self._next_key(), mean).astype(self.dtype)


def _call(function, result, turn, *arrays):
    """Call a Python function in its place in the order of operators.

    On processors the function uses the arrays of the program directly. On other devices they
    are copied, which takes half a millisecond.
    """
    number = jax.ShapeDtypeStruct((), jnp.int32)

    def in_place(turn: Array, *arrays: Array) -> Any:
        def call(_: Any, made: Any, turn: Any, *arrays: Any) -> None:
            np.asarray(made[1])[...] = function(*map(np.asarray, arrays))
            np.asarray(made[0])[...] = np.asarray(turn)

        return buffer_callback(call, (number, result), has_side_effect=True)(turn, *arrays)

    def copied(turn: Array, *arrays: Array) -> Any:
        kinds = [array.dtype for array in arrays]

        def call(turn: Any, *arrays: Any) -> Any:
            given = (np.asarray(x).view(kind) for x, kind in zip(arrays, kinds))
            made = function(*(x[..., 0] for x in given))
            return np.asarray(turn), np.asarray(made)[..., None].view(np.uint32)

        # JAX calls from a thread in which it might know no numbers of 64 bits
        words = jax.eval_shape(_words, result)
        turn, made = io_callback(call, (number, words), turn, *map(_words, arrays))
        wide = result.dtype.itemsize == 8
        return turn, jax.lax.bitcast_convert_type(made if wide else made[..., 0], result.dtype)

    return jax.lax.platform_dependent(turn, *arrays, cpu=in_place, default=copied)


def _words(x):
    """The numbers of an array as 32-bit words, along an additional last axis."""
    words = jax.lax.bitcast_convert_type(x, jnp.uint32)
    return words if words.ndim > x.ndim else words[..., None]
