"""Units and conventions in which Nengo and NIR differ."""

from typing import Any

import nengo
import numpy as np
from numpy.typing import NDArray

# The entry of the metadata of graphs that holds dt and integration, and the metadata of LI
# nodes that stand for a synapse of Nengo, whose output is one timestep late.
KEY = "nengo_ngc"
SYNAPSE = {KEY: "synapse"}


def time_constant(tau: NDArray, dt: float, given: str, wanted: str) -> NDArray:
    r"""Return the time constant with which another integration makes the same steps.

    A step of Euler's method with :math:`\tau_e` is the exponential step with :math:`\tau` if

    .. math:: dt / \tau_e = 1 - e^{-dt / \tau}

    Parameters
    ----------
    tau : array
        Time constants for the integration ``given``, in seconds.
    dt : float
        Length of a timestep, in seconds.
    given, wanted : {"exponential", "euler"}

    Raises
    ------
    ValueError
        If a time constant of Euler's method is not above the timestep, so that there is no
        exponential step like it.
    """
    tau = np.asarray(tau, dtype=float)
    if given == wanted:
        return tau
    if wanted == "euler":
        return dt / -np.expm1(-dt / tau)
    if np.any(tau <= dt):
        raise ValueError(f"a time constant of {tau.min()} s is not above dt, {dt} s")
    return -dt / np.log1p(-dt / tau)


def noted(graph: Any) -> dict[str, Any]:
    """Return what ``export`` has noted in the metadata of a graph, or an empty dict."""
    found = graph.metadata.get(KEY, {})
    return found if isinstance(found, dict) else {}


def is_synapse(node: Any) -> bool:
    """Return whether a node of NIR stands for a synapse of Nengo."""
    return node.metadata.get(KEY) == SYNAPSE[KEY]


def is_delay(node: Any) -> bool:
    """Return whether the output of a node does not depend on its present input in Nengo."""
    return is_synapse(node) or type(node).__name__ == "Delay"


def is_one_step(synapse: Any) -> bool:
    """Return whether a synapse of Nengo only delays by one timestep, as ``synapse=0`` does."""
    return isinstance(synapse, nengo.Lowpass) and synapse.tau == 0
