"""Networks of Nengo objects that learn."""

from .adaptive_winners import AdaptiveWinners
from .associative import AssociativeMemory
from .competitive import CompetitiveLayer
from .feedforward_classifier import FeedforwardClassifier
from .gncn import GNCN
from .hopfield import LayeredHopfield
from .patch_encoder import PatchEncoder
from .pff import PFF
from .predictive_coding_classifier import PredictiveCodingClassifier
from .sparse_encoder import SparseEncoder
from .spiking_winners import SpikingWinners

__all__ = [
    "AdaptiveWinners",
    "AssociativeMemory",
    "CompetitiveLayer",
    "FeedforwardClassifier",
    "GNCN",
    "LayeredHopfield",
    "PFF",
    "PatchEncoder",
    "PredictiveCodingClassifier",
    "SparseEncoder",
    "SpikingWinners",
]
