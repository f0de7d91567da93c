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
    Delta,
    ErrorDriven,
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
    "Delta",
    "DirectFeedbackAlignment",
    "DivergenceError",
    "ErrorDriven",
    "FeedbackAlignment",
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


def __getattr__(name):
    # what takes longer to import than all the rest waits until it is asked for
    if name in ("NGCModel", "PFFClassifier", "RuleClassifier", "SDREncoder"):
        return getattr(import_module(".estimators", __name__), name)
    if name == "dl":
        return import_module(".dl", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
