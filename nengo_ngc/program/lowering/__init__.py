"""Lowering: a model of Nengo becomes two pure functions over two dictionaries of arrays.

Nothing here knows which library computes with the arrays. To have operators of your own
compiled, register a function by `lowers`; for a neuron type of Nengo's kind, one by `steps`.
"""

from . import learning_rules, operators, processes, transforms
from .machine import Machine
from .neurons import steps
from .program import Program, Timestep
from .registry import lowers
from .values import Values

__all__ = ["Machine", "Program", "Timestep", "Values", "lowers", "steps"]
