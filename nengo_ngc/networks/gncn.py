r"""Generative neural coding networks (GNCN) made of Nengo objects."""

from dataclasses import dataclass

import nengo
import numpy as np
from nengo.params import Parameter

from ..neurons import Identity, LatentState, derivative
from ..objects import AtStart, PureNode, Transposed
from ..rules import Adam, Delta, ErrorDriven, LocalRule, Precision
from ..validation import (
    ArrayParam,
    ArraysParam,
    ChoiceParam,
    EitherParam,
    FiniteParam,
    FlagParam,
    InstanceParam,
    PositiveParam,
    SynapseParam,
    WholeParam,
    checked,
    unfit,
)
from .base import LEARNING, LearningNetwork, neurons
from .layers import LAYERS
from .parameters import (
    check_complete,
    check_parameters,
    complete_parameters,
    lateral_inhibition,
    parameter_shapes,
)
from .settling import end_of_settling


@dataclass(frozen=True)
class _Variant:
    """What distinguishes the circuits of Ororbia & Kifer (2022)."""

    phi: str  # activation of the states
    g: str  # activation of predictions of hidden layers
    target: str  # what is predicted of a layer, states "z" or activities "phi_z"
    prior: float  # Laplace prior on the states
    precision: bool  # errors weighted by learned precision
    tied: bool  # errors return through the transpose of W, gated by phi'
    lateral: bool  # V: competition in groups
    skip: bool  # M: predictions across a layer


VARIANTS = {
    "t1": _Variant("tanh", "identity", "z", 0.01, False, True, False, False),
    "t1-sigma": _Variant("relu", "identity", "z", 0.01, True, True, False, False),
    "t2-sigma": _Variant("relu", "relu", "phi_z", 0.0, True, False, True, False),
    "pdh": _Variant("relu", "relu", "phi_z", 0.0, True, False, True, True),
}

ACTIVATIONS = {
    "relu": nengo.RectifiedLinear(),
    "tanh": nengo.Tanh(tau_ref=1),
    "sigmoid": nengo.Sigmoid(tau_ref=1),
    "identity": Identity(),
}


INITIAL = ("zero", "feedforward", "previous")


