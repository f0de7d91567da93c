"""Reads a graph of NIR as a Nengo network."""

import os
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import nengo
from nengo.exceptions import ValidationError

from ..neurons.integrators import INTEGRATIONS
from ..validation import ChoiceParam, PositiveParam, TextParam, checked, unfit
from .cycles import Edge, closing_edges
from .flat import flattened
from .library import nir, read
from .neurons import unreadable
from .parts import Part, Reading, part
from .units import noted

# what a graph has noted
_INTEGRATION = ChoiceParam("integration in graph.metadata", INTEGRATIONS)
_DT = PositiveParam("dt in graph.metadata")


@checked(
    ChoiceParam("integration", INTEGRATIONS),
    PositiveParam("dt"),
    TextParam("label"),
)
def load(
    graph: Any,
    integration: str | None = None,
    dt: float | None = None,
    label: str | None = None,
) -> nengo.Network:
    """Return a graph of NIR as a Nengo network.

    Neurons become ensembles of `.neurons.Integrator`, whose spikes are 1, and all other nodes
    become Nodes and connections. They have the names of the graph as labels. Images have their
    channels first.

    An edge that closes a cycle, seen from the inputs, has a delay of one timestep, as in other
    simulators. All other edges have none.

    Parameters
    ----------
    graph : str, path or nir.NIRGraph
        A graph, or the file that holds one.
    integration : {"exponential", "euler"}, optional
        How equations are integrated, see `.neurons.Integrator`. Other simulators mostly use
        ``"euler"``. By default what `.nir.export` has noted in the graph, or else
        ``"exponential"``.
    dt : float, optional
        Timestep of the simulation, in seconds, on which delays depend. By default what
        `.nir.export` has noted in the graph, or else 0.001.
    label : str, optional
        Label of the network.

    Returns
    -------
    nengo.Network
        Its attributes ``inputs`` and ``outputs`` are dicts of Nodes by name. ``input`` and
        ``output`` are the first ones. Connect a stimulus to an input with ``synapse=None``.

    Raises
    ------
    ImportError
        If the package nir is not installed.
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged or holds no NIR graph.
    nengo.exceptions.ValidationError
        If a node of the graph has no counterpart in Nengo. The message names it.
    """
    library = nir()
    if isinstance(graph, (str, os.PathLike)):
        graph = read(graph)
    if not isinstance(graph, library.NIRGraph):
        raise unfit("graph", "a path or a nir.NIRGraph", graph)
    known = noted(graph)
    if integration is None:
        found = known.get("integration", INTEGRATIONS[0])
        integration = _INTEGRATION.coerce(None, found)
    if dt is None:
        dt = _DT.coerce(None, known.get("dt", 0.001))
    nodes, edges = flattened(graph)
    with nengo.Network(label=label) as network:
        how = Reading(integration, dt)
        parts = {name: _named(name, node, how) for name, node in nodes.items()}
        _connect(parts, edges, closing_edges(edges, graph.inputs, nodes))
    for kind, found in (("input", graph.inputs), ("output", graph.outputs)):
        if not found:
            raise ValidationError(f"has no {kind}", attr="graph")
        ends = {name: parts[name].outlet for name in found}
        setattr(network, f"{kind}s", ends)
        setattr(network, kind, next(iter(ends.values())))
    return network


def _named(name: str, node: Any, how: Reading) -> Part:
    """Make a part, whose errors name the node."""
    try:
        return part(name, node, how)
    except ValueError as error:
        if repr(name) in str(error):
            raise
        raise unreadable(name, f"is not valid: {error}") from error


def _connect(
    parts: Mapping[str, Part], edges: Sequence[Edge], closing: Collection[Edge]
) -> None:
    for name, found in parts.items():
        before = [edge for edge in edges if edge[1] == name]
        if not found.transforms:
            inlet = found.outlet
        elif len(before) == 1 and before[0] not in closing:
            inlet, before = parts[before[0][0]].outlet, []
        else:
            inlet = nengo.Node(size_in=found.size_in, label=f"{name}_sum")
        for edge in before:
            synapse = 0 if edge in closing else None
            nengo.Connection(parts[edge[0]].outlet, inlet, synapse=synapse)
        _lead(name, inlet, found)


def _lead(name: str, inlet: Any, found: Part) -> None:
    """Connect the inlet of a part to its outlet, through Nodes between its transforms."""
    for transform in found.transforms[:-1]:
        middle = nengo.Node(size_in=transform.size_out, label=f"{name}_padded")
        nengo.Connection(inlet, middle, transform=transform, synapse=None)
        inlet = middle
    for transform in found.transforms[-1:]:
        nengo.Connection(
            inlet, found.outlet, transform=transform, synapse=found.synapse, label=name
        )
