"""Lowering: the translation of a Nengo model into two pure functions of arrays by name.

The functions do not depend on the library that computes with the arrays. To have operators of
your own compiled, register a function with `lowers`. For a neuron type, use `steps`.
"""

from . import learning_rules, operators, processes, transforms
from .machine import Machine
from .neurons import steps
from .program import Program, Timestep
from .registry import lowers
from .values import Values

__all__ = ["Machine", "Program", "Timestep", "Values", "lowers", "steps"]
