"""What each node of NIR becomes in Nengo."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import nengo
import numpy as np
from nengo.synapses import Synapse

from ..networks.parts import neurons
from ..objects import Delay
from . import convolutions
from .neurons import NODES, from_node, unreadable
from .units import is_synapse, time_constant


@dataclass(frozen=True)
class Part:
    """A node of NIR in Nengo: neurons, a Node that passes values on, or a way to a Node.

    Parameters
    ----------
    outlet : nengo.Node or nengo.ensemble.Neurons
        What leads on from here.
    size_in : int
        Number of values that lead here.
    transforms : tuple of nengo.transforms.Transform, optional
        The way to the outlet. Without a way, what leads here leads to the outlet.
    synapse : nengo.synapses.Synapse, optional
        The synapse of the way.
    """

    outlet: Any
    size_in: int
    transforms: tuple[Any, ...] = ()
    synapse: Synapse | None = None


@dataclass(frozen=True)
class Reading:
    """How a graph is read.

    Parameters
    ----------
    integration : {"exponential", "euler"}
    dt : float
    """

    integration: str
    dt: float


def part(name: str, node: Any, how: Reading) -> Part:
    """Make the Nengo objects for a node of NIR, except what connects it to others.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the node has no counterpart in Nengo.
    """
    kind = type(node).__name__
    if kind in NODES and not _is_lowpass(node):
        neuron_type = from_node(node, how.integration)
        made = neurons(_size(name, node.input_type), neuron_type, name)
        return Part(made, made.size_in)
    if kind not in _PARTS:
        known = ", ".join(sorted({*NODES, *_PARTS}))
        raise unreadable(
            name, f"is a {kind}, which has no counterpart in Nengo; known {known}"
        )
    return _PARTS[kind](name, node, how)


def _size(name, types):
    (shape,) = types.values()
    if shape is None:
        raise unreadable(name, "has no shape; build the graph with type_check=True")
    return int(np.prod(shape))


def _passed_on(name, node, how):
    size = _size(name, node.input_type)
    return Part(nengo.Node(size_in=size, label=name), size)


def _matrix(name, node, how):
    weight = np.asarray(node.weight, dtype=float)
    if weight.ndim != 2:
        raise unreadable(name, f"has weights of shape {weight.shape}, expected a matrix")
    return _way(name, nengo.Dense(weight.shape, init=weight), getattr(node, "bias", None))


def _scale(name, node, how):
    scale = np.asarray(node.scale, dtype=float).reshape(-1)
    return _way(name, nengo.Dense((scale.size, scale.size), init=scale))


def _convolution(name, node, how):
    transforms, bias = convolutions.from_node(name, node)
    return replace(_way(name, transforms[-1], bias), transforms=transforms)


def _way(name, transform, bias=None):
    outlet = nengo.Node(size_in=transform.size_out, label=name)
    if bias is not None and np.any(bias):
        constant = nengo.Node(np.asarray(bias, dtype=float), label=f"{name}_bias")
        nengo.Connection(constant, outlet, synapse=None)
    return Part(outlet, transform.size_in, (transform,))


def _delay(name, node, how):
    steps = np.asarray(node.delay, dtype=float).reshape(-1) / how.dt
    whole = round(float(steps[0]))
    if not np.allclose(steps, whole, rtol=0, atol=1e-6):
        raise unreadable(name, f"must have one delay of whole timesteps of {how.dt} s")
    found = _passed_on(name, node, how)
    synapse = Delay(whole) if whole else None
    return replace(
        found, transforms=(nengo.transforms.NoTransform(found.size_in),), synapse=synapse
    )


def _is_lowpass(node):
    """Whether a leaky integrator can be, and was, a synapse of Nengo."""
    if not is_synapse(node):
        return False
    alike = np.all(node.tau == np.ravel(node.tau)[0])
    return alike and np.all(node.r == 1) and not np.any(node.v_leak)


def _lowpass(name, node, how):
    tau = time_constant(np.ravel(node.tau)[0], how.dt, how.integration, "exponential")
    found = _passed_on(name, node, how)
    transform = nengo.transforms.NoTransform(found.size_in)
    return replace(found, transforms=(transform,), synapse=nengo.Lowpass(float(tau)))


_PARTS: dict[str, Callable[[str, Any, Reading], Part]] = {
    "Affine": _matrix,
    "AvgPool2d": _convolution,
    "Conv2d": _convolution,
    "Delay": _delay,
    "Flatten": _passed_on,
    "Identity": _passed_on,
    "Input": _passed_on,
    "LI": _lowpass,
    "Linear": _matrix,
    "Output": _passed_on,
    "Scale": _scale,
    "SumPool2d": _convolution,
}
