"""Nodes, transforms and synapses that Nengo lacks."""

from .nodes import PureNode
from .synapses import Delay
from .transforms import AtStart, Transposed, ZeroPadding, average_pool

__all__ = [
    "AtStart",
    "Delay",
    "PureNode",
    "Transposed",
    "ZeroPadding",
    "average_pool",
]
