"""Arguments of functions, methods and constructors, checked by being declared."""

import copy
import functools
import inspect
from contextlib import contextmanager

from .messages import shown


def checked(*declared):
    """Check arguments, before a function begins, by the parameters declared for them.

    An argument whose default is None may be None. Inside, arguments are as the parameters
    keep them: a tuple for a sequence, for example.

    Parameters
    ----------
    *declared : nengo.params.Parameter
        One for each argument, of its name.

    Returns
    -------
    callable
        A decorator of functions, or of classes for their constructor. What it returns has the
        parameters by name, ``declared``.

    Raises
    ------
    TypeError
        Where the function is defined, if there is no argument of a declared name; where it is
        called, as without the decorator.

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
        parameters = for_signature(signature, declared)

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


def for_signature(signature, declared):
    """Parameters by name, which may be None where that is the argument's default."""
    parameters = {}
    for parameter in declared:
        if parameter.name not in signature.parameters:
            raise TypeError(f"there is no argument {parameter.name!r} in {signature}")
        if signature.parameters[parameter.name].default is None:
            parameter = copy.copy(parameter)
            parameter.optional = True
        parameters[parameter.name] = parameter
    return parameters


def declared(function, *names):
    """Parameters that another function has declared, for one that hands them on.

    Parameters
    ----------
    function : callable or type
        Decorated by `checked`; of a class its constructor.
    *names : str
        Default: all of them.

    Returns
    -------
    list of nengo.params.Parameter
    """
    known = (function.__init__ if inspect.isclass(function) else function).declared
    return [known[name] for name in names or known]


@contextmanager
def expecting(name, expected, value):
    """Have errors of another package's check name the argument, and say what came."""
    try:
        yield
    except (TypeError, ValueError, OverflowError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{name} must be {expected}, got {shown(value)}: {error}") from error
