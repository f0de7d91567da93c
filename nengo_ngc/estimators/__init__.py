"""Models in scikit-learn's manner: a network, a simulator and a loop around them."""

from .base import BACKENDS
from .classifier import RULES, RuleClassifier
from .hebbian import HebbianEncoder
from .ngc_model import NGCModel
from .pff import PFFClassifier
from .sdr import SDREncoder

__all__ = [
    "BACKENDS",
    "RULES",
    "HebbianEncoder",
    "NGCModel",
    "PFFClassifier",
    "RuleClassifier",
    "SDREncoder",
]
