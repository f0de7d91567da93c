"""Learning from few labelled images of each class."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...datasets import Dataset
from .base import Curve, LabelTask, Points, check_learned, error, tested


class FewLabels(LabelTask):
    """The error of models that learn from few images of each class.

    A cell for each number of images draws them by its seed. An epoch repeats them until it
    has as many as there are training images. Nothing is held out for validation, which would
    be labelled images, too: the error is that of the last epoch. So an epoch has as many
    updates as one of a cell with ``validation=0``.
    """

    caption = (
        "Models that learn from few images of each class, which are repeated so that an epoch "
        "has as many as there are training images, with those that are otherwise held out for "
        "validation. Test error at the last epoch."
    )
    curves = {"few-labels": Curve("test error (%)", "labelled images of each class", log=True)}

    def cells(self, config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        return {
            f"-{n}-labels": {"labels": n, "validation": 0} for n in sorted({*config["labels"]})
        }

    def check(self, y: NDArray, y_test: NDArray, cell: Mapping[str, Any]) -> None:
        check_learned(y, y_test)
        labels, counts = np.unique(y, return_counts=True)
        fewest = np.argmin(counts)
        if counts[fewest] < cell["labels"]:
            raise ValueError(
                "labels must be at most the number of training images of each class, got "
                f"{cell['labels']} with {counts[fewest]} images of class {labels[fewest]}"
            )

    def rows(self, y: NDArray, cell: Mapping[str, Any]) -> NDArray:
        rng = np.random.RandomState(cell["seed"])
        drawn = [
            rng.permutation(rows)[: cell["labels"]]
            for label in np.unique(y)
            for rows in np.nonzero(y == label)
        ]
        return np.resize(rng.permutation(np.concatenate(drawn)), len(y))

    def measure(
        self, model: Any, data: Dataset, cell: Mapping[str, Any], history: Sequence[Mapping]
    ) -> dict[str, Points]:
        return {"few-labels": [[cell["labels"], error(model, *tested(data))]]}
