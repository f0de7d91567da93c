"""Arrays that can do what `nengo_ngc.namespace` promises, and nothing that NumPy can besides.

A function that works with them and with their namespace works on every backend, so that
functions of users are tried with them, without any other backend.
"""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..namespace import FUNCTIONS, NUMPY, offer

_REFUSED = "a function of NumPy is given an array of xp; call the function of xp instead"
_CHANGED = "an array is changed in place; write x = x + y or the like"


class StrictError(TypeError):
    """Something is asked of an array that not every backend can do."""


class StrictArray:
    """An array with the operators, the indexing and the attributes that all backends have.

    Parameters
    ----------
    array : array_like
        It is not copied. If it is read-only, so are its parts.

    Raises
    ------
    StrictError
        Whenever something is asked of it that is not promised. NumPy's functions of each
        entry, such as ``numpy.exp``, raise a TypeError of their own, see `explained`.
    """

    __array_ufunc__ = None  # NumPy's functions refuse it, and its operators ask ours
    __hash__ = None  # type: ignore[assignment]
    __iter__ = None

    def __init__(self, array: ArrayLike) -> None:
        self._array = np.asarray(array)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""
        return self._array.shape

    @property
    def dtype(self) -> Any:
        """The type of the entries."""
        return self._array.dtype

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise StrictError(f"arrays have no .{name} on every backend, only .shape and .dtype")

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise StrictError(_REFUSED)

    def __array_function__(self, *args: Any) -> Any:
        raise StrictError(_REFUSED)

    def __bool__(self) -> bool:
        raise StrictError("an array has no truth value before the model runs; use xp.where")

    def __getitem__(self, key: Any) -> "StrictArray":
        for part in key if isinstance(key, tuple) else (key,):
            if not (part is None or part is ... or isinstance(part, int | slice | np.integer)):
                raise StrictError("arrays are indexed by whole numbers, slices and None only")
        return StrictArray(self._array[key])

    def __setitem__(self, key: Any, value: Any) -> None:
        raise StrictError(_CHANGED)


def _binary(function: Callable, swapped: bool = False) -> Callable:
    def method(self, other):
        pair = (_plain(other), self._array) if swapped else (self._array, _plain(other))
        return StrictArray(function(*pair))

    return method


def _in_place(function: Callable) -> Callable:
    def method(self, other):
        # an array that the function has made itself may change
        if not self._array.flags.writeable:
            raise StrictError(_CHANGED)
        return StrictArray(function(self._array, _plain(other)))

    return method


def _unary(function: Callable) -> Callable:
    return lambda self: StrictArray(function(self._array))


_NUMBERS = "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"
_BOOLEANS = "and_", "or_", "xor"
_COMPARISONS = "lt", "le", "eq", "ne", "gt", "ge"
_SIGNS = "neg", "pos", "abs", "invert"

for _name in (*_NUMBERS, *_BOOLEANS):
    _function, _name = getattr(operator, _name), _name.strip("_")
    setattr(StrictArray, f"__{_name}__", _binary(_function))
    setattr(StrictArray, f"__r{_name}__", _binary(_function, swapped=True))
    setattr(StrictArray, f"__i{_name}__", _in_place(_function))
for _name in _COMPARISONS:
    setattr(StrictArray, f"__{_name}__", _binary(getattr(operator, _name)))
for _name in _SIGNS:
    setattr(StrictArray, f"__{_name}__", _unary(getattr(operator, _name)))


def explained(error: Exception) -> str | None:
    """Return what a user is to do about an error, if it is one of strict arrays."""
    if isinstance(error, TypeError) and "__array_ufunc__" in str(error):
        return _REFUSED
    return str(error) if isinstance(error, StrictError) else None


def _plain(x: Any) -> Any:
    if isinstance(x, StrictArray):
        return x._array
    if isinstance(x, list | tuple):
        return type(x)(map(_plain, x))
    return x


def _strict(function: Callable) -> Callable:
    def call(*args, **kwargs):
        kwargs = {name: _plain(value) for name, value in kwargs.items()}
        return StrictArray(function(*map(_plain, args), **kwargs))

    return call


def _of_numpy(name):
    return operator.attrgetter(name)(NUMPY)


STRICT = offer({f.name: _strict(_of_numpy(f.name)) for f in FUNCTIONS})
