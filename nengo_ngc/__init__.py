"""Neural generative coding and its relatives for Nengo."""

from . import builder, networks, neurons
from .exceptions import DivergenceError
from .learning_rules import ErrorDriven, LocalRule, Precision
from .optimizers import SGD, Adam, Momentum
from .schedule import Schedule
from .version import __version__

__all__ = [
    "Adam",
    "DivergenceError",
    "ErrorDriven",
    "LocalRule",
    "Momentum",
    "NGCModel",
    "Precision",
    "SGD",
    "Schedule",
    "networks",
]


def __getattr__(name):
    if name == "NGCModel":  # scikit-learn takes longer to import than all the rest
        from .estimators import NGCModel

        return NGCModel
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
