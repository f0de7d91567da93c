"""Sparse distributed representations by k winners, as the command line knows them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from ...metrics import codes as analysis
from ...models import SDREncoder
from .. import plots
from ..datasets import Dataset
from .base import LATENTS, ModelSpec, probe_error, tested
from .options import READOUT, SPARSITY, UNITS, Option


class CodeSpec(ModelSpec):
    """What specs of models share that make sparse codes."""

    measures = {
        "error": "test error (%)",
        "active_units": "active units of a code",
        "silent_units": "units that are never active",
        "entropy": "mean entropy of units (bit)",
        "probe_error": "logistic regression on codes, error (%)",
    }
    panels: Sequence[tuple[str, Mapping[str, str]]] = (
        ("error (%)", {"val_error": "validation"}),
        ("units", {"silent_units": "never active"}),
    )
    captions = {
        **LATENTS,
        "codes": "how often each unit is active in each class of test images",
    }

    def make_of_cell(self, neuron_type: str, **parameters: Any) -> Any:
        if parameters.get("sparse_output"):
            raise ValueError("sparse_output must be False in a comparison, got True")
        return super().make_of_cell(neuron_type, **parameters)

    def finish(self, model: Any, X: Any, y: NDArray) -> None:
        model.fit_centroids(X, y)

    def evaluate(
        self, model: Any, data: Dataset, n_log_p: int, n_samples: int
    ) -> dict[str, float]:
        X, y = tested(data)
        active = model.transform(X) > 0
        return {
            "error": 100 * (1 - model.score(X, y)),
            "active_units": active.sum(axis=1).mean(),
            "silent_units": np.sum(~active.any(axis=0)),
            "entropy": analysis.unit_entropy(active).mean(),
            "probe_error": probe_error(model, data),
        }

    def draw(self, model: Any, data: Dataset, folder: Path) -> None:
        super().draw(model, data, folder)
        X, y = tested(data)
        classes, means = analysis.class_means(model.transform(X) > 0, y)
        plots.class_codes(classes, means, folder / "codes.png")


class SDRSpec(CodeSpec):
    """`SDREncoder`."""

    summary = "sparse distributed representations, binary codes that keep the class"
    estimator = SDREncoder
    own_options = (
        UNITS,
        SPARSITY,
        READOUT,
        Option(
            "scaling",
            "scaling",
            "Set the step size of synaptic scaling.",
            click.FloatRange(min=0),
        ),
    )
    small = {"hidden": (64,), "batch": 50, "epochs": 20, "learning_rate": 2e-3}
    large = {"hidden": (64,), "batch": 100, "epochs": 15}
    panels = (*CodeSpec.panels[:1], ("loss", {"loss": "training"}), *CodeSpec.panels[1:])

    def say(self, record: Any) -> str:
        return f"{super().say(record)}, {record['silent_units']} silent units"
