"""How the front-end objects are built for the reference simulator."""

from . import encoder_rules, learning, neurons, nodes, transforms
from .operators import PureOperator, SharedSignal

__all__ = ["PureOperator", "SharedSignal"]
