"""The interface of tasks: which cells they need, and what these measure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...datasets import Dataset
from ...specs import ModelSpec, base
from ...specs.base import N_TESTED

Points = list[list[float]]  # pairs of x and y


@dataclass(frozen=True)
class Curve:
    """One measure of a task, as a function of something.

    Parameters
    ----------
    measure, over : str
        What the axes show.
    log : bool, optional
        Whether the horizontal axis is logarithmic.
    whole : bool, optional
        Whether tables show all points, and their mean ranks rules, rather than the last point.
    drawn : bool, optional
        Whether there is a picture of it.
    smaller_is_better : bool, optional
    """

    measure: str
    over: str
    log: bool = False
    whole: bool = True
    drawn: bool = True
    smaller_is_better: bool = True


class Task:
    """Something that is asked of a model. This one asks for its measures of test images.

    Registering one is a line, ``TASKS["name"] = MyTask()``; then configurations of comparisons
    know the name. Subclasses change what they do otherwise.

    Attributes
    ----------
    caption : str
        What the pictures show.
    curves : dict of {str: Curve}
        What is measured, by name.
    """

    caption: str = ""
    curves: Mapping[str, Curve] = {}

    def cells(self, config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """Return the cells that the task needs for each rule and seed.

        Parameters
        ----------
        config : mapping
            Of the comparison.

        Returns
        -------
        dict of {str: dict}
            The end of the name of each cell, and entries that differ from the usual cell.
            The name ``""`` is that of the usual cell, which several tasks may share.
        """
        return {"": {}}

    def missing(self, spec: ModelSpec) -> str | None:
        """Return why a model cannot do the task, or None if it can."""
        return None

    def check(self, y: NDArray, y_test: NDArray, cell: Mapping[str, Any]) -> None:
        """Raise ValueError unless data suit the task, before anything is learned from them.

        Parameters
        ----------
        y : array
            Labels of the training images, of which some may be held out for validation.
        y_test : array
            Labels of the test images.
        cell : mapping
        """

    def rows(self, y: NDArray, cell: Mapping[str, Any]) -> NDArray | None:
        """Return the rows of training images with labels y to learn from, with repetitions.

        None: those of the usual cell.
        """
        return None

    def lessons(self, y: NDArray, cell: Mapping[str, Any]) -> Sequence[NDArray] | None:
        """Return rows of training images, lesson by lesson, which ``partial_fit`` learns from.

        None: the model learns epoch by epoch.
        """
        return None

    def after_lesson(
        self, model: Any, data: Dataset, cell: Mapping[str, Any], number: int
    ) -> dict[str, float]:
        """Return what is recorded after a lesson; they are counted from 0."""
        return {}

    def measure(
        self, model: Any, data: Dataset, cell: Mapping[str, Any], history: Sequence[Mapping]
    ) -> dict[str, Points]:
        """Return points of ``curves`` once a model has learned.

        Parameters
        ----------
        model : object
            After the epoch that was the best on validation images, if there are some.
        data : Dataset
        cell : mapping
        history : sequence of mapping
            The records of epochs or lessons.
        """
        return {}


class LabelTask(Task):
    """Base class of tasks for models that learn labels."""

    def missing(self, spec: ModelSpec) -> str | None:
        return None if spec.learns_labels else "it learns without labels"


def check_learned(y: NDArray, y_test: NDArray) -> None:
    """Raise ValueError unless each class of the test images has training images.

    Parameters
    ----------
    y, y_test : array
        Labels of the training and of the test images.
    """
    missing = np.setdiff1d(y_test, y)
    if len(missing):
        raise ValueError(
            "training images must be of all classes that test images have, got none of class "
            f"{missing[0]} among {len(y)}"
        )


def check_tested(y: NDArray, y_test: NDArray) -> None:
    """Raise ValueError unless each class of the training images is among those tested.

    Parameters
    ----------
    y, y_test : array
        Labels of the training and of the test images.
    """
    missing = np.setdiff1d(y, y_test[:N_TESTED])
    if len(missing):
        raise ValueError(
            "test images must be of all classes that training images have, got none of class "
            f"{missing[0]} among {len(y_test[:N_TESTED])}"
        )


def tested(data: Dataset) -> tuple[NDArray, NDArray]:
    """Return test images and labels, at most 10,000, as arrays that a task may change."""
    X, y = base.tested(data)
    return np.array(X), y.copy()


def error(model: Any, X: NDArray, y: NDArray) -> float:
    """Return the classification error in percent."""
    return 100 * (1 - float(model.score(X, y)))
