"""Neurons that integrate their input, as the neuromorphic intermediate representation does."""

from typing import Any

import numpy as np
from nengo.exceptions import ValidationError
from numpy.typing import ArrayLike, NDArray

from ..namespace import Array
from ..validation import ChoiceParam, FrozenArrayParam
from .functions import indicator
from .pointwise import _Linear

INTEGRATIONS = "exponential", "euler"


class Integrator(_Linear):
    r"""Integrators with or without a leak, spikes, and a synaptic current.

    .. math::
        \tau_{syn} \dot I &= w_{in} J - I \\
        \tau \dot v &= v_{leak} - v + r I

    where J is the input. Without ``tau_syn`` the input takes the place of the current I, and
    without ``tau`` there is no leak: :math:`\dot v = r I`. Neurons without a threshold have
    the voltage v as their output. With a threshold the output is 1 in each timestep at whose
    end v is above it, and 0 otherwise; v is then set to ``v_reset``. There is no refractory
    period, and both I and v start from 0.

    In each timestep the current changes first, and the voltage follows the new current. Either
    change is that of the equation for a right side that is constant during the timestep
    (``"exponential"``), or the timestep times the right side at its start (``"euler"``):

    .. math::
        v \leftarrow v + k (v_{leak} + r I - v), \qquad
        k = 1 - e^{-dt / \tau} \;\text{ or }\; k = dt / \tau

    These are the neurons I, IF, LI, LIF, CubaLI and CubaLIF of the neuromorphic intermediate
    representation (NIR). A spike is 1 here as there, and not 1 / dt as in Nengo.

    Parameters
    ----------
    tau : (n,) or (1,) array, optional
        Time constants of the voltage, in seconds, above 0. None means no leak.
    r : (n,) or (1,) array, optional
        Resistances, 1 by default.
    v_leak : (n,) or (1,) array, optional
        Voltages to which neurons with a leak return, 0 by default.
    v_threshold : (n,) or (1,) array, optional
        Thresholds. None means neurons that do not spike.
    v_reset : (n,) or (1,) array, optional
        Voltages after a spike, 0 by default.
    tau_syn : (n,) or (1,) array, optional
        Time constants of the current, in seconds, above 0. None means no such current.
    w_in : (n,) or (1,) array, optional
        Factors of the input, 1 by default. They are used with ``tau_syn`` only.
    integration : {"exponential", "euler"}, optional
        How the equations are integrated.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is out of range, or when an ensemble is built whose number of neurons
        does not fit the arrays.

    References
    ----------
    Pedersen et al. 2024, "Neuromorphic intermediate representation: a unified instruction set
    for interoperable brain-inspired computing", Nature Communications 15, 8122.
    """

    tau = FrozenArrayParam("tau", ndim=1, optional=True)
    r = FrozenArrayParam("r", ndim=1)
    v_leak = FrozenArrayParam("v_leak", ndim=1)
    v_threshold = FrozenArrayParam("v_threshold", ndim=1, optional=True)
    v_reset = FrozenArrayParam("v_reset", ndim=1)
    tau_syn = FrozenArrayParam("tau_syn", ndim=1, optional=True)
    w_in = FrozenArrayParam("w_in", ndim=1)
    integration = ChoiceParam("integration", INTEGRATIONS)

    def __init__(
        self,
        tau: ArrayLike | None = None,
        r: ArrayLike = (1.0,),
        v_leak: ArrayLike = (0.0,),
        v_threshold: ArrayLike | None = None,
        v_reset: ArrayLike = (0.0,),
        tau_syn: ArrayLike | None = None,
        w_in: ArrayLike = (1.0,),
        integration: str = "exponential",
    ) -> None:
        super().__init__()
        self.tau = tau
        self.r = r
        self.v_leak = v_leak
        self.v_threshold = v_threshold
        self.v_reset = v_reset
        self.tau_syn = tau_syn
        self.w_in = w_in
        self.integration = integration
        self.spiking = self.v_threshold is not None
        for name in ("tau", "tau_syn"):
            given = getattr(self, name)
            if given is not None and np.any(given <= 0):
                raise ValidationError(f"must be above 0, got {given.min()}", name, self)

    @property
    def probeable(self) -> tuple[str, ...]:
        """What a `nengo.Probe` of the neurons may show."""
        return ("output", "voltage", *(["current"] if self.tau_syn is not None else []))

    def check(self, n_neurons: int) -> None:
        """Raise a ValidationError if an ensemble cannot have this number of neurons."""
        for name in ("tau", "r", "v_leak", "v_threshold", "v_reset", "tau_syn", "w_in"):
            given = getattr(self, name)
            if given is not None and given.size not in (1, n_neurons):
                expected = f"one number, or one for each of the {n_neurons} neurons"
                raise ValidationError(f"must be {expected}, got {given.size}", name, self)

    def rates(self, x: ArrayLike, gain: ArrayLike, bias: ArrayLike) -> NDArray:
        """Raise a ValidationError, since the output also depends on inputs before.

        Nengo asks for rates where it solves for decoders.
        """
        raise ValidationError(
            "integrators have no decoders; connect the neurons of the ensemble instead",
            "neuron_type",
        )

    def advance(
        self, xp: Any, dt: float, J: Array, voltage: Array, current: Array | None = None
    ) -> tuple[Array, Array, Array | None]:
        """Return the output, the voltage and the current after one timestep.

        Parameters
        ----------
        xp : namespace
        dt : float
            Length of the timestep, in seconds.
        J, voltage, current : (batch, n) arrays
            The input, and the states before; without ``tau_syn`` the current is None.

        Returns
        -------
        output, voltage, current : (batch, n) arrays
        """

        def constant(array):
            return xp.asarray(array, dtype=J.dtype)

        if self.tau_syn is not None:
            change = constant(self.w_in) * J - current
            J = current = current + constant(self._fraction(dt, self.tau_syn)) * change
        if self.tau is None:
            voltage = voltage + constant(dt * self.r) * J
        else:
            change = constant(self.v_leak) + constant(self.r) * J - voltage
            voltage = voltage + constant(self._fraction(dt, self.tau)) * change
        if self.v_threshold is None:
            return voltage, voltage, current
        spiked = voltage > constant(self.v_threshold)
        reset = xp.where(spiked, constant(self.v_reset), voltage)
        return indicator(xp, spiked, J), reset, current

    def _fraction(self, dt: float, tau: NDArray) -> NDArray:
        """How much of the way to its target a variable moves in one timestep."""
        return dt / tau if self.integration == "euler" else -np.expm1(-dt / tau)
