"""Descriptions of a model to simulate, and of a loss by which to train it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..networks.base import LearningNetwork


@dataclass(frozen=True)
class Model:
    """A network, with its inputs and outputs.

    Parameters
    ----------
    build : callable
        A function that creates the network, a `.networks.base.LearningNetwork`, and is called
        in the context of a `nengo.Network`.
    outputs : sequence of str
        Names, as for ``network.probe``, of the values to read at the end of each presentation.
    inputs : sequence of str, optional
        Names of the network's attributes that are its input nodes.
    """

    build: Callable[[], LearningNetwork]
    outputs: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ("input",)


@dataclass(frozen=True)
class Loss:
    """A loss or another measure of a training session.

    Parameters
    ----------
    name : str
        Name of the loss: one of ``OUTPUT_LOSSES`` (networks/classifiers.py) or of
        ``CODE_LOSSES`` (metrics/code_losses.py), or "error".
    settings : dict, optional
        Arguments of the loss.
    """

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
