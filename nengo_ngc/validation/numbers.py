"""Numbers, and True and False, which are none."""

import numpy as np

from .base import CheckedParam, Unfit
from .messages import shown

# what counts with 32 bits, as simulators do, can hold
LARGEST_WHOLE = 2**31 - 1
LARGEST_SEED = 2**32 - 1
LARGEST_NUMBER = float(np.finfo(np.float32).max)


class FiniteParam(CheckedParam):
    """A real number, within bounds, that 32 bits can hold.

    Parameters
    ----------
    low, high : float or None, optional
        Bounds.
    low_open, high_open : bool, optional
        Whether a bound itself is too little or too much.
    name, **kwargs
        As for `CheckedParam`.
    """

    equatable = True
    _kinds, _noun = (int, float, np.integer, np.floating), "a finite number"

    def __init__(self, name, low=None, high=None, low_open=False, high_open=False, **kwargs):
        super().__init__(name, **kwargs)
        self.low, self.low_open = low, low_open
        self.high, self.high_open = high, high_open

    @property
    def expected(self):
        bounds = []
        if self.low is not None:
            bounds.append(f"{'above' if self.low_open else 'of at least'} {self.low}")
        if self.high is not None:
            bounds.append(f"{'below' if self.high_open else 'at most'} {self.high}")
        return " ".join([self._noun, " and ".join(bounds)]).strip()

    def convert(self, value):
        if isinstance(value, np.ndarray) and value.shape == ():
            value = value.item()
        if isinstance(value, bool) or not isinstance(value, self._kinds):
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
    """A real number above 0, otherwise as `.FiniteParam`."""

    def __init__(self, name, **kwargs):
        super().__init__(name, low=0, low_open=True, **kwargs)


class WholeParam(FiniteParam):
    """A whole number, within bounds, that 32 bits can hold; True and 2.0 are none.

    Parameters
    ----------
    low, high : int, optional
        Bounds.
    name, **kwargs
        As for `CheckedParam`.
    """

    _kinds, _noun = (int, np.integer), "a whole number"

    def __init__(self, name, low=1, high=LARGEST_WHOLE, **kwargs):
        super().__init__(name, low=low, high=high, **kwargs)

    @property
    def expected(self):
        if self.high < LARGEST_WHOLE:
            return super().expected
        return f"{self._noun} of at least {self.low}"

    def convert(self, value):
        # only then is it of interest how much 32 bits can hold
        if isinstance(value, self._kinds) and value > self.high:
            raise Unfit(f"must be {super().expected}, got {shown(value)}")
        return int(super().convert(value))


class SeedParam(WholeParam):
    """The seed of a random number generator."""

    def __init__(self, name="seed", **kwargs):
        super().__init__(name, low=0, high=LARGEST_SEED, **kwargs)


class FlagParam(CheckedParam):
    """True or False, nothing that merely counts as one of them."""

    equatable = True
    expected = "True or False"

    def convert(self, value):
        if not isinstance(value, (bool, np.bool_)):
            raise TypeError
        return bool(value)
