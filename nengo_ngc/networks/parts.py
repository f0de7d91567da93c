"""Parts of which networks are made: layers of neurons, their feedback, one pass down."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import nengo
import numpy as np
from nengo.ensemble import Neurons
from nengo.neurons import NeuronType
from nengo.synapses import Synapse
from nengo.transforms import Transform
from numpy.typing import ArrayLike, NDArray

from ..namespace import NUMPY
from ..neurons import GELU, HardTanh, Identity, LeakyRectifiedLinear, derivative
from ..objects import PureNode, Transposed
from ..rules.forms import form_of

# activations of unit gain, by name
ACTIVATIONS: dict[str, NeuronType] = {
    "relu": nengo.RectifiedLinear(),
    "leaky-relu": LeakyRectifiedLinear(),
    "gelu": GELU(),
    "tanh": nengo.Tanh(tau_ref=1),
    "hard-tanh": HardTanh(),
    "sigmoid": nengo.Sigmoid(tau_ref=1),
    "identity": Identity(),
}


def neurons(
    n: int,
    neuron_type: NeuronType,
    label: str,
    gain: ArrayLike | None = None,
    bias: ArrayLike | None = None,
) -> Neurons:
    """Create a layer of neurons that connections lead to directly.

    Parameters
    ----------
    n : int
        Number of neurons.
    neuron_type : nengo.neurons.NeuronType
    label : str
    gain, bias : (n,) arrays, optional
        Default: gains of 1 and biases of 0.

    Returns
    -------
    nengo.ensemble.Neurons
    """
    # decoded values would only cost memory and time
    return nengo.Ensemble(
        n,
        1,
        neuron_type=neuron_type,
        gain=np.ones(n) if gain is None else gain,
        bias=np.zeros(n) if bias is None else bias,
        encoders=np.ones((n, 1)),
        eval_points=np.zeros((1, 1)),
        label=label,
    ).neurons


def seed_of(network: nengo.Network) -> int | None:
    """Return the seed for values that are drawn while a network is made.

    It is the seed of the network. If the network has none, the seed follows from those of the
    networks around it, and it is None if they have none either.
    """
    around = list(nengo.Network.context)
    seeds = [other.seed for other in around if other.seed is not None]
    if network.seed is not None or not seeds:
        return network.seed
    place = [len(other.networks) for other in around]  # tells networks side by side apart
    return int(np.random.RandomState([*seeds, *place]).randint(2**31))


def connect_feedback(
    error: Neurons | nengo.Node,
    connection: nengo.Connection,
    states: Neurons,
    slope: Callable,
    level: int,
    label: str | None = None,
    scale: float = 1.0,
    delay: Synapse | float = 0,
) -> None:
    r"""Drive latent states by the error of the prediction that they make.

    .. math:: s\, \phi'(z) \odot W^T e

    arrives at the states z one timestep later.

    Parameters
    ----------
    error : nengo.ensemble.Neurons or nengo.Node
        The error e.
    connection : nengo.Connection
        The connection with the weights W of the prediction.
    states : nengo.ensemble.Neurons
    slope : callable
        The derivative :math:`\phi'` of the activation, ``slope(xp, z)``.
    level : int
        Number of the layer of the states.
    label : str, optional
        Name of the connection that has the weights :math:`W^T`.
    scale : float, optional
        The factor s, by which the prediction multiplies activities.
    delay : nengo.synapses.Synapse or float, optional
        What leads to the next timestep of the same presentation.
    """
    gate = PureNode(
        partial(_gated, slope, scale),
        states.size_in,
        others=[states],
        label=f"gate{level}",
    )
    nengo.Connection(error, gate, transform=Transposed(connection), synapse=None, label=label)
    # the one delay in the loop, from errors into states
    nengo.Connection(gate, states, synapse=delay)


def gated(
    error: Neurons | nengo.Node, currents: Neurons, neuron_type: NeuronType, level: int
) -> PureNode:
    r"""Multiply an error by the slope of an activation, :math:`\phi'(a) \odot e`.

    Parameters
    ----------
    error : nengo.ensemble.Neurons or nengo.Node
        The error e.
    currents : nengo.ensemble.Neurons
        The input currents a.
    neuron_type : nengo.neurons.NeuronType
        The activation :math:`\phi`.
    level : int
        Number of the layer.

    Returns
    -------
    PureNode
    """
    gate = PureNode(
        partial(_gated, derivative(neuron_type), 1.0),
        error.size_out,
        others=[currents],
        label=f"gate{level}",
    )
    nengo.Connection(error, gate, synapse=None)
    return gate


def _gated(phi_prime, scale, xp, x, z):
    slope = phi_prime(xp, z)
    return slope * x if scale == 1 else (scale * slope) * x


def product(W: NDArray, transform: Transform | None = None) -> Callable[[NDArray], NDArray]:
    """Return the function that multiplies signals, (n, size), by the weights of a connection.

    Parameters
    ----------
    W : array
        A matrix, (post, pre), or a kernel.
    transform : nengo.transforms.Transform, optional
        What the kernel belongs to.
    """
    return lambda x: form_of(transform, W.shape).forward(NUMPY, x, W)


def pass_down(
    top: NDArray,
    weights: Iterable[tuple[int, Sequence[Callable[[NDArray], NDArray]]]],
    predict: Callable[[int, NDArray], NDArray],
    activity: Callable[[NDArray], NDArray],
) -> NDArray:
    """Predict one layer after another, from the top down to the input.

    Parameters
    ----------
    top : (n, size) array
        Activities of the top layer.
    weights : iterable of (int, sequence of callables)
        For each layer from the top down, its number and the functions that multiply
        activities by the weights through which it is predicted: by the layer above, by the
        layer above that one, and so on.
    predict : callable
        ``predict(level, drive)`` returns the prediction of a layer that gets this input.
    activity : callable
        ``activity(prediction)`` returns the activities of a layer in this state.

    Returns
    -------
    (n, n_inputs) array
        The prediction of the lowest layer.
    """
    activities = [top]
    for level, products in weights:
        drives = [times(above) for above, times in zip(reversed(activities), products)]
        prediction = predict(level, sum(drives[1:], drives[0]))
        activities.append(activity(prediction))
    return prediction
