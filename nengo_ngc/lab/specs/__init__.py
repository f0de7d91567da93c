"""Trainable models, each registered in one line."""

from typing import Any

from ..registry import Registry
from .base import ModelSpec
from .hebbian import HebbianSpec
from .ngc import NGCSpec
from .options import Option
from .pff import PFFSpec
from .rules import RulesSpec
from .sdr import CodeSpec, SDRSpec

__all__ = ["MODELS", "CodeSpec", "ModelSpec", "Option", "compared"]

# models by name; one line registers another: MODELS["name"] = MySpec()
MODELS = Registry("model", ModelSpec, "nengo_ngc.models")
MODELS["ngc"] = NGCSpec()
MODELS["pff"] = PFFSpec()
MODELS["sdr"] = SDRSpec()
MODELS["hebbian"] = HebbianSpec()
MODELS["rules"] = RulesSpec()


def compared() -> dict[str, tuple[ModelSpec, dict[str, Any]]]:
    """Return all that comparisons can compare, by name: a model and fixed parameters."""
    return {
        variant: (spec, parameters)
        for name, spec in MODELS.items()
        for variant, parameters in spec.variants(name).items()
    }
