r"""The generative neural coding network (GNCN), made of Nengo objects.

The E update, for example, is the rule `.ErrorDriven` on the connection ``"E1"``, which
``_connect_feedback`` makes.
"""

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Literal

import nengo
import numpy as np
from nengo.exceptions import ValidationError
from nengo.neurons import NeuronType
from nengo.params import Parameter
from nengo.synapses import Synapse
from numpy.typing import NDArray

from ..namespace import NUMPY
from ..neurons import Identity, LatentState, Pointwise, derivative
from ..objects import AtStart, PureNode
from ..rules import Adam, Delta, ErrorDriven, Lateral, LocalRule, Precision
from ..rules.signs import ACTUAL_MINUS_DESIRED
from ..schedule import Schedule
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
from .base import LEARNING, LearningNetwork
from .convolutional import Layers
from .gncn_parameters import complete_parameters, lateral_inhibition, parameter_shapes
from .gncn_variants import VARIANTS
from .layers import LAYERS
from .parameters import check_complete, check_parameters
from .parts import ACTIVATIONS, connect_feedback, neurons, pass_down, product
from .settling import end_of_settling

INITIAL = ("zero", "feedforward", "previous")

# the activation of the lowest prediction, which is the mean of each kind of pixels
OUTPUTS = {"bernoulli": "sigmoid", "gaussian": "identity"}


