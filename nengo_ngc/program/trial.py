"""Calls a function that a user has written once, while a model is built.

A function that returns a wrong shape, or calls NumPy where it should call ``xp``, would fail
later and differently on each backend, or on some of them only.
"""

import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from nengo.exceptions import BuildError

from .strict_arrays import STRICT, StrictArray, explained

Shape = tuple[int, ...]

# where errors show up, but are not made
_INSIDE = str(Path(__file__).parent), str(Path(np.__file__).parent)


class Trial:
    """Calls methods of an object, and checks what they return.

    Parameters
    ----------
    obj : object
        What has the methods.
    name : str
        What error messages call it.
    """

    def __init__(self, obj: Any, name: str) -> None:
        self._obj, self._name = obj, name

    def call(self, method: str, arguments: Mapping[str, Any], hint: str = "") -> Any:
        """Call a method with ``xp`` and arguments, and return what it returns.

        Parameters
        ----------
        method : str
        arguments : mapping of str to object
            In the order in which the method takes them. The names are for error messages.
        hint : str, optional
            What to say if an argument that is None is used like an array.

        Raises
        ------
        numpy.linalg.LinAlgError
            If a matrix cannot be inverted or the like, which may be due to made-up numbers.
        nengo.exceptions.BuildError
            If the method fails in another way.
        """
        try:
            with np.errstate(all="ignore"):
                return getattr(self._obj, method)(STRICT, *arguments.values())
        except np.linalg.LinAlgError:
            raise
        except Exception as error:  # a user's function may do whatever it likes
            reason = hint if hint and "NoneType" in str(error) else _reason(error, arguments)
            raise self._error(f"{method} fails{_place(error)}: {reason}") from error

    def check(self, method: str, result: Any, shape: Shape, meaning: str) -> None:
        """Raise a BuildError unless a method has returned an array of a shape."""
        came = getattr(result, "shape", None)
        if came != shape:
            came = type(result).__name__ if came is None else f"one of shape {came}"
            raise self._error(
                f"{method} must return an array of shape {shape}, {meaning}, got {came}"
            )

    def check_names(self, method: str, result: Any, shapes: Mapping[str, Shape]) -> None:
        """Raise a BuildError unless a method has returned arrays of these names and shapes."""
        named = isinstance(result, Mapping)
        if not named or result.keys() != shapes.keys():
            came = sorted(result) if named else type(result).__name__
            raise self._error(f"{method} must return a mapping of {[*shapes]}, got {came}")
        for name, shape in shapes.items():
            self.check(method, result[name], shape, f"as {name!r}")

    def check_pair(self, method: str, result: Any) -> None:
        """Raise a BuildError unless a method has returned a tuple of two."""
        if not isinstance(result, tuple) or len(result) != 2:
            came = f"{len(result)}" if isinstance(result, tuple) else type(result).__name__
            raise self._error(f"{method} must return a tuple of two, got {came}")

    def _error(self, message):
        return BuildError(f"{self._name}: {message}")


def made_up(shape: Shape, dtype: Any) -> StrictArray:
    """Return an array of a shape whose numbers, from 0.1 to 0.9, mean nothing."""
    return kept(np.linspace(0.1, 0.9, int(np.prod(shape)), dtype=dtype).reshape(shape))


def kept(array: Any) -> StrictArray:
    """Return an array that the function to which it is given must not change."""
    array = np.asarray(array).view()
    array.setflags(write=False)
    return StrictArray(array)


def _place(error):
    """The line of a user's code in which an error was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    frames = [frame for frame in frames if not frame.filename.startswith(_INSIDE)]
    if not frames:
        return ""
    last = frames[-1]
    said = f" in `{last.line}`" if last.line else ""
    return f"{said} ({Path(last.filename).name}, line {last.lineno})"


def _reason(error, arguments):
    """What went wrong, in one line."""
    text = explained(error)
    if text is not None:
        return text
    text = f"{type(error).__name__}: {' '.join(str(error).split())}"
    if isinstance(error, ValueError | IndexError):
        shapes = {k: array.shape for k, array in arguments.items() if hasattr(array, "shape")}
        text += "; shapes are " + ", ".join(f"{k} {shape}" for k, shape in shapes.items())
    return text
