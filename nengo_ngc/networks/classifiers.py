r"""What classifiers have in common: their choice of neurons, and the error of the output."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import nengo
import numpy as np
from nengo.exceptions import ValidationError
from nengo.neurons import NeuronType
from numpy.typing import NDArray

from ..namespace import Array
from ..neurons import HardTanh, Identity
from ..neurons.functions import (
    cross_entropy,
    logistic,
    logistic_cross_entropy,
    softmax,
    squared_error,
)
from ..objects import PureNode
from ..rules import BackProp, DirectFeedbackAlignment, FeedbackAlignment, Optimizer
from ..rules.connections import has_kernel
from ..schedule import Schedule
from ..validation import (
    CallableParam,
    ChoiceParam,
    EitherParam,
    FlagParam,
    InstanceParam,
    checked,
)
from .base import LEARNING
from .convolutional import with_init
from .layers import LAYERS, LayeredNetwork
from .parts import ACTIVATIONS, neurons, seed_of

_INC_N = 0.01  # Nengo's default, for activities in Hz

# Neuron types of hidden layers by name. One whose activity is a firing rate is made by a
# function of the amplitude at which its maximum rate is an activity of 1.
NEURONS: dict[str, NeuronType | Callable[[float], NeuronType]] = {
    **{name: made for name, made in ACTIVATIONS.items() if name != "identity"},
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


def takes_time(neuron_type: str) -> bool:
    """Return whether neurons of one of ``NEURONS`` respond only after many timesteps."""
    made = _neuron_type(neuron_type, amplitude=1.0)
    return made.spiking or bool(made.state)


def _neuron_type(name, amplitude):
    """The neuron type of a name."""
    found = NEURONS[name]
    if isinstance(found, type):  # it would take the amplitude for its first parameter
        raise ValidationError(
            f"must be a neuron type, such as {found.__name__}(), or a function that makes one "
            f"for an amplitude, got the class {found.__name__}",
            attr=f"NEURONS[{name!r}]",
        )
    return found if isinstance(found, NeuronType) else found(amplitude)


@checked(CallableParam("make", optional=True), FlagParam("direct"))
@dataclass(frozen=True)
class HiddenRule:
    """How a hidden layer of `.FeedforwardClassifier` learns.

    Parameters
    ----------
    make : callable or None
        ``make(layer, after, output, **kwargs)`` returns the learning rule type of the
        connection into the layer. Its arguments are the connection that leads on from the
        layer, the neurons of the next layer, the neurons of the network's output, and the
        arguments that all rules of the network have in common. A rule with ``size_in=0`` gets
        no error. With None hidden layers do not learn.
    direct : bool, optional
        Whether the rule of every layer gets the error of the output, rather than the error of
        the next layer.
    """

    make: Callable[..., Any] | None
    direct: bool = False


def _backprop(layer, after, output, **kwargs):
    return BackProp(layer, **kwargs)


def _feedback_alignment(layer, after, output, **kwargs):
    return FeedbackAlignment(after, feedback=_random_kernel(layer), **kwargs)


def _sign_symmetry(layer, after, output, **kwargs):
    return FeedbackAlignment(after, feedback=_random_kernel(layer), signs=layer, **kwargs)


def _random_kernel(layer):
    """A convolution like that of a connection, or None for the default of a matrix.

    On the way back each unit hears as many others as there are entries for it.
    """
    if not has_kernel(layer):
        return None
    conv = layer.transform
    n_heard = math.prod(conv.kernel_size) * conv.n_filters / math.prod(conv.strides)
    return with_init(conv, nengo.dists.Gaussian(0, 1 / np.sqrt(n_heard)))


def _direct_feedback_alignment(layer, after, output, **kwargs):
    return DirectFeedbackAlignment(output, **kwargs)


HIDDEN_RULES = {
    "backprop": HiddenRule(_backprop),
    "feedback-alignment": HiddenRule(_feedback_alignment),
    "direct-feedback-alignment": HiddenRule(_direct_feedback_alignment, direct=True),
    "sign-symmetry": HiddenRule(_sign_symmetry),
    "fixed": HiddenRule(None),
}


@dataclass(frozen=True)
class OutputLoss:
    """A loss of the outputs a of a classifier, and the prediction p that belongs to it.

    The gradient of the loss by the outputs is the prediction minus the target.

    Parameters
    ----------
    prediction : callable
        ``prediction(xp, output)`` returns p, (n, n_classes), given the outputs a.
    of : callable
        ``of(xp, output, target)`` returns the loss of each sample, (n,).
    """

    prediction: Callable[[Any, Array], Array]
    of: Callable[[Any, Array, Array], Array]


OUTPUT_LOSSES = {
    "cross-entropy": OutputLoss(lambda xp, a: softmax(a, xp), cross_entropy),
    "binary-cross-entropy": OutputLoss(logistic, logistic_cross_entropy),
    "squared-error": OutputLoss(lambda xp, a: a, squared_error),
}


INITS = "normal", "uniform"

CLASSIFIER = (
    LAYERS,
    ChoiceParam("init", INITS),
    ChoiceParam("loss", OUTPUT_LOSSES),
    EitherParam(
        "neuron_type",
        ChoiceParam("neuron_type", NEURONS),
        InstanceParam("neuron_type", NeuronType),
    ),
    InstanceParam("optimizer", Optimizer),
    *LEARNING,
)


class Classifier(LayeredNetwork):
    """Base class of classifiers: input, target, output and the error between the last two.

    Subclasses write ``_build``, which makes ``output`` from the neurons of the input.

    Parameters
    ----------
    shape : tuple of int
        Number of inputs, of neurons in each hidden layer, and of classes.
    neuron_type : str or nengo.neurons.NeuronType
        One of ``NEURONS``, or a neuron type with a gain of 1 and a bias of 0.
    schedule : Schedule
    optimizer : Optimizer or None
        None stands for the default of the rules.
    parameters : mapping of str to array, or None
        Initial values; parameters that are not given are initialised.
    loss : str
        One of ``OUTPUT_LOSSES``.
    init : {"normal", "uniform"}
        How parameters are initialised, see ``_draw`` for the second one.
    max_rate : float
        Firing rate, in Hz, that represents an activity of 1.
    label, seed, add_to_container
        As for `nengo.Network`.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        neuron_type: str | NeuronType,
        schedule: Schedule,
        optimizer: Optimizer | None,
        parameters: Mapping[str, NDArray] | None,
        loss: str,
        init: str,
        max_rate: float,
        label: str | None,
        seed: int | None,
        add_to_container: bool | None,
    ) -> None:
        super().__init__(shape, schedule, parameters, label, seed, add_to_container)
        self._max_rate = max_rate
        self._fires, self._neuron_type = False, neuron_type
        if isinstance(neuron_type, str):
            self._fires = not isinstance(NEURONS[neuron_type], NeuronType)
            self._neuron_type = _neuron_type(neuron_type, 1 / max_rate)
        self._optimizer, self._loss = optimizer, loss
        if init == "uniform":
            self._initial = {**self._draw(), **self._initial}
        with self:
            x = self._build_input()
            self.target = nengo.Node(size_in=self._shape[-1], label="target")
            self._build(x)
        self._visible["output"] = self.output

    def _draw(self):
        r"""Initial values from the range of :math:`\pm 1 / \sqrt{n}` for n units below.

        Biases of firing neurons are not among them, since they are in units of a current.
        """
        drawn = {}
        for level in range(1, self.n_layers + 1):
            layers, rng = self._layers, self._rng_of(level)
            high = 1 / np.sqrt(layers.n_seen(level))
            uniform = partial(rng.uniform, -high, high)
            drawn[f"W{level}"] = layers.drawn(level, lambda n, draw=uniform: draw(size=n))
            if not self._fires:
                b = uniform(size=layers.n_rows(level))
                drawn[f"b{level}"] = layers.of_units(level, b)
        return drawn

    def _rng_of(self, level):
        seed = seed_of(self)
        return np.random.RandomState(None if seed is None else [seed, level])

    def _population(self, level):
        """The neurons of a layer, with their initial biases."""
        n, neuron_type = self._shape[level], self._neuron_type
        label = f"a{level}"
        if level == self.n_layers:
            neuron_type, label = Identity(), "output"
        gain, bias = np.ones(n), np.zeros(n)
        if self._fires and level < self.n_layers:
            gain, bias = neuron_type.gain_bias(np.full(n, self._max_rate), np.zeros(n))
        bias = self._initial.get(f"b{level}", bias)
        return neurons(n, neuron_type, label, gain=gain, bias=bias)

    def _power(self, level):
        """What the variance of a layer's initial weights is, times their number for a unit."""
        return 1 if isinstance(self._neuron_type, (nengo.Tanh, nengo.Sigmoid, HardTanh)) else 2

    def _connect(self, level, pre, post, rule, synapse=None):
        return nengo.Connection(
            pre,
            post,
            transform=self._weights(level, self._power(level)),
            learning_rule_type=rule,
            synapse=synapse,
            label=f"W{level}",
        )

    def _build_error(self, function, *others):
        """The Node ``"error"``, a function of the output, the target and other objects."""
        others = [self.target, *others]
        error = PureNode(function, self._shape[-1], others=others, label="error")
        nengo.Connection(self.output, error, synapse=None)
        self._visible["error"] = error
        return error


def predicted(loss: str, xp: Any, output: Array) -> Array:
    """Return the prediction p that belongs to one of ``OUTPUT_LOSSES``, (n, n_classes)."""
    return OUTPUT_LOSSES[loss].prediction(xp, output)