class GNCN(LearningNetwork):
    r"""A generative neural coding network: it settles, predicts its input, learns.

    Layers of latent states :math:`z_1 \dots z_L` predict the layer below; the errors
    of the predictions move the states and, once they have settled, change the weights.
    In each timestep

    .. math::
        z_l &\leftarrow z_l + \beta \bigl(d_l - e_l - \gamma z_l - V_l \phi(z_l)
               - \lambda\,\mathrm{sign}(z_l)\bigr) \\
        \mu_l &= g\bigl(W_{l+1} \phi(z_{l+1}) + M_{l+2} \phi(z_{l+2})\bigr) \\
        e_l &= P_l (t_l - \mu_l)

    where g is the logistic function at the input and the first line uses the errors
    and states of the timestep before. ``"t1"`` and ``"t1-sigma"`` have the feedback
    :math:`d_l = \phi'(z_l) W_l^T e_{l-1}`, the target :math:`t_l = z_l`, no V and no M;
    ``"t2-sigma"`` and ``"pdh"`` have :math:`d_l = E_l e_{l-1}` with E of its own,
    :math:`t_l = \phi(z_l)` and V; M is in ``"pdh"`` alone, P in all but ``"t1"``.

    Parameters
    ----------
    shape : sequence of int, optional
        Number of inputs, then of units in each layer, at least one.
    variant : {"t1", "t1-sigma", "t2-sigma", "pdh"}, optional
        The circuit.
    beta : float, optional
        Step size of inference.
    leak : float, optional
        Decay :math:`\gamma` of the states.
    n_group, n_top_group : int, optional
        Units that compete with each other, in hidden layers and in the top one.
    self_excitation, cross_inhibition : float, optional
        The entries of V on the diagonal (negated) and between units of a group.
    schedule : Schedule, optional
        Length of a presentation and samples per update. Default: 50 timesteps.
    learning_rule_type : LocalRule or None, optional
        Rule of W, E and M; schedule and switch are set by the network. Precision is
        learned with the same optimiser. None: nothing learns. Default:
        ``ErrorDriven(Adam(1e-3), norm_bound=1.0)``.
    recognition_rule_type : LocalRule, optional
        Rule of R (see ``initial``), likewise, unless nothing learns. Default:
        ``Delta(Adam(5e-3))``: R follows the states, so it has to learn faster than they
        change.
    parameters : mapping of str to array, optional
        Values at the start, named and oriented (post, pre) as ``parameters`` returns
        them. The rest is initialised.
    activation : str or nengo.neurons.NeuronType, optional
        In place of the variant's phi: "relu", "tanh", "sigmoid", "identity", or any
        neuron type, spiking ones included.
    prior : float, optional
        In place of the variant's Laplace prior :math:`\lambda`.
    tied : bool, optional
        Whether errors return through :math:`W^T`, gated by phi', or through E of its
        own; in place of what the variant has.
    max_rate : float, optional
        Firing rate of spiking neurons, in Hz, that stands for an activity of 1.
    synapse : float or nengo.synapses.Synapse, optional
        Filter of spikes on their way to predictions and errors. Activities of rate
        neurons are not filtered.
    weight_std : float, optional
        Standard deviation of the Gaussian from which W, E and M are drawn.
    initial : {"zero", "feedforward", "previous"}, optional
        Where states start in each presentation: at 0; at what one feedforward pass
        makes of the input, :math:`z_l = R_l \phi(z_{l-1})`; or where the node ``start``
        says, which is meant for states on which the same input settled before, unless
        ``fresh`` is above 0: then at the feedforward pass. In the last two cases recognition
        weights R, 0 at the start, learn to predict the states that a presentation ends
        with, by ``recognition_rule_type``.
    carry : float, optional
        While the network learns, states start from this part of the feedforward pass or of
        what the node ``start`` says. With the published self-excitation states have no
        fixed point, and what starts where it ended would grow with every presentation.
    momentum : float, optional
        Part of the states' last movement that goes on, see `.LatentState`. 0.5 brings them
        in 10 timesteps where they would come in about 20.
    tolerance : float or None, optional
        A presentation is over once its states move, in one timestep, by no more than
        this part of their norm (over all layers). They are held from then on; of the
        timesteps that are left, models skip all but the last (see Notes).
    label, seed, add_to_container
        As for `nengo.Network`.

    Attributes
    ----------
    input : nengo.Node
        The image, ``shape[0]`` values in [0, 1].
    mask : nengo.Node
        1 where a pixel is hidden: its error counts for nothing, and the network fills
        it in. All 0 as long as nothing is connected to it.
    learn : nengo.Node
        The learning switch: 1 learn, 0 don't.
    start, fresh : nengo.Node
        If ``initial="previous"``: the states to start from, one layer after another, and
        whether to start from the feedforward pass instead.
    output : nengo.Node or nengo.ensemble.Neurons
        The prediction of the input, :math:`\mu_0`.
    connections : list of nengo.Connection
        Also by name, ``connections["W1"]``.

    Notes
    -----
    ``probe`` knows the states ``"z1"``, activities ``"phi_z1"`` and so on up to the top
    layer; predictions ``"mu0"`` and errors ``"e0"`` up to the layer below it; and, with
    a ``tolerance``, ``"iterations"``, the timesteps in which states were not held.

    What is left of a presentation is skipped by the models of ``nengo_ngc``, on either
    simulator, unless neurons or synapses have a memory of their own, as spiking ones do.
    Simulators that you make, ``nengo.Simulator`` and ``ngc.dl.Simulator``, go through it:
    there may be other parts for which time has to pass.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is unknown, out of range, or of the wrong shape.

    References
    ----------
    Ororbia & Kifer 2022, "The neural coding framework for learning generative
    models", Nature Communications 13, 2064.
    """

    @checked(
        LAYERS,
        ChoiceParam("variant", VARIANTS),
        LatentState.beta,
        LatentState.leak,
        WholeParam("n_group"),
        WholeParam("n_top_group"),
        FiniteParam("self_excitation"),
        FiniteParam("cross_inhibition"),
        InstanceParam("learning_rule_type", LocalRule, optional=True),
        InstanceParam("recognition_rule_type", LocalRule, optional=True),
        EitherParam(
            "activation",
            ChoiceParam("activation", ACTIVATIONS),
            InstanceParam("activation", nengo.neurons.NeuronType),
        ),
        LatentState.prior,
        FlagParam("tied"),
        PositiveParam("max_rate"),
        SynapseParam("synapse"),
        PositiveParam("weight_std"),
        ChoiceParam("initial", INITIAL),
        FiniteParam("carry", low=0, low_open=True, high=1),
        LatentState.momentum,
        PositiveParam("tolerance"),
        *LEARNING,
    )
    def __init__(
        self,
        shape=(784, 360, 360, 360),
        variant="pdh",
        beta=0.1,
        leak=0.001,
        n_group=12,
        n_top_group=18,
        self_excitation=0.15,
        cross_inhibition=0.1,
        schedule=None,
        learning_rule_type=ErrorDriven(norm_bound=1.0),
        recognition_rule_type=Delta(Adam(5e-3)),
        parameters=None,
        activation=None,
        prior=None,
        tied=None,
        max_rate=200.0,
        synapse=0.01,
        weight_std=0.05,
        initial="zero",
        carry=0.8,
        momentum=0.0,
        tolerance=None,
        label=None,
        seed=None,
        add_to_container=None,
    ):
        super().__init__(schedule, label, seed, add_to_container)
        kind = VARIANTS[variant]
        self._kind = kind
        self._shape = shape
        self._tied = kind.tied if tied is None else tied
        self._rule = learning_rule_type
        self._recognition_rule = recognition_rule_type
        self._initial_states = initial
        self._carry = carry if learning_rule_type is not None else 1.0
        self._tolerance = tolerance
        self._latent = {
            "beta": beta,
            "leak": leak,
            "momentum": momentum,
            "prior": kind.prior if prior is None else prior,
            "schedule": self._schedule,
        }
        self._phi_type = _neuron_type(kind.phi if activation is None else activation)
        self._max_rate = max_rate
        self._synapse = synapse
        self._weight_std = weight_std
        groups = [n_group] * (self.n_layers - 1) + [n_top_group]
        V = {
            f"V{level}": lateral_inhibition(
                self._shape[level], n, self_excitation, cross_inhibition
            )
            for level, n in enumerate(groups, start=1)
        }
        recognizes = initial != "zero"
        self._shapes = parameter_shapes(self._shape, kind, self._tied, recognizes)
        given = check_parameters(parameters or {}, self._shapes)
        self._initial = complete_parameters({**V, **given}, self._shapes)
        self._exempt_from_offline_training()
        with self:
            self._build()

    @property
    def n_layers(self):
        """Number of layers of latent states."""
        return len(self._shape) - 1

    def _exempt_from_offline_training(self):
        # read by NengoDL: the parameters belong to the local rules, and biases
        # that stay 0 need not be added
        for kind in (nengo.Ensemble, nengo.Connection):
            self.config[kind].set_param(
                "trainable", Parameter("trainable", default=False, optional=True)
            )

    # --- what the network is made of

    def _build(self):
        n_layers = self.n_layers
        self.input = nengo.Node(size_in=self._shape[0], label="input")
        self.mask = nengo.Node(size_in=self._shape[0], label="mask")
        self.learn = nengo.Node([1.0], label="learn")

        if self._initial_states == "previous":
            self.start = nengo.Node(size_in=sum(self._shape[1:]), label="start")
            self.fresh = nengo.Node(size_in=1, label="fresh")
        if self._tolerance is not None:
            self._latent["held"] = neurons(1, Identity(), label="held")
        self._z = [self.input]
        self._phi = [self.input]
        for level in range(1, n_layers + 1):
            self._z.append(self._build_states(level))
            self._phi.append(self._build_activation(level))
        self._mu, self._e = [], []
        for level in range(n_layers):
            self._mu.append(self._build_prediction(level))
            self._e.append(self._build_error(level))
        for level in range(1, n_layers + 1):
            self._connect_feedback(level)
        if self._tolerance is not None:
            self._visible["iterations"] = end_of_settling(
                self._z[1:], self._latent["held"], self._tolerance, self._schedule
            )
        self.output = self._mu[0]
        for level in range(1, n_layers + 1):
            self._visible[f"z{level}"] = self._z[level]
            self._visible[f"phi_z{level}"] = self._phi[level]
            self._visible[f"mu{level - 1}"] = self._mu[level - 1]
            self._visible[f"e{level - 1}"] = self._e[level - 1]

    def _build_states(self, level):
        start = self._build_start(level) if self._initial_states != "zero" else None
        latent = LatentState(**self._latent, start=start)
        z = neurons(self._shape[level], latent, label=f"z{level}")
        if start is not None:
            self._teach(f"R{level}", z)
        return z

    def _build_start(self, level):
        n, below, name = self._shape[level], self._seen(level - 1), f"R{level}"
        recognized = neurons(n, Identity(), label=f"recognized{level}")
        init = self._initial.get(name, np.zeros(self._shapes[name]))
        rule = self._recognition_rule if self._rule is not None else None
        if rule is not None:
            rule = rule.replace(schedule=self._schedule, learn=self.learn)
        transform = AtStart(self._shapes[name], init, self._schedule)
        self._connect(name, below, recognized, transform, rule)
        others = [self.learn, recognized]
        if self._initial_states == "previous":
            others.append(self.fresh)
        chosen = PureNode(self._choose, n, others, label=f"chosen{level}")
        if self._initial_states == "previous":
            first = sum(self._shape[1:level])
            nengo.Connection(self.start[first : first + n], chosen, synapse=None)
        start = neurons(n, Identity(), label=f"start{level}")
        nengo.Connection(chosen, start, synapse=None)
        return start

    def _choose(self, xp, given, learn, recognized, fresh=1.0):
        start = given if fresh is None else xp.where(fresh > 0, recognized, given)
        return xp.where(learn > 0, self._carry * start, start)

    def _seen(self, level):
        """What recognition of the layer above sees: activities at this very timestep."""
        if level == 0:  # rules learn between neurons
            phi_type = Identity()
        elif self._phi_type.spiking:  # filtered spikes are of earlier timesteps
            phi_type = ACTIVATIONS[self._kind.phi]
        else:
            return self._phi[level]
        seen = neurons(self._shape[level], phi_type, label=f"seen{level}")
        nengo.Connection(self._z[level], seen, synapse=None)
        return seen

    def _build_activation(self, level):
        z, neuron_type = self._z[level], self._phi_type
        if isinstance(neuron_type, Identity):
            return z
        if not neuron_type.spiking:
            phi = neurons(len(z), neuron_type, label=f"phi{level}")
            nengo.Connection(z, phi, synapse=None)
            return phi
        return self._build_spikes(z, neuron_type, level)

    def _build_spikes(self, z, neuron_type, level):
        n = len(z)
        gain, bias = neuron_type.gain_bias(np.full(n, self._max_rate), np.zeros(n))
        spikes = neurons(n, neuron_type, label=f"phi{level}", gain=gain, bias=bias)
        activity = neurons(n, Identity(), label=f"phi_z{level}")
        nengo.Connection(z, spikes, synapse=None)
        nengo.Connection(spikes, activity, transform=1 / self._max_rate, synapse=self._synapse)
        return activity

    def _build_prediction(self, level):
        g = "sigmoid" if level == 0 else self._kind.g
        mu = neurons(self._shape[level], ACTIVATIONS[g], label=f"mu{level}")
        self._connect_error_driven(f"W{level + 1}", self._phi[level + 1], mu)
        if self._kind.skip and level + 2 <= self.n_layers:
            self._connect_error_driven(f"M{level + 2}", self._phi[level + 2], mu)
        return mu

    def _build_error(self, level):
        n = self._shape[level]
        e = neurons(n, Identity(), label=f"e{level}")
        if level == 0:
            d = PureNode(_hide, n, others=[self.mask], label="d0")
            nengo.Connection(d, e, synapse=None)
        elif self._kind.precision:
            d = neurons(n, Identity(), label=f"d{level}")
            self._connect_precision(level, d, e)
        else:
            d = e
        target = self._z[level] if self._kind.target == "z" else self._phi[level]
        nengo.Connection(target, d, synapse=None)
        nengo.Connection(self._mu[level], d, transform=-1, synapse=None)
        for name in (f"W{level + 1}", f"M{level + 2}"):
            if name in self.connections:
                self._teach(name, e)
        return e

    def _connect_feedback(self, level):
        # synapse=0 is the one delay in the loop, from errors into states
        z, phi, below = self._z[level], self._phi[level], self._e[level - 1]
        if self._tied:
            self._connect_tied(level, below, z)
        else:
            self._connect_error_driven(f"E{level}", below, z, synapse=0)
            self._teach(f"E{level}", phi)
        if level < self.n_layers:
            nengo.Connection(self._e[level], z, transform=-1, synapse=0)
        if self._kind.lateral:
            self._connect(f"V{level}", phi, z, -self._initial[f"V{level}"], synapse=0)

    def _connect_error_driven(self, name, pre, post, synapse=None):
        transform = self._initial.get(name)
        if transform is None:
            transform = nengo.Dense(
                (post.size_in, pre.size_out),
                init=nengo.dists.Gaussian(0, self._weight_std),
            )
        rule = self._rule
        if rule is not None:
            rule = rule.replace(schedule=self._schedule, learn=self.learn)
        self._connect(name, pre, post, transform, rule, synapse)

    def _connect_precision(self, level, pre, post):
        name, rule = f"Prec{level}", None
        if self._rule is not None:
            rule = Precision(
                Sigma=self._initial[f"Sigma{level}"],
                optimizer=self._rule.optimizer,
                schedule=self._schedule,
                learn=self.learn,
            )
        self._connect(name, pre, post, self._initial[name], rule)
        self._teach(name, post)

    def _connect_tied(self, level, below, z):
        phi_prime = derivative(self._phi_type)
        gate = PureNode(
            lambda xp, x, z: phi_prime(xp, z) * x,
            self._shape[level],
            others=[z],
            label=f"gate{level}",
        )
        self._connect(f"E{level}", below, gate, Transposed(self.connections[f"W{level}"]))
        nengo.Connection(gate, z, synapse=0)

    def _connect(self, name, pre, post, transform, rule=None, synapse=None):
        nengo.Connection(
            pre,
            post,
            transform=transform,
            learning_rule_type=rule,
            synapse=synapse,
            label=name,
        )

    def _teach(self, name, signal):
        rule = self.connections[name].learning_rule
        if rule is not None:
            nengo.Connection(signal, rule, synapse=None)

    # --- parameters

    def _with_what_follows(self, given):
        pairs = [(f"Sigma{level}", f"Prec{level}") for level in range(1, self.n_layers)]
        known = [name for pair in pairs if given.keys() & pair for name in pair]
        return {**given, **complete_parameters(given, {k: self._shapes[k] for k in known})}

    def _sign(self, name):
        return -1 if name.startswith("V") else 1

    def _parameter_signals(self, model):
        signals = {}
        for name in self._shapes:
            if not name.startswith("Sigma"):
                signals[name] = model.sig[self.connections[name]]["weights"]
            elif self._rule is not None:
                rule = self.connections[f"Prec{name[5:]}"].learning_rule
                signals[name] = model.sig[rule]["parameter"]
        return signals

    @checked(ArraysParam("parameters"), ArrayParam("z", ndim=2, finite=False))
    def generate(self, parameters, z):
        """Images that states of the top layer predict, in one pass down.

        Parameters
        ----------
        parameters : mapping of str to array
            As ``parameters`` returns them.
        z : (n, shape[-1]) array
            States of the top layer.

        Returns
        -------
        (n, shape[0]) array
            Means of the pixels.
        """
        if z.shape[1] != self._shape[-1]:
            raise unfit("z", f"of shape (n, {self._shape[-1]})", z, self)
        check_parameters(parameters, self._shapes)
        check_complete(parameters, [name for name in self._shapes if name[0] in "WM"])
        phi = {self.n_layers: _rates(self._phi_type, z, self._max_rate)}
        for level in reversed(range(self.n_layers)):
            drive = phi[level + 1] @ parameters[f"W{level + 1}"].T
            if f"M{level + 2}" in self._shapes:
                drive = drive + phi[level + 2] @ parameters[f"M{level + 2}"].T
            mu = _rates(ACTIVATIONS["sigmoid" if level == 0 else self._kind.g], drive)
            predicts_z = self._kind.target == "z"
            phi[level] = _rates(self._phi_type, mu) if predicts_z else mu
        return mu


def _neuron_type(activation):
    return ACTIVATIONS[activation] if isinstance(activation, str) else activation


def _rates(neuron_type, x, max_rate=None):
    """Activities of neurons, wired to as in the network, for a batch of inputs."""
    gain, bias, scale = np.ones(1), np.zeros(1), 1.0
    if neuron_type.spiking:
        gain, bias = neuron_type.gain_bias(np.array([max_rate]), np.zeros(1))
        scale = max_rate
    rates = neuron_type.rates(np.ravel(x)[:, None], gain, bias) / scale
    return rates.reshape(x.shape)


def _hide(xp, error, mask):
    return error if mask is None else error * (1 - mask)
