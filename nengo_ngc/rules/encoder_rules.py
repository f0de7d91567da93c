r"""Rules that carry an error back into a layer: backprop and feedback alignment.

Each of them computes the gradient of the loss by the layer's input currents,

.. math:: \delta = \phi'(J) \odot B e

and they differ in what B is. With :math:`\delta` a layer's encoders (or weights) and
biases learn by error times presynaptic activity, as everything else here does.
"""

import nengo
import numpy as np
from nengo.exceptions import ValidationError

from ..neurons import derivative
from ..validation import (
    EitherParam,
    FlagParam,
    FrozenArrayParam,
    InstanceParam,
    SeedParam,
    TextParam,
    checked,
    unfit,
)
from .base import solves_weights
from .error_driven import ErrorDriven


class _LayerRule(ErrorDriven):
    r"""What the rules have in common; see `BackProp` for the equations."""

    probeable = ("error", "delta")
    learns_encoders = True

    biases = FlagParam("biases", default=True, readonly=True)

    def __init__(self, optimizer=None, biases=True, **kwargs):
        super().__init__(optimizer, size_in=0, biases=biases, **kwargs)

    @property
    def n_errors(self):
        """Size of the error that comes in; None: one for each neuron."""
        raise TypeError(f"{type(self).__name__} must say how many errors it takes")

    def carry_back(self, xp, error, feedback):
        """The error as it arrives at the layer's neurons.

        Parameters
        ----------
        xp : namespace
        error : (batch, n_errors) array
        feedback : array or None
            The weights that lead on, (n_errors, n_neurons), or the matrix B,
            (n_neurons, n_errors); None if there is nothing to go through.

        Returns
        -------
        (batch, n_neurons) array
        """
        raise TypeError(f"{type(self).__name__} needs a method carry_back")

    def update(self, xp, pre, post, error, weights):
        return super().update(xp, pre, post, -error, weights)

    def on(self, connection):
        rule = super().on(connection)
        neurons = _neurons(connection)
        derivative(neurons.ensemble.neuron_type)
        n_errors = rule.n_errors
        rule = rule.replace(size_in=neurons.size_in if n_errors is None else n_errors)
        rule.check(connection, neurons)
        return rule

    def check(self, connection, neurons):
        """Raise ValidationError if the rule cannot serve a connection."""


class BackProp(_LayerRule):
    r"""Learns the encoders and biases of a layer by backprop.

    .. math::
        \delta &= \phi'(J) \odot D^T e \\
        \Delta S &= -\delta\, x^T, \qquad \Delta b = -\delta

    where e is the error of what the next layer's connection delivers, actual minus
    desired as for `nengo.PES`; D that connection's decoders (times its transform) or
    weights, as they are at every moment; :math:`J = S x + b` the layer's input currents;
    and x the whole input of the ensemble, from all of its connections. S are its
    encoders as they act, times gain and over radius: those that NengoDL trains.

    On a connection between neurons with weights W, :math:`J = g \odot W a + b`, the
    gains g are part of the gradient: :math:`\Delta W = -(g \odot \delta)\, a^T`.

    Parameters
    ----------
    layer : nengo.Connection or None, optional
        The connection that leads on from the neurons, created before. With None the
        error is that of the neurons' own activities, as at the output layer of a
        network (the delta rule).
    optimizer : Optimizer, optional
        Default: ``Adam(1e-3)``.
    biases : bool, optional
        Whether biases learn, too. Only one rule can learn them where several
        connections lead to the same neurons.
    **kwargs
        As for :class:`LocalRule`: norm_bound (of the rows of S or W), schedule, learn,
        pre_synapse (filters x or a), post_synapse (filters J).

    Raises
    ------
    nengo.exceptions.ValidationError
        If the layer's connection does not start from the neurons that learn, has no
        weights or decoders, or is to neurons of which no derivative is known.

    References
    ----------
    Rumelhart, Hinton & Williams 1986, "Learning representations by back-propagating
    errors", Nature 323.
    """

    layer = InstanceParam(
        "layer", nengo.Connection, default=None, optional=True, readonly=True
    )

    def __init__(self, layer=None, optimizer=None, biases=True, **kwargs):
        super().__init__(optimizer, biases, **kwargs)
        self.layer = layer

    @property
    def n_errors(self):
        return None if self.layer is None else self.layer.size_out

    def carry_back(self, xp, error, feedback):
        if feedback is None:
            return error
        if len(feedback.shape) == 3:  # nengo.PES on NengoDL: decoders for each sample
            return xp.einsum("be,ben->bn", error, feedback)
        return xp.einsum("be,en->bn", error, feedback)

    def check(self, connection, neurons):
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
        if direct or not layer.has_weights or solves_weights(layer) or not whole:
            raise ValidationError(
                "must have decoders, or a weight matrix, of all the neurons that "
                f"learn; {layer} has not",
                attr="layer",
                obj=self,
            )


