"""What leads from one object of a Nengo network to another: weights and a synapse."""

from dataclasses import dataclass
from typing import Any

import nengo
import numpy as np
from nengo.ensemble import Neurons
from nengo.transforms import ChannelShape
from numpy.typing import NDArray

from ..neurons import Identity
from ..objects import Delay, ZeroPadding
from .neurons import unlike


@dataclass(frozen=True)
class Kernel:
    """The weights of a convolution.

    Parameters
    ----------
    transform : nengo.Convolution
    array : (height, width, channels / groups, filters) array
        The kernel as it is now.
    pads : (int, int), optional
        Zeros before and after both axes of the image that are added before it is convolved.
    """

    transform: nengo.Convolution
    array: NDArray
    pads: tuple[int, int] = (0, 0)

    @property
    def input_shape(self) -> ChannelShape:
        """The shape of the image without added zeros."""
        shape = self.transform.input_shape
        space = [int(n - 2 * pad) for n, pad in zip(shape.spatial_shape, self.pads)]
        return shape.from_space_and_channels(
            space, shape.n_channels, channels_last=shape.channels_last
        )


@dataclass(eq=False)
class Link:
    """A connection, a probe, or the encoders of an ensemble, before its weights are read.

    Parameters
    ----------
    pre, post : object
        Nodes, Neurons, Ensembles (which stand for what is decoded into them) and Probes.
    source : nengo.Connection, nengo.Probe or nengo.Ensemble
    """

    pre: Any
    post: Any
    source: Any


@dataclass(eq=False)
class Wire(Link):
    """A link with its weights.

    Parameters
    ----------
    weights : None, array, Kernel or ZeroPadding
        An array is a number, one number for each value, or a (post, pre) matrix. None passes
        values on as they are.
    synapse : nengo.synapses.Synapse or None
    """

    weights: Any
    synapse: Any

    @property
    def is_elementwise(self) -> bool:
        """Whether values are passed on one by one."""
        is_array = self.weights is None or isinstance(self.weights, np.ndarray)
        return is_array and np.ndim(self.weights) < 2


def links(network: nengo.Network, model: Any) -> list[Link]:
    """Return all that leads from one object to another, except to learning rules."""
    found: list[Link] = [Link(ens, ens.neurons, ens) for ens in network.all_ensembles]
    for connection in network.all_connections:
        pre, post = connection.pre_obj, connection.post_obj
        if isinstance(pre, nengo.Ensemble):
            pre = pre.neurons
            if connection.solver.weights and isinstance(post, nengo.Ensemble):
                post = post.neurons
        if isinstance(post, (nengo.Node, nengo.Ensemble, Neurons)):
            found.append(Link(pre, post, connection))
    built = {c.post_obj: c for c in model.params if isinstance(c, nengo.Connection)}
    for probe in network.all_probes:
        if isinstance(probe.obj, nengo.Ensemble) and probe.attr == "decoded_output":
            found.append(Link(probe.obj.neurons, probe, built[probe]))
        elif isinstance(probe.obj, nengo.Node) or (
            isinstance(probe.obj, Neurons) and probe.attr in ("output", "spikes", "rates")
        ):
            found.append(Link(probe.obj, probe, probe))
        else:
            raise unlike(
                probe, f"records {probe.attr!r} of {probe.obj}, for which NIR has no output"
            )
    return found


def wire(link: Link, sim: Any) -> Wire:
    """Return a link with its weights as they are in a simulator now.

    Raises
    ------
    nengo.exceptions.ValidationError
        If it has a part that NIR has no counterpart for.
    """
    source = link.source
    if isinstance(source, nengo.Ensemble):
        weights, synapse = live(sim, sim.model.sig[source]["encoders"]), None
    elif isinstance(source, nengo.Probe):
        columns = slice(None) if source.slice is None else source.slice
        weights = _placed(None, source.obj.size_out, columns, source.size_in, slice(None))
        synapse = source.synapse
    else:
        weights, synapse = _connection_weights(source, link, sim), source.synapse
    _check_synapse(source, synapse)
    return Wire(link.pre, link.post, source, weights, synapse)


