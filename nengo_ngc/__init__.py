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
    "Precision",
    "SGD",
    "Schedule",
    "networks",
]
