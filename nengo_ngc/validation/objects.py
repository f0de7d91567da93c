"""Text, names, and objects of Python and Nengo."""

import os

from .base import CheckedParam, Unfit
from .messages import a, unknown


class TextParam(CheckedParam):
    """A string."""

    equatable = True
    expected = "a str"

    def convert(self, value):
        if not isinstance(value, str):
            raise TypeError
        return value


class PathParam(CheckedParam):
    """Where a file or folder is."""

    expected = "a path"

    def convert(self, value):
        if not (isinstance(value, (str, os.PathLike)) and os.fspath(value)):
            raise TypeError
        return value


class ChoiceParam(CheckedParam):
    """One of some names.

    Parameters
    ----------
    known : iterable of str
        Names may join it later.
    name, **kwargs
        As for `CheckedParam`.
    """

    equatable = True

    def __init__(self, name, known, **kwargs):
        super().__init__(name, **kwargs)
        self.known = known

    @property
    def expected(self):
        return f"one of {', '.join(map(repr, self.known))}"

    def convert(self, value):
        if not isinstance(value, str):
            raise TypeError
        if value not in self.known:
            raise Unfit(unknown(self.name.replace("_", " "), value, self.known))
        return str(value)


class InstanceParam(CheckedParam):
    """An object of one of some classes.

    Parameters
    ----------
    *kinds : type
    name, **kwargs
        As for `CheckedParam`.
    """

    def __init__(self, name, *kinds, **kwargs):
        super().__init__(name, **kwargs)
        self.kinds = kinds

    @property
    def expected(self):
        return " or ".join(a(kind.__name__) for kind in self.kinds)

    def convert(self, value):
        if not isinstance(value, self.kinds):
            raise TypeError
        return value


class SubclassParam(InstanceParam):
    """A class derived from one of some classes."""

    @property
    def expected(self):
        return f"a subclass of {' or '.join(kind.__name__ for kind in self.kinds)}"

    def convert(self, value):
        if not issubclass(value, self.kinds):  # raises TypeError for what is no class
            raise TypeError
        return value


class CallableParam(CheckedParam):
    """A function, or something else that can be called."""

    expected = "callable"

    def convert(self, value):
        if not callable(value):
            raise TypeError
        return value


class SwitchParam(CheckedParam):
    """A Nengo object with one output."""

    expected = "a Node with one output"

    def convert(self, value):
        if getattr(value, "size_out", None) != 1:
            raise TypeError
        return value
