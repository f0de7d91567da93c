r"""k winners over time: of spiking neurons the first k to spike, by lateral inhibition."""

import math

import nengo
import numpy as np
from nengo.exceptions import ValidationError

from ..neurons import KWinnersTakeAll, k_winners
from ..objects import PureNode
from ..schedule import Schedule
from ..validation import FiniteParam, InstanceParam, PositiveParam, WholeParam, checked
from .base import NETWORK
from .parts import neurons

# undone by connections: with a gain of 1 Nengo divides by 0 in the neurons' maximum rates
_GAIN = 2.0


class SpikingWinners(nengo.Network):
    r"""Spiking neurons that race: the first k to spike inhibit all.

    .. math:: k = \lceil \text{sparsity} \cdot n \rceil

    Leaky integrate-and-fire neurons start from rest at the beginning of each presentation.
    At a constant current J a neuron first spikes after

    .. math:: t = \tau_{rc} \ln \frac{J}{J - 1},

    so those with the largest current are the first. Each neuron that spikes for the first
    time has won, and excites one inhibitory neuron of activity

    .. math:: \max(0, \text{winners} - (k - 1) + k\, \text{rest}),

    which is silent until k have won and then, from the next timestep to the end of the
    presentation, keeps all neurons from spiking, winners too.

    It is what brings the neurons to rest as well: it is driven in the first
    :math:`\lceil \tau_{ref} / dt \rceil` timesteps of each presentation (at least one),
    by the end of which voltages are 0 and refractory periods over. So the race begins after
    these timesteps.

    If more neurons spike in one timestep than can still win, those with the largest input
    at this timestep do, of equal inputs those of the neurons that come first. With
    inputs that do not change during a presentation the winners are thus those of
    `.KWinnersTakeAll`, as long as k neurons spike within it: a neuron whose current is
    not above 1 never does. If fewer than k spike, fewer win.

    Parameters
    ----------
    n_neurons : int
        n.
    sparsity : float, optional
        Part of the neurons that win, above 0 and at most 1.
    neuron_type : nengo.LIF, optional
        Its ``min_voltage`` must be 0, where inhibition brings voltages to. With a long
        ``tau_rc``, and larger currents, there is hardly any leak. Of `nengo.AdaptiveLIF`
        those that spiked lately are at a disadvantage. `nengo.SpikingRectifiedLinear` is
        refused: nothing but a spike lowers its voltage.
    schedule : Schedule, optional
        When presentations begin. Default: 50 timesteps each.
    scale : float, optional
        Current of a neuron per unit of input, above 0.
    inhibition : float, optional
        The least current that is taken off while all are inhibited, above 0. To bring
        neurons to rest within one timestep it must exceed their largest current by
        :math:`\tau_{rc} / dt`.
    label, seed, add_to_container
        As for `nengo.Network`.

    Attributes
    ----------
    input : nengo.Node
        What the neurons integrate, of size n, before ``scale``.
    ensemble : nengo.Ensemble
        The neurons that race. ``ensemble.neurons`` are the spikes.
    inhibitor : nengo.Ensemble
        The inhibitory neuron.
    rest : nengo.Node
        1 while neurons are brought to rest, 0 during the race.
    output : nengo.Node
        The code: 1 for neurons that have won in this presentation, from the timestep of
        their spike to its end, 0 for all others.
    n_winners : int
        k.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is out of range or not of its kind; when a simulator is made, if
        presentations are over before the race can begin.

    References
    ----------
    Maass 2000, "On the computational power of winner-take-all", Neural Computation 12(11),
    2519-2535; Thorpe, Delorme & Van Rullen 2001, "Spike-based strategies for rapid
    processing", Neural Networks 14, 715-725, of the order of first spikes as a code.
    """

    @checked(
        WholeParam("n_neurons"),
        KWinnersTakeAll.sparsity,
        InstanceParam("neuron_type", nengo.LIF),
        InstanceParam("schedule", Schedule),
        PositiveParam("scale"),
        PositiveParam("inhibition"),
        *NETWORK,
    )
    def __init__(
        self,
        n_neurons,
        sparsity=0.05,
        neuron_type=nengo.LIF(),
        schedule=None,
        scale=1.0,
        inhibition=1e4,
        label=None,
        seed=None,
        add_to_container=None,
    ):
        super().__init__(label=label, seed=seed, add_to_container=add_to_container)
        self._n = n_neurons
        self.n_winners = KWinnersTakeAll(sparsity).n_winners(n_neurons)
        self._schedule = Schedule() if schedule is None else schedule
        self._scale, self._inhibition = scale, inhibition
        self._neuron_type = neuron_type
        self._check_neurons_and_schedule()
        with self:
            self._build()

    @property
    def schedule(self):
        """When presentations begin."""
        return self._schedule

    def _check_neurons_and_schedule(self):
        if self._neuron_type.min_voltage != 0:
            raise ValidationError(
                "must have min_voltage 0, for inhibition to bring it to rest, "
                f"got {self._neuron_type!r}",
                attr="neuron_type",
                obj=self,
            )
        if self._schedule.interleave != 1:
            raise ValidationError(
                "must have interleave 1, since voltages belong to one presentation, "
                f"got {self._schedule!r}",
                attr="schedule",
                obj=self,
            )

    def _build(self):
        n, k = self._n, self.n_winners
        racing = neurons(n, self._neuron_type, "neurons", gain=np.full(n, _GAIN))
        # above 0 once k winners, or rest, excite it
        inhibitory = neurons(1, nengo.RectifiedLinear(), "inhibitor", bias=[1.0 - k])
        self.ensemble, self.inhibitor = racing.ensemble, inhibitory.ensemble
        self.input = nengo.Node(size_in=n, label="input")
        self.rest = nengo.Node(_Rest(self._schedule, self._neuron_type.tau_ref), label="rest")
        self.output = PureNode(
            self._win, n, [racing, self.input], self._schedule, label="output"
        )
        nengo.Connection(self.input, racing, transform=self._scale / _GAIN, synapse=None)
        nengo.Connection(self.output, self.output, synapse=0)
        nengo.Connection(self.output, inhibitory, transform=np.ones((1, n)), synapse=0)
        nengo.Connection(self.rest, inhibitory, transform=k, synapse=None)
        spread = np.full((n, 1), -self._inhibition / _GAIN)
        nengo.Connection(inhibitory, racing, transform=spread, synapse=None)

    def _win(self, xp, first, won, spikes, given=None):
        # an input that nothing is connected to is silent
        given = xp.zeros_like(won) if given is None else given
        spiked = xp.where(spikes > 0, given, -np.inf)
        ahead = xp.where((won > 0) & ~first, np.inf, spiked)
        return xp.where(ahead > -np.inf, k_winners(xp, ahead, self.n_winners), 0.0)


class _Rest(nengo.Process):
    """1 at the beginning of presentations until refractory periods are over, then 0.

    Parameters
    ----------
    schedule : Schedule
    tau_ref : float
        Refractory period (s).
    """

    schedule = InstanceParam("schedule", Schedule)
    tau_ref = FiniteParam("tau_ref", low=0)

    def __init__(self, schedule, tau_ref):
        super().__init__(default_size_in=0, default_size_out=1)
        self.schedule = schedule
        self.tau_ref = tau_ref

    def make_step(self, shape_in, shape_out, dt, rng, state):
        schedule = self.schedule
        # 0.003 / 0.0003 is a little above 10
        n_rest = max(1, math.ceil(round(self.tau_ref / dt, 9)))
        if schedule.steps <= n_rest:
            raise ValidationError(
                f"presentations must be longer than {n_rest} timesteps, in which neurons "
                f"are brought to rest, got {schedule.steps}",
                attr="schedule",
                obj=self,
            )

        def step_rest(t):
            resting = schedule.iteration(int(round(t / dt))) < n_rest
            return np.full(shape_out, float(resting))

        return step_rest
