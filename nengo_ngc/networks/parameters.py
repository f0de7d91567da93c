"""Checks of parameters that users give to a network, and how simulators take them."""

from collections.abc import Mapping, Sequence
from typing import Any

import nengo
from nengo.builder import Signal
from nengo.exceptions import ValidationError
from numpy.typing import NDArray

from ..validation import unknown

Shape = tuple[int, ...]


def check_parameters(
    given: Mapping[str, NDArray], shapes: Mapping[str, Shape], argument: str = "parameters"
) -> dict[str, NDArray]:
    """Return given parameters as arrays of floats.

    Parameters
    ----------
    given : mapping of str to array
        Parameters, all or some of them, as `.ArraysParam` returns them.
    shapes : mapping of str to tuple of int
        Shapes of all parameters that the network has.
    argument : str, optional
        Name of the argument that error messages speak of.

    Returns
    -------
    dict of {str: array}

    Raises
    ------
    nengo.exceptions.ValidationError
        If the network has no parameter of a name, or an array is of another shape.
    """
    for name, array in given.items():
        if name not in shapes:
            raise invalid(unknown("parameter", name, shapes), argument)
        if array.shape != shapes[name]:
            axes = " (post, pre)" if len(shapes[name]) == 2 else ""
            expected = f"shape {shapes[name]}{axes}"
            raise invalid(f"{name} must have {expected}, got {array.shape}", argument)
    return {name: array.astype(float) for name, array in given.items()}


def check_complete(given: Mapping[str, NDArray], names: Sequence[str]) -> None:
    """Raise a ValidationError if one of the named parameters is missing."""
    missing = [name for name in names if name not in given]
    if missing:
        raise invalid(f"must have {', '.join(names)}, got no {missing[0]}")


def write_signal(sim: Any, signal: Signal, array: NDArray) -> None:
    """Write an array into a signal of a simulator, whichever it is."""
    if isinstance(sim, nengo.Simulator):
        sim.signals[signal].setflags(write=True)  # weights that no rule changes are not
    sim.signals[signal] = array


def invalid(message: str, argument: str = "parameters") -> ValidationError:
    """Return the error of an argument that holds parameters."""
    return ValidationError(message, attr=argument)
