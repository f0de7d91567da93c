"""A bar that shows how far an epoch is, and how well the model does."""

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


class Progress:
    """A bar on the standard error that fills with batches.

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
        from tqdm import tqdm

        if self._bar is None:
            self._bar = tqdm(
                total=batch["n_batches"],
                desc=f"epoch {batch['epoch']}/{self._max_epochs}",
                unit="batch",
            )
        said = [text.format(batch[key]) for key, text in _LABELS.items() if key in batch]
        self._bar.set_postfix_str(", ".join(said), refresh=False)
        self._bar.update(batch["batch"] - self._bar.n)

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()
