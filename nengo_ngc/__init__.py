"""Neural generative coding and related learning methods for Nengo."""

import sys
from importlib import import_module
from typing import Any

from . import networks, neurons, program
from .exceptions import DivergenceError
from .learned import load, save
from .networks.convolutional import Conv
from .neurons import GradedKWinners, KWinnersTakeAll, SoftKWinnersTakeAll, SoftThreshold
from .objects import average_pool
from .rules import (
    SGD,
    Adam,
    AdamW,
    Annealed,
    BackProp,
    Bounded,
    Clipped,
    Competitive,
    Delta,
    DirectFeedbackAlignment,
    ErrorDriven,
    FeedbackAlignment,
    Homeostasis,
    Lateral,
    LayerError,
    LocalRule,
    Memory,
    Momentum,
    Precision,
    RMSprop,
    SynapticScaling,
)
from .schedule import Schedule
from .version import __version__

__all__ = [
    "Adam",
    "AdamW",
    "Annealed",
    "BackProp",
    "Bounded",
    "Clipped",
    "Competitive",
    "Conv",
    "Delta",
    "DirectFeedbackAlignment",
    "DivergenceError",
    "ErrorDriven",
    "FeedbackAlignment",
    "GradedKWinners",
    "HebbianEncoder",
    "Homeostasis",
    "Images",
    "KWinnersTakeAll",
    "Lateral",
    "LayerError",
    "LocalRule",
    "Memory",
    "Momentum",
    "NGCModel",
    "PFFClassifier",
    "Precision",
    "RMSprop",
    "RuleClassifier",
    "SDREncoder",
    "SGD",
    "Schedule",
    "SoftKWinnersTakeAll",
    "SoftThreshold",
    "SynapticScaling",
    "average_pool",
    "load",
    "networks",
    "neurons",
    "save",
]


# models take longer to import than everything else, so they are imported on demand
_LATER = {
    "HebbianEncoder": "models",
    "Images": "training",
    "NGCModel": "models",
    "PFFClassifier": "models",
    "RuleClassifier": "models",
    "SDREncoder": "models",
}

# public names of modules, with the places where the modules are
_MODULES = {
    "analysis": "metrics.codes",
    "datasets": "lab.datasets",
    "dl": "dl",
    "gui": "gui",
    "jax": "jax",
    "metrics": "metrics",
    "models": "models",
    "nir": "nir",
    "plots": "lab.plots",
    "provenance": "lab.provenance",
}


if sys.modules.get("nengo_gui"):  # a script that Nengo GUI has opened
    from .gui import arrange_networks

    arrange_networks()


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(f".{_LATER[name]}", __name__), name)
    if name in _MODULES:
        return import_module(f".{_MODULES[name]}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    # help() reads every attribute, which would import TensorFlow and JAX
    return sorted({*globals(), *__all__, *_MODULES} - {"dl", "jax"})
