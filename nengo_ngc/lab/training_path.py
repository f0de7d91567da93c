"""The function that trains a model, for runs and for cells of comparisons."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from .datasets import Dataset
from .specs import ModelSpec

MOST_VALIDATION = 10_000  # images held out by default


def _nothing(*_: Any) -> None:
    pass


def default_validation(n_images: int) -> int:
    """How many of n training images are held out by default: a sixth, 10,000 at most."""
    return min(MOST_VALIDATION, round(n_images / 6))


def train(
    spec: ModelSpec,
    model: Any,
    data: Dataset,
    validation: tuple[Any, NDArray] | None,
    folder: Path | None,
    *,
    began: Callable[[], None] = _nothing,
    after_epoch: Callable[[dict], None] = _nothing,
    finished: Callable[[], None] = _nothing,
    on_batch: Callable[[dict], None] | None = None,
    resume: bool = False,
) -> None:
    """Train a model, epoch by epoch, finish it, and draw it.

    Parameters
    ----------
    spec : ModelSpec
    model : object
        One that ``spec`` has made.
    data : Dataset
        The model learns from its training part.
    validation : tuple of (X, y), or None
        Images that are looked at after each epoch.
    folder : path or None
        Where pictures are drawn. None: there are none.
    began : callable, optional
        Called once everything is checked, before the first epoch.
    after_epoch : callable, optional
        Called with the record of each epoch.
    finished : callable, optional
        Called once what is fitted at the end is fitted.
    on_batch, resume : optional
        As for the model's ``epochs``.
    """
    training = data.X_train, data.y_train
    epochs = spec.epochs(model, training, validation, on_batch=on_batch, resume=resume)
    began()
    for record in epochs:
        after_epoch(record)
    spec.finish(model, *training)
    finished()
    if folder is not None:
        spec.draw(model, data, folder)
