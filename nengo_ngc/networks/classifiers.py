r"""Networks that learn to name what they see."""

from dataclasses import dataclass

import nengo
import numpy as np
from nengo.exceptions import ValidationError

from ..neurons import Identity, LatentState, derivative
from ..neurons.functions import softmax
from ..objects import PureNode, Transposed
from ..rules import (
    BackProp,
    DirectFeedbackAlignment,
    ErrorDriven,
    FeedbackAlignment,
    LayerError,
    Optimizer,
)
from ..schedule import Schedule
from ..validation import (
    CallableParam,
    ChoiceParam,
    EitherParam,
    FlagParam,
    InstanceParam,
    PositiveParam,
    SynapseParam,
    checked,
)
from .base import LEARNING, neurons
from .layers import LAYERS, LayeredNetwork

_UNIT = {
    "relu": nengo.RectifiedLinear(),
    "tanh": nengo.Tanh(tau_ref=1),
    "sigmoid": nengo.Sigmoid(tau_ref=1),
}

_INC_N = 0.01  # Nengo's, which counts an activity in Hz

_FIRING = {
    "lif-rate": lambda height: nengo.LIFRate(amplitude=height),
    "adaptive-lif-rate": lambda height: nengo.AdaptiveLIFRate(
        amplitude=height, inc_n=_INC_N / height
    ),
    "spiking-relu": lambda height: nengo.SpikingRectifiedLinear(amplitude=height),
    "poisson-relu": lambda height: nengo.PoissonSpiking(
        nengo.RectifiedLinear(), amplitude=height
    ),
    "lif": lambda height: nengo.LIF(amplitude=height),
    "adaptive-lif": lambda height: nengo.AdaptiveLIF(amplitude=height, inc_n=_INC_N / height),
}

NEURONS = (*_UNIT, *_FIRING)


def takes_time(neuron_type):
    """Whether neurons of one of ``NEURONS`` answer only after many timesteps."""
    if neuron_type in _UNIT:
        return False
    made = _FIRING[neuron_type](1.0)
    return made.spiking or bool(made.state)


@checked(CallableParam("make", optional=True), FlagParam("direct"))
@dataclass(frozen=True)
class HiddenRule:
    """How a hidden layer of `.FeedforwardClassifier` learns.

    Parameters
    ----------
    make : callable or None
        ``make(layer, after, output, **kwargs)`` returns the learning rule type of the
        connection into the layer. It is given the connection that leads on from the
        layer, the neurons after it, and those of the network's output. None: hidden
        layers stay as they are.
    direct : bool, optional
        Whether every layer is told the output's error, or that of the layer after it.
    """

    make: object
    direct: bool = False


HIDDEN_RULES = {
    "backprop": HiddenRule(lambda layer, after, output, **kw: BackProp(layer, **kw)),
    "feedback-alignment": HiddenRule(
        lambda layer, after, output, **kw: FeedbackAlignment(after, **kw)
    ),
    "direct-feedback-alignment": HiddenRule(
        lambda layer, after, output, **kw: DirectFeedbackAlignment(output, **kw),
        direct=True,
    ),
    "fixed": HiddenRule(None),
}


_CLASSIFIER = (
    LAYERS,
    EitherParam(
        "neuron_type",
        ChoiceParam("neuron_type", NEURONS),
        InstanceParam("neuron_type", nengo.neurons.NeuronType),
    ),
    InstanceParam("optimizer", Optimizer),
    *LEARNING,
)


