"""Networks of Nengo objects that learn."""

from .gncn import GNCN

__all__ = ["GNCN"]
