r"""Willshaw's associative memory: pairs of sparse patterns in synapses of one bit."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import nengo
import numpy as np
from nengo.builder import Model, Signal
from numpy.typing import NDArray

from ..neurons import Identity, k_winners
from ..neurons.functions import indicator
from ..objects import PureNode
from ..rules import ClippedHebbian
from ..rules.memory import active, check_binary
from ..schedule import Schedule
from ..validation import ArraysParam, FlagParam, WholeParam, checked, unfit
from .base import LEARNING, LearningNetwork
from .parameters import check_parameters
from .parts import neurons


class AssociativeMemory(LearningNetwork):
    r"""Willshaw's memory, which recalls the pattern that was stored with a cue.

    Pairs of binary patterns with few active units, a cue x and a target y, are stored by
    `.ClippedHebbian`. When a cue or part of it is presented later, each unit i of the output
    receives the dendritic sum

    .. math:: a_i = \sum_j W_{ij} x_j

    and is active if it is connected to all active units of the cue,

    .. math:: a_i \ge \sum_j x_j,

    or, with ``n_winners``, if :math:`a_i` is one of that many largest sums. A unit whose sum
    is 0 is silent in either case. Values above 0.5 count as active in both patterns.

    If the cue is a part of a stored one, the first condition activates all units of the
    target, and possibly some others. Cues that contain wrong units need the second condition.

    With patterns of k active units among n, M stored pairs switch on a part

    .. math:: p_1 = 1 - \Bigl(1 - \frac{k^2}{n^2}\Bigr)^M

    of the synapses, and about :math:`(n - k)\, p_1^k` units are active by mistake, as if
    synapses were independent. At :math:`p_1 = 1/2` and :math:`k = \log_2 n` a synapse holds up
    to :math:`\ln 2 = 0.69` bit, in the limit of large n.

    Parameters
    ----------
    n_in : int, optional
        Number of units of the cue.
    n_out : int or None, optional
        Number of units of the target. With None the target is the cue itself
        (auto-association).
    n_winners : int or None, optional
        Number of active units in the output. There are fewer if fewer units have a sum above
        0, and of units with equal sums those that come first are active. With None all units
        whose sum reaches the threshold are active.
    iterated : bool, optional
        Whether the output is the cue of the next timestep of the same presentation, which
        requires auto-association. While the memory learns, the cue does not change.
    schedule : Schedule, optional
        Length of a presentation and samples per update. Default: one timestep, or ten if
        recall is iterated.
    parameters : mapping of str to array, optional
        The initial matrix ``"W"``, (post, pre), whose entries are 0 or 1. By default nothing
        is stored.
    label, seed, add_to_container
        As for `nengo.Network`.

    Attributes
    ----------
    input : nengo.Node
        The cue.
    target : nengo.Node
        The pattern to store with the cue. In auto-association this is ``input`` itself.
    learn : nengo.Node
        The learning switch: 1, the default, to learn and 0 not to learn.
    output : nengo.Node
        The recalled pattern, whose entries are 0 or 1.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is out of range or of the wrong shape.

    Notes
    -----
    ``probe`` knows ``"cue"`` (that of this timestep), ``"sums"`` (the dendritic sums) and
    ``"output"``. The sums are ``ensembles["sums"]``, and the other two are
    ``nodes["cue"]`` and ``nodes["output"]``. ``nodes`` also knows ``"input"``, ``"target"``
    and ``"learn"``.

    References
    ----------
    Willshaw, Buneman & Longuet-Higgins 1969, "Non-holographic associative memory",
    Nature 222, 960-962; Palm 1980, "On associative memory", Biological Cybernetics 36,
    19-31, of the information; Schwenker, Sommer & Palm 1996, "Iterative retrieval of
    sparsely coded associative memory patterns", Neural Networks 9(3), 445-455.
    """

    @checked(
        WholeParam("n_in"),
        WholeParam("n_out"),
        WholeParam("n_winners"),
        FlagParam("iterated"),
        *LEARNING,
    )
    def __init__(
        self,
        n_in: int = 1024,
        n_out: int | None = None,
        n_winners: int | None = None,
        iterated: bool = False,
        schedule: Schedule | None = None,
        parameters: Mapping[str, NDArray] | None = None,
        label: str | None = None,
        seed: int | None = None,
        add_to_container: bool | None = None,
    ) -> None:
        if schedule is None:
            schedule = Schedule(steps=10 if iterated else 1)
        super().__init__(schedule, label, seed, add_to_container)
        self._n_in = n_in
        self._auto = n_out is None
        self._n_out = n_in if n_out is None else n_out
        if n_winners is not None and n_winners > self._n_out:
            raise unfit("n_winners", f"at most {self._n_out}, n_out", n_winners, self)
        self._n_winners = n_winners
        self._iterated = iterated
        self._check_iterated()
        self._shapes = {"W": (self._n_out, self._n_in)}
        self._initial = self._check_parameters(parameters or {})
        with self:
            self._build()
        self._visible["output"] = self.output

    @checked(ArraysParam("parameters"))
    def set_parameters(self, sim: Any, parameters: Mapping[str, NDArray]) -> None:
        """Write ``"W"`` into a simulator; see `.LearningNetwork.set_parameters`.

        Raises
        ------
        nengo.exceptions.ValidationError
            Also if there are weights other than 0 and 1.
        """
        super().set_parameters(sim, self._check_parameters(parameters))

    def _check_iterated(self):
        if self._iterated and not self._auto:
            expected = f"False for pairs (n_out is {self._n_out}, not None)"
            raise unfit("iterated", expected, True, self)
        if self._iterated and self._schedule.steps < 2:
            expected = "of at least 2 steps where recall is iterated"
            raise unfit("schedule", expected, self._schedule, self)

    def _check_parameters(self, parameters):
        checked = check_parameters(parameters, self._shapes)
        for array in checked.values():
            check_binary("parameters", array, self)
        return checked

    # --- what the network is made of

    def _build(self):
        self.input = nengo.Node(size_in=self._n_in, label="input")
        self.target = self.input
        if not self._auto:
            self.target = nengo.Node(size_in=self._n_out, label="target")
        self.learn = nengo.Node([1.0], label="learn")
        choose = partial(_cue, self._iterated)
        given = [self.input, self.learn]
        cue = PureNode(choose, self._n_in, given, self._schedule, label="cue")
        sums = self._connect(cue)
        k = self._n_winners
        recall = _reach_threshold if k is None else partial(_win, k)
        self.output = PureNode(recall, self._n_out, [cue], label="output")
        nengo.Connection(sums, self.output, synapse=None)
        if self._iterated:
            nengo.Connection(self.output, cue, synapse=self._delay)
        self._visible.update(cue=cue, sums=sums)

    def _connect(self, cue):
        """Store targets in W; returns the dendritic sums of a cue."""
        # rules learn between neurons
        x = neurons(self._n_in, Identity(), "x")
        nengo.Connection(cue, x, synapse=None)
        sums = neurons(self._n_out, Identity(), "sums")
        connection = nengo.Connection(
            x,
            sums,
            transform=self._initial.get("W", np.zeros(self._shapes["W"])),
            learning_rule_type=ClippedHebbian(self._schedule, self.learn),
            synapse=None,
            label="W",
        )
        nengo.Connection(self.target, connection.learning_rule, synapse=None)
        return sums

    def _parameter_signals(self, model: Model) -> dict[str, Signal]:
        return {"W": model.sig[self.connections["W"]]["weights"]}


def _cue(iterated, xp, first, recalled, given, learn):
    # an input that nothing is connected to is silent
    cue = xp.zeros_like(recalled) if given is None else active(xp, given)
    if not iterated:
        return cue
    # as rules take the switch: one for all samples
    return xp.where(first | (xp.max(learn) > 0), cue, recalled)


def _reach_threshold(xp, sums, cue):
    reached = sums >= xp.sum(cue, axis=1, keepdims=True)
    return indicator(xp, reached & (sums > 0), sums)


def _win(n_winners, xp, sums, cue):
    return indicator(xp, sums > 0, sums) * k_winners(xp, sums, n_winners)
