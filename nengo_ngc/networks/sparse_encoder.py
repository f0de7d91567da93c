r"""Encoders whose last layer is a code of k winners."""

from collections.abc import Mapping

import nengo
import numpy as np
from nengo.builder import Model, Signal
from nengo.neurons import NeuronType
from numpy.typing import NDArray

from ..neurons import Identity, SoftKWinnersTakeAll
from ..rules import SynapticScaling
from ..schedule import Schedule
from ..validation import InstanceParam, SizesParam, checked
from .base import LEARNING
from .layers import LayeredNetwork
from .parts import neurons


class SparseEncoder(LayeredNetwork):
    r"""A multilayer perceptron whose last layer is a binary sparse code.

    .. math::
        a_0 = x, \qquad a_l = \phi(W_l a_{l-1} + b_l), \qquad
        y = \mathrm{kWTA}\bigl(g \odot (W_L a_{L-1} + b_L)\bigr)

    Weights and biases learn by gradients, on JAX or NengoDL. The gains g, if there are any,
    learn by synaptic scaling at the same time.

    Parameters
    ----------
    shape : sequence of int, optional
        Number of inputs, of neurons in each hidden layer, and of units in the code.
    winners : nengo.neurons.NeuronType, optional
        Neurons of the code. Default: ``SoftKWinnersTakeAll(0.05, hardness=5)``.
    hidden_type : nengo.neurons.NeuronType, optional
        Neurons of the hidden layers, with the activation :math:`\phi`. Default: rectified
        linear units.
    scaling : SynapticScaling, optional
        Learning rule of the gains. With None there are no gains.
    schedule : Schedule, optional
        Length of a presentation and samples per update. Default: one timestep.
    parameters : mapping of str to array, optional
        Initial values. Parameters that are not given are initialised.
    label, seed, add_to_container
        As for `nengo.Network`.

    Attributes
    ----------
    input : nengo.Node
        The image.
    learn : nengo.Node
        The learning switch of synaptic scaling: 1 to learn, 0 not to learn.
    output : nengo.ensemble.Neurons
        The code y.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is unknown, out of range, or of the wrong shape.

    Notes
    -----
    Parameters are ``W1``, ``b1`` and so on, and ``G``, the matrix with the gains on its
    diagonal. ``probe`` and ``ensembles`` know ``"x"``, ``"a1"`` and so on, and ``"output"``.
    ``nodes`` knows ``"input"`` and ``"learn"``. The connections are ``"W1"`` and so on, and
    ``"G"``.
    """

    @checked(
        SizesParam("shape", at_least=2),
        InstanceParam("winners", NeuronType),
        InstanceParam("hidden_type", NeuronType),
        InstanceParam("scaling", SynapticScaling),
        *LEARNING,
    )
    def __init__(
        self,
        shape: tuple[int, ...] = (784, 64, 512),
        winners: NeuronType | None = None,
        hidden_type: NeuronType | None = None,
        scaling: SynapticScaling | None = None,
        schedule: Schedule | None = None,
        parameters: Mapping[str, NDArray] | None = None,
        label: str | None = None,
        seed: int | None = None,
        add_to_container: bool | None = None,
    ) -> None:
        schedule = Schedule(steps=1) if schedule is None else schedule
        super().__init__(shape, schedule, parameters, label, seed, add_to_container)
        winners = SoftKWinnersTakeAll(0.05, hardness=5.0) if winners is None else winners
        hidden_type = nengo.RectifiedLinear() if hidden_type is None else hidden_type
        if scaling is not None:
            self._shapes["G"] = (self._shape[-1], self._shape[-1])
        with self:
            a = self._build_input()
            for level in range(1, self.n_layers):
                a = self._build_layer(level, a, hidden_type, f"a{level}")
                self._visible[f"a{level}"] = a
            if scaling is None:
                self.output = self._build_layer(self.n_layers, a, winners, "output")
            else:
                currents = self._build_layer(self.n_layers, a, Identity(), "currents")
                self.output = self._build_gains(currents, winners, scaling)
        self._visible["output"] = self.output

    def _build_layer(self, level, pre, neuron_type, label):
        n = self._shape[level]
        layer = neurons(n, neuron_type, label, bias=self._initial.get(f"b{level}"))
        nengo.Connection(
            pre, layer, transform=self._weights(level), synapse=None, label=f"W{level}"
        )
        return layer

    def _build_gains(self, currents, winners, scaling):
        code = neurons(self._shape[-1], winners, "output")
        self._exempt_from_offline_training(code.ensemble)
        G = self._initial.get("G", np.eye(self._shape[-1]))
        nengo.Connection(
            currents,
            code,
            transform=G,
            synapse=None,
            learning_rule_type=scaling.replace(learn=self.learn),
            label="G",
        )
        return code

    def _parameter_signals(self, model: Model) -> dict[str, Signal]:
        signals = super()._parameter_signals(model)
        if "G" in self._shapes:
            signals["G"] = model.sig[self.connections["G"]]["weights"]
        return signals
