r"""Predictive forward-forward: a representation circuit and one that predicts it."""

import nengo
import numpy as np
from nengo.exceptions import ValidationError

from ..neurons import Identity
from ..neurons.functions import softmax
from ..objects import PureNode, Transposed
from ..rules import Adam, Clipped, ErrorDriven, Lateral, Optimizer
from ..schedule import Schedule
from ..validation import (
    ArrayParam,
    ArraysParam,
    FiniteParam,
    FlagParam,
    InstanceParam,
    PositiveParam,
    WholeParam,
    checked,
    unfit,
)
from .base import LEARNING, LearningNetwork
from .layers import LAYERS
from .parameters import check_complete, check_parameters, write_signal
from .parts import neurons, seed_of

_LABEL_SCALE = 5.0

# half of the samples are positive, and only these teach the output
_SHARE_OF_POSITIVES = 0.5


class PFF(LearningNetwork):
    r"""Predictive forward-forward (PFF): layers that tell real from made-up by goodness.

    An image comes with a label, right (positive) or wrong (negative). Each layer of the
    representation circuit learns, by itself, to make the goodness
    :math:`\sum z_l^2` low for positives and high for negatives:

    .. math::
        a_l &= W_l n(z_{l-1}') + V_{l+1} n(z_{l+1}') + b_l - \hat L_l z_l' \\
        z_l &= (1 - c)\, \mathrm{relu}(a_l) + c\, z_l', \qquad
        p_l = \sigma(\theta - \textstyle\sum z_l^2) \\
        e_l &= 2 (1 - c) (p_l - t)\, z_l

    where n divides by the norm, a prime marks the timestep before, :math:`z_0` is the
    image, the top layer has :math:`5 V_y y` of the label y in place of V, and t is 1 for
    positives. e is minus the gradient of the binary cross-entropy of p by :math:`a_l`. An
    output :math:`\mathrm{softmax}(W_o n(z_L') + b_o)` learns the label of positives.

    The generative circuit predicts each layer from the one above, and the top one from
    latent states :math:`z_g` of its own:

    .. math::
        \mu_{l-1} = \mathrm{relu}(G_l n(z_l)), \qquad
        \mu_L = \mathrm{relu}(G_y n(z_g)), \qquad
        \Delta G_l = 2 (z_{l-1} - \mu_{l-1})\, n(z_l)^T

    and :math:`z_g` descends the error of :math:`\mu_L`. The derivative of relu counts as 1
    everywhere, in both circuits.

    The first timestep of a presentation is one feedforward pass, from which states start;
    each of the following ones is a step of inference and of learning.

    Parameters
    ----------
    shape : sequence of int, optional
        Number of inputs, then of units in each hidden layer, at least one.
    n_classes : int, optional
    g_units : int, optional
        Latent states of the generative circuit; 0: there is no such circuit.
    schedule : Schedule, optional
        It must be ``online``. Default: a feedforward pass and 12 steps.
    threshold : float, optional
        :math:`\theta`.
    low_is_positive : bool, optional
        Whether goodness is low for positives, as in the original program, or high, as
        in Hinton's forward-forward.
    carry : float, optional
        The part c of a state that is kept from the timestep before.
    recurrent : bool, optional
        Whether there are V and lateral connections. Without them the label comes in at
        the first layer; without ``carry`` and with ``g_units=0``, too, this is plain
        forward-forward.
    lateral : bool, optional
        Whether there are lateral connections, in a recurrent network.
    normalize : bool, optional
        Whether n divides by the norm, or leaves states as they are. Without it goodness
        of one layer can be read off by the next.
    n_group : int, optional
        Units that compete with each other.
    latent_step : float, optional
        Step size of :math:`z_g`.
    positives_only : bool, optional
        Whether the generative circuit learns from positives only, or from negatives,
        too, as in the original.
    noise : float, optional
        Standard deviation of what is added to :math:`a_l`.
    optimizer : Optimizer or None, optional
        Of all parameters. None: nothing learns. Default: ``Clipped(Adam(2.5e-4))``.
    parameters : mapping of str to array, optional
        Values at the start, (post, pre); the rest is initialised.
    weight_std : float, optional
        Standard deviation of the Gaussian from which weights are drawn.
    label, seed, add_to_container
        As for `nengo.Network`.

    Attributes
    ----------
    input, target, kind : nengo.Node
        The image; the label, one value for each class; 1 for positives and 0 for
        negatives.
    learn : nengo.Node
        The learning switch.
    output : nengo.ensemble.Neurons
        What the softmax is taken of.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is out of range or of the wrong shape.

    Notes
    -----
    ``probe`` knows ``"z1"``, ``"goodness1"``, ``"loss1"`` and so on, ``"output"``,
    ``"goodness"`` (of all layers), ``"mean_goodness"`` (that of this timestep and of the
    one before); of the generative circuit ``"mu0"``, ``"generative_loss0"`` and so on up to
    the top layer, and ``"z_g"``.

    References
    ----------
    Ororbia & Mali 2023, "The predictive forward-forward algorithm", arXiv 2301.01452.
    Hinton 2022, "The forward-forward algorithm", arXiv 2212.13345.
    """

    _scale_free = ("z_g",)  # the generative circuit normalises it

    @checked(
        LAYERS,
        WholeParam("n_classes"),
        WholeParam("g_units", low=0),
        FiniteParam("threshold"),
        FlagParam("low_is_positive"),
        FiniteParam("carry", low=0, high=1, high_open=True),
        FlagParam("recurrent"),
        FlagParam("lateral"),
        FlagParam("normalize"),
        WholeParam("n_group"),
        PositiveParam("latent_step"),
        FlagParam("positives_only"),
        FiniteParam("noise", low=0),
        InstanceParam("optimizer", Optimizer, optional=True),
        PositiveParam("weight_std"),
        *LEARNING,
    )
    def __init__(
        self,
        shape=(784, 2000, 2000),
        n_classes=10,
        g_units=20,
        schedule=None,
        threshold=10.0,
        low_is_positive=True,
        carry=0.3,
        recurrent=True,
        lateral=True,
        normalize=True,
        n_group=10,
        latent_step=0.025,
        positives_only=False,
        noise=0.0,
        optimizer=Clipped(Adam(2.5e-4)),
        parameters=None,
        weight_std=0.05,
        label=None,
        seed=None,
        add_to_container=None,
    ):
        schedule = Schedule(steps=13, online=True) if schedule is None else schedule
        super().__init__(schedule, label, seed, add_to_container)
        if not schedule.online:
            raise ValidationError(
                "must be online: PFF learns at every timestep", attr="schedule", obj=self
            )
        self._shape = shape
        self._n_classes = n_classes
        self._g_units = g_units
        self._threshold = threshold
        self._sign_of_goodness = -1.0 if low_is_positive else 1.0
        self._carry = carry
        self._recurrent = recurrent
        self._lateral = recurrent and lateral
        self._normalizes = normalize
        self._noise = noise
        self._latent_step = latent_step
        self._positives_only = positives_only
        self._optimizer = optimizer
        self._weight_std = weight_std
        groups = [np.arange(size) // n_group for size in self._shape]
        self._masks = [(g[:, None] == g).astype(float) for g in groups]
        self._shapes = self._parameter_shapes()
        self._initial = check_parameters(parameters or {}, self._shapes)
        with self:
            self._build()

    @property
    def n_layers(self):
        """Number of hidden layers."""
        return len(self._shape) - 1

    @property
    def _label_level(self):
        """The layer that sees the label; what is not recurrent tells no layer below."""
        return self.n_layers if self._recurrent else 1

    def _parameter_shapes(self):
        sizes, top, shapes = self._shape, self._shape[-1], {}
        for level in range(1, self.n_layers + 1):
            here, below = sizes[level], sizes[level - 1]
            shapes[f"W{level}"], shapes[f"b{level}"] = (here, below), (here,)
            if self._recurrent:
                if level > 1:
                    shapes[f"V{level}"] = (below, here)
            if self._lateral:
                shapes[f"L{level}"] = (here, here)
            if self._g_units:
                shapes[f"G{level}"] = (below, here)
        shapes["Vy"] = (sizes[self._label_level], self._n_classes)
        shapes["Wo"], shapes["bo"] = (self._n_classes, top), (self._n_classes,)
        if self._g_units:
            shapes["Gy"] = (top, self._g_units)
        return shapes

    # --- what the network is made of

    def _build(self):
        n_layers = self.n_layers
        self.input = nengo.Node(size_in=self._shape[0], label="input")
        self.target = nengo.Node(size_in=self._n_classes, label="target")
        self.kind = nengo.Node(size_in=1, label="kind")
        self.learn = nengo.Node([1.0], label="learn")
        self._build_states()
        self._build_output()
        for level in range(1, n_layers + 1):
            self._build_goodness(level)
        self._build_total_goodness()
        if self._g_units:
            self._build_generative_circuit()

    def _build_states(self):
        label = neurons(self._n_classes, Identity(), "label")
        nengo.Connection(self.target, label, transform=_LABEL_SCALE, synapse=None)
        x = self._neurons_of(self._node(self._n, self.input, "n0"))
        self._z, self._rests = [self.input], [None]
        self._carried, self._normalized, self._before = [None], [x], [None]
        below = x
        for level in range(1, self.n_layers + 1):
            n = self._shape[level]
            drive = neurons(n, Identity(), f"a{level}", bias=self._initial.get(f"b{level}"))
            self._connect(f"W{level}", below, drive, biases=True)
            rest = nengo.Node(size_in=n, label=f"rest{level}")
            carried = neurons(n, Identity(), f"carried{level}")
            z = PureNode(
                self._move,
                n,
                others=[drive, carried],
                schedule=self._schedule,
                label=f"z{level}",
            )
            nengo.Connection(rest, z, synapse=None)
            nengo.Connection(z, carried, synapse=self._delay)
            normalized = self._neurons_of(self._node(self._n, z, f"n{level}"))
            before = neurons(n, Identity(), f"before{level}")
            nengo.Connection(normalized, before, synapse=self._delay)
            start = PureNode(
                lambda xp, first, x, now: xp.where(first, now, x),
                n,
                others=[normalized],
                schedule=self._schedule,
                label=f"start{level}",
            )
            nengo.Connection(before, start, synapse=None)
            below = self._neurons_of(start)
            for seen, new in (
                (self._z, z),
                (self._rests, rest),
                (self._carried, carried),
                (self._normalized, normalized),
                (self._before, before),
            ):
                seen.append(new)
            self._visible[f"z{level}"] = z
            self._add_noise(level)
        self._top_seen = below
        for level in range(1, self.n_layers + 1) if self._recurrent else ():
            if self._lateral:
                self._connect_lateral(level)
            if level > 1:
                name = f"V{level}"
                self._connect(name, self._before[level], self._rests[level - 1])
        self._connect("Vy", label, self._rests[self._label_level])

    def _move(self, xp, first, rest, drive, carried):
        moved = (1 - self._carry) * xp.maximum(drive + rest, 0.0) + self._carry * carried
        return xp.where(first, xp.maximum(drive, 0.0), moved)

    def _add_noise(self, level):
        if self._noise > 0:
            dist = nengo.dists.Gaussian(0, self._noise)
            noise = nengo.processes.WhiteNoise(dist, scale=False)
            node = nengo.Node(noise, size_out=self._shape[level], label=f"noise{level}")
            nengo.Connection(node, self._rests[level], synapse=None)

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
        z, carry, sign = self._z[level], self._carry, self._sign_of_goodness

        def log_odds(xp, z):
            return sign * (_sum_of_squares(xp, z) - self._threshold)

        def loss(xp, x, z, kind):
            odds = log_odds(xp, z)
            kind = xp.ones_like(odds) if kind is None else kind
            return xp.maximum(odds, 0.0) - odds * kind + xp.log1p(xp.exp(-xp.abs(odds)))

        def error(xp, z, kind):
            if kind is None:
                return xp.zeros_like(z)
            p = 0.5 * (1 + xp.tanh(0.5 * log_odds(xp, z)))
            return -sign * 2 * (1 - carry) * (p - kind) * z

        if self._optimizer is not None:
            e = PureNode(error, self._shape[level], others=[self.kind], label=f"e{level}")
            nengo.Connection(z, e, synapse=None)
            for name in (f"W{level}", f"L{level}", f"V{level + 1}"):
                if name in self.connections:
                    self._teach(name, e)
            if level == self._label_level:
                self._teach("Vy", e)
        self._visible[f"goodness{level}"] = PureNode(
            lambda xp, x, z: _sum_of_squares(xp, z),
            1,
            others=[z],
            label=f"goodness{level}",
        )
        self._visible[f"loss{level}"] = PureNode(
            loss, 1, others=[z, self.kind], label=f"loss{level}"
        )

    def _build_total_goodness(self):
        def total(xp, x, *goodness):
            return sum(goodness[1:], goodness[0])

        levels = range(1, self.n_layers + 1)
        of_layers = [self._visible[f"goodness{level}"] for level in levels]
        goodness = PureNode(total, 1, others=of_layers, label="goodness")
        mean = PureNode(
            lambda xp, before, now: 0.5 * (before + now),
            1,
            others=[goodness],
            label="mean_goodness",
        )
        nengo.Connection(goodness, mean, synapse=self._delay)
        self._visible["goodness"] = goodness
        self._visible["mean_goodness"] = mean

    @checked(ArraysParam("parameters"), ArrayParam("z_g", ndim=2, finite=False))
    def generate(self, parameters, z_g):
        """Images that latent states of the generative circuit predict, in one pass down.

        Parameters
        ----------
        parameters : mapping of str to array
            As ``parameters`` returns them.
        z_g : (n, g_units) array

        Returns
        -------
        (n, shape[0]) array
        """
        if z_g.shape[1] != self._g_units:
            raise unfit("z_g", f"of shape (n, {self._g_units})", z_g, self)
        names = ["Gy", *(f"G{level}" for level in range(self.n_layers, 0, -1))]
        check_parameters(parameters, self._shapes)
        check_complete(parameters, names)
        z = z_g.astype(float)
        for name in names:
            z = np.maximum(self._n(np, z) @ parameters[name].T, 0)
        return z

    def _build_generative_circuit(self):
        n_layers = self.n_layers
        z_g = PureNode(
            lambda xp, first, x: xp.where(first, xp.zeros_like(x), x),
            self._g_units,
            schedule=self._schedule,
            label="z_g",
        )
        nengo.Connection(z_g, z_g, synapse=self._delay)
        self._visible["z_g"] = z_g
        above = [*self._normalized[1:], self._neurons_of(self._node(self._n, z_g, "n_g"))]
        for level, pre in enumerate(above):
            name = "Gy" if level == n_layers else f"G{level + 1}"
            mu = neurons(self._shape[level], nengo.RectifiedLinear(), f"mu{level}")
            self._connect(name, pre, mu)
            e = neurons(self._shape[level], Identity(), f"generative_error{level}")
            nengo.Connection(self._z[level], e, synapse=None)
            nengo.Connection(mu, e, transform=-1, synapse=None)
            self._teach(name, self._learned(e, level), transform=2)
            self._visible[f"mu{level}"] = mu
            self._visible[f"generative_loss{level}"] = PureNode(
                lambda xp, x, e: _sum_of_squares(xp, e),
                1,
                others=[e],
                label=f"generative_loss{level}",
            )
        force = PureNode(
            self._through_n, self._g_units, [z_g], self._schedule, label="force_g"
        )
        back = Transposed(self.connections["Gy"])
        nengo.Connection(e, force, transform=back, synapse=None)
        step = 2 * self._latent_step
        nengo.Connection(force, z_g, transform=step, synapse=self._delay)

    def _n(self, xp, z):
        return _normalize(xp, z) if self._normalizes else z

    def _through_n(self, xp, first, u, z):
        """Gradients u by n(z) as gradients by z; 0 at the first timestep."""
        gradient = _through_norm(xp, u, z) if self._normalizes else u
        return xp.where(first, xp.zeros_like(u), gradient)

    def _learned(self, e, level):
        """Of the errors of the generative circuit, those that it learns from."""
        if not self._positives_only or self._optimizer is None:
            return e
        learned = PureNode(
            lambda xp, e, kind: e if kind is None else kind * e,
            self._shape[level],
            others=[self.kind],
            label=f"learned_error{level}",
        )
        nengo.Connection(e, learned, synapse=None)
        return learned

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
            self._rests[level],
            transform=self._lateral_weights(level, L),
            learning_rule_type=None if self._optimizer is None else rule,
            synapse=None,
            label=name,
        )

    def _teach(self, name, signal, transform=1):
        if self._optimizer is not None:
            rule = self.connections[name].learning_rule
            nengo.Connection(signal, rule, transform=transform, synapse=None)

    def _lateral_weights(self, level, L):
        rule = Lateral(L, self._masks[level], optimizer=Adam())
        return rule.constrain(np, np.asarray(L, dtype=float))[1]

    def set_parameters(self, sim, parameters):
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


def _sum_of_squares(xp, z):
    return xp.sum(z * z, axis=1, keepdims=True)


def _norm(xp, z):
    return xp.sqrt(_sum_of_squares(xp, z))


def _normalize(xp, z):
    return z / (_norm(xp, z) + 1e-8)


def _through_norm(xp, u, z):
    r = _norm(xp, z)
    cubed = xp.maximum(r, 1e-8) * (r + 1e-8) ** 2
    along = xp.sum(z * u, axis=1, keepdims=True) / cubed
    return u / (r + 1e-8) - along * z


def _output_error(xp, output, target, kind):
    if target is None or kind is None:
        return xp.zeros_like(output)
    return _LABEL_SCALE / _SHARE_OF_POSITIVES * kind * (target - softmax(output, xp))
