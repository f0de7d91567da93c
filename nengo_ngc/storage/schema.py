"""What settings in files may be, declared once and checked in one place.

A schema is made of `Whole`, `Number`, `Flag`, `Text`, `List`, `Table`, `Either` and
`Anything`::

    CONFIG = Table({"dataset": Text(SOURCES), "epochs": Whole(1), "seeds": List(Whole(0))})
    config = schema.read("config.json", CONFIG)

`read` reads a file and checks it, `check` checks what was read already.
"""

import json
import math
import reprlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path

from ..validation.messages import unknown

_MAX_BYTES = 2**24  # settings are short; whatever is larger is something else


def check(file, value, schema):
    """Return a value that was read from a file, or raise if the schema forbids it.

    Parameters
    ----------
    file : str or path
        Where the value comes from, for the message.
    value : object
        What a parser of JSON or TOML returned.
    schema : Field

    Returns
    -------
    object
        ``value``.

    Raises
    ------
    ValueError
        Names the file, the key, what was expected and what came.
    """
    try:
        schema.check(value, "")
    except _Unfit as error:
        raise ValueError(f"{file}: {error}") from None
    return value


def read(path, schema, parse=None):
    """Read a file of settings and check them.

    Parameters
    ----------
    path : str or path
    schema : Field
    parse : callable, optional
        Makes a value of the text and raises ValueError if that is impossible, as
        ``tomllib.loads`` does. Default: `parse_json`.

    Returns
    -------
    object

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, or holds something else than the schema asks for.
    """
    return check(path, parsed(path, parse), schema)


def parsed(path, parse=None):
    """What `read` checks: the value in a file."""
    path = Path(path)
    try:
        with open(path, "rb") as file:
            content = file.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise ValueError(f"it is larger than {_MAX_BYTES} bytes")
        return (parse or parse_json)(content.decode("utf-8"))
    except RecursionError:
        raise ValueError(f"{path} is damaged: it is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}") from error


def parse_json(text):
    """The value that a JSON text stands for, without what JSON does not have.

    Raises
    ------
    ValueError
        If the text is not JSON, holds NaN or infinity, or says a key twice.
    """
    try:
        return json.loads(text, parse_constant=_no_number, object_pairs_hook=_each_once)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _no_number(name):
    raise ValueError(f"{name} is not a number of JSON")


def _each_once(pairs):
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {_shown(twice)} is there twice")
    return found


class _Unfit(Exception):
    """A value that its schema forbids."""


def _shown(value):
    """A short text of any value, however long or deep it is."""
    try:
        return reprlib.repr(value)
    except ValueError:  # Python does not print integers of thousands of digits
        return "a number of thousands of digits"


@dataclass(frozen=True, kw_only=True)
class Field(ABC):
    """One kind of value.

    Parameters
    ----------
    optional : bool, optional
        Whether it may be null, None in Python.
    """

    optional: bool = False

    def check(self, value, key):
        """Raise unless this is a value of this kind; ``key`` says where it is."""
        if value is None and self.optional:
            return
        self._check(value, key)

    def _refuse(self, value, key):
        what = f"{key} must be" if key else "the content must be"
        null = " or null" if self.optional else ""
        raise _Unfit(f"{what} {self.expected}{null}, got {_shown(value)}")

    @property
    @abstractmethod
    def expected(self):
        """What a value must be, in words."""

    @abstractmethod
    def _check(self, value, key):
        """Raise unless a value that is not null is of this kind."""


@dataclass(frozen=True)
class Whole(Field):
    """A whole number from ``low`` to ``high``."""

    low: int | None = None
    high: int = 2**63 - 1

    @property
    def expected(self):
        return "a whole number" + _limits(self.low, self.high, 2**63 - 1)

    def _check(self, value, key):
        if not isinstance(value, int) or isinstance(value, bool):
            self._refuse(value, key)
        low = -self.high - 1 if self.low is None else self.low
        if not low <= value <= self.high:
            self._refuse(value, key)


@dataclass(frozen=True)
class Number(Field):
    """A finite number from ``low`` to ``high``, or above ``low`` if that is excluded."""

    low: float = -math.inf
    high: float = math.inf
    above: bool = False

    @property
    def expected(self):
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
    """True or false."""

    expected = "true or false"

    def _check(self, value, key):
        if not isinstance(value, bool):
            self._refuse(value, key)


@dataclass(frozen=True)
class Text(Field):
    """A text, one of ``choices`` if there are any."""

    choices: tuple = ()

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
    """A list of ``low`` or more values of one kind."""

    item: Field
    low: int = 0

    @property
    def expected(self):
        return f"a list of at least {self.low}" if self.low else "a list"

    def _check(self, value, key):
        if not isinstance(value, list) or len(value) < self.low:
            self._refuse(value, key)
        for number, item in enumerate(value):
            self.item.check(item, f"{key}[{number}]")


@dataclass(frozen=True)
class Table(Field):
    """A table whose keys are known.

    Parameters
    ----------
    fields : dict of {str: Field}
        Kinds of values, by key.
    absent : sequence of str, optional
        Keys that may be left out.
    others : Field, optional
        Kind of the values of all other keys; None: there are no other keys.
    """

    fields: dict = field(default_factory=dict)
    absent: tuple = ()
    others: Field | None = None

    expected = "a table"

    def _check(self, value, key):
        if not isinstance(value, dict):
            self._refuse(value, key)
        for name in self.fields:
            if name not in value and name not in self.absent:
                raise _Unfit(f"{_joined(key, name)} is missing")
        for name, item in value.items():
            kind = self.fields.get(name, self.others)
            if kind is None:
                where = f"{key}: " if key else ""
                raise _Unfit(where + unknown("key", name, self.fields))
            kind.check(item, _joined(key, name))


@dataclass(frozen=True)
class Anything(Field):
    """Whatever a file can say."""

    expected = "anything"

    def _check(self, value, key):
        pass


@dataclass(frozen=True)
class Either(Field):
    """A value of one of several kinds."""

    kinds: tuple

    @property
    def expected(self):
        return " or ".join(kind.expected for kind in self.kinds)

    def _check(self, value, key):
        for kind in self.kinds:
            try:
                return kind.check(value, key)
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
