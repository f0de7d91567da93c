"""Parameters for numbers, and for True and False, which are not accepted as numbers."""

from typing import Any

import numpy as np

from .base import CheckedParam, UnfitValue
from .messages import shown

# the largest values that simulators, which count with 32 bits, can represent
LARGEST_WHOLE = 2**31 - 1
LARGEST_SEED = 2**32 - 1
LARGEST_NUMBER = float(np.finfo(np.float32).max)


class FiniteParam(CheckedParam):
    """A finite real number within bounds that float32 can represent.

    Parameters
    ----------
    name : str
        As for `CheckedParam`.
    low, high : float or None, optional
        The bounds. None means that there is no bound on that side.
    low_open, high_open : bool, optional
        Whether the bound itself is excluded.
    **kwargs
        As for `CheckedParam`.
    """

    equatable = True
    _types: tuple[Any, ...] = (int, float, np.integer, np.floating)
    _noun = "a finite number"

    def __init__(
        self,
        name: str,
        low: float | None = None,
        high: float | None = None,
        low_open: bool = False,
        high_open: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(name, **kwargs)
        self.low: Any = low
        self.high: Any = high
        self.low_open, self.high_open = low_open, high_open

    @property
    def expected(self) -> str:
        bounds = []
        if self.low is not None:
            bounds.append(f"{'above' if self.low_open else 'of at least'} {self.low}")
        if self.high is not None:
            bounds.append(f"{'below' if self.high_open else 'at most'} {self.high}")
        return " ".join([self._noun, " and ".join(bounds)]).strip()

    def convert(self, value: Any) -> Any:
        if isinstance(value, np.ndarray) and value.shape == ():
            value = value.item()
        if isinstance(value, bool) or not isinstance(value, self._types):
            raise TypeError
        if not (abs(value) <= LARGEST_NUMBER and self._within(value)):
            raise ValueError
        return value

    def _within(self, value):
        low, high = self.low, self.high
        if low is not None and not (value > low if self.low_open else value >= low):
            return False
        return high is None or (value < high if self.high_open else value <= high)


class PositiveParam(FiniteParam):
    """A finite real number above 0 that float32 can represent."""

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(name, low=0, low_open=True, **kwargs)


class WholeParam(FiniteParam):
    """A whole number within bounds that int32 can represent.

    Neither True nor a float such as 2.0 is accepted.

    Parameters
    ----------
    name : str
        As for `CheckedParam`.
    low, high : int, optional
        The bounds, which are included.
    **kwargs
        As for `CheckedParam`.
    """

    _types: tuple[Any, ...] = (int, np.integer)
    _noun = "a whole number"

    def __init__(
        self, name: str, low: int = 1, high: int = LARGEST_WHOLE, **kwargs: Any
    ) -> None:
        super().__init__(name, low=low, high=high, **kwargs)

    @property
    def expected(self) -> str:
        if self.high < LARGEST_WHOLE:
            return super().expected
        return f"{self._noun} of at least {self.low}"

    def convert(self, value: Any) -> int:
        # only then is it of interest how much 32 bits can represent
        if isinstance(value, self._types) and value > self.high:
            raise UnfitValue(f"must be {super().expected}, got {shown(value)}")
        return int(super().convert(value))


class SeedParam(WholeParam):
    """The seed of a random number generator, a whole number from 0 to 2**32 - 1."""

    def __init__(self, name: str = "seed", **kwargs: Any) -> None:
        super().__init__(name, low=0, high=LARGEST_SEED, **kwargs)


class FlagParam(CheckedParam):
    """True or False; numbers are not accepted in their place."""

    equatable = True
    expected = "True or False"

    def convert(self, value: Any) -> bool:
        if not isinstance(value, (bool, np.bool_)):
            raise TypeError
        return bool(value)