class _Classifier(LayeredNetwork):
    """Inputs, labels, the error between them, and parameters ``W1``, ``b1``, ..."""

    def __init__(
        self,
        shape,
        neuron_type,
        schedule,
        optimizer,
        parameters,
        max_rate,
        label,
        seed,
        add_to_container,
    ):
        super().__init__(shape, schedule, parameters, label, seed, add_to_container)
        self._max_rate = max_rate
        self._fires = isinstance(neuron_type, str) and neuron_type in _FIRING
        self._neuron_type = self._neurons_of(neuron_type)
        self._optimizer = optimizer
        with self:
            x = self._build_input()
            self.target = nengo.Node(size_in=self._shape[-1], label="target")
            self._build(x)
        self._visible["output"] = self.output

    def _neurons_of(self, neuron_type):
        if isinstance(neuron_type, nengo.neurons.NeuronType):
            return neuron_type
        if neuron_type in _UNIT:
            return _UNIT[neuron_type]
        return _FIRING[neuron_type](1 / self._max_rate)

    def _population(self, level):
        """The neurons of a layer, biased as they were asked for."""
        n, neuron_type = self._shape[level], self._neuron_type
        if level == self.n_layers:
            neuron_type = Identity()
        gain, bias = np.ones(n), np.zeros(n)
        if self._fires and level < self.n_layers:
            gain, bias = neuron_type.gain_bias(np.full(n, self._max_rate), np.zeros(n))
        bias = self._initial.get(f"b{level}", bias)
        return neurons(n, neuron_type, f"layer{level}", gain=gain, bias=bias)

    def _connect(self, level, pre, post, rule, synapse=None):
        power = 1 if isinstance(self._neuron_type, (nengo.Tanh, nengo.Sigmoid)) else 2
        return nengo.Connection(
            pre,
            post,
            transform=self._weights(level, power),
            learning_rule_type=rule,
            synapse=synapse,
            label=f"W{level}",
        )

    def _build_error(self, function):
        error = PureNode(function, self._shape[-1], others=[self.target], label="error")
        nengo.Connection(self.output, error, synapse=None)
        self._visible["error"] = error
        return error


class FeedforwardClassifier(_Classifier):
    r"""A multilayer perceptron whose layers learn by encoder rules.

    .. math::
        a_0 &= x, \qquad J_l = g \odot W_l a_{l-1} + b_l, \qquad a_l = \phi(J_l) \\
        e &= \mathrm{softmax}(J_L) - y

    so that e is the gradient of the cross-entropy by the output :math:`J_L`. The output
    layer learns from it by the delta rule, hidden layers by ``rule``.

    Parameters
    ----------
    shape : sequence of int, optional
        Number of inputs, of neurons in each hidden layer, and of classes.
    rule : str, HiddenRule or None, optional
        "backprop", "feedback-alignment", "direct-feedback-alignment", "fixed" (only the
        output layer learns), or a `.HiddenRule`. None: nothing learns.
    neuron_type : str or nengo.neurons.NeuronType, optional
        Of the hidden layers: "relu", "tanh", "sigmoid", "lif-rate",
        "adaptive-lif-rate", "spiking-relu", "poisson-relu", "lif", "adaptive-lif"; or
        an object, with gain 1 and bias 0. Those that are named after firing neurons
        have an activity of 1 at ``max_rate``, which an input of 1 brings about.
    schedule : Schedule, optional
        Length of a presentation and samples per update. Default: one timestep, which
        is all that rate neurons need.
    optimizer : Optimizer, optional
        Default: ``Adam(1e-3)``.
    parameters : mapping of str to array, optional
        Values at the start; the rest is initialised.
    max_rate : float, optional
        In Hz.
    synapse : float or nengo.synapses.Synapse, optional
        Filter of spikes on their way to the next layer. Activities of rate neurons are
        not filtered.
    label, seed, add_to_container
        As for `nengo.Network`.

    Attributes
    ----------
    input, target : nengo.Node
        The image, and the class as one value for each, 1 at the right one.
    learn : nengo.Node
        The learning switch.
    output : nengo.ensemble.Neurons
        :math:`J_L`; the largest is the answer.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is unknown, out of range, or of the wrong shape.

    Notes
    -----
    ``probe`` knows ``"x"``, ``"a1"`` and so on, ``"output"`` and ``"error"``.
    """

    @checked(
        EitherParam(
            "rule",
            ChoiceParam("rule", HIDDEN_RULES),
            InstanceParam("rule", HiddenRule),
            optional=True,
        ),
        PositiveParam("max_rate"),
        SynapseParam("synapse"),
        *_CLASSIFIER,
    )
    def __init__(
        self,
        shape=(784, 256, 256, 10),
        rule="backprop",
        neuron_type="relu",
        schedule=None,
        optimizer=None,
        parameters=None,
        max_rate=200.0,
        synapse=0.01,
        label=None,
        seed=None,
        add_to_container=None,
    ):
        self._rule = HIDDEN_RULES[rule] if isinstance(rule, str) else rule
        self._synapse = synapse
        super().__init__(
            shape,
            neuron_type,
            Schedule(steps=1) if schedule is None else schedule,
            optimizer,
            parameters,
            max_rate,
            label,
            seed,
            add_to_container,
        )

    def _build(self, x):
        spiking = self._neuron_type.spiking  # rates need no filter
        layers = [x]
        for level in range(1, self.n_layers + 1):
            layers.append(self._population(level))
            if level < self.n_layers:
                self._visible[f"a{level}"] = layers[-1]
        self.output = layers[-1]
        error = self._build_error(_softmax_error)
        above, after = None, None
        # from the top down: a rule may ask for the connection that leads on
        for level in range(self.n_layers, 0, -1):
            synapse = self._synapse if spiking and level > 1 else None
            rule = self._rule_of(level, above, after, synapse)
            layer = self._connect(level, layers[level - 1], layers[level], rule, synapse)
            if rule is not None:
                hears_output = above is None or self._rule.direct
                told = error if hears_output else LayerError(above)
                nengo.Connection(told, layer.learning_rule, synapse=None)
            above, after = layer, layers[level]

    def _rule_of(self, level, above, after, synapse):
        if self._rule is None:
            return None
        kwargs = {**self._rule_arguments(), "pre_synapse": synapse}
        if level == self.n_layers:
            return BackProp(**kwargs)
        if self._rule.make is None:
            return None
        return self._rule.make(above, after, self.output, **kwargs)


