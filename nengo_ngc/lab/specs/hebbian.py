"""Codes without gradients, as the command line and comparisons know them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from ...models import HebbianEncoder
from ..datasets import Dataset
from .base import draw_filters, validation_error
from .options import COUNT, READOUT, SPARSITY, UNITS, Option
from .sdr import CodeSpec

_BLANK = 0.1  # of the largest weight of all filters, which no weight of a blank one reaches


class HebbianSpec(CodeSpec):
    """`HebbianEncoder`."""

    summary = "sparse codes that are learned without gradients and without labels"
    estimator = HebbianEncoder
    own_options = (
        UNITS,
        SPARSITY,
        READOUT,
        Option(
            "graded",
            "graded",
            "Make codes that show by how much inputs of winners exceed those of other units.",
            click.BOOL,
        ),
        Option("patch", "patch", "Set the width and height of a filter, in pixels.", COUNT),
        Option("grid", "grid", "Set the number of cells on each side of the grid.", COUNT),
    )
    small = {"hidden": (32,), "batch": 20, "epochs": 4, "patch": 4}
    large = {"hidden": (64,), "batch": 100, "epochs": 3}
    captions = {**CodeSpec.captions, "filters": "filters"}

    def say(self, record: Mapping[str, Any]) -> str:
        if "silent_units" not in record:
            return record["phase"]
        error = validation_error(record)
        return f"{record['phase']}, {error}{record['silent_units']} silent units"

    def draw(self, model: Any, data: Dataset, folder: Path) -> None:
        super().draw(model, data, folder)
        filters = model.parameters_["W1"]
        largest = np.abs(filters).max(axis=1)
        blank = largest < _BLANK * largest.max()
        filters = filters[np.argsort(blank, kind="stable")]
        draw_filters(filters, model.filter_shape_, folder, _of_blank_ones(blank))


def _of_blank_ones(blank: NDArray[np.bool_]) -> str | None:
    if not blank.any():
        return None
    return f"blank, at the end: {blank.sum()} of {len(blank)} filters, of empty background"