def live(sim: Any, signal: Any) -> NDArray:
    """Return the value that a signal has in a simulator now, as an array."""
    value = sim.signals[signal] if signal in sim.signals else signal.initial_value
    return np.array(value.toarray() if hasattr(value, "toarray") else value, dtype=float)


def _connection_weights(connection, link, sim):
    transform = connection.transform
    decoded = isinstance(connection.pre_obj, nengo.Ensemble)
    if connection.function is not None and not decoded:
        raise unlike(connection, "computes a function, for which NIR has no node")
    if decoded and isinstance(connection.pre_obj.neuron_type, nengo.Direct):
        raise unlike(connection.pre_obj, "has no neurons (nengo.Direct), as all nodes of NIR")
    signal = sim.model.sig[connection]["weights"]
    weights = None if signal is None else live(sim, signal)
    gain = None
    if isinstance(connection.post_obj, Neurons):
        gain = sim.model.params[connection.post_obj.ensemble].gain
    if isinstance(transform, nengo.Convolution):
        return _kernel(connection, weights, gain)
    if isinstance(transform, ZeroPadding):
        return transform
    if type(transform) not in (nengo.transforms.NoTransform, nengo.Dense, nengo.Sparse):
        kind = type(transform).__name__
        raise unlike(connection, f"has a {kind} as its transform, for which NIR has no node")
    n_pre = link.pre.size_out
    pre_slice = slice(None) if decoded else connection.pre_slice
    n_post = link.post.size_in
    # weights that were solved for lead to neurons, past a slice of what they encode
    solved = isinstance(link.post, Neurons) and isinstance(connection.post_obj, nengo.Ensemble)
    post_slice = slice(None) if solved else connection.post_slice
    weights = _placed(weights, n_pre, pre_slice, n_post, post_slice)
    if gain is None or np.all(gain == 1):
        return weights
    return gain if weights is None else (weights.T * gain).T


def _placed(weights, n_pre, pre_slice, n_post, post_slice):
    """Weights between whole objects, given those between slices of them."""
    columns, rows = np.arange(n_pre)[pre_slice], np.arange(n_post)[post_slice]
    columns, rows = np.atleast_1d(columns), np.atleast_1d(rows)
    if len(columns) == n_pre and len(rows) == n_post:
        if np.all(columns == np.arange(n_pre)) and np.all(rows == np.arange(n_post)):
            return weights
    if np.ndim(weights) < 2:
        weights = np.eye(len(rows)) * (1.0 if weights is None else weights)
    placed = np.zeros((n_post, n_pre))
    np.add.at(placed, np.ix_(rows, columns), weights)
    return placed


def _kernel(connection, kernel, gain):
    n_pre, n_post = connection.pre_obj.size_out, connection.post_obj.size_in
    if connection.size_in != n_pre or connection.size_out != n_post:
        raise unlike(connection, "convolves a part of its objects, which NIR cannot express")
    if gain is not None:
        shape = connection.transform.output_shape
        n = shape.n_channels
        gain = gain.reshape(-1, n) if shape.channels_last else gain.reshape(n, -1).T
        if np.any(gain != gain[0]):
            raise unlike(connection.post_obj, "has gains that differ within a channel")
        kernel = kernel * gain[0]
    return Kernel(connection.transform, kernel)


def _check_synapse(source, synapse):
    if synapse is not None and type(synapse) not in (nengo.Lowpass, Delay):
        kind = type(synapse).__name__
        raise unlike(
            source, f"has the synapse {kind}; NIR has nodes for Lowpass and Delay only"
        )
    if isinstance(synapse, nengo.Lowpass) and synapse.method != "zoh":
        raise unlike(source, f"has a synapse of the method {synapse.method!r}, not 'zoh'")


def is_passive(neurons: Any) -> bool:
    """Return whether neurons pass on their input and bias as they are."""
    return isinstance(neurons, Neurons) and type(neurons.ensemble.neuron_type) is Identity
