"""Training runs, each of which keeps everything in a folder of its own."""

from .claims import claimed
from .configuration import CONFIG
from .run import Run

__all__ = ["CONFIG", "Run", "claimed"]
