"""Parameters of several kinds, or of several values of one kind."""

import functools
from collections.abc import Mapping

import numpy as np
from nengo.synapses import Lowpass, Synapse

from .base import CheckedParam, Unfit
from .numbers import FiniteParam, SeedParam, WholeParam
from .objects import InstanceParam


class EitherParam(CheckedParam):
    """What one of several kinds takes.

    Parameters
    ----------
    *kinds : CheckedParam
        Tried one after another; their names don't matter.
    name, **kwargs
        As for `CheckedParam`.
    """

    equatable = True

    def __init__(self, name, *kinds, **kwargs):
        super().__init__(name, **kwargs)
        self.kinds = kinds
        for kind in kinds:
            kind.name = name

    @property
    def expected(self):
        return " or ".join(kind.expected for kind in self.kinds)

    def convert(self, value):
        reasons = []
        for kind in self.kinds:
            try:
                return kind.convert(value)
            except (TypeError, ValueError, OverflowError) as error:
                reasons.append(str(error) if isinstance(error, Unfit) else "")
        raise Unfit("; ".join(filter(None, reasons)))


class SynapseParam(EitherParam):
    """A filter: a synapse, or the time constant of a lowpass filter in seconds."""

    def __init__(self, name, **kwargs):
        super().__init__(
            name,
            InstanceParam(name, Synapse),
            FiniteParam(name, low=0),
            **{"optional": True, **kwargs},
        )

    def convert(self, value):
        value = super().convert(value)
        return value if isinstance(value, Synapse) else Lowpass(value)


class RandomStateParam(EitherParam):
    """A seed, or a generator of random numbers that has one."""

    def __init__(self, name="random_state", **kwargs):
        kinds = SeedParam(name), InstanceParam(name, np.random.RandomState)
        super().__init__(name, *kinds, **{"optional": True, **kwargs})


class SequenceParam(CheckedParam):
    """Several values of one kind, which are kept as a tuple.

    Parameters
    ----------
    kind : CheckedParam
        Of each value; its name does not matter.
    lengths : sequence of int, optional
        How many there may be. Default: any number.
    at_least : int, optional
        How many there have to be.
    name, **kwargs
        As for `CheckedParam`.
    """

    equatable = True

    def __init__(self, name, kind, lengths=None, at_least=0, **kwargs):
        super().__init__(name, **kwargs)
        self.kind, self.lengths, self.at_least = kind, lengths, at_least
        kind.name = name

    @property
    def expected(self):
        return f"a sequence of {self._many} values, each {self.kind.expected}"

    @property
    def _many(self):
        if self.lengths is None:
            return f"{self.at_least} or more"
        return " or ".join(map(str, self.lengths))

    def convert(self, value):
        if isinstance(value, (str, bytes, Mapping, set, frozenset)):
            raise TypeError
        values = tuple(self.kind.convert(item) for item in value)
        many = len(values)
        if many < self.at_least or many not in (self.lengths or (many,)):
            raise ValueError
        return values


class IterableParam(CheckedParam):
    """Values of one kind, each of which is looked at when its turn comes.

    Parameters
    ----------
    kind : CheckedParam
        Of each value; its name does not matter.
    name, **kwargs
        As for `CheckedParam`.
    """

    def __init__(self, name, kind, **kwargs):
        super().__init__(name, **kwargs)
        self.kind = kind
        kind.name = name

    @property
    def expected(self):
        return f"an iterable, each value {self.kind.expected}"

    def convert(self, value):
        return map(functools.partial(self.kind.coerce, None), iter(value))


class SizesParam(SequenceParam):
    """Several whole numbers of at least 1."""

    def __init__(self, name, lengths=None, at_least=1, **kwargs):
        super().__init__(name, WholeParam(name), lengths, at_least, **kwargs)

    @property
    def expected(self):
        plural = "" if self._many == "1" else "s"
        return f"a sequence of {self._many} whole number{plural} of at least 1"
