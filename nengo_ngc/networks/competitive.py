r"""Layers of winners that learn without gradients and without labels."""

from collections.abc import Mapping

import nengo
import numpy as np
from nengo.builder import Model, Signal
from numpy.typing import NDArray

from ..neurons import Identity, KWinnersTakeAll
from ..rules import Competitive, Homeostasis, Optimizer
from ..schedule import Schedule
from ..validation import InstanceParam, SizesParam, checked
from .base import LEARNING, LearningNetwork
from .parameters import check_parameters
from .parts import neurons, seed_of


def nearest_bias(W: NDArray) -> NDArray:
    r"""Return the biases with which the units whose weights are nearest to the input win.

    Since :math:`-\tfrac12 |x - w|^2 = w^T x - \tfrac12 |w|^2 - \tfrac12 |x|^2`, they are
    :math:`-\tfrac12 |w|^2`.

    Parameters
    ----------
    W : (n_units, n_inputs) array

    Returns
    -------
    (n_units, 1) array
    """
    return -0.5 * np.sum(W**2, axis=1, keepdims=True)


class CompetitiveLayer(LearningNetwork):
    r"""Units that compete for the input and win equally often.

    .. math::
        y = \mathrm{kWTA}(W x + b), \qquad
        \Delta W = y\, x^T - \mathrm{diag}(y)\, W, \qquad \Delta b = p - y

    With the initial biases :math:`b_i = -\tfrac12 |w_i|^2` the winners are the units whose
    weights are nearest to x. `.Homeostasis` then moves the biases until each unit wins a part
    p = k / n of the samples, where k of the n units that compete with each other win.

    Parameters
    ----------
    shape : sequence of int
        Number of inputs and of units.
    winners : KWinnersTakeAll, optional
        The neurons of the layer. By default a twentieth of the units wins.
    optimizer : Optimizer, optional
        Optimiser of W, which learns by `.Competitive`. With None W does not learn.
    homeostasis : Optimizer, optional
        Optimiser of b, which learns by `.Homeostasis`. With None b does not learn.
    schedule : Schedule, optional
        Length of a presentation and samples per update. Default: one timestep.
    parameters : mapping of str to array, optional
        Initial values of ``"W"``, (units, inputs), and ``"b"``, (units, 1). By default W is
        drawn uniformly from 0 to 1.
    label, seed, add_to_container
        As for `nengo.Network`.

    Attributes
    ----------
    input : nengo.Node
    learn : nengo.Node
        The learning switch: 1 to learn, 0 not to learn.
    output : nengo.ensemble.Neurons
        The code y.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is unknown, out of range, or of the wrong shape.

    Notes
    -----
    ``probe`` and ``ensembles`` know ``"output"``. ``nodes`` knows ``"input"`` and ``"learn"``,
    and ``connections`` knows ``"W"`` and ``"b"``.

    References
    ----------
    Rumelhart & Zipser 1985; DeSieno 1988, "Adding a conscience to competitive learning".
    """

    @checked(
        SizesParam("shape", lengths=(2,)),
        InstanceParam("winners", KWinnersTakeAll),
        InstanceParam("optimizer", Optimizer),
        InstanceParam("homeostasis", Optimizer),
        *LEARNING,
    )
    def __init__(
        self,
        shape: tuple[int, int],
        winners: KWinnersTakeAll | None = None,
        optimizer: Optimizer | None = None,
        homeostasis: Optimizer | None = None,
        schedule: Schedule | None = None,
        parameters: Mapping[str, NDArray] | None = None,
        label: str | None = None,
        seed: int | None = None,
        add_to_container: bool | None = None,
    ) -> None:
        schedule = Schedule(steps=1) if schedule is None else schedule
        super().__init__(schedule, label, seed, add_to_container)
        n_inputs, n_units = shape
        winners = KWinnersTakeAll() if winners is None else winners
        self._optimizer = optimizer
        self._shapes = {"W": (n_units, n_inputs), "b": (n_units, 1)}
        given = check_parameters(parameters or {}, self._shapes)
        rng = np.random.RandomState(seed_of(self))
        W = given["W"] if "W" in given else rng.rand(n_units, n_inputs)
        b = given.get("b", nearest_bias(W))
        n_competing = winners.group_size or n_units
        target = winners.n_winners(n_competing) / n_competing
        with self:
            self.input = nengo.Node(size_in=n_inputs, label="input")
            self.learn = nengo.Node([1.0], label="learn")
            x = neurons(n_inputs, Identity(), "x")
            always = neurons(1, Identity(), "always", bias=[1.0])
            self.output = neurons(n_units, winners, "output")
            nengo.Connection(self.input, x, synapse=None)
            moved = None if optimizer is None else Competitive(**self._rule_arguments())
            kept = None
            if homeostasis is not None:
                others = {**self._rule_arguments(), "optimizer": homeostasis}
                kept = Homeostasis(target, **others)
            self._connect(x, W, "W", moved)
            self._connect(always, b, "b", kept)
        self._visible["output"] = self.output

    def _connect(self, pre, transform, name, rule):
        nengo.Connection(
            pre,
            self.output,
            transform=transform,
            learning_rule_type=rule,
            synapse=None,
            label=name,
        )

    def _parameter_signals(self, model: Model) -> dict[str, Signal]:
        return {name: model.sig[self.connections[name]]["weights"] for name in self._shapes}
