"""The classifier that learns by any of ``RULES``, as command line and comparisons know it."""

import inspect
from collections.abc import Mapping
from typing import Any

from ...models import RULES, RuleClassifier
from .base import ModelSpec
from .documented import documented
from .options import Option


class RulesSpec(ModelSpec):
    """`RuleClassifier`; in comparisons a variant for each rule."""

    summary = "a feedforward classifier that learns by a rule of your choice"
    estimator = RuleClassifier
    small = {"hidden": (128, 128), "batch": 32, "epochs": 20}
    large = {"hidden": (256, 256), "batch": 128, "epochs": 15}

    @property
    def options(self) -> list[Option]:
        shared = super().options
        names = {option.parameter: option.name for option in shared}
        known = inspect.signature(self.estimator).parameters
        others = [name for name in known if name not in {*names, "image_shape", "verbose"}]
        names["neuron_type"] = "neurons"
        return [*shared, *documented(self.estimator, others, names)]

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
