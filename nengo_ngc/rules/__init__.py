"""Local learning rules, for ``learning_rule_type=`` of connections, and optimisers."""

from .backprop import BackProp
from .base import LocalRule
from .competitive import Competitive
from .error_driven import Delta, ErrorDriven
from .feedback_alignment import DirectFeedbackAlignment, FeedbackAlignment
from .homeostasis import Homeostasis, SynapticScaling
from .lateral import Lateral
from .layer_error import LayerError
from .memory import ClippedHebbian, TiedAutoEncoder
from .optimizer_wrappers import Annealed, Bounded, Clipped
from .optimizers import SGD, Adam, AdamW, Momentum, Optimizer, RMSprop
from .precision import Precision
from .signals import Memory

__all__ = [
    "Adam",
    "AdamW",
    "Annealed",
    "BackProp",
    "Bounded",
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
    "Memory",
    "Momentum",
    "Optimizer",
    "Precision",
    "RMSprop",
    "SGD",
    "SynapticScaling",
    "TiedAutoEncoder",
]
