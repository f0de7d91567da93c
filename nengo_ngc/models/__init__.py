"""Models in scikit-learn's manner: a network, a simulator and a loop around them."""

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
