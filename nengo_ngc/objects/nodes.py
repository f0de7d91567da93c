"""Nodes that compute on every backend."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from nengo import Node
from nengo.ensemble import Neurons

from ..namespace import Array
from ..schedule import Schedule
from ..validation import (
    CallableParam,
    FlagParam,
    InstanceParam,
    SequenceParam,
    TextParam,
    WholeParam,
    checked,
)


class PureNode(Node):
    """A Node that computes a pure function of its input and of other objects' outputs.

    Unlike a plain Node with a Python function it is compiled with the rest of the model on JAX
    and NengoDL, for whole minibatches.

    Parameters
    ----------
    function : callable
        ``function(xp, x, *others)`` takes arrays with a batch axis and returns an array of
        the shape (batch, size_in). It must be a pure function, written with the functions of
        ``xp`` that `nengo_ngc.namespace` lists. It must not refer to the network that
        the node belongs to, as a method of the network does, since Nengo would then keep the
        network in memory for ever.
    size_in : int
        Size of the input that connections bring, and of the output.
    others : sequence of nengo.Node or nengo.ensemble.Neurons, optional
        Objects, created before, whose present outputs are further arguments of the function.
        The argument is None for a Node without a function that nothing is connected to.
    schedule : Schedule, optional
        If it is given, the function takes one more argument, before ``x``: whether this is
        the first timestep of a presentation.
    ends : bool, optional
        Whether an output above 0 in all samples means that the presentation is over. Models
        then skip its remaining timesteps, except the last one. It needs a ``schedule``.
    label : str, optional
        Name of the node in plots and error messages.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is out of range or of another type.
    """

    function = CallableParam("function", default=None, optional=True)
    others = SequenceParam("others", InstanceParam("other", Node, Neurons), default=())
    schedule = InstanceParam("schedule", Schedule, default=None, optional=True)
    ends = FlagParam("ends", default=False)

    @checked(CallableParam("function"), WholeParam("size_in"), TextParam("label"))
    def __init__(
        self,
        function: Callable[..., Array],
        size_in: int,
        others: Sequence[Any] = (),
        schedule: Schedule | None = None,
        ends: bool = False,
        label: str | None = None,
    ) -> None:
        super().__init__(
            output=_shown,
            size_in=size_in,
            size_out=size_in,
            label=label,
        )
        self.function = function
        self.others = others
        self.schedule = schedule
        self.ends = ends


def _shown(t, x):
    """What tools that look at the output see; no simulator calls it."""
    return np.asarray(x)
