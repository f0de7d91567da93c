"""Nodes that compute on every backend."""

import numpy as np
from nengo import Node
from nengo.ensemble import Neurons

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
    """A Node that computes a pure function of its input and of other objects.

    Unlike a Python function in a plain Node it runs natively in NengoDL, on whole
    minibatches.

    Parameters
    ----------
    function : callable
        ``function(xp, x, *others)``, of arrays with a batch axis, returns an array of
        the shape of ``x``. It must be a pure function made of operators and functions
        of the namespace ``xp``.
    size_in : int
        Size of the input that connections bring, and of the output.
    others : sequence of nengo.Node or nengo.ensemble.Neurons, optional
        Objects created before whose present output the function takes, too. A
        passthrough Node that nothing is connected to comes as None.
    schedule : Schedule, optional
        With one the function takes, before ``x``, whether this is the first timestep of
        a presentation.
    ends : bool, optional
        Whether a presentation of the schedule is over, but for its last timestep, once
        the output is above 0 in all samples: models skip the rest.
    label : str, optional
    """

    function = CallableParam("function", default=None, optional=True)
    others = SequenceParam("others", InstanceParam("other", Node, Neurons), default=())
    schedule = InstanceParam("schedule", Schedule, default=None, optional=True)
    ends = FlagParam("ends", default=False)

    @checked(CallableParam("function"), WholeParam("size_in"), TextParam("label"))
    def __init__(self, function, size_in, others=(), schedule=None, ends=False, label=None):
        super().__init__(
            # shown by tools that look at the output, never called by a simulator
            output=lambda t, x: np.asarray(x),
            size_in=size_in,
            size_out=size_in,
            label=label,
        )
        self.function = function
        self.others = others
        self.schedule = schedule
        self.ends = ends
