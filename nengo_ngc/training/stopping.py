"""Conditions under which learning ends before the last epoch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
    """Ends training after some epochs in which a measure has not decreased.

    Parameters
    ----------
    measure : str
        An entry of the records. Epochs without it do not count.
    n_epochs : int or None
        Epochs without progress that end learning. None: it goes on.
    """

    measure: str
    n_epochs: int | None

    def is_over(self, history: list[dict]) -> bool:
        """Return whether learning ends after the epochs of a history."""
        values = [record[self.measure] for record in history if self.measure in record]
        if self.n_epochs is None or len(values) <= self.n_epochs:
            return False
        return min(values[-self.n_epochs :]) >= min(values[: -self.n_epochs])
