"""Latent states."""

from nengo.ensemble import Neurons

from ..schedule import Schedule
from ..validation import (
    FiniteParam,
    InstanceParam,
    PositiveParam,
)
from .pointwise import _Linear


class LatentState(_Linear):
    r"""States that settle on an explanation of the input: leaky integrators.

    .. math::
        v &\leftarrow m v + J - \gamma z - \lambda\,\mathrm{sign}(z) \\
        z &\leftarrow z + \beta v

    once a timestep, starting from rest (v = 0) at the first timestep of each presentation.
    The input J reaches them with the delay of one timestep (``synapse=0``), so what
    is left of the previous presentation is ignored at the first one.

    Parameters
    ----------
    beta : float, optional
        Step size of inference.
    leak : float, optional
        Decay :math:`\gamma`.
    prior : float, optional
        Strength :math:`\lambda` of the Laplace prior, 0 for none.
    schedule : Schedule, optional
        When presentations begin.
    start : nengo.ensemble.Neurons, optional
        Neurons, created before, whose activity is what the states start from, instead
        of from rest.
    held : nengo.ensemble.Neurons, optional
        One neuron, created before; where its activity is above 0, the states stay as they are.
    momentum : float, optional
        m, at least 0 and below 1: the part of the last timestep's movement that goes on.
        States come :math:`1 / (1 - m)` times as far in as many timesteps.

    References
    ----------
    Ororbia & Kifer 2022, Nature Communications 13, 2064, equation 1; Polyak 1964, "Some
    methods of speeding up the convergence of iteration methods", of momentum.
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
        beta=0.1,
        leak=0.001,
        prior=0.0,
        schedule=None,
        start=None,
        held=None,
        momentum=0.0,
    ):
        super().__init__()
        self.beta = beta
        self.leak = leak
        self.prior = prior
        self.schedule = Schedule() if schedule is None else schedule
        self.start = start
        self.held = held
        self.momentum = momentum

    def move(self, xp, z, v, drive, step, start=0.0, held=None):
        """The states and their velocity after one timestep."""
        force = drive - self.leak * z
        if self.prior > 0:
            force = force - self.prior * xp.sign(z)
        v = self.momentum * v + force if self.momentum > 0 else force
        moved = z + self.beta * v
        if held is not None:
            moved = xp.where(held > 0, z, moved)
        first = self.schedule.is_first(step)
        return xp.where(first, start, moved), xp.where(first, xp.zeros_like(v), v)
