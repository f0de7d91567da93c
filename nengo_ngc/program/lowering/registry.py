"""The functions that lower operators, by the class of operators."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nengo.builder import Signal
from nengo.builder.operator import Operator
from nengo.exceptions import BuildError


@dataclass(frozen=True)
class Lowering:
    """The function that lowers one class of operators, and the properties of these operators.

    Parameters
    ----------
    function : callable
        ``function(op, values)``, which reads and writes arrays of `.Values`.
    shared : bool or None
        Whether all samples share the arrays that operators write. None: they do if all arrays
        that the operators read are shared.
    keeps : callable
        A function that returns the signals which an operator sets, but whose values from the
        previous timestep it needs.
    calls_python : callable
        A function that returns whether an operator calls ``values.machine.on_host``.
    """

    function: Callable[[Any, Any], None]
    shared: bool | None
    keeps: Callable[[Any], Sequence[Signal]]
    calls_python: Callable[[Any], bool]


LOWERINGS: dict[type[Operator], Lowering] = {}


def lowers(
    *classes: type[Operator],
    shared: bool | None = False,
    keeps: Callable[[Any], Sequence[Signal]] = lambda op: (),
    calls_python: Callable[[Any], bool] = lambda op: False,
) -> Callable:
    """Register the function that lowers operators of some classes.

    Parameters
    ----------
    *classes : subclasses of nengo.builder.operator.Operator
        Their subclasses are not included, since they may compute something else.
    shared : bool or None, optional
        As for `Lowering`. By default each sample has its own copy of what operators write.
    keeps : callable, optional
        As for `Lowering`. By default no signal is kept.
    calls_python : callable, optional
        As for `Lowering`. By default none of the operators does.

    Returns
    -------
    callable
        A decorator for a function ``lower(op, values)``, which is called once, when a timestep
        is traced. It reads arrays as ``values[signal]``, and writes them with ``values.set``
        and ``values.inc``.

    Examples
    --------
    An operator that squares a signal::

        @lowers(Square)
        def lower_square(op, values):
            values.set(op.output, values.xp.square(values[op.input]))
    """

    def register(function: Callable) -> Callable:
        for cls in classes:
            LOWERINGS[cls] = Lowering(function, shared, keeps, calls_python)
        return function

    return register


def lowering(op: Operator) -> Lowering:
    """Return the `Lowering` of an operator.

    Raises
    ------
    nengo.exceptions.BuildError
        If no function is registered for its class.
    """
    found = LOWERINGS.get(type(op))
    if found is None:
        raise BuildError(
            f"{op} is of the class {type(op).__name__}, which cannot be compiled; a function "
            "that is registered by nengo_ngc.program.lowering.lowers would compile it"
        )
    return found