class GNCN(LearningNetwork):
    r"""A generative neural coding network, which predicts its input from latent states.

    Layers of latent states :math:`z_1 \dots z_L` predict the layer below. The errors of these
    predictions move the states until they have settled, and then change the weights. In each
    timestep

    .. math::
        z_l &\leftarrow z_l + \beta \bigl(d_l - e_l - \gamma z_l - V_l \phi(z_l)
               - \lambda\,\mathrm{sign}(z_l)\bigr) \\
        \mu_l &= g\bigl(W_{l+1} \phi(z_{l+1}) + M_{l+2} \phi(z_{l+2})\bigr) \\
        e_l &= P_l (t_l - \mu_l)

    where the first line uses the errors and states of the previous timestep. At the input,
    :math:`\mu_0` is the mean of the pixels: g is the logistic function for Bernoulli and the
    identity for Gaussian pixels. In both cases :math:`e_0 = x - \mu_0` is the gradient of the
    log likelihood of the image by what drives :math:`\mu_0` (for Gaussian pixels with a
    variance of 1), so that nothing else differs.

    In ``"t1"`` and ``"t1-sigma"`` the feedback is :math:`d_l = \phi'(z_l) W_l^T e_{l-1}`, the
    target is :math:`t_l = z_l`, and there is no V and no M. In ``"t2-sigma"`` and ``"pdh"``
    the feedback is :math:`d_l = E_l e_{l-1}` with weights E that learn, the target is
    :math:`t_l = \phi(z_l)`, and there is V. Only ``"pdh"`` has M, and all variants but
    ``"t1"`` have P.

    At the last timestep of a presentation the weights change by

    .. math::
        \Delta W_l = e_{l-1} \phi(z_l)^T, \qquad \Delta E_l = \phi(z_l) e_{l-1}^T, \qquad
        \Delta M_l = e_{l-2} \phi(z_l)^T

    averaged over samples (`.ErrorDriven`), and the covariance to which P belongs by
    `.Precision`.

    Parameters
    ----------
    shape : sequence of int or `.Conv`, optional
        Number of inputs, followed by the number of units in each layer, at least one layer.
        Layers can be convolutional with ``variant="t1"``, if the first item is the shape of an
        image: ``((28, 28, 1), Conv(16, 5, stride=2), 128)``. Then predictions go down by the
        transpose of a convolution, with a kernel W. Errors go up through the same kernel, or
        with ``tied=False`` by a convolution with a kernel E of its own.
    variant : {"t1", "t1-sigma", "t2-sigma", "pdh"}, optional
        The circuit.
    beta : float, optional
        Step size of inference.
    leak : float, optional
        Decay :math:`\gamma` of the states.
    n_group, n_top_group : int, optional
        Number of units that compete with each other, in hidden layers and in the top layer.
    self_excitation, cross_inhibition : float, optional
        Entries of V: on the diagonal (negated), and between the units of a group.
    schedule : Schedule, optional
        Length of a presentation and samples per update. Default: 50 timesteps.
    learning_rule_type : LocalRule or None, optional
        Learning rule of W, E and M, of which the network sets the schedule and the learning
        switch. P is learned with the same optimiser. With None nothing learns. Default:
        ``ErrorDriven(Adam(1e-3), norm_bound=1.0)``.
    recognition_rule_type : LocalRule, optional
        Learning rule of the recognition weights R, see ``initial``. Default:
        ``Delta(Adam(5e-3))``. Its steps are larger since R has to follow states that change
        while the network learns.
    parameters : mapping of str to array, optional
        Initial values of parameters, named and oriented (post, pre) as ``parameters`` returns
        them. Those that are not given are initialised as usual.
    activation : str or nengo.neurons.NeuronType, optional
        Activation :math:`\phi` in place of the variant's: "relu", "leaky-relu", "gelu",
        "tanh", "hard-tanh", "sigmoid", "identity", or any neuron type, including spiking
        ones.
    prior : float, optional
        Strength :math:`\lambda` of the Laplace prior in place of the variant's.
    tied : bool, optional
        Whether errors return through :math:`W^T`, gated by :math:`\phi'`, or through weights
        E of their own. By default the variant decides.
    max_rate : float, optional
        Firing rate of spiking neurons, in Hz, that represents an activity of 1.
    synapse : float or nengo.synapses.Synapse, optional
        Filter of spikes on their way to predictions and errors. The activities of rate neurons
        are not filtered.
    weight_std : float, optional
        Standard deviation of the Gaussian from which W, E and M are drawn.
    output : {"bernoulli", "gaussian"}, optional
        How pixels are distributed around their prediction. ``"bernoulli"`` is meant for
        pixels in [0, 1] and learns to lower their cross-entropy. ``"gaussian"`` is meant for
        any real numbers and learns to lower the squared error.
    initial : {"zero", "feedforward", "previous"}, optional
        Initial states of each presentation. ``"zero"``: all states are 0. ``"feedforward"``:
        the states of one feedforward pass, :math:`z_l = R_l \phi(z_{l-1})`. ``"previous"``:
        the input of the node ``start``, which is meant for states on which the same input
        settled before, or the feedforward pass if the input of the node ``fresh`` is above 0.
        In the last two cases there are recognition weights R. They are 0 at first, and learn
        by ``recognition_rule_type`` to predict the states at the end of a presentation.
    carry : float, optional
        While the network learns, the initial states are multiplied by this factor, above 0 and
        at most 1. With the published self-excitation states have no fixed point, and without
        the factor they would grow with every presentation of the same input.
    momentum : float, optional
        The part of the states' velocity that is kept from one timestep to the next, see
        `.LatentState`. With 0.5 states move in 10 timesteps about as far as in 20 without.
    tolerance : float or None, optional
        A presentation ends once the movement of the states in one timestep is at most this
        fraction of their norm, over all layers. From then on the states do not change, and
        models skip the remaining timesteps, except the last one (see Notes).
    label, seed, add_to_container
        As for `nengo.Network`.

    Attributes
    ----------
    input : nengo.Node
        The image, ``shape[0]`` values, in [0, 1] with ``output="bernoulli"``.
    mask : nengo.Node
        1 for hidden pixels. They make no error, and the network fills them in. All values are
        0 as long as nothing is connected to the node.
    learn : nengo.Node
        The learning switch: the network learns if it is 1, and not if it is 0.
    start, fresh : nengo.Node
        They exist if ``initial="previous"``: the initial states, one layer after another, and
        whether to use the feedforward pass instead.
    output : nengo.Node or nengo.ensemble.Neurons
        The prediction of the input, :math:`\mu_0`.
    ensembles, nodes, connections : list
        Also by name, as in ``ensembles["z1"]`` and ``connections["W1"]``; see Notes.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is unknown, out of range, or of the wrong shape.

    Notes
    -----
    ``probe`` and ``ensembles`` know the states ``"z1"``, activities ``"phi_z1"`` and so on up
    to the top layer, and the predictions ``"mu0"`` and errors ``"e0"`` and so on up to the
    layer below it. With a ``tolerance``, ``probe`` and ``nodes`` know ``"iterations"``, the
    number of timesteps in which states moved. ``nodes`` also knows ``"input"``, ``"mask"``,
    ``"learn"``, ``"start"`` and ``"fresh"``. Connections have the names of parameters. Spiking
    neurons are the ensembles ``"spikes1"`` and so on, of which ``"phi_z1"`` are the filtered
    activities.

    The models of ``nengo_ngc`` skip timesteps on every simulator, unless neurons or synapses
    have a memory of their own, as spiking neurons do. Simulators that you create yourself
    simulate all timesteps, since a network around this one may have other parts.

    References
    ----------
    Ororbia & Kifer 2022, "The neural coding framework for learning generative
    models", Nature Communications 13, 2064. For the gradient of either likelihood: Bishop
    2006, "Pattern recognition and machine learning", section 4.3.6.
    """

    # kinds of objects from left to right, as Nengo GUI shows them
    gui_columns = (
        "input mask learn fresh held",
        *("recognized", "chosen", "start", "z", "gate", "spikes", "phi_z", "seen"),
        *("mu", "d", "e"),
    )

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
            InstanceParam("activation", NeuronType),
        ),
        LatentState.prior,
        FlagParam("tied"),
        PositiveParam("max_rate"),
        SynapseParam("synapse"),
        PositiveParam("weight_std"),
        ChoiceParam("output", OUTPUTS),
        ChoiceParam("initial", INITIAL),
        FiniteParam("carry", low=0, low_open=True, high=1),
        LatentState.momentum,
        PositiveParam("tolerance"),
        *LEARNING,
    )
    def __init__(
        self,
        shape: tuple[int, ...] = (784, 360, 360, 360),
        variant: str = "pdh",
        beta: float = 0.1,
        leak: float = 0.001,
        n_group: int = 12,
        n_top_group: int = 18,
        self_excitation: float = 0.15,
        cross_inhibition: float = 0.1,
        schedule: Schedule | None = None,
        learning_rule_type: LocalRule | None = ErrorDriven(norm_bound=1.0),
        recognition_rule_type: LocalRule | None = Delta(Adam(5e-3)),
        parameters: Mapping[str, NDArray] | None = None,
        activation: str | NeuronType | None = None,
        prior: float | None = None,
        tied: bool | None = None,
        max_rate: float = 200.0,
        synapse: float | Synapse | None = 0.01,
        weight_std: float = 0.05,
        output: Literal["bernoulli", "gaussian"] = "bernoulli",
        initial: Literal["zero", "feedforward", "previous"] = "zero",
        carry: float = 0.8,
        momentum: float = 0.0,
        tolerance: float | None = None,
        label: str | None = None,
        seed: int | None = None,
        add_to_container: bool | None = None,
    ) -> None:
        super().__init__(schedule, label, seed, add_to_container)
        self._variant = VARIANTS[variant]
        self._layers = Layers(shape)
        self._shape = self._layers.sizes
        self._tied = self._variant.tied if tied is None else tied
        self._rule = learning_rule_type
        self._recognition_rule = recognition_rule_type
        self._initial_states = initial
        self._carry = carry if learning_rule_type is not None else 1.0
        self._tolerance = tolerance
        self._latent = {
            "beta": beta,
            "leak": leak,
            "momentum": momentum,
            "prior": self._variant.prior if prior is None else prior,
            "schedule": self._schedule,
        }
        phi = self._variant.phi if activation is None else activation
        self._phi_type = ACTIVATIONS[phi] if isinstance(phi, str) else phi
        self._max_rate = max_rate
        self._synapse = synapse
        self._weight_std = weight_std
        self._pixels = output
        groups = [n_group] * (self.n_layers - 1) + [n_top_group]
        V = {
            f"V{level}": lateral_inhibition(
                self._shape[level], n, self_excitation, cross_inhibition
            )
            for level, n in enumerate(groups, start=1)
            if self._variant.lateral
        }
        self._check_convolutions()
        self._check_rules()
        self._check_interleaved()
        recognizes = initial != "zero"
        self._shapes = parameter_shapes(self._layers, self._variant, self._tied, recognizes)
        given = check_parameters(parameters or {}, self._shapes)
        self._initial = complete_parameters({**V, **given}, self._shapes)
        self._exempt_from_offline_training()
        with self:
            self._build()

    @property
    def n_layers(self) -> int:
        """Number of layers of latent states."""
        return len(self._shape) - 1

    def _check_rules(self):
        for name, rule in (
            ("learning_rule_type", self._rule),
            ("recognition_rule_type", self._recognition_rule),
        ):
            if rule is not None and rule.biases:
                raise unfit(name, "a rule with biases=False, since there are none", rule, self)
            own = isinstance(rule, Lateral | Precision)
            if rule is not None and (own or _sizes_of_errors(rule) != ["post"]):
                expected = 'a rule with one error for each unit, as size_in="post" says'
                raise unfit(name, expected, rule, self)
            if rule is not None and rule.error_sign == ACTUAL_MINUS_DESIRED:
                expected = "a rule that takes the desired minus the actual activity"
                raise unfit(name, expected, rule, self)

    def _check_interleaved(self):
        if self._schedule.interleave > 1 and self._phi_type.spiking:
            raise ValidationError(
                "must not be spiking if presentations take turns (schedule.interleave), "
                f"since filters mix them, got {self._phi_type}",
                attr="activation",
                obj=self,
            )

    @cached_property
    def _gain_and_bias(self):
        """Of spiking neurons, which fire at ``max_rate`` where the activity is 1."""
        gain, bias = self._phi_type.gain_bias(np.array([self._max_rate]), np.zeros(1))
        if not gain[0] > 0 or not np.isfinite([gain[0], bias[0]]).all():
            raise ValidationError(
                f"must be a neuron type that is silent at 0 and fires at max_rate at 1, got "
                f"{self._phi_type}",
                attr="activation",
                obj=self,
            )
        return float(gain[0]), float(bias[0])

    @cached_property
    def _slope(self):
        """The derivative of the activation by the state, by which errors are multiplied."""
        slope = derivative(self._phi_type)
        if self._phi_type.spiking:
            gain, bias = self._gain_and_bias
            slope = partial(_slope_of_rates, slope, gain, bias, gain / self._max_rate)
        if not np.all(slope(NUMPY, np.zeros((1, 1))) > 0):
            raise ValidationError(
                "must have a slope above 0 at 0, where states start, if errors are sent back "
                f"by the weights of predictions (tied), got {self._phi_type}",
                attr="activation",
                obj=self,
            )
        return slope

    def _check_convolutions(self):
        variant = self._variant
        if self._layers.convolutions and (
            variant.lateral or variant.precision or variant.skip
        ):
            raise ValidationError(
                "must be 't1' with convolutional layers, since the others have lateral "
                "inhibition, precisions or connections that skip a layer",
                attr="variant",
                obj=self,
            )

    def _exempt_from_offline_training(self):
        # read by training: the parameters belong to the local rules, and biases
        # that stay 0 need not be added
        for configured in (nengo.Ensemble, nengo.Connection):
            self.config[configured].set_param(
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
                self._z[1:],
                self._latent["held"],
                self._tolerance,
                self._schedule,
                self._delay,
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
        at_start = level not in self._layers.convolutions
        rule = self._recognition_rule if self._rule is not None else None
        if rule is not None:
            rule = rule.replace(schedule=self._schedule, learn=self.learn)
        transform = self._layers.up(level, init)
        if at_start:
            transform = AtStart(self._shapes[name], init, self._schedule)
        self._connect(name, below, recognized, transform, rule)
        others = [self.learn, recognized]
        if self._initial_states == "previous":
            others.append(self.fresh)
        chosen = PureNode(partial(_choose, self._carry), n, others, label=f"chosen{level}")
        if self._initial_states == "previous":
            first = sum(self._shape[1:level])
            nengo.Connection(self.start[first : first + n], chosen, synapse=None)
        start = neurons(n, Identity(), label=f"start{level}")
        nengo.Connection(chosen, start, synapse=None)
        return start

    def _seen(self, level):
        """Activities at this timestep, from which the layer above is recognized."""
        if level == 0:  # rules learn between neurons
            phi_type = Identity()
        elif self._phi_type.spiking:  # filtered spikes are of earlier timesteps
            phi_type = ACTIVATIONS[self._variant.phi]
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
            phi = neurons(len(z), neuron_type, label=f"phi_z{level}")
            nengo.Connection(z, phi, synapse=None)
            return phi
        return self._build_spikes(z, neuron_type, level)

    def _build_spikes(self, z, neuron_type, level):
        n = len(z)
        gain, bias = (np.full(n, value) for value in self._gain_and_bias)
        spikes = neurons(n, neuron_type, label=f"spikes{level}", gain=gain, bias=bias)
        activity = neurons(n, Identity(), label=f"phi_z{level}")
        nengo.Connection(z, spikes, synapse=None)
        nengo.Connection(spikes, activity, transform=1 / self._max_rate, synapse=self._synapse)
        return activity

    def _build_prediction(self, level):
        mu = neurons(self._shape[level], self._prediction_type(level), label=f"mu{level}")
        down = partial(self._layers.down, level + 1)
        self._connect_error_driven(f"W{level + 1}", self._phi[level + 1], mu, down)
        if self._variant.skip and level + 2 <= self.n_layers:
            self._connect_error_driven(f"M{level + 2}", self._phi[level + 2], mu)
        return mu

    def _prediction_type(self, level):
        return ACTIVATIONS[OUTPUTS[self._pixels] if level == 0 else self._variant.g]

    def _build_error(self, level):
        n = self._shape[level]
        e = neurons(n, Identity(), label=f"e{level}")
        if level == 0:
            d = PureNode(_hide, n, others=[self.mask], label="d0")
            nengo.Connection(d, e, synapse=None)
        elif self._variant.precision:
            d = neurons(n, Identity(), label=f"d{level}")
            self._connect_precision(level, d, e)
        else:
            d = e
        target = self._z[level] if self._variant.target == "z" else self._phi[level]
        nengo.Connection(target, d, synapse=None)
        nengo.Connection(self._mu[level], d, transform=-1, synapse=None)
        for name in (f"W{level + 1}", f"M{level + 2}"):
            if name in self.connections:
                self._teach(name, e)
        return e

    def _connect_feedback(self, level):
        # the one delay in the loop is that from errors into states
        z, phi, below = self._z[level], self._phi[level], self._e[level - 1]
        if self._tied:
            W = self.connections[f"W{level}"]
            label = f"E{level}"
            connect_feedback(below, W, z, self._slope, level, label, delay=self._delay)
        else:
            up = partial(self._layers.up, level)
            self._connect_error_driven(f"E{level}", below, z, up, synapse=self._delay)
            self._teach(f"E{level}", phi)
        if level < self.n_layers:
            nengo.Connection(self._e[level], z, transform=-1, synapse=self._delay)
        if self._variant.lateral:
            V = -self._initial[f"V{level}"]
            self._connect(f"V{level}", phi, z, V, synapse=self._delay)

    def _connect_error_driven(self, name, pre, post, make=None, synapse=None):
        init = self._initial.get(name)
        if init is None:
            init = nengo.dists.Gaussian(0, self._weight_std)
        if make is None:
            make = partial(nengo.Dense, (post.size_in, pre.size_out))
        transform = make(init=init)
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

    def _connect(self, name, pre, post, transform, rule=None, synapse=None):
        nengo.Connection(
            pre,
            post,
            transform=transform,
            learning_rule_type=rule,
            synapse=synapse,
            label=name,
        )

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
    def generate(self, parameters: Mapping[str, NDArray], z: NDArray) -> NDArray:
        """Return the images that states of the top layer predict, in one pass down.

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
        return self.decoder(parameters)(z)

    @checked(ArraysParam("parameters"))
    def decoder(self, parameters: Mapping[str, NDArray]) -> Callable[[NDArray], NDArray]:
        """Return ``generate`` as a function of states alone, which checks nothing.

        Parameters
        ----------
        parameters : mapping of str to array
            As ``parameters`` returns them.

        Returns
        -------
        callable
            It turns states of the top layer, (n, shape[-1]), into means of the pixels,
            (n, shape[0]), of the same type if the parameters are of this type, too.
        """
        check_parameters(parameters, self._shapes)
        check_complete(parameters, [name for name in self._shapes if name[0] in "WM"])

        def generate(z):
            down = self._weights_down(parameters)
            return pass_down(self._rates(z), down, self._predict, self._activity_of)

        return generate

    def _weights_down(self, parameters):
        """For each layer from the top down, its number and the products that predict it."""
        for level in reversed(range(self.n_layers)):
            names = f"W{level + 1}", f"M{level + 2}"
            yield (
                level,
                [
                    product(parameters[name], self.connections[name].transform)
                    for name in names
                    if name in self._shapes
                ],
            )

    def _predict(self, level, drive):
        return _rates(self._prediction_type(level), drive)

    def _activity_of(self, prediction):
        """Activities of a layer whose state, or activity, is as predicted."""
        if self._variant.target == "phi_z":
            return prediction
        return self._rates(prediction)

    def _rates(self, z):
        return _rates(self._phi_type, z, self._max_rate)


def _sizes_of_errors(rule):
    return [*rule.errors.values()] if rule.errors else [rule.size_in]


def _rates(neuron_type, x, max_rate=None):
    """Activities for a batch of inputs, with the gain that the network gives neurons."""
    if isinstance(neuron_type, Pointwise):  # the neurons of a sample may compete
        return neuron_type.activity(NUMPY, x)
    if not neuron_type.spiking and not neuron_type.state:
        # Nengo's ``rates`` would make everything float64
        rates = np.zeros(x.size, np.result_type(x.dtype, np.float32))
        with np.errstate(over="ignore"):  # in a sigmoid whose value is 0
            neuron_type.step(1.0, np.ravel(x), rates)
        return rates.reshape(x.shape)
    gain, bias, scale = np.ones(1), np.zeros(1), 1.0
    if neuron_type.spiking:
        gain, bias = neuron_type.gain_bias(np.array([max_rate]), np.zeros(1))
        scale = max_rate
    rates = neuron_type.rates(np.ravel(x)[:, None], gain, bias) / scale
    return rates.reshape(x.shape)


def _slope_of_rates(slope, gain, bias, scale, xp, z):
    return scale * slope(xp, gain * z + bias)


def _choose(carry, xp, given, learn, recognized, fresh=1.0):
    start = given if fresh is None else xp.where(fresh > 0, recognized, given)
    return xp.where(learn > 0, carry * start, start)


def _hide(xp, error, mask):
    return error if mask is None else error * (1 - mask)
