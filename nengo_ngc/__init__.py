"""Neural generative coding and its relatives for Nengo."""

from importlib import import_module

from . import builder, datasets, networks, neurons
from .encoder_rules import (
    BackProp,
    DirectFeedbackAlignment,
    FeedbackAlignment,
    LayerError,
)
from .exceptions import DivergenceError
from .learning_rules import (
    Competitive,
    Delta,
    ErrorDriven,
    Homeostasis,
    Lateral,
    LocalRule,
    Precision,
    SynapticScaling,
)
from .optimizers import SGD, Adam, Annealed, Clipped, Momentum
from .schedule import Schedule
from .version import __version__
from .winners import KWinnersTakeAll, SoftKWinnersTakeAll, SoftThreshold

__all__ = [
    "Adam",
    "Annealed",
    "BackProp",
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
    "datasets",
    "networks",
    "neurons",
]


_ESTIMATORS = (
    "HebbianEncoder",
    "NGCModel",
    "PFFClassifier",
    "RuleClassifier",
    "SDREncoder",
)


_MODULES = ("analysis", "estimators", "gui", "metrics", "plots")


def __getattr__(name):
    # what takes longer to import than all the rest waits until it is asked for
    if name in _ESTIMATORS:
        return getattr(import_module(".estimators", __name__), name)
    if name in _MODULES or name == "dl":
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    # without dl: help() looks at all that is here, and would import TensorFlow
    return sorted({*globals(), *__all__, *_MODULES})
