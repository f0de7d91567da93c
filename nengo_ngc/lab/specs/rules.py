"""The classifier that learns by any of ``RULES``, as command line and comparisons know it."""

from collections.abc import Mapping
from typing import Any

import click

from ...models import RULES, RuleClassifier
from ...models.tasks.rules import OPTIMIZERS
from ...networks.classifiers import NEURONS, OUTPUT_LOSSES
from ...rules.optimizer_wrappers import SHAPES
from .base import ModelSpec
from .options import STEPS, Option


class RulesSpec(ModelSpec):
    """`RuleClassifier`; in comparisons a variant for each rule."""

    summary = "a feedforward classifier that learns by a rule of your choice"
    estimator = RuleClassifier
    own_options = (
        STEPS,
        Option("rule", "rule", f"Choose the learning rule: {', '.join(RULES)}."),
        Option("neurons", "neuron_type", f"Choose the neuron type: {', '.join(NEURONS)}."),
        Option("loss", "loss", f"Choose what learning lowers: {', '.join(OUTPUT_LOSSES)}."),
        Option("optimizer", "optimizer", f"Choose the optimiser: {', '.join(OPTIMIZERS)}."),
        Option(
            "weight-decay",
            "weight_decay",
            "Set the weight decay of adamw.",
            click.FloatRange(0),
        ),
        Option("anneal", "anneal", "Choose how updates shrink.", click.Choice(SHAPES)),
        Option(
            "warm-up",
            "warm_up",
            "Let updates grow in this part of all updates.",
            click.FloatRange(0, 1, max_open=True),
        ),
        Option(
            "beta",
            "beta",
            "Set the step size of settling.",
            click.FloatRange(0, min_open=True),
        ),
        Option(
            "momentum",
            "momentum",
            "Set the part of their velocity that settling states keep.",
            click.FloatRange(0, 1, max_open=True),
        ),
        Option(
            "nudging",
            "nudging",
            "Nudge the output with this strength, from -1 to 1, and do not clamp it.",
            click.FloatRange(-1, 1),
        ),
    )
    small = {"hidden": (128, 128), "batch": 32, "epochs": 20}
    large = {"hidden": (256, 256), "batch": 128, "epochs": 15}

    def parameters(
        self, typed: Mapping[str, Any], n_train: int, image_shape: tuple[int, ...]
    ) -> dict[str, Any]:
        found = super().parameters(typed, n_train, image_shape)
        if found["learning_rate"] is None and found["rule"] in RULES:
            # said, so that a run that is resumed can change it
            found["learning_rate"] = RULES[found["rule"]].learning_rate
        return found

    def variants(self, name: str) -> dict[str, dict[str, Any]]:
        return {rule: {"rule": rule} for rule in RULES}

    def make_of_cell(self, neuron_type: str, **parameters: Any) -> Any:
        return self.make({"neuron_type": neuron_type, **parameters})

    def say(self, record: Any) -> str:
        return f"{super().say(record)}, training error {record['error']:.2f} %"
