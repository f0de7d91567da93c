"""Networks as graphs of the neuromorphic intermediate representation (NIR), and back.

Other simulators, and neuromorphic hardware, read and write such graphs. The package nir is
imported when a function is called for the first time.
"""

from .export import export
from .load import load

__all__ = ["export", "load"]
