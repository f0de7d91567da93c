r"""Multilayer perceptrons whose hidden layers learn by encoder rules."""

from collections.abc import Mapping
from functools import partial

import nengo
from nengo.neurons import NeuronType
from nengo.synapses import Synapse
from numpy.typing import NDArray

from ..rules import BackProp, LayerError, Optimizer
from ..schedule import Schedule
from ..validation import (
    ChoiceParam,
    EitherParam,
    InstanceParam,
    PositiveParam,
    SynapseParam,
    checked,
)
from .classifiers import CLASSIFIER, HIDDEN_RULES, Classifier, HiddenRule, predicted


class FeedforwardClassifier(Classifier):
    r"""A multilayer perceptron whose layers learn by encoder rules.

    .. math::
        a_0 &= x, \qquad J_l = g \odot W_l a_{l-1} + b_l, \qquad a_l = \phi(J_l) \\
        e &= p(J_L) - y

    where e is the gradient of the loss by the output :math:`J_L`: the prediction p is the
    softmax of the output for the cross-entropy, its logistic function for the cross-entropy of
    each class by itself, and the output itself for the squared error. The output layer learns
    from e by the delta rule, and hidden layers learn by ``rule``.

    Parameters
    ----------
    shape : sequence of int or `.Conv`, optional
        Number of inputs, of neurons in each hidden layer, and of classes. Hidden layers can be
        convolutional if the first item is the shape of an image: ``((28, 28, 1), Conv(32, 5,
        stride=2), 128, 10)``. The neurons of a filter have the same weights and biases.
    rule : str, HiddenRule or None, optional
        Rule of the hidden layers: "backprop", "feedback-alignment", "sign-symmetry" (feedback
        weights are random but for their signs), "direct-feedback-alignment", "fixed" (only the
        output layer learns), or a `.HiddenRule`. With None nothing learns. Feedback weights of
        a convolution are a random kernel.
    neuron_type : str or nengo.neurons.NeuronType, optional
        Neurons of the hidden layers: "relu", "leaky-relu", "gelu", "tanh", "hard-tanh",
        "sigmoid", "lif-rate", "adaptive-lif-rate", "spiking-relu", "poisson-relu", "lif",
        "adaptive-lif", or a neuron type, which gets a gain of 1 and a bias of 0. Neurons with
        names of firing neurons reach ``max_rate`` at an input of 1, and their activity is 1
        then.
    schedule : Schedule, optional
        Length of a presentation and samples per update. Default: one timestep, which is
        enough for rate neurons.
    optimizer : Optimizer, optional
        Optimiser of all weights and biases. Default: ``Adam(1e-3)``.
    parameters : mapping of str to array, optional
        Initial values. Parameters that are not given are initialised.
    max_rate : float, optional
        Firing rate, in Hz, that represents an activity of 1.
    synapse : float or nengo.synapses.Synapse, optional
        Filter of spikes on their way to the next layer. The activities of rate neurons are
        not filtered.
    loss : {"cross-entropy", "binary-cross-entropy", "squared-error"}, optional
        What learning makes smaller.
    init : {"normal", "uniform"}, optional
        How weights are drawn: from a normal distribution that preserves the power of signals
        (He et al. 2015, and Glorot & Bengio 2010 for "tanh", "hard-tanh" and "sigmoid"), with
        biases of 0; or, with the biases, uniformly between :math:`\pm 1 / \sqrt{n}` for n
        units below, as Torch and Equinox do.
    label, seed, add_to_container
        As for `nengo.Network`.

    Attributes
    ----------
    input, target : nengo.Node
        The image, and the label: one value for each class, 1 for the right one and 0 for the
        others.
    learn : nengo.Node
        The learning switch.
    output : nengo.ensemble.Neurons
        The input currents :math:`J_L` of the output layer, one for each class. The largest
        one is the answer.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is unknown, out of range, or of the wrong shape.

    Notes
    -----
    ``probe`` and ``ensembles`` know ``"x"``, ``"a1"`` and so on, and ``"output"``; ``probe``
    and ``nodes`` know ``"error"``. ``nodes`` also knows ``"input"``, ``"target"`` and
    ``"learn"``, and if ``rule`` sends the error from layer to layer, what arrives at hidden
    layers, ``"e1"`` and so on. The connections are ``"W1"`` and so on.
    """

    # kinds of objects from left to right, as Nengo GUI shows them
    gui_columns = "input learn", "x a output error target", "e"

    @checked(
        EitherParam(
            "rule",
            ChoiceParam("rule", HIDDEN_RULES),
            InstanceParam("rule", HiddenRule),
            optional=True,
        ),
        PositiveParam("max_rate"),
        SynapseParam("synapse"),
        *CLASSIFIER,
    )
    def __init__(
        self,
        shape: tuple[int, ...] = (784, 256, 256, 10),
        rule: str | HiddenRule | None = "backprop",
        neuron_type: str | NeuronType = "relu",
        schedule: Schedule | None = None,
        optimizer: Optimizer | None = None,
        parameters: Mapping[str, NDArray] | None = None,
        max_rate: float = 200.0,
        synapse: float | Synapse | None = 0.01,
        loss: str = "cross-entropy",
        init: str = "normal",
        label: str | None = None,
        seed: int | None = None,
        add_to_container: bool | None = None,
    ) -> None:
        self._rule = HIDDEN_RULES[rule] if isinstance(rule, str) else rule
        self._synapse = synapse
        super().__init__(
            shape,
            neuron_type,
            Schedule(steps=1) if schedule is None else schedule,
            optimizer,
            parameters,
            loss,
            init,
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
        error = self._build_error(partial(_error, self._loss))
        above, after = None, None
        # from the top down: a rule may ask for the connection that leads on
        for level in range(self.n_layers, 0, -1):
            synapse = self._synapse if spiking and level > 1 else None
            rule = self._rule_of(level, above, after, synapse)
            layer = self._connect(level, layers[level - 1], layers[level], rule, synapse)
            if rule is not None and layer.learning_rule.size_in > 0:
                hears_output = above is None or self._rule.direct
                told = error if hears_output else LayerError(above, label=f"e{level}")
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


def _error(loss, xp, output, target):
    p = predicted(loss, xp, output)
    return p if target is None else p - target
