"""What rules remember from one timestep to the next, and errors that have names."""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from nengo.connection import Connection
from nengo.params import FrozenObject
from numpy.typing import ArrayLike, NDArray

from ..validation import (
    EitherParam,
    FiniteParam,
    FlagParam,
    FrozenArrayParam,
    SequenceParam,
    WholeParam,
    unfit,
)
from .connections import n_units


class Memory(FrozenObject):
    """One array that a rule remembers from one timestep to the next.

    Parameters
    ----------
    shape : int or sequence of int
        Shape of the array, without the axis of samples. ``()`` is a single number.
    initial : float or array, optional
        Values at the start.
    shared : bool, optional
        False: each sample of a minibatch has its own array, so that the rule sees shape
        ``(batch, *shape)``. Such arrays are traces of what happens in the simulation; they
        move whether or not learning is switched on. True: there is one array for all
        samples, of shape ``shape``. It is part of what is learned: it moves only while
        learning is switched on, and is saved with the weights.
    continues : bool, optional
        Whether the array of a sample goes on into the next presentation. By default it has
        its initial values again at the first timestep of each presentation. Shared arrays
        always go on, and so do all arrays if presentations have a single timestep, since
        time is continuous then.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is of the wrong type, or ``initial`` does not have this shape and
        cannot be broadcast to it.
    """

    shape = EitherParam("shape", WholeParam("shape"), SequenceParam("shape", WholeParam("")))
    initial = EitherParam("initial", FiniteParam("initial"), FrozenArrayParam("initial"))
    shared = FlagParam("shared")
    continues = FlagParam("continues")

    def __init__(
        self,
        shape: int | Sequence[int],
        initial: ArrayLike = 0.0,
        shared: bool = False,
        continues: bool = False,
    ):
        super().__init__()
        self.shape = shape
        self.initial = initial
        self.shared = shared
        self.continues = continues
        self.start()

    def start(self) -> NDArray:
        """Return the array at the start, of shape ``shape``."""
        shape = (self.shape,) if isinstance(self.shape, int) else self.shape
        try:
            return np.array(np.broadcast_to(self.initial, shape), dtype=float)
        except ValueError:
            expected = f"one number, or numbers of shape {shape}"
            raise unfit("initial", expected, self.initial, self) from None


_SIZE = WholeParam("errors")


def places(errors: Mapping[str, int | str], connection: Connection) -> dict[str, slice]:
    """Return where each of several named errors lies in the one signal that Nengo has.

    Parameters
    ----------
    errors : mapping of str to int or str
        The size of each error, or "pre" or "post" for one value for each unit before or after
        the connection.
    connection : nengo.Connection

    Returns
    -------
    dict of {str: slice}

    Raises
    ------
    nengo.exceptions.ValidationError
        If a size is neither a whole number of at least 1 nor one of these words.
    """
    known = n_units(connection)
    found, start = {}, 0
    for name, size in errors.items():
        stop = start + (known[size] if size in known else _SIZE.coerce(None, size))
        found[name] = slice(start, stop)
        start = stop
    return found


def by_name(error: Any, where: Mapping[str, slice]) -> Any:
    """Return a rule's ``error``: with attributes if there are several, else as it is.

    Parameters
    ----------
    error : (batch, size_in) array or None
    where : mapping of str to slice
        What ``places`` returned.
    """
    if not where:
        return error
    return SimpleNamespace(**{name: error[:, place] for name, place in where.items()})
