"""Nodes, transforms and synapses that Nengo lacks."""

from .nodes import PureNode
from .synapses import Delay
from .transforms import AtStart, FromParameter, Transposed, ZeroPadding, average_pool

__all__ = [
    "AtStart",
    "Delay",
    "FromParameter",
    "PureNode",
    "Transposed",
    "ZeroPadding",
    "average_pool",
]
