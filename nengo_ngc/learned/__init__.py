"""Files of what any learning rule has learned in any network of Nengo."""

from .files import load, save

__all__ = ["load", "save"]
