"""Networks of Nengo objects that learn."""

from .classifiers import FeedforwardClassifier, PredictiveCodingClassifier
from .gncn import GNCN
from .pff import PFF

__all__ = ["FeedforwardClassifier", "GNCN", "PFF", "PredictiveCodingClassifier"]
