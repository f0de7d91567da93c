"""Networks that are one layer after another, from the input up."""

from collections.abc import Mapping

import nengo
import numpy as np
from nengo.params import Parameter
from numpy.typing import NDArray

from ..neurons import Identity
from ..rules.forms import form_of
from ..schedule import Schedule
from .base import LearningNetwork
from .convolutional import Layers, LayersParam
from .parameters import check_parameters
from .parts import neurons

LAYERS = LayersParam("shape", at_least=2, image=True)


class LayeredNetwork(LearningNetwork):
    """A network of layers with weights ``W1``, biases ``b1``, and so on.

    Subclasses create the layers. Their connections are labelled ``W1`` and so on, and lead to
    the neurons that have the biases.

    Parameters
    ----------
    shape : tuple of int or `.Conv`
        Number of inputs, or the shape of an image, followed by the number of neurons in each
        layer. The neurons of a convolutional layer are those of all places, and its biases
        ``b1`` those of all neurons; they differ from filter to filter only.
    schedule : Schedule
        Length of a presentation and samples per update.
    parameters : mapping of str to array, or None
        Initial values. Parameters that are not given are initialised.
    label, seed, add_to_container
        As for `nengo.Network`.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        schedule: Schedule,
        parameters: Mapping[str, NDArray] | None,
        label: str | None,
        seed: int | None,
        add_to_container: bool | None,
    ) -> None:
        super().__init__(schedule, label, seed, add_to_container)
        self._layers = Layers(shape)
        self._shape = self._layers.sizes
        self._shapes = {}
        for level in range(1, self.n_layers + 1):
            self._shapes[f"W{level}"] = self._layers.weights(level)
            self._shapes[f"b{level}"] = (self._shape[level],)
        self._initial = check_parameters(parameters or {}, self._shapes)

    @property
    def n_layers(self) -> int:
        """Number of layers with weights."""
        return len(self._shape) - 1

    def _build_input(self):
        """Create the input's node, and neurons that pass it on, which rules need."""
        self.input = nengo.Node(size_in=self._shape[0], label="input")
        self.learn = nengo.Node([1.0], label="learn")
        x = neurons(self._shape[0], Identity(), "x")
        nengo.Connection(self.input, x, synapse=None)
        self._exempt_from_offline_training(x.ensemble)
        self._visible["x"] = x
        return x

    def _exempt_from_offline_training(self, ensemble):
        # read by training: biases of the input are not parameters of this network
        config = self.config[nengo.Ensemble]
        if "trainable" not in config.extra_params:
            trainable = Parameter("trainable", default=None, optional=True)
            config.set_param("trainable", trainable)
        self.config[ensemble].trainable = False

    def _weights(self, level, power=2):
        """Initial weights of a layer, as an array or as a transform.

        Unless they are given, they are drawn so that a layer preserves the power of signals.
        ``power=2`` is for layers of which half of the neurons are silent (He et al. 2015), and
        ``power=1`` for others (Glorot & Bengio 2010).
        """
        layers = self._layers
        if f"W{level}" in self._initial:
            return layers.up(level, self._initial[f"W{level}"])
        init = nengo.dists.Gaussian(0, np.sqrt(power / layers.n_seen(level)))
        if self.seed is not None:
            # whatever else is in the network, so that all rules start alike
            rng = np.random.RandomState([self.seed, level])
            init = layers.drawn(level, lambda shape: init.sample(*shape, rng=rng))
        return layers.up(level, init)

    @property
    def _forms(self):
        """What the parameters are that belong to more than one neuron each, by name."""
        transforms = {
            level: self.connections[f"W{level}"].transform
            for level in range(1, self.n_layers + 1)
            if len(self._shapes[f"W{level}"]) > 2
        }
        return {
            f"b{level}": form_of(transform, self._shapes[f"W{level}"]).of_biases()
            for level, transform in transforms.items()
        }

    def _parameter_signals(self, model):
        signals = {}
        for level in range(1, self.n_layers + 1):
            connection = self.connections[f"W{level}"]
            signals[f"W{level}"] = model.sig[connection]["weights"]
            signals[f"b{level}"] = model.sig[connection.post_obj]["bias"]
        return signals
