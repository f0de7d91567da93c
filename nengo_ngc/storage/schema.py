"""Schemas of the settings in files: the accepted values are declared once.

A schema is made of `Whole`, `Number`, `Flag`, `Text`, `List`, `Table`, `Either` and
`Anything`::

    CONFIG = Table({"dataset": Text(SOURCES), "epochs": Whole(1), "seeds": List(Whole(0))})
    config = schema.read("config.json", CONFIG)

`read` reads and checks a file; `check` checks a value that has already been read.
"""

import math
import os
import reprlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..validation import unknown
from . import parsing


def check(file: str | os.PathLike, value: Any, schema: "Field") -> Any:
    """Return a value that was read from a file, or raise an error if it does not fit.

    Parameters
    ----------
    file : str or path
        Where the value comes from, which the message names.
    value : object
        The value as a parser of JSON or TOML returned it.
    schema : Field
        What the value has to be.

    Returns
    -------
    object
        ``value``.

    Raises
    ------
    ValueError
        If the value does not fit. The message names the file and the key, and says what
        was expected and what came.
    """
    try:
        schema.check(value, "")
    except _Unfit as error:
        raise ValueError(f"{file}: {error}") from None
    return value


def read(path: str | os.PathLike, schema: "Field", form: parsing.Format = parsing.JSON) -> Any:
    """Read a file of settings and check them.

    Parameters
    ----------
    path : str or path
    schema : Field
        What the content has to be.
    form : parsing.Format, optional

    Returns
    -------
    object

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is not valid, or its content does not fit the schema.
    """
    return check(path, parsing.read(path, form), schema)


class _Unfit(Exception):
    """A value does not fit its schema."""


def _shown(value):
    """A short text of any value, however long or deep it is."""
    try:
        return reprlib.repr(value)
    except ValueError:  # Python does not print integers of thousands of digits
        return "a number of thousands of digits"


@dataclass(frozen=True, kw_only=True)
class Field(ABC):
    """Base class of the types of values.

    Parameters
    ----------
    optional : bool, optional
        Whether null, which is None in Python, is accepted as well.
    """

    optional: bool = False

    def check(self, value: Any, key: str) -> None:
        """Raise an error unless a value fits; ``key`` says where it is in the file."""
        if value is None and self.optional:
            return
        self._check(value, key)

    def _refuse(self, value, key):
        what = f"{key} must be" if key else "the content must be"
        null = " or null" if self.optional else ""
        raise _Unfit(f"{what} {self.expected}{null}, got {_shown(value)}")

    @property
    @abstractmethod
    def expected(self) -> str:
        """Return what a value must be, in words."""

    @abstractmethod
    def _check(self, value, key):
        """Raise an error unless a value that is not null fits."""


@dataclass(frozen=True)
class Whole(Field):
    """A whole number from ``low`` to ``high``, both of which are included."""

    low: int | None = None
    high: int = 2**63 - 1

    @property
    def expected(self) -> str:
        return "a whole number" + _limits(self.low, self.high, 2**63 - 1)

    def _check(self, value, key):
        if not isinstance(value, int) or isinstance(value, bool):
            self._refuse(value, key)
        low = -self.high - 1 if self.low is None else self.low
        if not low <= value <= self.high:
            self._refuse(value, key)


@dataclass(frozen=True)
class Number(Field):
    """A finite number from ``low`` to ``high``; with ``above`` it must be above ``low``."""

    low: float = -math.inf
    high: float = math.inf
    above: bool = False

    @property
    def expected(self) -> str:
        low = None if self.low == -math.inf else self.low
        return "a finite number" + _limits(low, self.high, math.inf, self.above)

    def _check(self, value, key):
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            self._refuse(value, key)
        try:
            fits = math.isfinite(value) and self.low <= value <= self.high
        except OverflowError:  # an integer beyond all floating-point numbers
            fits = False
        if not fits or (self.above and value == self.low):
            self._refuse(value, key)


@dataclass(frozen=True)
class Flag(Field):
    """Either true or false."""

    expected = "true or false"

    def _check(self, value, key):
        if not isinstance(value, bool):
            self._refuse(value, key)


@dataclass(frozen=True)
class Text(Field):
    """A text, which must be one of ``choices`` if these are given."""

    choices: Sequence[str] = ()

    expected = "a text"

    def __post_init__(self):
        object.__setattr__(self, "choices", tuple(self.choices))

    def _check(self, value, key):
        if not isinstance(value, str):
            self._refuse(value, key)
        if self.choices and value not in self.choices:
            raise _Unfit(f"{key}: {unknown('name', value, self.choices)}")


@dataclass(frozen=True)
class List(Field):
    """A list of at least ``low`` values, each of which fits ``item``."""

    item: Field
    low: int = 0

    @property
    def expected(self) -> str:
        return f"a list of at least {self.low}" if self.low else "a list"

    def _check(self, value, key):
        if not isinstance(value, list) or len(value) < self.low:
            self._refuse(value, key)
        for number, item in enumerate(value):
            self.item.check(item, f"{key}[{number}]")


@dataclass(frozen=True)
class Table(Field):
    """A table, which is a dictionary in Python.

    Parameters
    ----------
    fields : dict of {str: Field}
        The known keys and what their values have to be.
    absent : sequence of str, optional
        Keys that may be left out.
    others : Field, optional
        What the values of all other keys have to be. By default other keys are refused.
    """

    fields: dict[str, Field] = field(default_factory=dict)
    absent: Sequence[str] = ()
    others: Field | None = None

    expected = "a table"

    def _check(self, value, key):
        if not isinstance(value, dict):
            self._refuse(value, key)
        for name in self.fields:
            if name not in value and name not in self.absent:
                raise _Unfit(f"{_joined(key, name)} is missing")
        for name, item in value.items():
            expected = self.fields.get(name, self.others)
            if expected is None:
                where = f"{key}: " if key else ""
                raise _Unfit(where + unknown("key", name, self.fields))
            expected.check(item, _joined(key, name))


@dataclass(frozen=True)
class Anything(Field):
    """Any value that a file can hold."""

    expected = "anything"

    def _check(self, value, key):
        pass


@dataclass(frozen=True)
class Either(Field):
    """A value that fits one of several types of values."""

    alternatives: Sequence[Field]

    @property
    def expected(self) -> str:
        return " or ".join(each.expected for each in self.alternatives)

    def _check(self, value, key):
        for alternative in self.alternatives:
            try:
                return alternative.check(value, key)
            except _Unfit:
                pass
        self._refuse(value, key)


def _limits(low, high, highest, above=False):
    """The limits of a number in words."""
    lower = "" if low is None else f"above {low}" if above else f"at least {low}"
    upper = "" if high == highest else f"at most {high}"
    limits = " and ".join(part for part in (lower, upper) if part)
    return f" of {limits}" if limits and not above else f" {limits}" if limits else ""


def _joined(key, name):
    return f"{key}.{name}" if key else str(name)
