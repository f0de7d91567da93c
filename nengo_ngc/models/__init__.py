"""Models with the interface of scikit-learn, which train a network on a simulator."""

from ..backends import BACKENDS
from .hebbian import HebbianEncoder
from .ngc import NGCModel
from .pff import PFFClassifier
from .rule_classifier import RuleClassifier
from .sdr import SDREncoder
from .tasks.rules import RULES, Rule

__all__ = [
    "BACKENDS",
    "RULES",
    "Rule",
    "HebbianEncoder",
    "NGCModel",
    "PFFClassifier",
    "RuleClassifier",
    "SDREncoder",
]
