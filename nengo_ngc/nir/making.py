"""The nodes of NIR for the weights and the synapse of one wire."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..objects import Delay
from . import convolutions
from .circuit import Circuit
from .layouts import Layout
from .library import nir
from .neurons import spike_height, unlike
from .units import SYNAPSE, is_one_step, time_constant
from .wires import Kernel, Wire


@dataclass
class Making:
    """How wires of a circuit become nodes.

    Parameters
    ----------
    circuit : Circuit
    layouts : dict of {object: Layout}
    dt : float
    integration : {"exponential", "euler"}
        How those who run the graph integrate.
    """

    circuit: Circuit
    layouts: Mapping[Any, Layout]
    dt: float
    integration: str

    def weights(self, wire: Wire, bias: NDArray | None) -> list[Any]:
        """Return the nodes for the weights of a wire, and for a bias that they add.

        Raises
        ------
        nengo.exceptions.ValidationError
            If there are no such nodes.
        """
        pre, post = self.layouts[wire.pre], self.layouts[wire.post]
        factor = self._spike_height(wire.pre)
        if isinstance(wire.weights, Kernel):
            per_channel = None if bias is None else self._per_channel(wire, bias)
            return [convolutions.to_node(wire.weights, factor, per_channel, wire.source)]
        weights = _scaled(wire.weights, factor, self.circuit.sizes[wire.post], bias)
        if weights is None:
            return []
        if weights.ndim < 2:
            return [nir().Scale(post.arranged(weights))]
        if post.is_image:
            raise unlike(wire.source, "makes an image of a vector, for which NIR has no node")
        matrix = weights[:, pre.order]
        whole = nir().Linear(matrix) if bias is None else nir().Affine(matrix, np.array(bias))
        if not pre.is_image:
            return [whole]
        return [nir().Flatten({"input": np.array(pre.shape)}, start_dim=0), whole]

    def synapse(self, wire: Wire, obj: Any) -> Any:
        """Return the node for the synapse of a wire, or None if it has none.

        Parameters
        ----------
        wire : Wire
        obj : object
            The object whose values are filtered.
        """
        synapse, shape = wire.synapse, self.layouts[obj].shape
        if synapse is None:
            return None
        if isinstance(synapse, Delay) or is_one_step(synapse):
            n_steps = synapse.steps if isinstance(synapse, Delay) else 1
            return nir().Delay(np.full(shape, n_steps * self.dt))
        tau = np.full(shape, synapse.tau)
        return nir().LI(
            tau=time_constant(tau, self.dt, "exponential", self.integration),
            r=np.ones(shape),
            v_leak=np.zeros(shape),
            metadata=dict(SYNAPSE),
        )

    def _spike_height(self, obj):
        if obj in self.circuit.neurons:
            return spike_height(obj.ensemble.neuron_type, self.dt)
        return 1.0

    def _per_channel(self, wire, bias):
        layout = self.layouts[wire.post]
        channels = layout.arranged(bias).reshape(layout.shape[0], -1)
        if np.any(channels != channels[:, :1]):
            raise unlike(wire.post, "has biases that differ within a channel of an image")
        return channels[:, 0]


def _scaled(weights, factor, size, bias):
    """Weights times a factor, as a matrix if there is a bias, and None if nothing changes."""
    if weights is None and factor == 1 and bias is None:
        return None
    weights = factor * np.asarray(1.0 if weights is None else weights)
    if weights.ndim == 2:
        return weights
    weights = np.broadcast_to(weights, size)
    return weights if bias is None else np.diag(weights)
