"""Local learning rules and optimisers: what goes into ``learning_rule_type=``."""

from .base import LocalRule
from .competitive import Competitive
from .encoder_rules import BackProp, DirectFeedbackAlignment, FeedbackAlignment, LayerError
from .error_driven import Delta, ErrorDriven
from .homeostasis import Homeostasis, SynapticScaling
from .lateral import Lateral
from .memory import ClippedHebbian, TiedAutoEncoder
from .optimizers import SGD, Adam, Annealed, Clipped, Momentum, Optimizer
from .precision import Precision

__all__ = [
    "Adam",
    "Annealed",
    "BackProp",
    "Clipped",
    "ClippedHebbian",
    "Competitive",
    "Delta",
    "DirectFeedbackAlignment",
    "ErrorDriven",
    "FeedbackAlignment",
    "Homeostasis",
    "Lateral",
    "LayerError",
    "LocalRule",
    "Momentum",
    "Optimizer",
    "Precision",
    "SGD",
    "SynapticScaling",
    "TiedAutoEncoder",
]
