"""A stream of images whose classes come one after another."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...datasets import Dataset
from ...specs import ModelSpec
from .base import Curve, LabelTask, Points, check_learned, check_tested, tested


class Stream(LabelTask):
    """The accuracy of models that see the classes one after another, and none again.

    The order of the classes is drawn by the seed of a cell. The images of a class come as
    often as there are epochs, each time in another order.
    """

    caption = (
        "The classes come one after another, in an order that differs from seed to "
        "seed. Accuracy on test images of all classes so far, after each class."
    )
    curves = {
        "stream": Curve(
            "accuracy on classes so far (%)",
            "classes so far",
            whole=False,
            smaller_is_better=False,
        ),
        "forgetting": Curve("forgetting (%)", "classes", drawn=False),
    }

    def cells(self, config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        return {"-stream": {"validation": 0}}

    def missing(self, spec: ModelSpec) -> str | None:
        if not hasattr(spec.estimator, "partial_fit"):
            return f"{spec.estimator.__name__} has no method partial_fit"
        return super().missing(spec)

    def check(self, y: NDArray, y_test: NDArray, cell: Mapping[str, Any]) -> None:
        check_learned(y, y_test)
        check_tested(y, y_test)
        if len(np.unique(y)) < 2:
            raise ValueError(f"a stream must have two classes or more, got {y[0]} only")

    def lessons(self, y: NDArray, cell: Mapping[str, Any]) -> Sequence[NDArray]:
        rng = np.random.RandomState(cell["seed"])
        return [
            np.concatenate([rng.permutation(rows) for _ in range(cell["epochs"])])
            for label in self._order(y, cell)
            for rows in np.nonzero(y == label)
        ]

    def _order(self, y, cell):
        """Labels in the order in which they come."""
        return np.random.RandomState(cell["seed"]).permutation(np.unique(y))

    def after_lesson(
        self, model: Any, data: Dataset, cell: Mapping[str, Any], number: int
    ) -> dict[str, float]:
        X, y = tested(data)
        labels = self._order(data.y_train, cell)[: number + 1]
        right = model.predict(X) == y
        accuracies = [100 * float(right[y == label].mean()) for label in labels]
        return {f"accuracy_{place}": value for place, value in enumerate(accuracies)}

    def measure(
        self, model: Any, data: Dataset, cell: Mapping[str, Any], history: Sequence[Mapping]
    ) -> dict[str, Points]:
        n = len(history)
        # of each lesson, of each class; classes that have not come yet count as never right
        accuracy = np.array(
            [
                [record.get(f"accuracy_{place}", 0.0) for place in range(n)]
                for record in history
            ]
        )
        means = [float(row[: k + 1].mean()) for k, row in enumerate(accuracy)]
        lost = accuracy.max(axis=0) - accuracy[-1]
        return {
            "stream": [[k + 1, mean] for k, mean in enumerate(means)],
            "forgetting": [[n, float(lost[:-1].mean())]],
        }
