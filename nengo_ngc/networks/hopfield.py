r"""A layered Hopfield network that one feedforward pass brings close to equilibrium."""

from collections.abc import Mapping, Sequence
from functools import partial

import nengo
import numpy as np
from nengo.builder import Model, Signal
from nengo.exceptions import ValidationError
from numpy.typing import NDArray

from ..neurons import Identity
from ..objects import PureNode, Transposed
from ..rules import Adam, Optimizer, TiedAutoEncoder
from ..schedule import Schedule
from ..validation import (
    ChoiceParam,
    EitherParam,
    InstanceParam,
    PositiveParam,
    SequenceParam,
    SizesParam,
    WholeParam,
    checked,
)
from .base import LEARNING, LearningNetwork
from .parameters import check_parameters
from .parts import neurons

# of rho by its name, which is the identity between the bounds and constant beyond them
_BOUNDS = {
    "hard-sigmoid": (0.0, 1.0),
    "hard-tanh": (-1.0, 1.0),
    "relu": (0.0, np.inf),
    "identity": (-np.inf, np.inf),
}

INITIAL = ("feedforward", "zero")


class LayeredHopfield(LearningNetwork):
    r"""A Hopfield network of layers with symmetric weights, which descends its energy.

    .. math::
        E(s) = \sum_l \Bigl(\tfrac12 \lVert s_l \rVert^2 - b_l^T \rho(s_l)\Bigr)
               - \sum_{l \ge 1} \rho(s_l)^T W_l\, \rho(s_{l-1})

    It takes one step :math:`s_l \leftarrow s_l - \epsilon\, \partial E / \partial s_l` in
    each timestep, while clamped layers are held at their input.

    :math:`\rho` is the identity between two bounds and constant beyond them. Within them

    .. math::
        \frac{\partial E}{\partial s_l} = s_l - (B_l + T_l + b_l), \qquad
        B_l = W_l\, \rho(s_{l-1}), \quad T_l = W_{l+1}^T \rho(s_{l+1})

    (bottom-up and top-down input), and beyond them it is :math:`s_l`, which always leads
    back. A unit that its input drives beyond a bound would thus cross the bound back and forth
    for ever, since the minimum of E is the kink at the bound itself. So states are clipped to
    the bounds after each step. At a bound, :math:`\rho'` counts as 1 if the input points
    inwards. If it points outwards, E rises to both sides, and its gradient counts as 0. Then
    the equilibria are where :math:`s_l = \rho(B_l + T_l + b_l)`, the local minima of E.

    A feedforward pass has only the bottom-up input. It ends near equilibrium if the
    :math:`n_l` branches of each unit (two, but one in the bottom and in the top layer) each
    contribute the same share. The states of the feedforward pass are

    .. math:: s_l = \rho(n_l B_l + b_l), \qquad l = 1, 2, \dots

    Each branch learns to predict the settled state by itself,

    .. math::
        e_l^\uparrow = s_l - n_l B_l - b_l, \qquad e_l^\downarrow = s_l - n_l T_l - b_l

    by `.TiedAutoEncoder`. Clamped layers are predicted, too, so that each pair of layers
    is an auto-encoder. At a fixed point within the bounds and with two branches the errors
    are :math:`\pm(T_l - B_l)`. Predictions are not passed through :math:`\rho`, so that an
    error remains where a unit is driven beyond a bound, and leads the unit to where it is
    linear. Linear branches agree on their shares where
    :math:`n_l n_{l-1} W_l^T W_l = I`. With a clamped bottom layer E is then convex, and in two
    free layers the distance from equilibrium shrinks by a factor of
    :math:`1 - \epsilon (1 - 1/\sqrt 2)` in each step. More layers take longer.

    Parameters
    ----------
    shape : sequence of int, optional
        Units in each layer, from the bottom one, at least two layers.
    clamped : int or sequence of int, optional
        Indices of layers that are held at :math:`\rho` of their input. Default: the bottom
        one.
    activation : {"hard-sigmoid", "hard-tanh", "relu", "identity"}, optional
        The function :math:`\rho`, which is the identity in [0, 1], in [-1, 1], above 0, or
        everywhere.
    initial : {"feedforward", "zero"}, optional
        Whether free layers start from the states of the feedforward pass, in which a free
        bottom layer has :math:`\rho(b_0)`, or from 0.
    epsilon : float, optional
        Step size of the descent.
    schedule : Schedule, optional
        Default: 21 timesteps, which are the start and 20 steps.
    optimizer : Optimizer or None, optional
        The optimiser of the weights. With None nothing learns. Default: ``Adam(1e-3)``. Biases
        do not learn.
    parameters : mapping of str to array, optional
        Initial values of the weights ``"W1"``, ``"W2"`` and so on, (post, pre), and of the
        biases ``"b0"``, ``"b1"`` and so on. Weights that are not given are drawn, and biases
        that are not given are 0.
    weight_std : float, optional
        Standard deviation of the Gaussian from which weights are drawn. By default it is
        such that the spectral norm is about :math:`1 / \sqrt{n_l n_{l-1}}`.
    label, seed, add_to_container
        As for `nengo.Network`.

    Attributes
    ----------
    inputs : dict of {int: nengo.Node}
        Inputs of the clamped layers, by index. They are also the attributes ``input0`` and so
        on, and ``input`` is the input of the lowest clamped layer.
    learn : nengo.Node
        The learning switch.
    energy, gradient_norm : nengo.Node
        The energy E, and the norm of its gradient by the states of free layers.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is unknown, out of range or of the wrong shape.

    Notes
    -----
    Names for ``probe`` are ``"s0"``, ``"s1"`` and so on for the states, ``"bottom_up1"`` and
    so on for B, ``"top_down0"`` and so on for T, ``"bottom_up_error1"``, ``"top_down_error0"``
    and so on for the errors, ``"gradient1"`` and so on for the gradients by the states of free
    layers, ``"gradient_norm"`` for the norm of all of these, and ``"energy"``.

    States and branches are also names in ``ensembles``, and all others are names in
    ``nodes``, beside ``"input0"`` and so on, and ``"learn"``. The connections are ``"W1"`` and
    so on.

    In a network of two layers with a clamped bottom layer, the feedforward pass is the fixed
    point, whatever the weights.

    References
    ----------
    Bengio, Scellier, Bilaniuk, Sacramento & Senn 2016, "Feedforward initialization for fast
    inference of deep generative networks is biologically plausible", arXiv 1606.01651.
    """

    # kinds of objects from left to right, as Nengo GUI shows them
    gui_columns = (
        "learn energy gradient_norm",
        *("input", "clamped moving", "b", "bottom_up", "s", "top_down", "gradient"),
        *("bottom_up_error", "top_down_error", "lesson"),
    )

    @checked(
        SizesParam("shape", at_least=2),
        EitherParam(
            "clamped",
            WholeParam("clamped", low=0),
            SequenceParam("clamped", WholeParam("clamped", low=0)),
        ),
        ChoiceParam("activation", _BOUNDS),
        ChoiceParam("initial", INITIAL),
        PositiveParam("epsilon"),
        InstanceParam("optimizer", Optimizer, optional=True),
        PositiveParam("weight_std"),
        *LEARNING,
    )
    def __init__(
        self,
        shape: Sequence[int] = (784, 500, 500),
        clamped: int | Sequence[int] = (0,),
        activation: str = "hard-sigmoid",
        initial: str = "feedforward",
        epsilon: float = 0.5,
        schedule: Schedule | None = None,
        optimizer: Optimizer | None = Adam(1e-3),
        parameters: Mapping[str, NDArray] | None = None,
        weight_std: float | None = None,
        label: str | None = None,
        seed: int | None = None,
        add_to_container: bool | None = None,
    ) -> None:
        schedule = Schedule(steps=21) if schedule is None else schedule
        super().__init__(schedule, label, seed, add_to_container)
        self._shape = shape
        self._clamped = _check_clamped(clamped, self)
        self._bounds = _BOUNDS[activation]
        self._feedforward = initial == "feedforward"
        self._epsilon = epsilon
        self._optimizer = optimizer
        self._weight_std = weight_std
        sizes = self._shape
        self._shapes = {
            **{f"W{l}": (sizes[l], sizes[l - 1]) for l in range(1, len(sizes))},
            **{f"b{l}": (n,) for l, n in enumerate(sizes)},
        }
        self._initial = check_parameters(parameters or {}, self._shapes)
        with self:
            self._build()

    # --- what the network is made of

    def _build(self):
        self.inputs = {}
        self.learn = nengo.Node([1.0], label="learn")
        self._s, self._b, self._branches, self._moving = [], [], [], {}
        for level in range(len(self._shape)):
            self._build_layer(level)
        if self.inputs:
            self.input = self.inputs[self._clamped[0]]
        for level in range(len(self._shape) - 1):
            self._connect_top_down(level)
        self._build_relaxation()
        self._build_energy()
        if self._optimizer is not None:
            self._build_errors()
            for level in range(1, len(self._shape)):
                self._teach_level(level)

    def _build_layer(self, level):
        n = self._shape[level]
        b = neurons(n, Identity(), f"b{level}", bias=self._initial.get(f"b{level}"))
        branches = {}
        if level > 0:
            branches["bottom_up"] = self._connect_bottom_up(level)
        if level in self._clamped:
            clamp = partial(_rho, self._bounds)
            state = PureNode(clamp, n, label=f"clamped{level}")
            self.inputs[level] = nengo.Node(size_in=n, label=f"input{level}")
            setattr(self, f"input{level}", self.inputs[level])
            nengo.Connection(self.inputs[level], state, synapse=None)
        else:
            start = [b, *branches.values()] if self._feedforward else []
            move = partial(_move, self._bounds, self._n_branches(level))
            state = PureNode(move, n, start, self._schedule, label=f"moving{level}")
            nengo.Connection(state, state, synapse=self._delay)
            self._moving[level] = state
        # rules learn between neurons
        s = neurons(n, Identity(), f"s{level}")
        nengo.Connection(state, s, synapse=None)
        self._s.append(s)
        self._b.append(b)
        self._branches.append(branches)
        self._visible[f"s{level}"] = s

    def _n_branches(self, level):
        return (level > 0) + (level < len(self._shape) - 1)

    def _agreeing_std(self, level):
        # the spectral norm of a Gaussian matrix is about std (sqrt(rows) + sqrt(columns))
        norm = 1 / np.sqrt(self._n_branches(level) * self._n_branches(level - 1))
        return norm / np.sum(np.sqrt(self._shapes[f"W{level}"]))

    def _connect_bottom_up(self, level):
        name, shape = f"W{level}", self._shapes[f"W{level}"]
        init = self._initial.get(name)
        if init is None:
            std = self._weight_std or self._agreeing_std(level)
            init = nengo.dists.Gaussian(0, std)
        rule = None
        if self._optimizer is not None:
            rule = TiedAutoEncoder(*shape, **self._rule_arguments())
        branch = neurons(shape[0], Identity(), f"bottom_up{level}")
        nengo.Connection(
            self._s[level - 1],
            branch,
            transform=nengo.Dense(shape, init=init),
            learning_rule_type=rule,
            synapse=None,
            label=name,
        )
        self._visible[f"bottom_up{level}"] = branch
        return branch

    def _connect_top_down(self, level):
        branch = neurons(self._shape[level], Identity(), f"top_down{level}")
        nengo.Connection(
            self._s[level + 1],
            branch,
            transform=Transposed(self.connections[f"W{level + 1}"]),
            synapse=None,
        )
        self._branches[level]["top_down"] = branch
        self._visible[f"top_down{level}"] = branch

    def _build_relaxation(self):
        gradients = []
        for level, moving in self._moving.items():
            branches = self._branches[level].values()
            g = PureNode(
                partial(_gradient, self._bounds),
                self._shape[level],
                others=[self._s[level], self._b[level], *branches],
                label=f"gradient{level}",
            )
            nengo.Connection(g, moving, transform=-self._epsilon, synapse=self._delay)
            gradients.append(g)
            self._visible[f"gradient{level}"] = g
        self.gradient_norm = PureNode(_norm, 1, others=gradients, label="gradient_norm")
        self._visible["gradient_norm"] = self.gradient_norm

    def _build_energy(self):
        bottom_up = [branches["bottom_up"] for branches in self._branches[1:]]
        others = [*self._s, *self._b, *bottom_up]
        energy = partial(_energy, len(self._shape))
        self.energy = PureNode(energy, 1, others=others, label="energy")
        self._visible["energy"] = self.energy

    def _build_errors(self):
        """Build the errors of branches: the share of the state minus the prediction."""
        for level, branches in enumerate(self._branches):
            for name, branch in branches.items():
                self._visible[f"{name}_error{level}"] = PureNode(
                    partial(_error_of_branch, len(branches)),
                    self._shape[level],
                    others=[self._s[level], self._b[level], branch],
                    label=f"{name}_error{level}",
                )

    def _teach_level(self, level):
        rule = self.connections[f"W{level}"].learning_rule
        told = {
            "up": self._visible[f"bottom_up_error{level}"],
            "above": self._s[level],
            "down": self._visible[f"top_down_error{level - 1}"],
        }
        # joined here, since NengoDL takes longer to write three parts of a signal
        lesson = PureNode(
            _joined,
            rule.size_in,
            others=[told[name] for name in rule.learning_rule_type.errors],
            label=f"lesson{level}",
        )
        nengo.Connection(lesson, rule, synapse=None)

    def _parameter_signals(self, model: Model) -> dict[str, Signal]:
        signals = {}
        for level, b in enumerate(self._b):
            if level > 0:
                name = f"W{level}"
                signals[name] = model.sig[self.connections[name]]["weights"]
            signals[f"b{level}"] = model.sig[b]["bias"]
        return signals


