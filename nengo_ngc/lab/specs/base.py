"""The interface between models and the command line, runs and comparisons."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import metrics
from ...training.images import part
from .. import plots
from ..datasets import Dataset
from .options import SHARED, Option

N_SHOWN = 12
_PER_ROW = 16  # of filters, which are small
_N_MAPPED = 1000

# images that are enough where all of a large data set would take memory and time
N_TESTED, _N_PROBED = 10_000, 10_000

SMALL = 10_000  # training images up to which a data set is a small one


class ModelSpec:
    """One trainable model: how it is made, trained, measured and drawn.

    Registering one is a line, ``MODELS["name"] = MySpec()``; then ``nengo-ngc train``,
    ``evaluate``, ``sample`` and ``compare`` know the model. Subclasses say which
    ``estimator``; everything else has a default.

    The estimator is one in scikit-learn's manner with ``n_hidden``, ``batch_size``,
    ``max_epochs``, ``learning_rate``, ``random_state`` and ``verbose`` among its parameters,
    ``epochs``, ``save``, ``load``, ``check_parameters``, ``history_`` and ``n_iter_``, as
    those of `nengo_ngc.models` are.

    Attributes
    ----------
    summary : str
        What the model does, in a line for the help.
    estimator : type
        The class of the model.
    own_options : tuple of Option
        Options of the command line besides those that all models share.
    small, large : dict
        Options that are not typed, for data sets of up to 10,000 training images and for
        larger ones.
    binarize : bool
        Whether pixels are made 0 or 1 unless something else is asked for.
    measures : dict of {str: str}
        What ``evaluate`` returns, and how it is called.
    criteria : dict of {str: str}
        Measures by which epochs are compared on validation images, and how axes call them.
        A model is judged by the first one that it has. The estimator's ``history_`` has it
        under a name that begins with ``"val_"``.
    smaller_is_better : bool
        Whether the best epoch is the one in which that measure is the smallest.
    panels : sequence of (str, dict)
        The pictures of the learning curves: what the axis shows, and the label of each
        entry of the model's ``history_``.
    captions : dict of {str: str}
        What the pictures show, by the names of their files.
    n_rows : int
        Rows of samples; 0 of a model that makes no images.
    learns_labels : bool
        Whether ``epochs`` of the estimator takes labels.
    """

    summary: str = ""
    estimator: Any
    own_options: tuple[Option, ...] = ()
    small: Mapping[str, Any] = {}
    large: Mapping[str, Any] = {}
    binarize = False
    measures: Mapping[str, str] = {"error": "test error (%)"}
    criteria: Mapping[str, str] = {"error": "error (%)"}
    smaller_is_better = True
    panels: Sequence[tuple[str, Mapping[str, str]]] = (
        ("error (%)", {"error": "training", "val_error": "validation"}),
        ("loss", {"loss": "training"}),
    )
    captions: Mapping[str, str] = {}
    n_rows = 0
    learns_labels = True

    # --- making a model

    @property
    def options(self) -> list[Option]:
        """All options of the command line that the model has."""
        known = inspect.signature(self.estimator).parameters
        shared = [option for option in SHARED if option.parameter in known]
        return [*shared, *self.own_options]

    def make(self, parameters: Mapping[str, Any]) -> Any:
        """Return a model that has learned nothing."""
        return self.estimator(**parameters)

    def load(self, path: str | Path) -> Any:
        """Return the model in a file."""
        return self.estimator.load(path)

    def parameters(
        self, typed: Mapping[str, Any], n_train: int, image_shape: tuple[int, ...]
    ) -> dict[str, Any]:
        """Return all parameters of a model, given the options that were typed and the data.

        Parameters
        ----------
        typed : mapping of str to object
            Options by their keys. None: it was not typed.
        n_train : int
            Training images, without those for validation.
        image_shape : tuple of int
        """
        chosen = dict(self.small if n_train < SMALL else self.large)
        if "batch" in chosen:
            chosen["batch"] = max(1, min(chosen["batch"], n_train))
        chosen.update((key, value) for key, value in typed.items() if value is not None)
        given = {o.parameter: chosen[o.key] for o in self.options if o.key in chosen}
        every = {**self.make({}).get_params(), **self.for_images(image_shape), **given}
        return {**every, "verbose": True}

    def for_images(self, image_shape: tuple[int, ...]) -> dict[str, Any]:
        """Return parameters for a shape of images; raise ValueError if none are possible."""
        height, width, *colours = image_shape
        if "image_shape" not in self.make({}).get_params() or height == width and not colours:
            return {}
        return {"image_shape": tuple(image_shape)}

    def binarizes(self, typed: Mapping[str, Any]) -> bool:
        """Return whether pixels are made 0 or 1 by default.

        Parameters
        ----------
        typed : mapping of str to object
            As for ``parameters``.
        """
        return self.binarize

    # --- comparing it

    def variants(self, name: str) -> dict[str, dict[str, Any]]:
        """Return names for ``rules`` of a comparison, and the parameters of each of them.

        By default a model has its own name.
        """
        return {name: {}}

    def make_of_cell(self, neuron_type: str, **parameters: Any) -> Any:
        """Return a model with those settings of a cell for which it has parameters."""
        if neuron_type != "relu":
            raise ValueError(
                f"{self.estimator.__name__} has rectified linear units only, got "
                f"{neuron_type!r}"
            )
        known = inspect.signature(self.estimator).parameters
        return self.make({name: value for name, value in parameters.items() if name in known})

    # --- training

    def epochs(
        self,
        model: Any,
        training: tuple[Any, NDArray],
        validation: tuple[Any, NDArray] | None,
        on_batch: Callable | None = None,
        resume: bool = False,
    ) -> Iterator[dict]:
        """Return the iterator ``model.epochs``, given pairs of images and labels, or None."""
        given = {"on_batch": on_batch, "resume": resume}
        if not self.learns_labels:
            return model.epochs(
                training[0], X_val=None if validation is None else validation[0], **given
            )
        return model.epochs(*training, *(validation or ()), **given)

    def finish(self, model: Any, X: Any, y: NDArray) -> None:
        """Fit what is fitted to the training images after learning."""

    def say(self, record: Mapping[str, Any]) -> str:
        """Return an entry of ``history_`` as text."""
        error = validation_error(record)
        return f"{error}loss {record['loss']:.4f}" if "loss" in record else error[:-2]

    # --- measuring it

    def criterion(self, measured: Iterable[str]) -> str | None:
        """The first of ``criteria`` among the names of measures, or None."""
        known = set(measured)
        return next((name for name in self.criteria if name in known), None)

    def best_epoch(self, history: Sequence[Mapping[str, Any]]) -> int | None:
        """The number of the epoch that is the best on validation images.

        Of several that are equally good it is the first one. None: no epoch was measured.
        """
        name = self.criterion(
            key.removeprefix("val_") for key in set().union(*history) if key[:4] == "val_"
        )
        sign = 1 if self.smaller_is_better else -1
        values = [
            (sign * record[f"val_{name}"], record["epoch"])
            for record in history
            if f"val_{name}" in record
        ]
        return min(values)[1] if values else None

    def evaluate(
        self, model: Any, data: Dataset, n_log_p: int, n_samples: int
    ) -> dict[str, float]:
        """Measure a model on test images, of which there are 10,000 at most."""
        return {"error": 100 * (1 - model.score(*tested(data)))}

    # --- drawing it

    def samples(
        self, model: Any, n_rows: int, random_state: int | None = None
    ) -> tuple[NDArray, list[str] | None]:
        """Return rows of samples, and their titles or None."""
        raise ValueError(f"a {type(model).__name__} makes no images, so there are no samples")

    def draw_samples(
        self,
        model: Any,
        image_shape: tuple[int, ...],
        path: str | Path,
        n_rows: int | None = None,
        random_state: int | None = None,
    ) -> None:
        """Write a picture of samples, in rows of twelve."""
        rows, titles = self.samples(model, n_rows or self.n_rows, random_state)
        plots.image_grid(as_pixels(rows), image_shape, path, titles)

    def draw(self, model: Any, data: Dataset, folder: Path) -> None:
        """Write the pictures of a model that has learned into a folder."""
        if self.n_rows:
            self.draw_samples(model, data.image_shape, folder / "samples.png")
        if "latents" in self.captions and len(data.X_test) > 1:  # one is no map
            rows = np.random.RandomState(0).permutation(len(data.X_test))[:_N_MAPPED]
            plots.latent_map(
                model.transform(data.X_test[rows]), data.y_test[rows], folder / "latents.png"
            )


def validation_error(record: Mapping[str, Any]) -> str:
    """Return the beginning of a line about an epoch: the validation error, if there is one."""
    known = record.get("val_error")
    return "" if known is None else f"validation error {known:.2f} %, "


def as_pixels(rows: Iterable[NDArray]) -> list[NDArray]:
    """Scale images of any numbers to [0, 1], if some are outside of this range."""
    rows = list(rows)
    low = min(0.0, *(float(row.min()) for row in rows))
    high = max(1.0, *(float(row.max()) for row in rows))
    return [(row - low) / (high - low) for row in rows]


def draw_filters(
    filters: NDArray, shape: Sequence[int], folder: Path, note: str | None = None
) -> None:
    """Write a picture of weights, each row of which is an image of some shape."""
    filters = filters / (np.abs(filters).max() or 1)
    rows = [filters[i : i + _PER_ROW] for i in range(0, len(filters), _PER_ROW)]
    plots.image_grid(as_pixels(rows), shape, folder / "filters.png", note=note)


LATENTS = {"latents": "latents of test images, by t-SNE"}


def tested(data: Dataset) -> tuple[Any, NDArray]:
    """Return test images and labels, at most 10,000."""
    return part(data.X_test, slice(N_TESTED)), data.y_test[:N_TESTED]


def probe_error(model: Any, data: Dataset) -> float:
    """Return the error of logistic regression on the codes of images, in percent."""
    rows = np.random.RandomState(0).permutation(len(data.X_train))[:_N_PROBED]
    X_test, y_test = tested(data)
    return metrics.probe_error(
        model.transform(data.X_train[rows]),
        data.y_train[rows],
        model.transform(X_test),
        y_test,
    )


def right_half(image_shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return a flat mask that is True in the right half of an image, which is hidden."""
    height, width, *colours = image_shape
    hidden = np.repeat(np.arange(width) >= width // 2, *(colours or [1]))
    return np.tile(hidden, height)
