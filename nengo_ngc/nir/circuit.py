"""The part of a Nengo network that leads to its probes: inputs, neurons, and wires."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import nengo
import numpy as np
from nengo.ensemble import Neurons
from nengo.exceptions import ValidationError
from numpy.typing import NDArray

from ..objects import PureNode, ZeroPadding
from .neurons import unlike
from .wires import Kernel, Link, Wire, is_passive, links, live, wire


@dataclass
class Circuit:
    """What of a network becomes a graph.

    Parameters
    ----------
    inputs : list of nengo.Node
        Nodes whose output depends on time alone, and those to which nothing is connected.
    neurons : list of nengo.ensemble.Neurons
        Neurons that become nodes of the graph.
    probes : list of nengo.Probe
    wires : list of Wire
    bias : dict of {object: array}
        What is added to the input of an object in each timestep, if it is not 0.
    """

    inputs: list[nengo.Node]
    neurons: list[Neurons]
    probes: list[nengo.Probe]
    wires: list[Wire]
    bias: dict[Any, NDArray]

    @property
    def sizes(self) -> dict[Any, int]:
        """Number of values of each object."""
        sizes = {probe: probe.size_in for probe in self.probes}
        for w in self.wires:
            sizes.setdefault(w.pre, w.pre.size_in or w.pre.size_out)
            sizes.setdefault(w.post, w.post.size_in)
        return {**sizes, **{obj: obj.size_out for obj in (*self.inputs, *self.neurons)}}


def circuit(network: nengo.Network, sim: Any) -> Circuit:
    """Return what of a network becomes a graph.

    Raises
    ------
    nengo.exceptions.ValidationError
        If nothing is probed, or an object has no counterpart in NIR.
    """
    needed = _needed(links(network, sim.model))
    probes = [link.post for link in needed if isinstance(link.post, nengo.Probe)]
    if not probes:
        raise ValidationError(
            "has no probe of an object's output, which would become the output of the graph",
            attr="network",
        )
    fed = {link.post for link in needed}
    objects = [*dict.fromkeys(obj for link in needed for obj in (link.pre, link.post))]
    nodes = [obj for obj in objects if isinstance(obj, nengo.Node)]
    inputs = [node for node in nodes if _is_input(node, fed)]
    constants = [node for node in nodes if isinstance(node.output, np.ndarray)]
    wires = _with_padded_kernels([wire(link, sim) for link in needed])
    bias = _biases(objects, wires, constants, sim)
    return Circuit(
        inputs,
        [obj for obj in objects if isinstance(obj, Neurons) and not is_passive(obj)],
        [*dict.fromkeys(probes)],
        [w for w in wires if w.pre not in constants],
        bias,
    )


def _needed(found: list[Link]) -> list[Link]:
    """Links that lead to a probe, without those of encoders that encode nothing."""
    encoded = {link.post for link in found if isinstance(link.post, nengo.Ensemble)}
    found = [ln for ln in found if not isinstance(ln.pre, nengo.Ensemble) or ln.pre in encoded]
    return reaching({ln.post for ln in found if isinstance(ln.post, nengo.Probe)}, found)


def reaching(ends: set[Any], found: Iterable[Link]) -> list[Link]:
    """Return the links from which one of some objects can be reached."""
    reached, n_reached = set(ends), -1
    while len(reached) > n_reached:
        n_reached = len(reached)
        reached |= {link.pre for link in found if link.post in reached}
    return [link for link in found if link.post in reached]


def leads_back(link: Link, found: Iterable[Link]) -> bool:
    """Return whether a link closes a cycle with others."""
    leading = reaching({link.pre}, found)
    return link.pre == link.post or any(ln.pre == link.post for ln in leading)


def _is_input(node, fed):
    if isinstance(node, PureNode) or (node.output is not None and node.size_in):
        raise unlike(node, "computes a function of its input, for which NIR has no node")
    if isinstance(node.output, np.ndarray):
        return False
    return node.output is not None or node not in fed


def _with_padded_kernels(wires: list[Wire]) -> list[Wire]:
    """Wires in which zeros around images are a part of the convolution that follows."""
    padding = {w.post: w for w in wires if isinstance(w.weights, ZeroPadding)}
    kept = []
    for w in wires:
        before = padding.get(w.pre)
        if before is not None:
            if not isinstance(w.weights, Kernel):
                raise unlike(before.source, "adds zeros to what is not convolved")
            kernel = replace(w.weights, pads=before.weights.pads)
            w = replace(w, pre=before.pre, weights=kernel)
        if not isinstance(w.weights, ZeroPadding):
            kept.append(w)
    return kept


def _biases(objects, wires, constants, sim):
    bias = {}
    for obj in objects:
        if isinstance(obj, Neurons):
            if obj.ensemble.noise is not None:
                raise unlike(obj.ensemble, "has noise, for which NIR has no node")
            bias[obj] = live(sim, sim.model.sig[obj]["bias"])
    for w in wires:
        if w.pre in constants:
            bias[w.post] = bias.get(w.post, 0.0) + _constant(w)
    return {obj: array for obj, array in bias.items() if np.any(array)}


def _constant(w):
    """What a Node with a constant output adds to the input of another object."""
    if w.synapse is not None:
        raise unlike(
            w.source,
            "filters a constant, for which NIR has no node; pass synapse=None, or make the "
            "output of the Node a function of time, which becomes an input of the graph",
        )
    value = w.pre.output
    if w.weights is None:
        return value
    if not isinstance(w.weights, np.ndarray):
        raise unlike(w.source, "convolves a constant")
    return w.weights @ value if w.weights.ndim == 2 else w.weights * value
