"""Networks of Nengo objects that learn."""

from .associative import AssociativeMemory
from .classifiers import FeedforwardClassifier, PredictiveCodingClassifier
from .gncn import GNCN
from .hopfield import LayeredHopfield
from .pff import PFF

__all__ = [
    "AssociativeMemory",
    "FeedforwardClassifier",
    "GNCN",
    "LayeredHopfield",
    "PFF",
    "PredictiveCodingClassifier",
]
