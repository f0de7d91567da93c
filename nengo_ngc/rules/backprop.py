r"""Backprop as a learning rule."""

from typing import Any

import nengo
from nengo.connection import Connection
from nengo.ensemble import Neurons
from nengo.exceptions import ValidationError
from nengo.transforms import Dense, NoTransform

from ..validation import InstanceParam
from .connections import has_kernel, solves_weights
from .forms import form_of
from .layer_rule import LayerRule
from .optimizers import Optimizer
from .signs import states_signs


@states_signs
class BackProp(LayerRule):
    r"""Learns the encoders and biases of a layer by backprop.

    .. math::
        \delta &= \phi'(J) \odot D^T e \\
        \Delta S &= -\delta\, x^T, \qquad \Delta b = -\delta

    where e is the error, actual minus desired as for `nengo.PES`, of the next layer's
    connection. D are the present decoders (times the transform) or weights of this
    connection; if it has a kernel, the product with :math:`D^T` is the transpose of the
    convolution. :math:`J = S x + b` are the layer's input currents, of the whole
    input x of the ensemble, from all of its connections. S are the encoders of the ensemble,
    times gain and divided by radius; these are the values that training by gradients changes.

    On a connection between neurons with weights W, :math:`J = g \odot W a + b`, and the
    gains g are part of the gradient: :math:`\Delta W = -(g \odot \delta)\, a^T`.

    Parameters
    ----------
    layer : nengo.Connection or None, optional
        The connection that leads on from the neurons, created before this rule. With None the
        error is that of the neurons' own activities, as at the output layer of a
        network (the delta rule).
    optimizer : Optimizer, optional
        Default: ``Adam(1e-3)``.
    biases : bool, optional
        Whether biases learn, too. Only one rule can learn them where several
        connections lead to the same neurons.
    **kwargs
        As for `.LocalRule`: norm_bound (of the rows of S or W), schedule, learn,
        pre_synapse (filters x or a), post_synapse (filters J).

    Raises
    ------
    nengo.exceptions.ValidationError
        If the layer's connection does not start from the neurons that learn or has no
        weights or decoders, or if the derivative of the neurons is not known.

    References
    ----------
    Rumelhart, Hinton & Williams 1986, "Learning representations by back-propagating
    errors", Nature 323.
    """

    layer = InstanceParam(
        "layer", nengo.Connection, default=None, optional=True, readonly=True
    )

    def __init__(
        self,
        layer: Connection | None = None,
        optimizer: Optimizer | None = None,
        biases: bool = True,
        **kwargs: Any,
    ):
        super().__init__(optimizer, biases, **kwargs)
        self.layer = layer

    @property
    def n_errors(self) -> int | None:
        return None if self.layer is None else self.layer.size_out

    def carry_back(self, xp: Any, error: Any, feedback: Any) -> Any:
        if feedback is None:
            return error
        return form_of(self.layer.transform, feedback.shape).back(xp, error, feedback)

    def check(self, connection: Connection, neurons: Neurons) -> None:
        layer = self.layer
        if layer is None:
            return
        pre = layer.pre_obj
        if getattr(pre, "neurons", pre) != neurons:
            raise ValidationError(
                f"must lead on from {neurons}, which learn, but starts from {pre}",
                attr="layer",
                obj=self,
            )
        direct = isinstance(neurons.ensemble.neuron_type, nengo.Direct)
        whole = layer.pre_slice == slice(None)
        fits = isinstance(layer.transform, Dense | NoTransform) or has_kernel(layer)
        if direct or not (fits and layer.has_weights and whole) or solves_weights(layer):
            raise ValidationError(
                "must have decoders, a weight matrix, or a kernel, of all the neurons that "
                f"learn; {layer} has not",
                attr="layer",
                obj=self,
            )
