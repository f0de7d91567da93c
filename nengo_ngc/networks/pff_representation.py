r"""The representation circuit of predictive forward-forward: layers that learn by goodness."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import nengo
import numpy as np
from numpy.typing import NDArray

from ..namespace import NUMPY
from ..neurons import Identity
from ..neurons.functions import softmax
from ..objects import PureNode
from ..rules import Adam, ErrorDriven, Lateral, Optimizer
from ..schedule import Schedule
from .base import LearningNetwork
from .goodness import Goodness
from .normalization import Normalization
from .parameters import Shape, check_parameters, write_signal
from .parts import neurons, seed_of
from .settling import at_first, hold

_OUTPUT_SCALE = 5.0  # of the error of the output, as in the authors' program

# half of the samples are positive, and only these teach the output
_SHARE_OF_POSITIVES = 0.5


class RepresentationCircuit(LearningNetwork):
    r"""Layers that learn to tell positive from negative images, and a readout of the label.

    .. math::
        a_l &= W_l n(z_{l-1}') + V_{l+1} n(z_{l+1}') + b_l - \hat L_l z_l' \\
        z_l &= (1 - c)\, \mathrm{relu}(a_l) + c\, z_l'

    It is described as a part of `.PFF`, with all arguments. `.Goodness` has the equations of
    the error by which layers learn.

    Parameters
    ----------
    goodness : Goodness
        The threshold, which sign of the goodness is positive, and the part c of the states
        that is kept.
    more_shapes : mapping of str to tuple of int
        Shapes of the parameters that a subclass adds.
    shape, n_classes, recurrent, lateral, normalize, n_group, noise, optimizer
        As for `.PFF`.
    weight_std, label_scale, readout
        As for `.PFF`.
    schedule, parameters, label, seed, add_to_container
        As for `.PFF`.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        n_classes: int,
        goodness: Goodness,
        recurrent: bool,
        lateral: bool,
        normalize: bool | str,
        n_group: int,
        noise: float,
        optimizer: Optimizer | None,
        weight_std: float,
        label_scale: float,
        readout: str,
        schedule: Schedule,
        parameters: Mapping[str, NDArray] | None,
        more_shapes: Mapping[str, Shape],
        label: str | None,
        seed: int | None,
        add_to_container: bool | None,
    ) -> None:
        super().__init__(schedule, label, seed, add_to_container)
        self._shape = shape
        self._n_classes = n_classes
        self._goodness = goodness
        self._recurrent = recurrent
        self._lateral = recurrent and lateral
        self._normalization = Normalization(normalize)
        self._n = self._normalization.of
        self._noise = noise
        self._optimizer = optimizer
        self._weight_std = weight_std
        self._label_scale = label_scale
        self._readout = readout
        groups = [np.arange(size) // n_group for size in self._shape]
        self._masks = [(g[:, None] == g).astype(float) for g in groups]
        self._shapes = {**self._own_shapes(), **more_shapes}
        self._initial = check_parameters(parameters or {}, self._shapes)
        with self:
            self._build()

    @property
    def n_layers(self) -> int:
        """Number of hidden layers."""
        return len(self._shape) - 1

    @property
    def _label_level(self):
        """The layer that gets the label; without recurrence no layer can pass it down."""
        return self.n_layers if self._recurrent else 1

    @property
    def _levels_read(self):
        """The layers that the output reads."""
        n = self.n_layers
        return range(min(2, n), n + 1) if self._readout == "layers" else (n,)

    def _own_shapes(self):
        sizes, shapes = self._shape, {}
        for level in range(1, self.n_layers + 1):
            here, below = sizes[level], sizes[level - 1]
            shapes[f"W{level}"], shapes[f"b{level}"] = (here, below), (here,)
            if self._recurrent and level > 1:
                shapes[f"V{level}"] = (below, here)
            if self._lateral:
                shapes[f"L{level}"] = (here, here)
        shapes["Vy"] = (sizes[self._label_level], self._n_classes)
        n_read = sum(sizes[level] for level in self._levels_read)
        shapes["Wo"], shapes["bo"] = (self._n_classes, n_read), (self._n_classes,)
        return shapes

    # --- what the circuit is made of

    def _build(self):
        self.input = nengo.Node(size_in=self._shape[0], label="input")
        self.target = nengo.Node(size_in=self._n_classes, label="target")
        self.kind = nengo.Node(size_in=1, label="kind")
        self.learn = nengo.Node([1.0], label="learn")
        self._build_states()
        self._build_output()
        for level in range(1, self.n_layers + 1):
            self._build_goodness(level)
        self._build_total_goodness()

    def _build_states(self):
        label = self._build_label()
        x = self._neurons_of(self._node(self._n, self.input, "n0"))
        self._z, self._recurrent_inputs = [self.input], [None]
        self._carried, self._normalized, self._before = [None], [x], [None]
        below = x
        for level in range(1, self.n_layers + 1):
            n = self._shape[level]
            drive = neurons(n, Identity(), f"a{level}", bias=self._initial.get(f"b{level}"))
            self._connect(f"W{level}", below, drive, biases=True)
            recurrent = nengo.Node(size_in=n, label=f"recurrent{level}")
            carried = neurons(n, Identity(), f"carried{level}")
            z = PureNode(
                partial(_move, self._goodness.carry, self._recurrent),
                n,
                others=[drive, carried],
                schedule=self._schedule,
                label=f"z{level}",
            )
            nengo.Connection(recurrent, z, synapse=None)
            nengo.Connection(z, carried, synapse=self._delay)
            normalized = self._neurons_of(self._node(self._n, z, f"n{level}"))
            before = None
            if self._recurrent:
                before, below = self._build_delay(level, normalized)
            else:  # nothing comes down, so each timestep is a pass through all layers
                below = normalized
            for seen, new in (
                (self._z, z),
                (self._recurrent_inputs, recurrent),
                (self._carried, carried),
                (self._normalized, normalized),
                (self._before, before),
            ):
                seen.append(new)
            self._visible[f"z{level}"] = z
            self._add_noise("noise", level, self._noise, recurrent)
        self._top_seen = below if self._readout == "states" else self._build_pass()
        for level in range(1, self.n_layers + 1) if self._recurrent else ():
            if self._lateral:
                self._connect_lateral(level)
            if level > 1:
                name = f"V{level}"
                self._connect(name, self._before[level], self._recurrent_inputs[level - 1])
        self._connect("Vy", label, self._recurrent_inputs[self._label_level])

    def _build_label(self):
        """The label as layers see it, in a pass without recurrence as one that is unknown."""
        label, seen = neurons(self._n_classes, Identity(), "label"), self.target
        if not self._recurrent:
            seen = PureNode(
                _unknown_at_first,
                self._n_classes,
                schedule=self._schedule,
                label="known_label",
            )
            nengo.Connection(self.target, seen, synapse=None)
        nengo.Connection(seen, label, transform=self._label_scale, synapse=None)
        return label

    def _build_delay(self, level, normalized):
        """What other layers see of a layer at each timestep, and what the next one sees."""
        n = self._shape[level]
        before = neurons(n, Identity(), f"before{level}")
        nengo.Connection(normalized, before, synapse=self._delay)
        start = PureNode(
            at_first, n, others=[normalized], schedule=self._schedule, label=f"start{level}"
        )
        nengo.Connection(before, start, synapse=None)
        return before, self._neurons_of(start)

    def _build_pass(self):
        """What the output reads in the feedforward pass, held until the presentation ends."""
        relay = neurons(self._shapes["Wo"][1], Identity(), "pass relay")
        start = 0
        for level in self._levels_read:
            n = self._shape[level]
            of_pass = hold(
                self._normalized[level], self._schedule, self._delay, f"pass{level}"
            )
            nengo.Connection(of_pass, relay[start : start + n], synapse=None)
            start += n
        return relay

    def _add_noise(self, name, level, std, post):
        if std > 0:
            noise = nengo.processes.WhiteNoise(nengo.dists.Gaussian(0, std), scale=False)
            node = nengo.Node(noise, size_out=self._shape[level], label=f"{name}{level}")
            nengo.Connection(node, post, synapse=None)

    def _build_output(self):
        bias = self._initial.get("bo")
        self.output = neurons(self._n_classes, Identity(), "output", bias=bias)
        self._visible["output"] = self.output
        self._connect("Wo", self._top_seen, self.output, biases=True)
        error = PureNode(
            _output_error,
            self._n_classes,
            others=[self.target, self.kind],
            label="output_error",
        )
        nengo.Connection(self.output, error, synapse=None)
        self._teach("Wo", error)

    def _build_goodness(self, level):
        z = self._z[level]
        if self._optimizer is not None:
            e = PureNode(
                self._goodness.error, self._shape[level], others=[self.kind], label=f"e{level}"
            )
            nengo.Connection(z, e, synapse=None)
            for name in (f"W{level}", f"L{level}", f"V{level + 1}"):
                if name in self.connections:
                    self._teach(name, e)
            if level == self._label_level:
                self._teach("Vy", e)
        self._visible[f"goodness{level}"] = PureNode(
            partial(_goodness_of, self._goodness), 1, others=[z], label=f"goodness{level}"
        )
        self._visible[f"loss{level}"] = PureNode(
            partial(_loss_of, self._goodness), 1, others=[z, self.kind], label=f"loss{level}"
        )

    def _build_total_goodness(self):
        levels = range(1, self.n_layers + 1)
        of_layers = [self._visible[f"goodness{level}"] for level in levels]
        goodness = PureNode(_total, 1, others=of_layers, label="goodness")
        mean = PureNode(_mean, 1, others=[goodness], label="mean_goodness")
        nengo.Connection(goodness, mean, synapse=self._delay)
        self._visible["goodness"] = goodness
        self._visible["mean_goodness"] = mean

    # --- its parts

    def _node(self, function, pre, label):
        node = PureNode(function, pre.size_out, label=label)
        nengo.Connection(pre, node, synapse=None)
        return node

    def _neurons_of(self, node):
        """Neurons that pass on what a node computes: rules learn between neurons."""
        relay = neurons(node.size_out, Identity(), f"{node.label} relay")
        nengo.Connection(node, relay, synapse=None)
        return relay

    def _connect(self, name, pre, post, biases=False):
        init = self._initial.get(name)
        if init is None:
            init = nengo.dists.Gaussian(0, self._weight_std)
        rule = None
        if self._optimizer is not None:
            rule = ErrorDriven(biases=biases, **self._rule_arguments())
        nengo.Connection(
            pre,
            post,
            transform=nengo.Dense(self._shapes[name], init=init),
            learning_rule_type=rule,
            synapse=None,
            label=name,
        )

    def _connect_lateral(self, level):
        name, n = f"L{level}", self._shape[level]
        L = self._initial.get(name)
        if L is None:
            seed = seed_of(self)
            rng = np.random.RandomState(None if seed is None else [seed, level])
            L = rng.uniform(0, self._weight_std, size=(n, n))
        rule = Lateral(L, self._masks[level], **self._rule_arguments())
        nengo.Connection(
            self._carried[level],
            self._recurrent_inputs[level],
            transform=self._lateral_weights(level, L),
            learning_rule_type=None if self._optimizer is None else rule,
            synapse=None,
            label=name,
        )

    # --- parameters

    def _lateral_weights(self, level, L):
        rule = Lateral(L, self._masks[level], optimizer=Adam())
        return rule.constrain(NUMPY, np.asarray(L, dtype=float))[1]

    def set_parameters(self, sim: Any, parameters: Mapping[str, NDArray]) -> None:
        super().set_parameters(sim, parameters)
        for level in range(1, self.n_layers + 1):
            name = f"L{level}"
            if name in parameters:
                weights = sim.model.sig[self.connections[name]]["weights"]
                write_signal(sim, weights, self._lateral_weights(level, parameters[name]))

    set_parameters.__doc__ = LearningNetwork.set_parameters.__doc__

    def _parameter_signals(self, model):
        signals = {}
        for name in self._shapes:
            if name.startswith("b"):
                post = self.connections[f"W{name[1:]}"].post_obj
                signals[name] = model.sig[post]["bias"]
            elif name.startswith("L"):
                if self._optimizer is not None:
                    rule = self.connections[name].learning_rule
                    signals[name] = model.sig[rule]["parameter"]
            else:
                signals[name] = model.sig[self.connections[name]]["weights"]
        return signals


def _move(carry, waits, xp, first, recurrent, drive, carried):
    """New states; whether what comes from above waits for the feedforward pass to be over."""
    all_of_it = xp.maximum(drive + recurrent, 0.0)
    at_first = xp.maximum(drive, 0.0) if waits else all_of_it
    return xp.where(first, at_first, (1 - carry) * all_of_it + carry * carried)


def _unknown_at_first(xp, first, target):
    return xp.where(first, xp.ones_like(target) / target.shape[1], target)


def _goodness_of(goodness, xp, x, z):
    return goodness.of(xp, z)


def _loss_of(goodness, xp, x, z, kind):
    return goodness.loss(xp, z, kind)


def _total(xp, x, *goodness):
    return sum(goodness[1:], goodness[0])


def _mean(xp, before, now):
    return 0.5 * (before + now)


def _output_error(xp, output, target, kind):
    if target is None or kind is None:
        return xp.zeros_like(output)
    return _OUTPUT_SCALE / _SHARE_OF_POSITIVES * kind * (target - softmax(output, xp))
