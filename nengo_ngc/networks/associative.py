r"""Willshaw's associative memory: pairs of sparse patterns in synapses of one bit."""

import nengo
import numpy as np

from ..neurons import Identity, k_winners
from ..objects import PureNode
from ..rules import ClippedHebbian
from ..rules.memory import active, check_binary, one_where
from ..schedule import Schedule
from ..validation import ArraysParam, FlagParam, WholeParam, checked, unfit
from .base import LEARNING, LearningNetwork
from .parameters import check_parameters
from .parts import neurons


class AssociativeMemory(LearningNetwork):
    r"""Willshaw's memory: recalls the pattern that was stored with a cue, or part of it.

    Pairs of binary patterns, of which few units are active, are stored by
    `.ClippedHebbian`: the target y at the cue x. A cue then brings each unit i of the
    output the dendritic sum

    .. math:: a_i = \sum_j W_{ij} x_j

    and the unit is active where it is connected to all that is active in the cue,

    .. math:: a_i \ge \sum_j x_j,

    or, with ``n_winners``, where :math:`a_i` is among so many largest. A unit that gets
    nothing is silent in either case. In both patterns units are active above 0.5.

    While the cue is part of a stored one, the first way finds all of the target, and
    maybe units besides; cues with a unit too many need the second.

    With patterns of k units of n, M stored pairs switch on a part

    .. math:: p_1 = 1 - \Bigl(1 - \frac{k^2}{n^2}\Bigr)^M

    of the synapses, and :math:`(n - k)\, p_1^k` units are active by mistake, were synapses
    independent. At :math:`p_1 = 1/2` and :math:`k = \log_2 n` a synapse holds up to
    :math:`\ln 2 = 0.69` bit, in the limit of large n.

    Parameters
    ----------
    n_in : int, optional
        Units of the cue.
    n_out : int or None, optional
        Units of the target. None: the target is the cue (auto-association), as large.
    n_winners : int or None, optional
        Units that are active in the output, fewer if fewer get anything; the lower index
        wins where sums are equal. None: those whose sum reaches the threshold.
    iterated : bool, optional
        Whether, in auto-association, the output is the cue of the next timestep of the
        same presentation. While the memory learns, cues stay as they are.
    schedule : Schedule, optional
        Default: one timestep, which is all that recall in one step needs; ten if it is
        iterated.
    parameters : mapping of str to array, optional
        ``"W"`` at the start, (post, pre), of 0 and 1. Default: nothing is stored.
    label, seed, add_to_container
        As for `nengo.Network`.

    Attributes
    ----------
    input : nengo.Node
        The cue.
    target : nengo.Node
        What to store with it; in auto-association this is ``input`` itself.
    learn : nengo.Node
        The learning switch. It is on until its output is set to 0.
    output : nengo.Node
        What is recalled, of 0 and 1.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is out of range or of the wrong shape.

    Notes
    -----
    ``probe`` knows ``"cue"`` (of this timestep), ``"sums"`` (a) and ``"output"``.

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
        n_in=1024,
        n_out=None,
        n_winners=None,
        iterated=False,
        schedule=None,
        parameters=None,
        label=None,
        seed=None,
        add_to_container=None,
    ):
        if schedule is None:
            schedule = Schedule(steps=10 if iterated else 1)
        super().__init__(schedule, label, seed, add_to_container)
        self._n_in = n_in
        self._auto = n_out is None
        self._n_out = n_in if self._auto else n_out
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
    def set_parameters(self, sim, parameters):
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
        cue = PureNode(
            self._cue, self._n_in, [self.input, self.learn], self._schedule, label="cue"
        )
        sums = self._connect(cue)
        recall = self._reach_threshold if self._n_winners is None else self._win
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

    def _cue(self, xp, first, recalled, given, learn):
        # an input that nothing is connected to is silent
        cue = xp.zeros_like(recalled) if given is None else active(xp, given)
        if not self._iterated:
            return cue
        # as rules take the switch: one for all samples
        return xp.where(first | (xp.max(learn) > 0), cue, recalled)

    def _reach_threshold(self, xp, sums, cue):
        reached = sums >= xp.sum(cue, axis=1, keepdims=True)
        return one_where(xp, reached & (sums > 0), sums)

    def _win(self, xp, sums, cue):
        return one_where(xp, sums > 0, sums) * k_winners(xp, sums, self._n_winners)

    def _parameter_signals(self, model):
        return {"W": model.sig[self.connections["W"]]["weights"]}
