"""Images in Nengo GUI, and examples that can be opened in it."""

from .displays import ImageDisplay
from .launcher import copy_examples, examples, free_port, open_example
from .layout import arrange_networks
from .weights import WeightDisplay

__all__ = [
    "ImageDisplay",
    "WeightDisplay",
    "arrange_networks",
    "copy_examples",
    "examples",
    "free_port",
    "open_example",
]
