r"""A classifier that learns by predictive coding, from the input to the label."""

from collections.abc import Mapping
from functools import partial

import nengo
import numpy as np
from nengo.exceptions import ValidationError
from nengo.neurons import NeuronType
from numpy.typing import NDArray

from ..neurons import Identity, LatentState, derivative
from ..objects import PureNode, Transposed
from ..rules import ErrorDriven, Optimizer
from ..schedule import Schedule
from ..validation import ChoiceParam, FiniteParam, FlagParam, checked, unfit
from .classifiers import CLASSIFIER, Classifier, predicted
from .parts import connect_feedback, gated, neurons

SCALINGS = "standard", "mupc"
STATES = "currents", "activities"


class NudgingParam(FiniteParam):
    """The strength of a nudge: a number from -1 to 1, but not 0."""

    def __init__(self, name: str = "nudging") -> None:
        super().__init__(name, low=-1, high=1, optional=True)

    @property
    def expected(self) -> str:
        return f"{super().expected}, and not 0"

    def _within(self, value):
        return value != 0 and super()._within(value)


class PredictiveCodingClassifier(Classifier):
    r"""A classifier that learns by predictive coding.

    Each layer predicts the next one, from the input to the label. Both are clamped while the
    network learns. The states :math:`z_l` between them start from the predictions and then
    settle on a compromise, and every layer learns from the errors that remain:

    .. math::
        \mu_l &= W_l \phi(z_{l-1}) + b_l, \qquad \phi(z_0) = x \\
        e_l &= z_l - \mu_l, \qquad e_L = t - p(\mu_L) \\
        v_l &\leftarrow m v_l + \phi'(z_l) \odot W_{l+1}^T e_{l+1} - e_l, \qquad
        z_l \leftarrow z_l + \beta v_l \\
        \Delta W_l &= e_l \phi(z_{l-1})^T, \qquad \Delta b_l = e_l

    The prediction p and the target t follow from ``loss`` and ``nudging``. In the first
    timestep of a presentation all errors except the last one are 0, and :math:`\mu_L` is the
    feedforward prediction. A presentation of one timestep is therefore enough to make a
    prediction, and one of T + 1 timesteps moves the states T times.

    Parameters
    ----------
    shape : sequence of int or `.Conv`, optional
        Number of inputs, of units in each hidden layer, and of classes. Hidden layers can be
        convolutional, see `FeedforwardClassifier`.
    neuron_type : str or nengo.neurons.NeuronType, optional
        The activation :math:`\phi`: "relu", "leaky-relu", "gelu", "tanh", "hard-tanh",
        "sigmoid" or another type of rate neurons, which get a gain of 1.
    beta : float, optional
        Step size of inference.
    schedule : Schedule, optional
        Length of a presentation and samples per update. Default: 5 timesteps. It takes one
        timestep for an error to reach the layer below. With ``Schedule(online=True,
        from_start=True)`` learning is incremental: states and weights change at once in each
        timestep, both by the errors of the states and weights before. On Nengo, ``interleave``
        then has to be the batch size.
    optimizer : Optimizer or None, optional
        Optimiser of all weights and biases. Default: ``Adam(1e-3)``.
    learns : bool, optional
        Whether the network learns. If it is False, there are no rules.
    parameters : mapping of str to array, optional
        Initial values. Parameters that are not given are initialised.
    loss : {"cross-entropy", "binary-cross-entropy", "squared-error"}, optional
        The energy of the output, whose prediction p is the softmax, the logistic function or
        the output itself.
    momentum : float, optional
        Part m of the states' velocity that is kept, at least 0 and below 1.
    nudging : float or None, optional
        With None the target t is the label y. With a number :math:`\nu` from -1 to 1, except
        0, the output is nudged from its feedforward prediction :math:`p^0` towards the label,
        or away from it if the number is negative:

        .. math:: t = p^0 + \nu\, (y - p^0), \qquad
            \Delta W_l = \tfrac{1}{\nu}\, e_l \phi(z_{l-1})^T

        A nudge away from the label reverses the sign of the updates. The Node ``sign``
        multiplies :math:`\nu` by -1 for samples in which it is below 0.
    states : {"currents", "activities"}, optional
        What the states are, and what layers predict: the input currents of units, or their
        activities, with

        .. math::
            \mu_l &= \phi(a_l), \quad a_l = W_l z_{l-1} + b_l, \quad
            \delta_l = \phi'(a_l) \odot e_l \qquad \text{for } l < L, \qquad
            \mu_L = a_L, \quad \delta_L = e_L \\
            v_l &\leftarrow m v_l + W_{l+1}^T \delta_{l+1} - e_l, \qquad
            \Delta W_l = \delta_l z_{l-1}^T, \quad \Delta b_l = \delta_l

        Feedforward predictions are the same.
    residual : bool, optional
        Whether hidden layers of the same size pass on their states:
        :math:`\mu_l = W_l \phi(z_{l-1}) + b_l + z_{l-1}` for :math:`1 < l < L`, and
        :math:`e_l` is added to the force on :math:`z_{l-1}`.
    scaling : {"standard", "mupc"}, optional
        With "mupc" each layer multiplies its input by a constant,
        :math:`\mu_l = W_l a_l \phi(z_{l-1})`, the initial weights are drawn from the standard
        normal distribution, and biases stay 0. For n inputs, N units in each hidden layer and
        L layers of weights, :math:`a_1 = 1 / \sqrt{n}`, :math:`a_L = 1 / N` and
        :math:`a_l = 1 / \sqrt{N L}`, or :math:`1 / \sqrt{N}` without residual connections.
    init : {"normal", "uniform"}, optional
        How weights are drawn, see `FeedforwardClassifier`. It must be "normal" with
        ``scaling="mupc"``.
    label, seed, add_to_container
        As for `nengo.Network`.

    Attributes
    ----------
    input, target, learn, output
        As for `FeedforwardClassifier`.
    sign : nengo.Node
        The sign of nudging, if there is any. It counts as 1 if nothing is connected to it.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is unknown, out of range, or of the wrong shape.

    Notes
    -----
    ``probe`` and ``ensembles`` know ``"x"``, ``"z1"``, ``"mu1"``, ``"e1"`` and so on,
    ``"output"`` (:math:`\mu_L`) and ``"prediction"`` (:math:`\mu_L` in the first timestep of
    the presentation, which is the feedforward prediction); ``probe`` and ``nodes`` know
    ``"error"`` (:math:`e_L`). ``nodes`` also knows ``"input"``, ``"target"`` and ``"learn"``.
    The connections are ``"W1"`` and so on.

    References
    ----------
    Whittington & Bogacz 2017, "An approximation of the error backpropagation algorithm
    in a predictive coding network with local Hebbian synaptic plasticity", Neural
    Computation 29. The start at the predictions and the softmax: Millidge, Tschantz &
    Buckley 2022, "Predictive coding approximates backprop along arbitrary computation
    graphs", Neural Computation 34. Incremental learning: Salvatori et al. 2024, "A stable,
    fast, and fully automatic learning algorithm for predictive coding networks", ICLR, arXiv
    2212.00720. Nudging: Scellier et al. 2023, "Energy-based learning algorithms for analog
    computing: a comparative study", NeurIPS, arXiv 2312.15103, and Pinchetti et al. 2024,
    "Benchmarking predictive coding networks - made simple", arXiv 2407.01163, whose program
    has these equations for the squared error. Scaling: Innocenti, Achour & Buckley 2025,
    "muPC: scaling predictive coding to 100+ layer networks", arXiv 2505.13124.
    """

    # kinds of objects from left to right, as Nengo GUI shows them
    gui_columns = (
        *("input learn sign", "x scaled a mu prediction", "z", "phi", "e error"),
        "gate lesson target",
    )

    @checked(
        LatentState.beta,
        LatentState.momentum,
        NudgingParam(),
        FlagParam("learns"),
        FlagParam("residual"),
        ChoiceParam("scaling", SCALINGS),
        ChoiceParam("states", STATES),
        *CLASSIFIER,
    )
    def __init__(
        self,
        shape: tuple[int, ...] = (784, 256, 256, 10),
        neuron_type: str | NeuronType = "relu",
        beta: float = 0.05,
        schedule: Schedule | None = None,
        optimizer: Optimizer | None = None,
        learns: bool = True,
        parameters: Mapping[str, NDArray] | None = None,
        loss: str = "cross-entropy",
        momentum: float = 0.0,
        nudging: float | None = None,
        states: str = "currents",
        residual: bool = False,
        scaling: str = "standard",
        init: str = "normal",
        label: str | None = None,
        seed: int | None = None,
        add_to_container: bool | None = None,
    ) -> None:
        self._beta, self._momentum, self._learns = beta, momentum, learns
        self._nudging, self._residual, self._scaling = nudging, residual, scaling
        self._activities = states == "activities"
        if self._activities and (residual or scaling == "mupc"):
            expected = "'currents' with residual connections and with scaling='mupc'"
            raise unfit("states", expected, states, self)
        if scaling == "mupc" and init != "normal":
            raise unfit("init", "'normal' with scaling='mupc'", init, self)
        super().__init__(
            shape,
            neuron_type,
            Schedule(steps=5) if schedule is None else schedule,
            optimizer,
            parameters,
            loss,
            init,
            200.0,
            label,
            seed,
            add_to_container,
        )

    def _build(self, x):
        self._check_hidden_layers()
        if self._nudging is not None:
            self.sign = nengo.Node(size_in=1, label="sign")
        phi, states, errors, deltas = x, [], [], []
        for level in range(1, self.n_layers + 1):
            current = self._build_current(level, phi)
            if level == self.n_layers:
                break
            if self._is_residual(level):
                nengo.Connection(states[-1], current, synapse=None)
            mu = self._build_activity(level, current) if self._activities else current
            z, phi = self._build_states(level, mu)
            states.append(z)
            errors.append(self._build_difference(level, z, mu))
            deltas.append(self._build_delta(level, errors[-1], current))
        self.output = current
        self._visible[f"mu{level}"] = current
        deltas.append(self._build_output_error(current))
        for level, delta in enumerate(deltas, start=1):
            self._teach(f"W{level}", self._build_lesson(level, delta))
        for level, z in enumerate(states, start=1):
            self._build_force(level, z, errors[level - 1], deltas[level])

    def _check_hidden_layers(self):
        if self._fires or self._neuron_type.spiking:
            raise ValidationError(
                f"predictive coding takes rate neurons of unit gain, got {self._neuron_type}",
                attr="neuron_type",
                obj=self,
            )
        hidden = self._shape[1:-1]
        if (self._residual or self._scaling == "mupc") and len({*hidden}) > 1:
            raise ValidationError(
                "hidden layers must have the same size with residual connections and with "
                f"scaling='mupc', got {hidden}",
                attr="shape",
                obj=self,
            )

    def _build_current(self, level, phi):
        """What a layer makes of the one below, before any activation."""
        n, bias = self._shape[level], self._initial.get(f"b{level}")
        hidden = level < self.n_layers
        label = f"a{level}" if self._activities and hidden else f"mu{level}"
        mu = neurons(n, Identity(), label, bias=bias)
        self._visible[label] = mu
        if self._scale(level) != 1:
            gain = np.full(phi.size_out, self._scale(level))
            scaled = neurons(phi.size_out, Identity(), f"scaled{level - 1}", gain=gain)
            nengo.Connection(phi, scaled, synapse=None)
            phi = scaled
        biases = self._scaling == "standard"
        rule = ErrorDriven(biases=biases, **self._rule_arguments())
        self._connect(level, phi, mu, rule if self._learns else None)
        return mu

    def _build_activity(self, level, current):
        mu = neurons(self._shape[level], self._neuron_type, f"mu{level}")
        nengo.Connection(current, mu, synapse=None)
        self._visible[f"mu{level}"] = mu
        return mu

    def _build_states(self, level, mu):
        n = self._shape[level]
        z = self._build_latent(n, f"z{level}", self._beta, mu, self._momentum)
        if self._activities:
            return z, z
        phi = neurons(n, self._neuron_type, f"phi{level}")
        nengo.Connection(z, phi, synapse=None)
        return z, phi

    def _build_latent(self, n, label, beta, start, momentum=0.0):
        latent = LatentState(beta, 0, schedule=self._schedule, start=start, momentum=momentum)
        self._visible[label] = neurons(n, latent, label)
        return self._visible[label]

    def _build_difference(self, level, z, mu):
        e = neurons(self._shape[level], Identity(), f"e{level}")
        nengo.Connection(z, e, synapse=None)
        nengo.Connection(mu, e, transform=-1, synapse=None)
        self._visible[f"e{level}"] = e
        return e

    def _build_delta(self, level, error, current):
        """The error by the input current, by which weights learn and which passes on."""
        return gated(error, current, self._neuron_type, level) if self._activities else error

    def _build_output_error(self, mu):
        # states that no force moves stay where they have started
        start = self._build_latent(self._shape[-1], "prediction", 1.0, mu)
        if self._nudging is None:
            return self._build_error(partial(_error, self._loss))
        nudged_error = partial(_nudged_error, self._loss, self._nudging)
        return self._build_error(nudged_error, start, self.sign)

    def _build_lesson(self, level, error):
        """What the weights of a layer learn from."""
        if self._nudging is None:
            return error
        divided = partial(_divided, self._nudging)
        lesson = PureNode(divided, error.size_out, others=[self.sign], label=f"lesson{level}")
        nengo.Connection(error, lesson, synapse=None)
        return lesson

    def _build_force(self, level, z, own, above):
        W = self.connections[f"W{level + 1}"]
        if self._activities:
            nengo.Connection(above, z, transform=Transposed(W), synapse=self._delay)
        else:
            scale = self._scale(level + 1)
            slope = derivative(self._neuron_type)
            connect_feedback(above, W, z, slope, level, scale=scale, delay=self._delay)
        if self._is_residual(level + 1):
            nengo.Connection(above, z, synapse=self._delay)
        nengo.Connection(own, z, transform=-1, synapse=self._delay)

    # --- the layers of deep networks

    def _is_residual(self, level):
        return self._residual and 1 < level < self.n_layers

    def _scale(self, level):
        """By what a layer multiplies its input."""
        if self._scaling == "standard":
            return 1.0
        n = self._layers.n_seen(level)
        if level == 1:
            return 1 / np.sqrt(n)
        if level == self.n_layers:
            return 1 / n
        return 1 / np.sqrt(n * self.n_layers if self._residual else n)

    def _power(self, level):
        standard = self._scaling == "standard"
        return super()._power(level) if standard else self._layers.n_seen(level)


# --- the error of the output


def _error(loss, xp, output, target):
    p = predicted(loss, xp, output)
    return -p if target is None else target - p


def _nudged_error(loss, nudging, xp, output, target, start, sign):
    before = predicted(loss, xp, start)
    towards = -before if target is None else target - before
    nudged = before + _strength(nudging, xp, sign) * towards
    return nudged - predicted(loss, xp, output)


def _divided(nudging, xp, error, sign):
    return error / _strength(nudging, xp, sign)


def _strength(nudging, xp, sign):
    if sign is None:
        return nudging
    return xp.where(sign < 0, -nudging, nudging * xp.ones_like(sign))
