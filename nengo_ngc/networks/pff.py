r"""Predictive forward-forward: a representation circuit, and a circuit that predicts it."""

from collections.abc import Mapping
from functools import partial

import nengo
import numpy as np
from nengo.exceptions import ValidationError
from numpy.typing import NDArray

from ..namespace import NUMPY
from ..neurons import Identity
from ..objects import PureNode, Transposed
from ..rules import Adam, Clipped, Optimizer
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
    SizesParam,
    WholeParam,
    checked,
    unfit,
)
from .base import LEARNING
from .goodness import Goodness, sum_of_squares
from .parameters import check_complete, check_parameters
from .parts import neurons, pass_down, product
from .pff_representation import RepresentationCircuit


class PFF(RepresentationCircuit):
    r"""Predictive forward-forward (PFF): layers that learn by goodness, and their prediction.

    Each image is presented with a label, which is right (the image is positive) or wrong (it
    is negative). Each layer of the representation circuit learns, without the other layers, to
    make its goodness :math:`\sum z_l^2` low for positive and high for negative images:

    .. math::
        a_l &= W_l n(z_{l-1}') + V_{l+1} n(z_{l+1}') + b_l - \hat L_l z_l' \\
        z_l &= (1 - c)\, \mathrm{relu}(a_l) + c\, z_l', \qquad
        p_l = \sigma(\theta - \textstyle\sum z_l^2) \\
        e_l &= 2 (1 - c) (p_l - t)\, z_l

    where n divides by the norm, a prime marks the previous timestep, :math:`z_0` is the image,
    and t is 1 for positive images. The top layer gets :math:`s V_y y` from the label y in
    place of the term with V, where s is ``label_scale``. e is minus the gradient of the binary
    cross-entropy of p by :math:`a_l`. An output :math:`\mathrm{softmax}(W_o n(z_L') + b_o)`
    learns the labels of positive images.

    The generative circuit predicts each layer from the one above, and the top one from
    latent states :math:`z_g` of its own:

    .. math::
        \mu_{l-1} = \mathrm{relu}(G_l n(z_l)), \qquad
        \mu_L = \mathrm{relu}(G_y n(z_g)), \qquad
        \Delta G_l = 2 (z_{l-1} - \mu_{l-1})\, n(z_l)^T

    and :math:`z_g` descends the gradient of the squared error of :math:`\mu_L`. The derivative
    of relu counts as 1 everywhere, in both circuits.

    The first timestep of a presentation is a feedforward pass, from which the states start.
    Each of the following timesteps is a step of inference and of learning.

    Parameters
    ----------
    shape : sequence of int, optional
        Number of inputs, followed by the number of units in each hidden layer, at least one.
    n_classes : int, optional
        Number of classes.
    g_units : int, optional
        Number of latent states :math:`z_g` of the generative circuit. With 0 there is no
        generative circuit.
    schedule : Schedule, optional
        Length of a presentation and samples per update. It must be ``online``. Default: 13
        timesteps, which are the feedforward pass and 12 steps.
    threshold : float, optional
        The threshold :math:`\theta` of the goodness.
    low_is_positive : bool, optional
        Whether the goodness of positive images is to be low, as in the original program, or
        high, as in Hinton's forward-forward.
    carry : float, optional
        The part c of a state that is kept from the previous timestep.
    recurrent : bool, optional
        Whether there are connections V and lateral connections. Without them the label is an
        input of the first layer, and each timestep is a pass through all layers; in the first
        one, all labels are equally present, with 1 divided by their number. With ``carry=0``
        and ``g_units=0`` in addition, the network is plain forward-forward.
    lateral : bool, optional
        Whether a recurrent network has lateral connections.
    normalize : bool or "rms", optional
        Whether n divides by the norm. If it is False, n is the identity, and the next layer
        can read the goodness off the norm. With "rms", n divides by the root mean square, as
        in public programs of forward-forward. Then the input of a unit consists of numbers of
        about the size 1, so that weights and biases learn with the same learning rate.
    n_group : int, optional
        Number of units that compete with each other.
    latent_step : float, optional
        Step size of :math:`z_g`.
    positives_only : bool, optional
        Whether the generative circuit learns from positive images only. In the original
        program it learns from all images.
    noise : float, optional
        Standard deviation of the Gaussian noise that is added to :math:`a_l`.
    g_noise : float, optional
        Standard deviation of the Gaussian noise that is added to states before the generative
        circuit reads them. It reads no state below 0.
    optimizer : Optimizer or None, optional
        Optimiser of all parameters. With None nothing learns. Default:
        ``Clipped(Adam(2.5e-4))``.
    parameters : mapping of str to array, optional
        Initial values, (post, pre). Parameters that are not given are initialised.
    weight_std : float, optional
        Standard deviation of the Gaussian from which weights are drawn.
    label_scale : float, optional
        The input of the unit of a label that is present. Beside it, an image of n pixels has
        the norm 1 if ``normalize`` is True, and :math:`\sqrt{n}` with "rms".
    readout : {"states", "pass", "layers"}, optional
        What the output reads and learns from. "states" are the states of the top layer at the
        previous timestep, as in the original program: the label drives them, so the output
        learns little that helps without a label. "pass" are its states in the feedforward
        pass with which a presentation begins, and which no label has driven; then the output
        is the prediction of one pass, and stays the same for the whole presentation. "layers"
        are the states of all layers but the first in that pass, as in Hinton's
        forward-forward. If there is one hidden layer only, they are its states.
    label, seed, add_to_container
        As for `nengo.Network`.

    Attributes
    ----------
    input, target, kind : nengo.Node
        The image; the label, one value for each class; and 1 for positive or 0 for negative
        images.
    learn : nengo.Node
        The learning switch.
    output : nengo.ensemble.Neurons
        The output before the softmax.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is out of range or of the wrong shape.

    Notes
    -----
    ``probe`` knows ``"z1"``, ``"goodness1"``, ``"loss1"`` and so on; ``"output"``;
    ``"goodness"``, the sum over all layers; and ``"mean_goodness"``, the mean of that sum at
    this timestep and at the previous one. Of the generative circuit it knows ``"mu0"``,
    ``"generative_loss0"`` and so on up to the top layer, and ``"z_g"``.

    Of these, ``"output"`` and ``"mu0"`` and so on are also names in ``ensembles``, and all
    others are names in ``nodes``, beside ``"input"``, ``"target"``, ``"kind"`` and
    ``"learn"``. ``nodes`` has the errors of layers, ``"e1"`` and so on, and ``ensembles`` the
    errors of the generative circuit, ``"generative_error0"`` and so on. Connections have the
    names of parameters.

    References
    ----------
    Ororbia & Mali 2023, "The predictive forward-forward algorithm", arXiv 2301.01452.
    Hinton 2022, "The forward-forward algorithm", arXiv 2212.13345.
    """

    # kinds of objects from left to right, as Nengo GUI shows them
    gui_columns = (
        *("input target kind learn", "known_label", "a carried", "recurrent noise label"),
        "z z_g g_noise",
        *("n n_g n_noisy", "before", "start output output_error", "e"),
        "goodness mean_goodness",
        *("loss generative_loss", "mu force_g", "generative_error learned_error"),
    )

    @checked(
        SizesParam("shape", at_least=2),
        WholeParam("n_classes"),
        WholeParam("g_units", low=0),
        FiniteParam("threshold"),
        FlagParam("low_is_positive"),
        FiniteParam("carry", low=0, high=1, high_open=True),
        FlagParam("recurrent"),
        FlagParam("lateral"),
        EitherParam("normalize", FlagParam("normalize"), ChoiceParam("normalize", ("rms",))),
        WholeParam("n_group"),
        PositiveParam("latent_step"),
        FlagParam("positives_only"),
        FiniteParam("noise", low=0),
        FiniteParam("g_noise", low=0),
        InstanceParam("optimizer", Optimizer, optional=True),
        PositiveParam("weight_std"),
        PositiveParam("label_scale"),
        ChoiceParam("readout", ("states", "pass", "layers")),
        *LEARNING,
    )
    def __init__(
        self,
        shape: tuple[int, ...] = (784, 2000, 2000),
        n_classes: int = 10,
        g_units: int = 20,
        schedule: Schedule | None = None,
        threshold: float = 10.0,
        low_is_positive: bool = True,
        carry: float = 0.3,
        recurrent: bool = True,
        lateral: bool = True,
        normalize: bool | str = True,
        n_group: int = 10,
        latent_step: float = 0.025,
        positives_only: bool = False,
        noise: float = 0.0,
        g_noise: float = 0.0,
        optimizer: Optimizer | None = Clipped(Adam(2.5e-4)),
        parameters: Mapping[str, NDArray] | None = None,
        weight_std: float = 0.05,
        label_scale: float = 5.0,
        readout: str = "states",
        label: str | None = None,
        seed: int | None = None,
        add_to_container: bool | None = None,
    ) -> None:
        schedule = Schedule(steps=13, online=True) if schedule is None else schedule
        if not schedule.online:
            raise ValidationError(
                "must be online: PFF learns at every timestep", attr="schedule", obj=self
            )
        self._g_units = g_units
        self._latent_step = latent_step
        self._positives_only = positives_only
        self._g_noise = g_noise
        shapes = {
            f"G{level}": (shape[level - 1], shape[level]) for level in range(1, len(shape))
        }
        super().__init__(
            shape,
            n_classes,
            Goodness(threshold, low_is_positive, carry),
            recurrent,
            lateral,
            normalize,
            n_group,
            noise,
            optimizer,
            weight_std,
            label_scale,
            readout,
            schedule,
            parameters,
            {**shapes, "Gy": (shape[-1], g_units)} if g_units else {},
            label,
            seed,
            add_to_container,
        )
        # unless the generative circuit normalises z_g, its size matters there
        self._scale_free = ("z_g",) if normalize else ()
        if g_units:
            with self:
                self._build_generative_circuit()

    def _build_generative_circuit(self):
        n_layers = self.n_layers
        z_g = PureNode(
            _from_zero,
            self._g_units,
            schedule=self._schedule,
            label="z_g",
        )
        nengo.Connection(z_g, z_g, synapse=self._delay)
        self._visible["z_g"] = z_g
        above = [self._read(level) for level in range(1, n_layers + 1)]
        above.append(self._neurons_of(self._node(self._n, z_g, "n_g")))
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
                _loss,
                1,
                others=[e],
                label=f"generative_loss{level}",
            )
        through_n = partial(_through_n, self._normalization)
        force = PureNode(through_n, self._g_units, [z_g], self._schedule, label="force_g")
        back = Transposed(self.connections["Gy"])
        nengo.Connection(e, force, transform=back, synapse=None)
        step = 2 * self._latent_step
        nengo.Connection(force, z_g, transform=step, synapse=self._delay)

    def _read(self, level):
        """A layer as the generative circuit reads it."""
        if not self._g_noise:
            return self._normalized[level]
        noisy = self._node(partial(_of_noisy, self._n), self._z[level], f"n_noisy{level}")
        self._add_noise("g_noise", level, self._g_noise, noisy)
        return self._neurons_of(noisy)

    def _learned(self, e, level):
        """Of the errors of the generative circuit, those that it learns from."""
        if not self._positives_only or self._optimizer is None:
            return e
        learned = PureNode(
            _of_positives,
            self._shape[level],
            others=[self.kind],
            label=f"learned_error{level}",
        )
        nengo.Connection(e, learned, synapse=None)
        return learned

    @checked(ArraysParam("parameters"), ArrayParam("z_g", ndim=2, finite=False))
    def generate(self, parameters: Mapping[str, NDArray], z_g: NDArray) -> NDArray:
        """Return the images that latent states predict, in one pass down.

        Parameters
        ----------
        parameters : mapping of str to array
            As ``parameters`` returns them.
        z_g : (n, g_units) array
            Latent states of the generative circuit.

        Returns
        -------
        (n, shape[0]) array
        """
        if z_g.shape[1] != self._g_units:
            raise unfit("z_g", f"of shape (n, {self._g_units})", z_g, self)
        names = [*(f"G{level}" for level in range(1, self.n_layers + 1)), "Gy"]
        check_parameters(parameters, self._shapes)
        check_complete(parameters, names)
        weights = [(k, [product(parameters[name])]) for k, name in enumerate(names)]
        return pass_down(
            self._n(NUMPY, z_g.astype(float)),
            reversed(weights),
            lambda level, drive: np.maximum(drive, 0),
            lambda prediction: self._n(NUMPY, prediction),
        )


def _from_zero(xp, first, x):
    return xp.where(first, xp.zeros_like(x), x)


def _through_n(normalization, xp, first, u, z):
    """Gradients u by n(z) as gradients by z; 0 at the first timestep."""
    return xp.where(first, xp.zeros_like(u), normalization.through(xp, u, z))


def _of_noisy(n, xp, z):
    return n(xp, xp.maximum(z, 0.0))


def _loss(xp, x, e):
    return sum_of_squares(xp, e)


def _of_positives(xp, e, kind):
    return e if kind is None else kind * e