class PredictiveCodingClassifier(_Classifier):
    r"""A classifier that learns by predictive coding.

    Each layer predicts the one after it, from the input to the label. Both are clamped
    while it learns; states :math:`z_l` between them start where the predictions are and
    then settle on a compromise, from whose errors every layer learns:

    .. math::
        \mu_l &= W_l \phi(z_{l-1}) + b_l, \qquad \phi(z_0) = x \\
        e_l &= z_l - \mu_l, \qquad e_L = y - \mathrm{softmax}(\mu_L) \\
        z_l &\leftarrow z_l + \beta \bigl(\phi'(z_l) \odot W_{l+1}^T e_{l+1} - e_l\bigr) \\
        \Delta W_l &= e_l \phi(z_{l-1})^T, \qquad \Delta b_l = e_l

    In the first timestep of a presentation all errors but the last are 0, and
    :math:`\mu_L` is the feedforward prediction: one timestep is a presentation at test.

    Parameters
    ----------
    shape : sequence of int, optional
        Number of inputs, of units in each hidden layer, and of classes.
    neuron_type : str or nengo.neurons.NeuronType, optional
        :math:`\phi`: "relu", "tanh", "sigmoid" or another rate neuron of unit gain.
    beta : float, optional
        Step size of the settling.
    schedule : Schedule, optional
        Length of a presentation and samples per update. Default: 5 timesteps. An error
        takes one to go a layer down.
    optimizer : Optimizer or None, optional
        Default: ``Adam(1e-3)``.
    learns : bool, optional
        False: there are no rules, only the prediction.
    parameters : mapping of str to array, optional
        Values at the start; the rest is initialised.
    label, seed, add_to_container
        As for `nengo.Network`.

    Attributes
    ----------
    input, target, learn, output
        As for `FeedforwardClassifier`.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is unknown, out of range, or of the wrong shape.

    Notes
    -----
    ``probe`` knows ``"x"``, ``"z1"``, ``"mu1"``, ``"e1"`` and so on, ``"output"``
    (:math:`\mu_L`) and ``"error"`` (:math:`e_L`).

    References
    ----------
    Whittington & Bogacz 2017, "An approximation of the error backpropagation algorithm
    in a predictive coding network with local Hebbian synaptic plasticity", Neural
    Computation 29. The start at the predictions and the softmax: Millidge, Tschantz &
    Buckley 2022, "Predictive coding approximates backprop along arbitrary computation
    graphs", Neural Computation 34.
    """

    @checked(LatentState.beta, FlagParam("learns"), *_CLASSIFIER)
    def __init__(
        self,
        shape=(784, 256, 256, 10),
        neuron_type="relu",
        beta=0.05,
        schedule=None,
        optimizer=None,
        learns=True,
        parameters=None,
        label=None,
        seed=None,
        add_to_container=None,
    ):
        self._beta, self._learns = beta, learns
        super().__init__(
            shape,
            neuron_type,
            Schedule(steps=5) if schedule is None else schedule,
            optimizer,
            parameters,
            200.0,
            label,
            seed,
            add_to_container,
        )

    def _build(self, x):
        if self._fires or self._neuron_type.spiking:
            raise ValidationError(
                f"predictive coding takes rate neurons of unit gain, got {self._neuron_type}",
                attr="neuron_type",
                obj=self,
            )
        phi, states, errors = x, [], []
        for level in range(1, self.n_layers + 1):
            n, bias = self._shape[level], self._initial.get(f"b{level}")
            mu = neurons(n, Identity(), f"mu{level}", bias=bias)
            self._visible[f"mu{level}"] = mu
            rule = ErrorDriven(biases=True, **self._rule_arguments())
            self._connect(level, phi, mu, rule if self._learns else None)
            if level == self.n_layers:
                break
            z, phi = self._build_states(level, mu)
            states.append(z)
            errors.append(self._build_difference(level, z, mu))
        self.output = mu
        errors.append(self._build_error(_target_error))
        for level, error in enumerate(errors, start=1):
            if self._learns:
                rule = self.connections[f"W{level}"].learning_rule
                nengo.Connection(error, rule, synapse=None)
        for level, z in enumerate(states, start=1):
            self._connect_feedback(level, z, errors[level - 1], errors[level])

    def _build_states(self, level, mu):
        n = self._shape[level]
        latent = LatentState(self._beta, 0, schedule=self._schedule, start=mu)
        z = neurons(n, latent, f"z{level}")
        phi = neurons(n, self._neuron_type, f"phi{level}")
        nengo.Connection(z, phi, synapse=None)
        self._visible[f"z{level}"] = z
        return z, phi

    def _build_difference(self, level, z, mu):
        e = neurons(self._shape[level], Identity(), f"e{level}")
        nengo.Connection(z, e, synapse=None)
        nengo.Connection(mu, e, transform=-1, synapse=None)
        self._visible[f"e{level}"] = e
        return e

    def _connect_feedback(self, level, z, here, after):
        slope = derivative(self._neuron_type)
        gate = PureNode(
            lambda xp, x, z: slope(xp, z) * x,
            self._shape[level],
            others=[z],
            label=f"gate{level}",
        )
        nengo.Connection(
            after,
            gate,
            transform=Transposed(self.connections[f"W{level + 1}"]),
            synapse=None,
        )
        # synapse=0 is the one delay in the loop, from errors into states
        nengo.Connection(gate, z, synapse=0)
        nengo.Connection(here, z, transform=-1, synapse=0)


def _softmax_error(xp, x, target):
    return softmax(x, xp) if target is None else softmax(x, xp) - target


def _target_error(xp, x, target):
    return -_softmax_error(xp, x, target)
