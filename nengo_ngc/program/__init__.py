"""Builders, which turn a Nengo model into pure functions of arrays.

They do not depend on the simulator that runs the functions.
"""

from . import encoder_rules, kernels, learning, neurons, nodes, transforms
from .operators import PureOperator, SharedSignal

__all__ = ["PureOperator", "SharedSignal"]
