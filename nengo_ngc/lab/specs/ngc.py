"""Neural generative coding, as the command line and comparisons know it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from ... import metrics
from ...models import NGCModel
from ...models.tasks.ngc import MEASURES
from ...networks.gncn import INITIAL, OUTPUTS, VARIANTS
from .. import plots
from ..datasets import Dataset
from .base import (
    LATENTS,
    N_SHOWN,
    ModelSpec,
    as_pixels,
    draw_filters,
    probe_error,
    right_half,
    tested,
)
from .options import COUNT, SIZES, STEPS, Option

_N_FILTERS = 64  # shown


class NGCSpec(ModelSpec):
    """`NGCModel`."""

    summary = "neural generative coding, which fills in and generates images"
    estimator = NGCModel
    own_options = (
        STEPS,
        Option("variant", "variant", f"Choose the circuit: {', '.join(VARIANTS)}."),
        Option(
            "likelihood",
            "output",
            f"Choose how pixels are distributed: {', '.join(OUTPUTS)}. With gaussian they "
            "may be any real numbers.",
            click.Choice([*OUTPUTS]),
        ),
        Option(
            "initial",
            "initial",
            f"Choose the states from which settling starts: {', '.join(INITIAL)}.",
        ),
        Option(
            "momentum",
            "momentum",
            "Set the proportion of the last change of the states that is added again.",
            click.FloatRange(0, 1, max_open=True),
        ),
        Option(
            "tolerance",
            "tolerance",
            "Stop settling once the states change by less than this proportion of them.",
            click.FloatRange(min=0, min_open=True),
        ),
        Option(
            "patience",
            "n_iter_no_change",
            "Stop after this number of epochs without progress.",
            COUNT,
        ),
        Option(
            "components",
            "n_mixture",
            "Set the number of components of the prior, or several to choose from, such as "
            "20,75.",
            SIZES,
        ),
    )
    small = {"hidden": (72, 72, 72), "batch": 50, "epochs": 20, "patience": 5}
    large = {"hidden": (360, 360, 360), "batch": 512, "epochs": 50, "patience": 5}
    binarize = True
    measures = {
        "bce": "cross-entropy of reconstructions (nats)",
        "mse": "squared error of reconstructions, per pixel",
        "masked_mse": "squared error, right half hidden",
        "log_p": "log p(x), samples of the prior (nats)",
        "log_p_error": "standard error, samples of the prior",
        "log_p_effective": "effective samples of the prior, median",
        "log_p_importance": "log p(x), importance sampling (nats)",
        "log_p_importance_error": "standard error, importance sampling",
        "log_p_importance_effective": "effective importance samples, median",
        "probe_error": "logistic regression on latents, error (%)",
    }
    criteria = {"bce": "cross-entropy (nats per image)", "mse": "squared error per pixel"}
    panels = (
        ("cross-entropy (nats per image)", {"bce": "training", "val_bce": "validation"}),
        ("squared error per pixel", {"mse": "training", "val_mse": "validation"}),
        ("total discrepancy (squared error per image)", {"discrepancy": "training"}),
    )
    captions = {
        **LATENTS,
        "samples": "samples",
        "reconstructions": "images and what is made of them, whole and half hidden",
        "filters": "what units of the lowest layer add to an image",
    }
    n_rows = 4
    learns_labels = False

    def binarizes(self, typed: Mapping[str, Any]) -> bool:
        return typed.get("likelihood") != "gaussian"

    def finish(self, model: Any, X: Any, y: NDArray) -> None:
        model.fit_prior(X)

    def say(self, record: Mapping[str, Any]) -> str:
        name, text, unit = "bce", "BCE {:.2f}", " nats"
        if "mse" in record:
            name, text, unit = "mse", "squared error {:.4f}", " per pixel"
        validation = record.get(f"val_{name}")
        said = text.format(record[name]) + unit
        if validation is not None:
            said += f", validation {validation:.{2 if name == 'bce' else 4}f}"
        return said + (f", {record['iterations']:.1f} steps" if "iterations" in record else "")

    def samples(
        self, model: Any, n_rows: int, random_state: int | None = None
    ) -> tuple[NDArray, list[str] | None]:
        images = model.sample(n_rows * N_SHOWN, random_state)
        return images.reshape(n_rows, N_SHOWN, -1), None

    def evaluate(
        self, model: Any, data: Dataset, n_log_p: int, n_samples: int
    ) -> dict[str, float]:
        mask = right_half(data.image_shape)
        X = tested(data)[0][:]
        filled_in = model.reconstruct(X, mask)
        name, measure = MEASURES[model.output]
        found = {
            name: measure(X, model.reconstruct(X)).mean(),
            "masked_mse": metrics.masked_mse(X, filled_in, mask).mean(),
        }
        # a proposal for each image takes more time, and needs fewer samples
        n_importance = max(1, n_samples // 10)
        for key, method, n in (
            ("log_p", "prior", n_samples),
            ("log_p_importance", "importance", n_importance),
        ):
            log_weights = model.log_weights(X[:n_log_p], n_samples=n, method=method)
            estimate = metrics.log_mean_exp(log_weights)
            found[key] = estimate.values.mean()
            found[f"{key}_error"] = estimate.error_of_mean
            found[f"{key}_effective"] = np.median(estimate.effective_samples)
        return {**found, "probe_error": probe_error(model, data)}

    def draw(self, model: Any, data: Dataset, folder: Path) -> None:
        super().draw(model, data, folder)
        X, mask = data.X_test[:N_SHOWN], right_half(data.image_shape)
        plots.image_grid(
            as_pixels([X, model.reconstruct(X), X * ~mask, model.reconstruct(X, mask)]),
            data.image_shape,
            folder / "reconstructions.png",
            titles=["image", "reconstruction", "right half hidden", "filled in"],
        )
        draw_filters(*filters_of_units(model.parameters_["W1"], data.image_shape), folder)


def filters_of_units(
    W: NDArray, image_shape: tuple[int, ...]
) -> tuple[NDArray, tuple[int, ...]]:
    """Return the weights of each unit of the lowest layer, of some, and their shape."""
    if W.ndim == 2:
        return W.T[:_N_FILTERS], image_shape
    kernels = np.moveaxis(W, -2, 0)
    shape = kernels.shape[1:-1] if kernels.shape[-1] == 1 else kernels.shape[1:]
    return kernels.reshape(len(kernels), -1)[:_N_FILTERS], shape
