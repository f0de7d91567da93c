"""Images in Nengo GUI, and examples that can be opened in it."""

from .displays import ImageDisplay
from .launcher import copy_examples, examples, free_port, open_example

__all__ = [
    "ImageDisplay",
    "copy_examples",
    "examples",
    "free_port",
    "open_example",
]
