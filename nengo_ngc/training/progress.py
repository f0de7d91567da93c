"""The progress of training: a bar on a terminal, and lines elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_LABELS = {
    "bce": "BCE {:.2f}",
    "mse": "squared error {:.4f}",
    "discrepancy": "discrepancy {:.1f}",
    "loss": "loss {:.3f}",
    "error": "error {:.2f} %",
    "positive_goodness": "goodness {:.2f}",
    "negative_goodness": "of negatives {:.2f}",
    "samples_per_second": "{:.0f} samples/s",
}

_hidden: ContextVar[bool] = ContextVar("hidden", default=False)


@contextmanager
def hidden() -> Iterator[None]:
    """Show neither bars nor lines within the block."""
    token = _hidden.set(True)
    try:
        yield
    finally:
        _hidden.reset(token)


def draws_bars() -> bool:
    """Return whether bars are drawn: only on a terminal, and unless progress is hidden."""
    return not _hidden.get() and sys.stderr.isatty()


class Progress:
    """Shows epochs on the standard error: a bar on a terminal, and a line elsewhere.

    Parameters
    ----------
    max_epochs : int
        Shown beside the number of the epoch.
    """

    def __init__(self, max_epochs: int):
        self._max_epochs = max_epochs
        self._bar: Any = None

    def __call__(self, batch: dict[str, Any]) -> None:
        """Show what `.Trainer` reports of a batch."""
        if not draws_bars():
            return
        from tqdm import tqdm

        if self._bar is None:
            self._bar = tqdm(
                total=batch["n_batches"], desc=self._title(batch["epoch"]), unit="batch"
            )
        self._bar.set_postfix_str(_said(batch), refresh=False)
        self._bar.update(batch["batch"] - self._bar.n)

    def done(self, record: dict[str, Any]) -> None:
        """Print the record of an epoch as a line, unless there is a bar."""
        if self._bar is None and not _hidden.get():
            print(f"{self._title(record['epoch'])}: {_said(record)}", file=sys.stderr)

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()

    def _title(self, epoch: int) -> str:
        return f"epoch {epoch}/{self._max_epochs}"


def _said(measured: dict[str, Any]) -> str:
    texts = (text.format(measured[key]) for key, text in _LABELS.items() if key in measured)
    return ", ".join(texts)
