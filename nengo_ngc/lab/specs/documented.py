"""Options that follow from the arguments which an estimator declares and documents."""

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import click
from nengo.exceptions import ValidationError
from nengo.params import Parameter

from ...models.base import NetworkEstimator
from ...validation import ChoiceParam, EitherParam, FiniteParam, FlagParam, WholeParam
from .options import Option

# a parameter in a docstring of numpydoc, and the lines that describe it
_DESCRIBED = re.compile(r"^(\w+) : .*\n((?: {4}.*\n?)+)", re.MULTILINE)

# ``name`` or ``name="value"``, as descriptions of parameters name others of them
_MARKED = re.compile(r'``(\w+)(?:="?(\w+)"?)?``')

# a reference such as `.AdamW` or `.networks.FeedforwardClassifier`, or anything else in code
_REFERENCE = re.compile(r"`+(\.(?=\w+\.))?\.?([^`]+)`+")


class _Declared(click.ParamType):
    """A value that a declared argument accepts, as text: a number, true, false or a name."""

    def __init__(self, parameter: Parameter) -> None:
        self._parameter = parameter
        kinds = [*_alternatives(parameter)]
        is_number = any(isinstance(kind, FiniteParam) for kind in kinds)
        is_whole = any(isinstance(kind, WholeParam) for kind in kinds)
        self.name = "integer" if is_whole else "float" if is_number else "text"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        value = _read(value)
        try:
            self._parameter.coerce(None, value)
        except ValidationError as error:
            self.fail(str(error), param, ctx)
        return value


def documented(
    estimator: type[NetworkEstimator], parameters: Iterable[str], names: Mapping[str, str]
) -> list[Option]:
    """Return an option for each of some parameters of an estimator.

    What an option accepts is declared in ``arguments`` of the estimator, and its help is the
    description in the estimator's docstring.

    Parameters
    ----------
    estimator : type
    parameters : iterable of str
    names : mapping of {str: str}
        Names of the options by parameters. Parameters that are not in it have an option of
        their own name.

    Returns
    -------
    list of Option
    """
    declared = estimator._declared()
    described = dict(_DESCRIBED.findall(inspect.getdoc(estimator) or ""))
    names = {name: name.replace("_", "-") for name in declared} | dict(names)
    return [
        Option(
            names[name],
            name,
            f"{_plain(described.get(name, ''), names)} {_choices(declared[name])}".strip(),
            click.BOOL if isinstance(declared[name], FlagParam) else _Declared(declared[name]),
        )
        for name in parameters
    ]


def _read(value: Any) -> Any:
    """Return the value that a text of the command line stands for."""
    if not isinstance(value, str):
        return value
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    for number in (int, float):
        try:
            return number(value)
        except ValueError:
            pass
    return value


def _alternatives(parameter: Parameter) -> Iterator[Parameter]:
    if isinstance(parameter, EitherParam):
        for alternative in parameter.alternatives:
            yield from _alternatives(alternative)
    else:
        yield parameter


def _choices(parameter: Parameter) -> str:
    """Return a sentence that lists what a parameter accepts, if that are names."""
    names: list[str] = []
    for kind in _alternatives(parameter):
        if isinstance(kind, ChoiceParam):
            names += kind.known
        elif kind is not parameter and isinstance(kind, FlagParam):
            names += ("true", "false")
    return f"The choices are {', '.join(names)}." if names else ""


def _plain(text: str, names: Mapping[str, str]) -> str:
    """Return a description as the command line shows it, where options have these names."""

    def option(match: re.Match) -> str:
        name, value = match.groups()
        if name not in names:
            return match.group()
        return f"--{names[name]}{'' if value is None else f' {value}'}"

    def path(match: re.Match) -> str:
        return ("nengo_ngc." if match.group(1) else "") + match.group(2)

    # an option that is not typed is None
    text = re.sub(r"\bNone\b(?= \w+s\b)", "The default", " ".join(text.split()))
    return _REFERENCE.sub(path, _MARKED.sub(option, text))
