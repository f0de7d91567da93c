r"""A node whose output is the error of a layer."""

import nengo
from nengo.connection import Connection

from ..validation import FlagParam, InstanceParam, TextParam, checked, unfit
from .connections import learning_neurons
from .layer_rule import LayerRule


class LayerError(nengo.Node):
    r"""The error of a layer as its rule has computed it, for the layer below.

    Parameters
    ----------
    connection : nengo.Connection
        A connection that learns by `.BackProp`, `.FeedbackAlignment` or
        `.DirectFeedbackAlignment`.
    neurons : bool, optional
        The form of the error. False: the error of the object after the connection, which is
        :math:`S^T \delta` for an ensemble (one value for each dimension) and
        :math:`g \odot \delta` for neurons; ``BackProp(connection)`` takes it. True:
        at the input currents, :math:`\delta`; ``FeedbackAlignment(hidden.neurons)`` takes it,
        and no encoders are used on the way back.
    label : str, optional
        Name of the node.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the connection has no such rule.

    Examples
    --------
    ::

        layer3 = nengo.Connection(second, output, learning_rule_type=nengo.PES())
        layer2 = nengo.Connection(first, second, learning_rule_type=ngc.BackProp(layer3))
        layer1 = nengo.Connection(inp, first, learning_rule_type=ngc.BackProp(layer2))
        nengo.Connection(error, layer2.learning_rule)
        nengo.Connection(ngc.LayerError(layer2), layer1.learning_rule, synapse=None)
    """

    connection = InstanceParam("connection", nengo.Connection, default=None)
    neurons = FlagParam("neurons", default=False)

    @checked(
        InstanceParam("connection", nengo.Connection), FlagParam("neurons"), TextParam("label")
    )
    def __init__(
        self, connection: Connection, neurons: bool = False, label: str | None = None
    ):
        if not isinstance(connection.learning_rule_type, LayerRule):
            learns = (
                "a connection that learns by BackProp, FeedbackAlignment or "
                "DirectFeedbackAlignment"
            )
            raise unfit("connection", learns, connection, self)
        target = learning_neurons(connection) if neurons else connection.post_obj
        super().__init__(
            output=_shown,
            size_in=target.size_in,
            size_out=target.size_in,
            label=label,
        )
        self.connection = connection
        self.neurons = neurons


def _shown(t, x):
    """What tools that look at the output see; no simulator calls it."""
    return x
