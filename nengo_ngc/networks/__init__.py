"""Networks of Nengo objects that learn."""

from .classifiers import FeedforwardClassifier, PredictiveCodingClassifier
from .gncn import GNCN

__all__ = ["FeedforwardClassifier", "GNCN", "PredictiveCodingClassifier"]
