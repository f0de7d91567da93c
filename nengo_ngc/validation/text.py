"""Parameters for strings: free text, paths, and names out of a fixed list."""

import os
from collections.abc import Iterable
from typing import Any

from .base import CheckedParam, UnfitValue
from .messages import unknown


class TextParam(CheckedParam):
    """A string."""

    equatable = True
    expected = "a str"

    def convert(self, value: Any) -> str:
        if not isinstance(value, str):
            raise TypeError
        return value


class PathParam(CheckedParam):
    """The path of a file or folder, which is not empty."""

    expected = "a path"

    def convert(self, value: Any) -> str | os.PathLike:
        if not (isinstance(value, (str, os.PathLike)) and os.fspath(value)):
            raise TypeError
        return value


class ChoiceParam(CheckedParam):
    """One of several names.

    Parameters
    ----------
    name : str
        As for `CheckedParam`.
    known : iterable of str
        The accepted names. It is read whenever a value is checked, so that names which
        are added to it later are accepted, too.
    **kwargs
        As for `CheckedParam`.
    """

    equatable = True

    def __init__(self, name: str, known: Iterable[str], **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self.known = known

    @property
    def expected(self) -> str:
        return f"one of {', '.join(map(repr, self.known))}"

    def convert(self, value: Any) -> str:
        if not isinstance(value, str):
            raise TypeError
        if value not in self.known:
            raise UnfitValue(unknown(self.name.replace("_", " "), value, self.known))
        return str(value)
