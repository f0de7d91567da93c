"""Latent states of predictive coding networks."""

from typing import Any

from nengo.ensemble import Neurons

from ..namespace import Array
from ..schedule import Schedule
from ..validation import FiniteParam, InstanceParam, PositiveParam
from .pointwise import _Linear


class LatentState(_Linear):
    r"""Latent states: leaky integrators that settle on an explanation of the input.

    .. math::
        v &\leftarrow m v + J - \gamma z - \lambda\,\mathrm{sign}(z) \\
        z &\leftarrow z + \beta v

    These equations apply once in each timestep, where z are the states, v their velocity and J
    their input. At the first timestep of a presentation z and v are set to 0 instead (or z to
    ``start``). The input J usually arrives with a delay of one timestep (``synapse=0``), so
    what it brings at the first timestep belongs to the previous presentation and is ignored.

    Parameters
    ----------
    beta : float, optional
        Step size of inference, above 0.
    leak : float, optional
        Decay :math:`\gamma` of the states, at least 0.
    prior : float, optional
        Strength :math:`\lambda` of the Laplace prior. 0 means no prior.
    schedule : Schedule, optional
        Length of presentations. Default: ``Schedule()``, 50 timesteps each.
    start : nengo.ensemble.Neurons, optional
        Neurons whose activity is the initial value of the states in each presentation. They
        must have been created before. With None states start from 0.
    held : nengo.ensemble.Neurons, optional
        One neuron, created before. While its activity is above 0, the states do not change.
    momentum : float, optional
        The part m of the velocity that is kept from one timestep to the next, at least 0 and
        below 1. Under a constant force states move :math:`1 / (1 - m)` times as far in the
        same time.

    References
    ----------
    Ororbia & Kifer 2022, Nature Communications 13, 2064, equation 1. For momentum: Polyak
    1964, "Some methods of speeding up the convergence of iteration methods".
    """

    beta = PositiveParam("beta")
    leak = FiniteParam("leak", low=0)
    prior = FiniteParam("prior", low=0)
    schedule = InstanceParam("schedule", Schedule)
    start = InstanceParam("start", Neurons, optional=True)
    held = InstanceParam("held", Neurons, optional=True)
    momentum = FiniteParam("momentum", low=0, high=1, high_open=True)

    def __init__(
        self,
        beta: float = 0.1,
        leak: float = 0.001,
        prior: float = 0.0,
        schedule: Schedule | None = None,
        start: Neurons | None = None,
        held: Neurons | None = None,
        momentum: float = 0.0,
    ) -> None:
        super().__init__()
        self.beta = beta
        self.leak = leak
        self.prior = prior
        self.schedule = Schedule() if schedule is None else schedule
        self.start = start
        self.held = held
        self.momentum = momentum

    def move(
        self,
        xp: Any,
        z: Array,
        v: Array,
        drive: Array,
        step: Array,
        start: Array | float = 0.0,
        held: Array | None = None,
    ) -> tuple[Array, Array]:
        """Return the states and their velocity after one timestep.

        Parameters
        ----------
        xp : namespace
        z, v, drive : (batch, n) arrays
            The states, their velocity and their input J.
        step : array
            Number of this timestep, counted from 1.
        start : (batch, n) array or float, optional
            What the states are set to at the first timestep of a presentation.
        held : (batch, 1) array, optional
            Samples in which it is above 0 keep their states.

        Returns
        -------
        z, v : (batch, n) arrays
        """
        force = drive - self.leak * z
        if self.prior > 0:
            force = force - self.prior * xp.sign(z)
        v = self.momentum * v + force if self.momentum > 0 else force
        moved = z + self.beta * v
        if held is not None:
            moved = xp.where(held > 0, z, moved)
        first = self.schedule.is_first(step)
        return xp.where(first, start, moved), xp.where(first, xp.zeros_like(v), v)
