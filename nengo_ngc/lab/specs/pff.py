"""Predictive forward-forward, as the command line and comparisons know it."""

from collections.abc import Mapping
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from ...models import PFFClassifier
from ..datasets import Dataset
from .base import LATENTS, N_SHOWN, ModelSpec, probe_error, tested, validation_error
from .options import STEPS, Option


class PFFSpec(ModelSpec):
    """`PFFClassifier`; in comparisons plain forward-forward, too."""

    summary = "predictive forward-forward, which classifies and generates images"
    estimator = PFFClassifier
    own_options = (
        STEPS,
        Option(
            "noise",
            "noise",
            "Set the standard deviation of the noise that is added to the input of the units.",
            click.FloatRange(min=0),
        ),
        Option(
            "g-noise",
            "g_noise",
            "Set the standard deviation of the noise that is added to what the generative "
            "circuit reads.",
            click.FloatRange(min=0),
        ),
    )
    small = {"hidden": (128, 128), "batch": 50, "epochs": 30, "learning_rate": 1e-3}
    large = {"hidden": (500, 500), "batch": 500, "epochs": 5}
    measures = {
        "error": "test error (%)",
        "scan_error": "test error, labels tried (%)",
        "pass_error": "test error, one feedforward pass (%)",
        "probe_error": "logistic regression on latents, error (%)",
    }
    panels = (
        ("error (%)", {"val_error": "validation"}),
        (
            "goodness at the last step",
            {"positive_goodness": "positives", "negative_goodness": "negatives"},
        ),
        ("generative loss of positives", {"generative_loss": "training"}),
    )
    captions = {**LATENTS, "samples": "samples of each class"}
    n_rows = 10

    def variants(self, name: str) -> dict[str, dict[str, Any]]:
        return {name: {}, "ff": {"recurrent": False, "carry": 0.0, "g_units": 0}}

    def finish(self, model: Any, X: Any, y: NDArray) -> None:
        if model.g_units:
            model.fit_prior(X, y)

    def say(self, record: Mapping[str, Any]) -> str:
        error = validation_error(record)
        return (
            f"{error}goodness {record['positive_goodness']:.2f}, "
            f"of negatives {record['negative_goodness']:.2f}"
        )

    def samples(
        self, model: Any, n_rows: int, random_state: int | None = None
    ) -> tuple[NDArray, list[str] | None]:
        labels = [model.classes_[row % len(model.classes_)] for row in range(n_rows)]
        images = model.sample(
            n_rows * N_SHOWN, label=np.repeat(labels, N_SHOWN), random_state=random_state
        )
        return images.reshape(n_rows, N_SHOWN, -1), [str(label) for label in labels]

    def evaluate(
        self, model: Any, data: Dataset, n_log_p: int, n_samples: int
    ) -> dict[str, float]:
        X, y = tested(data)
        wanted = model.scan
        errors = {
            scan: 100 * (1 - model.set_params(scan=scan).score(X, y)) for scan in (True, False)
        }
        model.set_params(scan=wanted)
        return {
            "error": errors[wanted],
            "scan_error": errors[True],
            "pass_error": errors[False],
            "probe_error": probe_error(model, data),
        }
