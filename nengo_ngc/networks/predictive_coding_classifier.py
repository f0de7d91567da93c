r"""A classifier that learns by predictive coding, from the input to the label."""

from collections.abc import Mapping

import nengo
from nengo.exceptions import ValidationError
from nengo.neurons import NeuronType
from numpy.typing import NDArray

from ..neurons import Identity, LatentState
from ..rules import ErrorDriven, Optimizer
from ..schedule import Schedule
from ..validation import FlagParam, checked
from .classifiers import CLASSIFIER, Classifier, softmax_error
from .parts import connect_feedback, neurons


class PredictiveCodingClassifier(Classifier):
    r"""A classifier that learns by predictive coding.

    Each layer predicts the next one, from the input to the label. Both are clamped while the
    network learns. The states :math:`z_l` between them start from the predictions and then
    settle on a compromise, and every layer learns from the errors that remain:

    .. math::
        \mu_l &= W_l \phi(z_{l-1}) + b_l, \qquad \phi(z_0) = x \\
        e_l &= z_l - \mu_l, \qquad e_L = y - \mathrm{softmax}(\mu_L) \\
        z_l &\leftarrow z_l + \beta \bigl(\phi'(z_l) \odot W_{l+1}^T e_{l+1} - e_l\bigr) \\
        \Delta W_l &= e_l \phi(z_{l-1})^T, \qquad \Delta b_l = e_l

    In the first timestep of a presentation all errors except the last one are 0, and
    :math:`\mu_L` is the feedforward prediction. A presentation of one timestep is therefore
    enough to make a prediction.

    Parameters
    ----------
    shape : sequence of int, optional
        Number of inputs, of units in each hidden layer, and of classes.
    neuron_type : str or nengo.neurons.NeuronType, optional
        The activation :math:`\phi`: "relu", "tanh", "sigmoid" or another type of rate
        neurons, which get a gain of 1.
    beta : float, optional
        Step size of inference.
    schedule : Schedule, optional
        Length of a presentation and samples per update. Default: 5 timesteps. It takes one
        timestep for an error to reach the layer below.
    optimizer : Optimizer or None, optional
        Optimiser of all weights and biases. Default: ``Adam(1e-3)``.
    learns : bool, optional
        Whether the network learns. If it is False, there are no rules.
    parameters : mapping of str to array, optional
        Initial values. Parameters that are not given are initialised.
    label, seed, add_to_container
        As for `nengo.Network`.

    Attributes
    ----------
    input, target, learn, output
        As for `FeedforwardClassifier`.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is unknown, out of range, or of the wrong shape.

    Notes
    -----
    ``probe`` and ``ensembles`` know ``"x"``, ``"z1"``, ``"mu1"``, ``"e1"`` and so on, and
    ``"output"`` (:math:`\mu_L`); ``probe`` and ``nodes`` know ``"error"`` (:math:`e_L`).
    ``nodes`` also knows ``"input"``, ``"target"`` and ``"learn"``. The connections are
    ``"W1"`` and so on.

    References
    ----------
    Whittington & Bogacz 2017, "An approximation of the error backpropagation algorithm
    in a predictive coding network with local Hebbian synaptic plasticity", Neural
    Computation 29. The start at the predictions and the softmax: Millidge, Tschantz &
    Buckley 2022, "Predictive coding approximates backprop along arbitrary computation
    graphs", Neural Computation 34.
    """

    # kinds of objects from left to right, as Nengo GUI shows them
    gui_columns = "input learn", "x mu", "z", "phi", "e error", "gate target"

    @checked(LatentState.beta, FlagParam("learns"), *CLASSIFIER)
    def __init__(
        self,
        shape: tuple[int, ...] = (784, 256, 256, 10),
        neuron_type: str | NeuronType = "relu",
        beta: float = 0.05,
        schedule: Schedule | None = None,
        optimizer: Optimizer | None = None,
        learns: bool = True,
        parameters: Mapping[str, NDArray] | None = None,
        label: str | None = None,
        seed: int | None = None,
        add_to_container: bool | None = None,
    ) -> None:
        self._beta, self._learns = beta, learns
        super().__init__(
            shape,
            neuron_type,
            Schedule(steps=5) if schedule is None else schedule,
            optimizer,
            parameters,
            200.0,
            label,
            seed,
            add_to_container,
        )

    def _build(self, x):
        if self._fires or self._neuron_type.spiking:
            raise ValidationError(
                f"predictive coding takes rate neurons of unit gain, got {self._neuron_type}",
                attr="neuron_type",
                obj=self,
            )
        phi, states, errors = x, [], []
        for level in range(1, self.n_layers + 1):
            n, bias = self._shape[level], self._initial.get(f"b{level}")
            mu = neurons(n, Identity(), f"mu{level}", bias=bias)
            self._visible[f"mu{level}"] = mu
            rule = ErrorDriven(biases=True, **self._rule_arguments())
            self._connect(level, phi, mu, rule if self._learns else None)
            if level == self.n_layers:
                break
            z, phi = self._build_states(level, mu)
            states.append(z)
            errors.append(self._build_difference(level, z, mu))
        self.output = mu
        errors.append(self._build_error(_target_error))
        for level, error in enumerate(errors, start=1):
            self._teach(f"W{level}", error)
        for level, z in enumerate(states, start=1):
            W = self.connections[f"W{level + 1}"]
            connect_feedback(errors[level], W, z, self._neuron_type, level)
            nengo.Connection(errors[level - 1], z, transform=-1, synapse=0)

    def _build_states(self, level, mu):
        n = self._shape[level]
        latent = LatentState(self._beta, 0, schedule=self._schedule, start=mu)
        z = neurons(n, latent, f"z{level}")
        phi = neurons(n, self._neuron_type, f"phi{level}")
        nengo.Connection(z, phi, synapse=None)
        self._visible[f"z{level}"] = z
        return z, phi

    def _build_difference(self, level, z, mu):
        e = neurons(self._shape[level], Identity(), f"e{level}")
        nengo.Connection(z, e, synapse=None)
        nengo.Connection(mu, e, transform=-1, synapse=None)
        self._visible[f"e{level}"] = e
        return e


def _target_error(xp, x, target):
    return -softmax_error(xp, x, target)
