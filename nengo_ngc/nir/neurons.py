"""Neurons of Nengo as nodes of NIR, and the other way round."""

from collections.abc import Collection
from typing import Any

import nengo
import numpy as np
from nengo.ensemble import Neurons
from nengo.exceptions import ValidationError
from numpy.typing import NDArray

from ..neurons import Integrator
from .library import nir
from .units import time_constant

# what NIR cannot express about Nengo's neurons
DIFFERENCES = "initial_voltage", "min_voltage", "reset", "tau_ref"

# for each node of NIR, the names of an integrator's parameters there
NODES = {
    "I": {"r": "r"},
    "IF": {"r": "r", "v_threshold": "v_threshold", "v_reset": "v_reset"},
    "LI": {"tau": "tau", "r": "r", "v_leak": "v_leak"},
    "LIF": {
        "tau": "tau",
        "r": "r",
        "v_leak": "v_leak",
        "v_threshold": "v_threshold",
        "v_reset": "v_reset",
    },
    "CubaLI": {
        "tau_syn": "tau_syn",
        "tau": "tau_mem",
        "r": "r",
        "v_leak": "v_leak",
        "w_in": "w_in",
    },
    "CubaLIF": {
        "tau_syn": "tau_syn",
        "tau": "tau_mem",
        "r": "r",
        "v_leak": "v_leak",
        "v_threshold": "v_threshold",
        "v_reset": "v_reset",
        "w_in": "w_in",
    },
}
_OPTIONAL = "tau", "tau_syn", "v_threshold"


def spike_height(neuron_type: nengo.neurons.NeuronType, dt: float) -> float:
    """Return the output of Nengo's neurons in a timestep with a spike, which is 1 in NIR."""
    if isinstance(neuron_type, Integrator):
        return 1.0
    return neuron_type.amplitude / dt


def integrator(neurons: Neurons, sim: Any, ignore: Collection[str]) -> Integrator:
    """Return the integrators that do what some neurons do.

    Parameters
    ----------
    neurons : nengo.ensemble.Neurons
    sim : nengo.Simulator
    ignore : collection of str
        Those of ``DIFFERENCES`` that are left out without an error.

    Raises
    ------
    nengo.exceptions.ValidationError
        If there are none.
    """
    neuron_type = neurons.ensemble.neuron_type
    kind = type(neuron_type)
    if kind is Integrator:
        return neuron_type
    if kind not in (nengo.LIF, nengo.SpikingRectifiedLinear):
        raise unlike(
            neurons.ensemble,
            f"has neurons of type {kind.__name__}, for which NIR has no node; exported are "
            "LIF, SpikingRectifiedLinear, and nengo_ngc.neurons.Integrator and Identity",
        )
    for name, (what, remedy) in _differences(neurons, sim).items():
        if name not in ignore:
            raise unlike(
                neurons.ensemble,
                f"{what}, which NIR cannot express; {remedy}, or leave it out by "
                f"ignore=({name!r},)",
            )
    tau = [neuron_type.tau_rc] if kind is nengo.LIF else None
    return Integrator(tau=tau, v_threshold=[1.0])


def _differences(neurons, sim):
    """What is not as in NIR: by name, what it is and what avoids it."""
    neuron_type = neurons.ensemble.neuron_type
    found = {}
    voltage = sim.model.sig[neurons]["voltage"].initial_value
    if np.any(voltage != 0):
        zeros = "initial_state={'voltage': nengo.dists.Choice([0])}"
        found["initial_voltage"] = "has voltages that do not start from 0", f"pass {zeros}"
    if isinstance(neuron_type, nengo.SpikingRectifiedLinear):
        found["reset"] = (
            "has SpikingRectifiedLinear neurons, which take negative currents as 0, and from "
            "whose voltage a spike subtracts 1",
            "take nengo_ngc.neurons.Integrator, which is set to v_reset by a spike",
        )
        return found
    if neuron_type.tau_ref > 0:
        what = f"has a refractory period of tau_ref={neuron_type.tau_ref} s"
        found["tau_ref"] = what, "pass tau_ref=0"
    if neuron_type.min_voltage > -np.inf:
        what = f"has voltages of at least min_voltage={neuron_type.min_voltage}"
        found["min_voltage"] = what, "pass min_voltage=-np.inf"
    return found


def to_node(
    neurons: Neurons, made: Integrator, dt: float, integration: str, layout: Any
) -> Any:
    """Return the node of NIR for integrators.

    Parameters
    ----------
    neurons : nengo.ensemble.Neurons
        The neurons that they stand for.
    made : Integrator
    dt : float
    integration : {"exponential", "euler"}
        How those who run the graph integrate.
    layout : Layout
        Order and shape of the neurons in NIR.
    """
    given = {name for name in _OPTIONAL if getattr(made, name) is not None}
    fitting = [kind for kind, names in NODES.items() if given == names.keys() & {*_OPTIONAL}]
    if not fitting:
        raise unlike(neurons.ensemble, "has a synaptic current and no leak; NIR has no such")
    arrays = {}
    for ours, theirs in NODES[fitting[0]].items():
        array = getattr(made, ours)
        if ours in ("tau", "tau_syn"):
            array = time_constant(array, dt, made.integration, integration)
        arrays[theirs] = layout.arranged(np.broadcast_to(array, neurons.size_out))
    return getattr(nir(), fitting[0])(**arrays)


def from_node(node: Any, integration: str) -> Integrator:
    """Return the neuron type for a node of NIR that is one of ``NODES``."""
    names = NODES[type(node).__name__]
    arrays: dict[str, NDArray] = {
        ours: np.asarray(getattr(node, theirs), dtype=float).reshape(-1)
        for ours, theirs in names.items()
    }
    return Integrator(**arrays, integration=integration)


def unlike(obj: Any, what: str) -> ValidationError:
    """Return the error for an object of Nengo that has no counterpart in NIR."""
    return ValidationError(f"{obj} {what}", attr="network")


def unreadable(name: str, what: str) -> ValidationError:
    """Return the error for a node of NIR that has no counterpart in Nengo."""
    return ValidationError(f"the node {name!r} {what}", attr="graph")
