"""Parameters for objects of given classes, for classes, functions and Nengo's Nodes."""

from collections.abc import Callable
from typing import Any

import nengo
from nengo.ensemble import Neurons

from .base import CheckedParam
from .messages import with_article


class InstanceParam(CheckedParam):
    """An instance of one of several classes.

    Parameters
    ----------
    name : str
        As for `CheckedParam`.
    *classes : type
        The accepted classes.
    **kwargs
        As for `CheckedParam`.
    """

    def __init__(self, name: str, *classes: type, **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self.classes = classes

    @property
    def expected(self) -> str:
        return " or ".join(with_article(cls.__name__) for cls in self.classes)

    def convert(self, value: Any) -> Any:
        if not isinstance(value, self.classes):
            raise TypeError
        return value


class SubclassParam(InstanceParam):
    """A class derived from one of several classes."""

    @property
    def expected(self) -> str:
        return f"a subclass of {' or '.join(cls.__name__ for cls in self.classes)}"

    def convert(self, value: Any) -> type:
        if not issubclass(value, self.classes):  # raises TypeError for what is no class
            raise TypeError
        return value


class CallableParam(CheckedParam):
    """A function, or another object that can be called."""

    expected = "callable"

    def convert(self, value: Any) -> Callable:
        if not callable(value):
            raise TypeError
        return value


class SwitchParam(CheckedParam):
    """A Node or neurons with a single output, by which learning is switched."""

    expected = "a Node with one output"

    def convert(self, value: Any) -> Any:
        if not isinstance(value, nengo.Node | Neurons) or value.size_out != 1:
            raise TypeError
        return value
