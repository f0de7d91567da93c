"""Means of what is measured over batches of different sizes."""

from collections.abc import Mapping


class Means:
    """Adds up measures, and returns their means over all samples."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._n = 0

    def add(self, n: int, measured: Mapping[str, float]) -> None:
        """Add the measures of a batch, which are means over its n samples."""
        self._n += n
        for name, value in measured.items():
            self._sums[name] = self._sums.get(name, 0.0) + n * float(value)

    def over_samples(self) -> dict[str, float]:
        """Return the mean of each measure over all samples."""
        return {name: value / self._n for name, value in self._sums.items()}
