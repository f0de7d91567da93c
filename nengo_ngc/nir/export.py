"""Writes a Nengo network as a graph of NIR."""

from collections.abc import Sequence
from typing import Any

import nengo
import numpy as np

from ..networks.base import SimulatorParam
from ..neurons.integrators import INTEGRATIONS
from ..validation import ChoiceParam, InstanceParam, SequenceParam, checked, unfit
from .circuit import Circuit, circuit, leads_back
from .cycles import Edge, closing_edges, in_order
from .layouts import layouts
from .library import nir
from .making import Making
from .names import Names, label, label_of_wire
from .neurons import DIFFERENCES, integrator, to_node, unlike
from .units import KEY, is_one_step
from .wires import Wire


@checked(
    InstanceParam("network", nengo.Network),
    ChoiceParam("integration", INTEGRATIONS),
    SequenceParam("ignore", ChoiceParam("ignore", DIFFERENCES)),
)
def export(
    network: nengo.Network,
    sim: Any,
    integration: str = "exponential",
    ignore: Sequence[str] = (),
) -> Any:
    r"""Return a network, as it is in a simulator now, as a graph of NIR.

    What is probed becomes the output of the graph, and what leads there is exported: weights,
    decoders, encoders and biases have the values that they have learned. Learning rules, and
    all else that no probe depends on, are left out. Nodes that are functions of time, or that
    nothing is connected to, become the inputs of the graph.

    A spike is 1 in NIR, and it is the amplitude divided by dt in Nengo. This factor becomes a
    part of the weights that spikes are multiplied by, so that they depend on dt.

    Parameters
    ----------
    network : nengo.Network
    sim : nengo.Simulator, nengo_ngc.jax.Simulator or nengo_ngc.dl.Simulator
        A simulator of this network, or of one that contains it.
    integration : {"exponential", "euler"}, optional
        How others integrate the equations of neurons and synapses. Nengo assumes that inputs
        are constant during a timestep, and makes exponential steps. ``"euler"`` changes time
        constants such that steps of Euler's method of the same length are equal to Nengo's:
        :math:`dt / \tau_e = 1 - e^{-dt / \tau}`. Norse and snnTorch need this.
    ignore : sequence of str, optional
        Properties of neurons that NIR cannot express, and that are left out. Without it they
        are errors: ``"tau_ref"`` (the refractory period of `nengo.LIF`), ``"min_voltage"``
        (its lowest voltage), ``"initial_voltage"`` (voltages that do not start from 0) and
        ``"reset"`` (`nengo.SpikingRectifiedLinear` subtracts 1 from the voltage for a spike,
        and takes negative currents as 0).

    Returns
    -------
    nir.NIRGraph
        Write it to a file by ``nir.write(path, graph)``. Its metadata holds dt and
        ``integration`` under ``"nengo_ngc"``.

    Raises
    ------
    ImportError
        If the package nir is not installed.
    nengo.exceptions.ValidationError
        If an object of the network has no counterpart in NIR. The message names it.
    """
    nir()  # an error, if it is missing, comes before all others
    sim = SimulatorParam("sim").coerce(network, sim)
    if sim.closed:
        raise unfit("sim", "an open simulator", sim)
    found = circuit(network, sim)
    graph, is_clear = _Export(found, sim, integration, ignore).graph()
    if not is_clear:
        graph, _ = _Export(found, sim, integration, ignore, explicit_delays=True).graph()
    return graph


