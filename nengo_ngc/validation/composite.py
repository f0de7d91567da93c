"""Parameters made of others: alternatives, and sequences of values."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from nengo.synapses import Lowpass, Synapse

from .base import CheckedParam, UnfitValue
from .instances import InstanceParam
from .numbers import FiniteParam, SeedParam, WholeParam


class EitherParam(CheckedParam):
    """A value that fits one of several parameters.

    Parameters
    ----------
    name : str
        As for `CheckedParam`.
    *alternatives : CheckedParam
        Parameters that are tried in this order. They take over ``name``.
    **kwargs
        As for `CheckedParam`.
    """

    equatable = True

    def __init__(self, name: str, *alternatives: CheckedParam, **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self.alternatives = alternatives
        for alternative in alternatives:
            alternative.name = name

    @property
    def expected(self) -> str:
        return " or ".join(alternative.expected for alternative in self.alternatives)

    def convert(self, value: Any) -> Any:
        reasons, others = [], []
        for alternative in self.alternatives:
            try:
                return alternative.convert(value)
            except (TypeError, ValueError, OverflowError) as error:
                if isinstance(error, UnfitValue) and str(error):
                    reasons.append(str(error))
                else:
                    others.append(alternative.expected)
        raise UnfitValue(", or ".join(["; ".join(reasons), *others]) if reasons else "")


class SynapseParam(EitherParam):
    """A synapse, or the time constant in seconds of a lowpass filter; by default None."""

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(
            name,
            InstanceParam(name, Synapse),
            FiniteParam(name, low=0),
            **{"optional": True, **kwargs},
        )

    def convert(self, value: Any) -> Synapse:
        value = super().convert(value)
        return value if isinstance(value, Synapse) else Lowpass(value)


class RandomStateParam(EitherParam):
    """A seed, or a random number generator of NumPy; by default None."""

    def __init__(self, name: str = "random_state", **kwargs: Any) -> None:
        alternatives = SeedParam(name), InstanceParam(name, np.random.RandomState)
        super().__init__(name, *alternatives, **{"optional": True, **kwargs})


class SequenceParam(CheckedParam):
    """Several values that fit the same parameter, which are kept as a tuple.

    Parameters
    ----------
    name : str
        As for `CheckedParam`.
    item : CheckedParam
        The parameter that each value has to fit. It takes over ``name``.
    lengths : sequence of int, optional
        The accepted numbers of values. By default any number is accepted.
    at_least : int, optional
        The smallest number of values.
    **kwargs
        As for `CheckedParam`.
    """

    equatable = True

    def __init__(
        self,
        name: str,
        item: CheckedParam,
        lengths: Sequence[int] | None = None,
        at_least: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(name, **kwargs)
        self.item, self.lengths, self.at_least = item, lengths, at_least
        item.name = name

    @property
    def expected(self) -> str:
        return f"a sequence of {self._many} values, each {self.item.expected}"

    @property
    def _many(self):
        if self.lengths is None:
            return f"{self.at_least} or more"
        return " or ".join(map(str, self.lengths))

    def convert(self, value: Any) -> tuple:
        if isinstance(value, (str, bytes, Mapping, set, frozenset)):
            raise TypeError
        values = tuple(self.item.convert(item) for item in value)
        many = len(values)
        if many < self.at_least or many not in (self.lengths or (many,)):
            raise ValueError
        return values


class IterableParam(CheckedParam):
    """Values that fit the same parameter, each of which is checked when it is reached.

    Parameters
    ----------
    name, item, **kwargs
        As for `SequenceParam`.
    """

    def __init__(self, name: str, item: CheckedParam, **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self.item = item
        item.name = name

    @property
    def expected(self) -> str:
        return f"an iterable, each value {self.item.expected}"

    def convert(self, value: Any) -> Iterator:
        return map(functools.partial(self.item.coerce, None), iter(value))


class SizesParam(SequenceParam):
    """Several whole numbers of at least 1, such as the sizes of layers."""

    def __init__(
        self,
        name: str,
        lengths: Sequence[int] | None = None,
        at_least: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(name, WholeParam(name), lengths, at_least, **kwargs)

    @property
    def expected(self) -> str:
        plural = "" if self._many == "1" else "s"
        return f"a sequence of {self._many} whole number{plural} of at least 1"
