"""Networks of Nengo objects that learn."""

from .classifiers import FeedforwardClassifier, PredictiveCodingClassifier
from .gncn import GNCN
from .hopfield import LayeredHopfield
from .pff import PFF

__all__ = [
    "FeedforwardClassifier",
    "GNCN",
    "LayeredHopfield",
    "PFF",
    "PredictiveCodingClassifier",
]
