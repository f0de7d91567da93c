"""What a backend is asked to simulate, and by what it is to be trained."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..networks.base import LearningNetwork


@dataclass(frozen=True)
class Model:
    """A network, what it is fed with, and what is read out of it.

    Parameters
    ----------
    build : callable
        Makes the network, a `.networks.base.LearningNetwork`, inside a model of Nengo.
    outputs : sequence of str
        What is read out at the end of each presentation, names for ``network.probe``.
    inputs : sequence of str, optional
        Nodes of the network that are fed, by the names of their attributes.
    """

    build: Callable[[], LearningNetwork]
    outputs: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ("input",)


@dataclass(frozen=True)
class Loss:
    """A loss, or another measure, of a training session, by its name.

    Parameters
    ----------
    name : str
        One that the backend knows: "cross-entropy", "error", "triplet" or "contrastive".
    settings : dict, optional
        Arguments of the loss.
    """

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