class FeedbackAlignment(_LayerRule):
    r"""Learns the encoders and biases of a layer by feedback alignment.

    As `BackProp`, but the error comes back through a matrix B that is random and stays
    as it is:

    .. math:: \delta = \phi'(J) \odot B e

    Learning aligns the weights of the forward path with it.

    Parameters
    ----------
    output : nengo.Ensemble, nengo.ensemble.Neurons or nengo.Node
        Where the error arises: the object after the layer.
    feedback : (n_neurons, output.size_in) array or nengo.dists.Distribution, optional
        B, (post, pre). Default: ``Gaussian(0, 1 / sqrt(output.size_in))``.
    optimizer, biases, **kwargs
        As for :class:`BackProp`.
    seed : int, optional
        Of B, if it is drawn. None: that of the connection.

    Raises
    ------
    nengo.exceptions.ValidationError
        If ``output`` takes no input, or ``feedback`` has another shape or is not finite.

    References
    ----------
    Lillicrap, Cownden, Tweed & Akerman 2016, "Random synaptic feedback weights support
    error backpropagation for deep learning", Nature Communications 7, 13276.
    """

    output = InstanceParam("output", nengo.Ensemble, nengo.ensemble.Neurons, nengo.Node)
    feedback = EitherParam(
        "feedback",
        InstanceParam("feedback", nengo.dists.Distribution),
        FrozenArrayParam("feedback", ndim=2),
        default=None,
        optional=True,
        readonly=True,
    )
    seed = SeedParam("seed", default=None, optional=True, readonly=True)

    def __init__(
        self, output, feedback=None, optimizer=None, biases=True, seed=None, **kwargs
    ):
        super().__init__(optimizer, biases, **kwargs)
        self.output = output
        if output.size_in == 0:
            raise unfit("output", "an object that takes the layer's output", output, self)
        self.feedback = feedback
        self.seed = seed

    @property
    def n_errors(self):
        return self.output.size_in

    def carry_back(self, xp, error, feedback):
        return xp.einsum("be,ne->bn", error, feedback)

    def check(self, connection, neurons):
        B, shape = self.feedback, (neurons.size_in, self.n_errors)
        if not isinstance(B, np.ndarray):
            return
        if B.shape != shape:
            raise ValidationError(
                f"must have shape {shape}, (neurons that learn, size of output), "
                f"got {B.shape}",
                attr="feedback",
                obj=self,
            )

    def sample(self, n_neurons, rng):
        """The matrix B."""
        if isinstance(self.feedback, np.ndarray):
            return self.feedback
        B = self.feedback or nengo.dists.Gaussian(0, 1 / np.sqrt(self.n_errors))
        rng = rng if self.seed is None else np.random.RandomState(self.seed)
        return B.sample(n_neurons, self.n_errors, rng=rng)


class DirectFeedbackAlignment(FeedbackAlignment):
    r"""Feedback alignment straight from the network's output, however deep the layer.

    The same computation as `FeedbackAlignment`; ``output`` is that of the whole
    network, and every layer's rule is given the same error.

    References
    ----------
    Nøkland 2016, "Direct feedback alignment provides learning in deep neural networks",
    arXiv 1609.01596.
    """


class LayerError(nengo.Node):
    r"""The error of a layer as its rule has computed it, for the layer below.

    Parameters
    ----------
    connection : nengo.Connection
        A connection that learns by one of the rules of this module.
    neurons : bool, optional
        Where the error is told. False: at what the connection delivers to, which is
        :math:`S^T \delta` for an ensemble (one value for each dimension) and
        :math:`g \odot \delta` for neurons; so ``BackProp(connection)`` takes it. True:
        at the input currents, :math:`\delta`, so that
        ``FeedbackAlignment(hidden.neurons)`` takes it and no encoders are used twice.
    label : str, optional

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
    def __init__(self, connection, neurons=False, label=None):
        if not isinstance(connection.learning_rule_type, _LayerRule):
            learns = (
                "a connection that learns by BackProp, FeedbackAlignment or "
                "DirectFeedbackAlignment"
            )
            raise unfit("connection", learns, connection, self)
        target = _neurons(connection) if neurons else connection.post_obj
        super().__init__(
            # shown by tools that look at the output, never called by a simulator
            output=lambda t, x: x,
            size_in=target.size_in,
            size_out=target.size_in,
            label=label,
        )
        self.connection = connection
        self.neurons = neurons


def _neurons(connection):
    """The neurons that a connection leads to, or an error."""
    post = connection.post_obj
    whole = connection.post_slice == slice(None)
    if isinstance(post, nengo.Ensemble):
        return post.neurons
    if isinstance(post, nengo.ensemble.Neurons) and whole:
        return post
    raise ValidationError(
        "learns on connections into an Ensemble or into all of its neurons, "
        f"got one into {connection.post}",
        attr="learning_rule_type",
        obj=connection,
    )
