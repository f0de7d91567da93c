"""How front-end objects are built: a model of Nengo as pure functions of arrays.

Nothing here knows which simulator runs the functions.
"""

from . import encoder_rules, learning, neurons, nodes, transforms
from .operators import PureOperator, SharedSignal

__all__ = ["PureOperator", "SharedSignal"]
