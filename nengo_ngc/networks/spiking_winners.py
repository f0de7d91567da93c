r"""k winners over time: of spiking neurons the first k to spike, by lateral inhibition."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import nengo
import numpy as np
from nengo.exceptions import ValidationError
from numpy.typing import NDArray

from ..neurons import KWinnersTakeAll, k_winners
from ..objects import PureNode
from ..schedule import Schedule
from ..validation import FiniteParam, InstanceParam, PositiveParam, WholeParam, checked
from .named_network import NETWORK, NamedNetwork
from .parts import neurons

# undone by connections: with a gain of 1 Nengo divides by 0 in the neurons' maximum rates
_GAIN = 2.0


class SpikingWinners(NamedNetwork):
    r"""Spiking neurons of which the first k to spike win, and then inhibit all neurons.

    .. math:: k = \lceil \text{sparsity} \cdot n \rceil

    At the beginning of each presentation the voltages of leaky integrate-and-fire neurons are
    reset to 0. At a constant current J a neuron then spikes for the first time after

    .. math:: t = \tau_{rc} \ln \frac{J}{J - 1},

    so the neurons with the largest currents spike first. Each neuron that spikes has won, and
    excites one inhibitory neuron whose activity is

    .. math:: \max(0, \text{winners} - (k - 1) + k\, \text{reset}).

    It is silent until k neurons have won. From the next timestep to the end of the
    presentation it keeps all neurons from spiking, including the winners.

    The same neuron resets the voltages: it is excited in the first
    :math:`\lceil \tau_{ref} / dt \rceil` timesteps of each presentation (at least one), at the
    end of which voltages are 0 and refractory periods are over. The race begins after these
    timesteps.

    If more neurons spike in one timestep than can still win, those with the largest input at
    this timestep win, and of equal inputs those of the neurons that come first. If inputs do
    not change during a presentation, and at least k neurons spike in it, the winners are
    therefore those of `.KWinnersTakeAll`. A neuron never spikes if its current is at most 1.
    If fewer than k neurons spike, fewer win.

    Parameters
    ----------
    n_neurons : int
        Number n of neurons.
    sparsity : float, optional
        The part of the neurons that win, above 0 and at most 1.
    neuron_type : nengo.LIF, optional
        Type of the neurons. Its ``min_voltage`` must be 0, to which inhibition lowers the
        voltages. With a long ``tau_rc``, and larger currents, there is hardly any leak. With
        `nengo.AdaptiveLIF`, neurons that have spiked recently are at a disadvantage.
        `nengo.SpikingRectifiedLinear` is refused, since only a spike lowers its voltage.
    schedule : Schedule, optional
        Length of presentations. Default: 50 timesteps.
    scale : float, optional
        Current of a neuron per unit of input, above 0.
    inhibition : float, optional
        The smallest current that is subtracted while all neurons are inhibited, above 0. To
        reset voltages within one timestep it must exceed the largest current of the neurons
        by :math:`\tau_{rc} / dt`.
    label, seed, add_to_container
        As for `nengo.Network`.

    Attributes
    ----------
    input : nengo.Node
        The input of the neurons, of size n, before it is multiplied by ``scale``.
    ensemble : nengo.Ensemble
        The neurons that race. The output of ``ensemble.neurons`` are their spikes.
    inhibitor : nengo.Ensemble
        The inhibitory neuron.
    rest : nengo.Node
        1 while voltages are reset, and 0 during the race.
    output : nengo.Node
        The code: 1 for neurons that have won in this presentation, from the timestep of their
        spike to the end of the presentation, and 0 for all others.
    n_winners : int
        The number k of winners.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is out of range or of the wrong type; when a simulator is made, if
        presentations end before the race can begin.

    Notes
    -----
    ``probe`` and ``ensembles`` know ``"neurons"`` and ``"inhibitor"``, and ``probe`` and
    ``nodes`` know ``"rest"`` and ``"output"``. ``nodes`` also knows ``"input"``.

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
        n_neurons: int,
        sparsity: float = 0.05,
        neuron_type: nengo.LIF = nengo.LIF(),
        schedule: Schedule | None = None,
        scale: float = 1.0,
        inhibition: float = 1e4,
        label: str | None = None,
        seed: int | None = None,
        add_to_container: bool | None = None,
    ) -> None:
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
    def schedule(self) -> Schedule:
        """Length of presentations."""
        return self._schedule

    def _check_neurons_and_schedule(self):
        if self._neuron_type.min_voltage != 0:
            raise ValidationError(
                "must have min_voltage 0, to which inhibition lowers the voltages, "
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
        # above 0 once k winners, or the reset, excite it
        inhibitory = neurons(1, nengo.RectifiedLinear(), "inhibitor", bias=[1.0 - k])
        self.ensemble, self.inhibitor = racing.ensemble, inhibitory.ensemble
        self.input = nengo.Node(size_in=n, label="input")
        self.rest = nengo.Node(_Reset(self._schedule, self._neuron_type.tau_ref), label="rest")
        win = partial(_win, k)
        self.output = PureNode(win, n, [racing, self.input], self._schedule, label="output")
        nengo.Connection(self.input, racing, transform=self._scale / _GAIN, synapse=None)
        nengo.Connection(self.output, self.output, synapse=0)
        nengo.Connection(self.output, inhibitory, transform=np.ones((1, n)), synapse=0)
        nengo.Connection(self.rest, inhibitory, transform=k, synapse=None)
        spread = np.full((n, 1), -self._inhibition / _GAIN)
        nengo.Connection(inhibitory, racing, transform=spread, synapse=None)
        self._visible = {
            "neurons": racing,
            "inhibitor": inhibitory,
            "rest": self.rest,
            "output": self.output,
        }


def _win(n_winners, xp, first, won, spikes, given=None):
    # an input that nothing is connected to is silent
    given = xp.zeros_like(won) if given is None else given
    spiked = xp.where(spikes > 0, given, -np.inf)
    ahead = xp.where((won > 0) & ~first, np.inf, spiked)
    return xp.where(ahead > -np.inf, k_winners(xp, ahead, n_winners), 0.0)


class _Reset(nengo.Process):
    """The output is 1 at the beginning of presentations, while voltages are reset, then 0.

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

    def make_step(
        self,
        shape_in: tuple[int, ...],
        shape_out: tuple[int, ...],
        dt: float,
        rng: Any,
        state: dict[str, NDArray],
    ) -> Callable[[float], NDArray]:
        schedule = self.schedule
        # 0.003 / 0.0003 is a little above 10
        n_reset = max(1, math.ceil(round(self.tau_ref / dt, 9)))
        if schedule.steps <= n_reset:
            raise ValidationError(
                f"presentations must be longer than {n_reset} timesteps, in which voltages "
                f"are reset, got {schedule.steps}",
                attr="schedule",
                obj=self,
            )

        def step_reset(t):
            resets = schedule.iteration(int(round(t / dt))) < n_reset
            return np.full(shape_out, float(resets))

        return step_reset