def _rho(bounds, xp, s):
    low, high = bounds
    return xp.minimum(xp.maximum(s, low), high)


def _move(bounds, n_branches, xp, first, moved, b=None, bottom_up=None):
    start = xp.zeros_like(moved) if b is None else b
    if bottom_up is not None:
        start = n_branches * bottom_up + start
    return _rho(bounds, xp, xp.where(first, start, moved))


def _gradient(bounds, xp, x, s, b, *branches):
    low, high = bounds
    g = s - b - sum(branches)
    g = xp.where(s <= low, xp.minimum(g, 0.0), g)
    return xp.where(s >= high, xp.maximum(g, 0.0), g)


def _energy(n_layers, xp, x, *others):
    s, b = others[:n_layers], others[n_layers : 2 * n_layers]
    bottom_up = others[2 * n_layers :]
    E = sum(_dot(xp, s_l, 0.5 * s_l - b_l) for s_l, b_l in zip(s, b))
    return E - sum(_dot(xp, s_l, B_l) for s_l, B_l in zip(s[1:], bottom_up))


def _dot(xp, a, b):
    return xp.sum(a * b, axis=1, keepdims=True)


def _norm(xp, x, *parts):
    return xp.sqrt(sum(_dot(xp, part, part) for part in parts))


def _error_of_branch(n_branches, xp, x, s, b, branch):
    return s - n_branches * branch - b


def _joined(xp, x, *parts):
    return xp.concatenate(parts, axis=1)


def _check_clamped(clamped, network):
    """Indices of clamped layers in ascending order, or an error."""
    n_layers = len(network._shape)
    levels = (clamped,) if isinstance(clamped, int) else clamped
    known = all(level < n_layers for level in levels)
    if not known or len(set(levels)) < len(levels) or len(levels) == n_layers:
        raise ValidationError(
            f"must be different indices of layers, from 0 to {n_layers - 1}, and leave one "
            f"layer free, got {clamped!r}",
            attr="clamped",
            obj=network,
        )
    return tuple(sorted(levels))
