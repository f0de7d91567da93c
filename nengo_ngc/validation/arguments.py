"""Arguments of functions, methods and constructors, checked by declaring parameters."""

import copy
import functools
import inspect
from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from typing import Any

import numpy as np
from nengo.exceptions import ValidationError
from nengo.params import Parameter
from numpy.typing import ArrayLike

from .messages import shown


def checked(*declared: Parameter) -> Callable:
    """Return a decorator that checks arguments before a function begins.

    Each argument is checked by the parameter of its name. The function receives the value
    that the parameter returns, for instance a tuple for a sequence. An argument whose
    default is None may also be None.

    Parameters
    ----------
    *declared : nengo.params.Parameter
        One parameter for each argument that is to be checked.

    Returns
    -------
    callable
        A decorator of functions, methods, and classes, whose constructor it checks. The
        decorated function has the parameters, by name, in its attribute ``declared``.

    Raises
    ------
    TypeError
        When a function is decorated that has no argument of a declared name.

    Examples
    --------
    ::

        @checked(WholeParam("n_samples"), RandomStateParam())
        def sample(n_samples, random_state=None): ...
    """

    def decorate(function):
        if inspect.isclass(function):
            function.__init__ = decorate(function.__init__)
            return function
        signature = inspect.signature(function)
        parameters = _for_signature(signature, declared)

        @functools.wraps(function)
        def call(*args, **kwargs):
            try:
                bound = signature.bind(*args, **kwargs)
            except TypeError:
                return function(*args, **kwargs)  # raises one that names the function
            owner = bound.arguments.get("self")
            for name, parameter in parameters.items():
                if name in bound.arguments:
                    value = parameter.coerce(owner, bound.arguments[name])
                    bound.arguments[name] = value
            return function(*bound.args, **bound.kwargs)

        call.declared = parameters
        return call

    return decorate


def declared(function: Callable, *names: str) -> list[Parameter]:
    """Return the parameters that another function has declared with `.checked`.

    A function that passes arguments on can declare them this way.

    Parameters
    ----------
    function : callable or type
        A decorated function, or a class whose constructor is decorated.
    *names : str
        The arguments. By default all of them.

    Returns
    -------
    list of nengo.params.Parameter
    """
    decorated: Any = function.__init__ if inspect.isclass(function) else function
    known = decorated.declared
    return [known[name] for name in names or known]


@contextmanager
def expecting(name: str, expected: str, value: object) -> Iterator[None]:
    """Make errors raised by another package's check name the argument and its value.

    Parameters
    ----------
    name : str
        The argument that is checked in the block.
    expected : str
        What would have been accepted. It continues the words "must be".
    value : object
        What was given.

    Raises
    ------
    TypeError
        If the block raises TypeError.
    ValueError
        If the block raises ValueError or OverflowError.
    """
    try:
        yield
    except (TypeError, ValueError, OverflowError) as error:
        error_type = TypeError if isinstance(error, TypeError) else ValueError
        message = f"{name} must be {expected}, got {shown(value)}: {error}"
        raise error_type(message) from error


def check_alike(name: str, array: ArrayLike, other: str, like: ArrayLike) -> None:
    """Raise ValidationError unless an argument has the shape of another one.

    Parameters
    ----------
    name : str
        The argument.
    array : array_like
        Its value.
    other : str
        The other argument.
    like : array_like
        The value of the other argument.
    """
    if np.shape(array) != np.shape(like):
        expected = f"the shape of {other}, {np.shape(like)}"
        raise ValidationError(f"must have {expected}, got {np.shape(array)}", attr=name)


def check_as_many(name: str, values: Sized, other: str, like: Sized) -> None:
    """Raise ValidationError unless an argument is as long as another one.

    Parameters
    ----------
    name : str
        The argument.
    values : sized
        Its value.
    other : str
        The other argument.
    like : sized
        The value of the other argument.
    """
    if len(values) != len(like):
        expected = f"as many as {other} ({len(like)})"
        raise ValidationError(f"must be {expected}, got {len(values)}", attr=name)


def _for_signature(signature, declared):
    """Parameters by name, which accept None where that is the argument's default."""
    parameters = {}
    for parameter in declared:
        if parameter.name not in signature.parameters:
            raise TypeError(f"there is no argument {parameter.name!r} in {signature}")
        if signature.parameters[parameter.name].default is None:
            parameter = copy.copy(parameter)
            parameter.optional = True
        parameters[parameter.name] = parameter
    return parameters