class _Export:
    """The graph of a circuit while it is being made.

    With ``explicit_delays``, delays of one timestep on cycles are nodes of the graph. Without
    it they are left out, as whoever simulates a cycle has to delay something there.
    """

    def __init__(
        self,
        found: Circuit,
        sim: Any,
        integration: str,
        ignore: Sequence[str],
        explicit_delays: bool = False,
    ) -> None:
        self._circuit, self._sim = found, sim
        self._dt, self._integration, self._ignore = sim.dt, integration, ignore
        self._explicit_delays = explicit_delays
        self._layouts = layouts(found.sizes, found.wires)
        self._making = Making(found, self._layouts, sim.dt, integration)
        self._names = Names()
        self._nodes: dict[str, Any] = {}
        self._edges: dict[Edge, bool] = {}  # and whether each has a delay that is left out
        self._name_of: dict[Any, str] = {}
        self._carriers = {id(self._carrier(obj)): obj for obj in found.bias}

    def graph(self) -> tuple[Any, bool]:
        """Return the graph, and whether `.load` will find all delays that are left out."""
        library = nir()
        for node in self._circuit.inputs:
            self._add_object(node, library.Input({"input": self._shape(node)}))
        for neurons in self._circuit.neurons:
            made = integrator(neurons, self._sim, self._ignore)
            layout = self._layouts[neurons]
            node = to_node(neurons, made, self._dt, self._integration, layout)
            self._add_object(neurons, node)
        for probe in self._circuit.probes:
            self._add_object(probe, library.Output({"output": self._shape(probe)}))
        chains = {id(wire): self._add_chain(wire) for wire in self._circuit.wires}
        for wire in self._circuit.wires:
            self._connect(wire, chains)

        edges, nodes = [*self._edges], self._nodes
        inputs = [self._name_of[node] for node in self._circuit.inputs]
        closing = closing_edges(edges, inputs, nodes)
        back = closing_edges(edges, inputs, nodes, delays_open=False)
        order = in_order(nodes, [edge for edge in edges if edge not in back])
        noted = {KEY: {"dt": self._dt, "integration": self._integration}}
        is_clear = closing == {edge for edge, is_late in self._edges.items() if is_late}
        outputs = [self._name_of[probe] for probe in self._circuit.probes]
        order = [*(name for name in order if name not in outputs), *outputs]
        nodes = {name: nodes[name] for name in order}
        return library.NIRGraph(nodes, edges, metadata=noted), is_clear

    def _add_object(self, obj, node):
        self._name_of[obj] = self._add(label(obj), node)

    def _add(self, wanted, node):
        name = self._names.take(wanted)
        self._nodes[name] = node
        return name

    def _shape(self, obj):
        return np.array(self._layouts[obj].shape)

    def _add_chain(self, wire: Wire) -> list[str]:
        """Add the nodes that a wire consists of, and return their names from pre to post."""
        bias = self._circuit.bias.get(self._carriers.get(id(wire)))
        name = label_of_wire(wire)
        parts = [(name, node) for node in self._making.weights(wire, bias)]
        if len(parts) == 2:  # the first one flattens images
            passive = wire.pre not in self._name_of
            parts[0] = label(wire.pre) if passive else f"{name}_flatten", parts[0][1]
        # what adds a bias must come last, since filters delay
        filtered = wire.pre if bias is not None else wire.post
        synapse = self._making.synapse(wire, filtered)
        if synapse is not None and not self._is_delay_left_out(wire):
            part = f"{name}_synapse" if parts else name, synapse
            parts.insert(0 if bias is not None else len(parts), part)
        return [self._add(wanted, node) for wanted, node in parts]

    def _is_delay_left_out(self, wire):
        """Whether a wire has a delay of one timestep, and is on a cycle."""
        if self._explicit_delays or not is_one_step(wire.synapse):
            return False
        passive = [
            w
            for w in self._circuit.wires
            if w.weights is None
            and w.pre not in self._name_of
            and (w.synapse is None or is_one_step(w.synapse))
        ]
        # a cycle without any node would have no edges
        without_nodes = wire in passive and leads_back(wire, passive)
        return leads_back(wire, self._circuit.wires) and not without_nodes

    def _carrier(self, obj):
        """The wire whose weights get the bias of an object."""
        wires = [wire for wire in self._circuit.wires if wire.post == obj]
        if not wires:
            raise unlike(obj, "has a bias and no input; NIR adds biases to inputs only")
        return min(wires, key=lambda w: (w.is_elementwise, w.synapse is not None))

    # --- edges

    def _connect(self, wire, chains):
        chain, is_late = chains[id(wire)], self._is_delay_left_out(wire)
        path = [*chain, *([self._name_of[wire.post]] if wire.post in self._name_of else [])]
        for pair in zip(path, path[1:]):
            self._add_edge(wire, pair, False)
        if path:
            # a delay may as well be before the weights as behind them
            for end, was_late in self._ends(wire.pre, chains):
                self._add_edge(wire, (end, path[0]), was_late or is_late)

    def _ends(self, obj, chains):
        """Yield the names of the nodes whose outputs add up to the value of an object.

        Each comes with whether there is a delay that is left out on the way to the object.
        """
        if obj in self._name_of:
            yield self._name_of[obj], False
            return
        for wire in self._circuit.wires:
            if wire.post == obj:
                chain, is_late = chains[id(wire)], self._is_delay_left_out(wire)
                if chain:
                    yield chain[-1], False
                else:
                    for end, was_late in self._ends(wire.pre, chains):
                        yield end, was_late or is_late

    def _add_edge(self, wire, edge, is_late):
        if edge in self._edges:
            what = "is the second way from {} to {} without weights".format(*edge)
            raise unlike(wire.source, what)
        self._edges[edge] = is_late
