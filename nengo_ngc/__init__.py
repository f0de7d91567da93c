"""Neural generative coding and its relatives for Nengo."""

from importlib import import_module

from . import networks, neurons, program
from .exceptions import DivergenceError
from .neurons import KWinnersTakeAll, SoftKWinnersTakeAll, SoftThreshold
from .rules import (
    SGD,
    Adam,
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
    SynapticScaling,
)
from .schedule import Schedule
from .version import __version__

__all__ = [
    "Adam",
    "Annealed",
    "BackProp",
    "Bounded",
    "Clipped",
    "Competitive",
    "Delta",
    "DirectFeedbackAlignment",
    "DivergenceError",
    "ErrorDriven",
    "FeedbackAlignment",
    "HebbianEncoder",
    "Homeostasis",
    "KWinnersTakeAll",
    "Lateral",
    "LayerError",
    "LocalRule",
    "Memory",
    "Momentum",
    "NGCModel",
    "PFFClassifier",
    "Precision",
    "RuleClassifier",
    "SDREncoder",
    "SGD",
    "Schedule",
    "SoftKWinnersTakeAll",
    "SoftThreshold",
    "SynapticScaling",
    "networks",
    "neurons",
]


# what takes longer to import than all the rest waits until it is asked for
_LATER = {
    "HebbianEncoder": "models",
    "NGCModel": "models",
    "PFFClassifier": "models",
    "RuleClassifier": "models",
    "SDREncoder": "models",
}

# rooms and modules that are imported by their names here
_MODULES = {
    "analysis": "metrics.codes",
    "datasets": "lab.datasets",
    "dl": "dl",
    "gui": "gui",
    "metrics": "metrics",
    "models": "models",
    "plots": "lab.plots",
}


def __getattr__(name):
    if name in _LATER:
        return getattr(import_module(f".{_LATER[name]}", __name__), name)
    if name in _MODULES:
        return import_module(f".{_MODULES[name]}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    # without dl: help() looks at all that is here, and would import TensorFlow
    return sorted({*globals(), *__all__, *_MODULES} - {"dl"})
