r"""Feedback alignment: errors that come back through random weights."""

from typing import Any

import nengo
import numpy as np
from nengo.connection import Connection
from nengo.dists import Distribution
from nengo.ensemble import Neurons
from nengo.exceptions import ValidationError
from nengo.transforms import Convolution, ConvolutionTranspose, Transform
from numpy.typing import ArrayLike, NDArray

from ..validation import EitherParam, FrozenArrayParam, InstanceParam, SeedParam, unfit
from .forms import form_of
from .layer_rule import LayerRule
from .optimizers import Optimizer
from .signs import states_signs


@states_signs
class FeedbackAlignment(LayerRule):
    r"""Learns the encoders and biases of a layer by feedback alignment.

    It does what `.BackProp` does, but the error comes back through a matrix B that is random
    and does not change:

    .. math:: \delta = \phi'(J) \odot B e

    Learning aligns the weights of the forward path with B.

    If a convolution leads from the layer to the output, B can be the transpose of another one,
    with a random kernel: ``feedback=nengo.Convolution(...)``.

    The matrix can also have the signs of the present weights of the forward path W, and random
    sizes: :math:`B = |B_0| \odot \operatorname{sign}(W^T)` (sign symmetry).

    Parameters
    ----------
    output : nengo.Ensemble, nengo.ensemble.Neurons or nengo.Node
        The object after the layer, where the error arises.
    feedback : array, nengo.dists.Distribution or nengo.Convolution, optional
        B, (n_neurons, output.size_in), or a convolution of which it is the transpose, or a
        ``nengo.ConvolutionTranspose``, which leads from the layer to the output. Default:
        ``Gaussian(0, 1 / sqrt(output.size_in))``.
    optimizer : Optimizer, optional
        Default: ``Adam(1e-3)``.
    biases : bool, optional
        Whether biases learn, too.
    seed : int, optional
        Seed of B, if it is drawn. With None it is drawn from the connection's seed.
    signs : nengo.Connection, optional
        A connection from the layer to the output, created before this rule, whose weights or
        kernel have the same shape as those of the feedback. The feedback has their signs.
    **kwargs
        As for `.BackProp`.

    Raises
    ------
    nengo.exceptions.ValidationError
        If ``output`` takes no input, or ``feedback`` has another shape or is not finite.

    References
    ----------
    Lillicrap, Cownden, Tweed & Akerman 2016, "Random synaptic feedback weights support
    error backpropagation for deep learning", Nature Communications 7, 13276. For the signs:
    Liao, Leibo & Poggio 2016, "How important is weight symmetry in backpropagation?", AAAI,
    arXiv 1510.05067.
    """

    output = InstanceParam("output", nengo.Ensemble, nengo.ensemble.Neurons, nengo.Node)
    feedback = EitherParam(
        "feedback",
        InstanceParam("feedback", nengo.dists.Distribution),
        InstanceParam("feedback", Convolution, ConvolutionTranspose),
        FrozenArrayParam("feedback", ndim=2),
        default=None,
        optional=True,
        readonly=True,
    )
    seed = SeedParam("seed", default=None, optional=True, readonly=True)
    signs = InstanceParam(
        "signs", nengo.Connection, default=None, optional=True, readonly=True
    )

    def __init__(
        self,
        output: nengo.Ensemble | Neurons | nengo.Node,
        feedback: ArrayLike | Distribution | Transform | None = None,
        optimizer: Optimizer | None = None,
        biases: bool = True,
        seed: int | None = None,
        signs: Connection | None = None,
        **kwargs: Any,
    ):
        super().__init__(optimizer, biases, **kwargs)
        self.output = output
        if output.size_in == 0:
            raise unfit("output", "an object that takes the layer's output", output, self)
        self.feedback = feedback
        self.seed = seed
        self.signs = signs

    @property
    def n_errors(self) -> int:
        return self.output.size_in

    @property
    def _has_kernel(self):
        return isinstance(self.feedback, Convolution | ConvolutionTranspose)

    def carry_back(self, xp: Any, error: Any, feedback: Any) -> Any:
        if self._has_kernel:
            return form_of(self.feedback, feedback.shape).back(xp, error, feedback)
        return xp.einsum("be,ne->bn", error, feedback)

    def signed(self, xp: Any, feedback: Any, weights: Any) -> Any:
        """Return the feedback with the signs of the weights of the forward path.

        Parameters
        ----------
        xp : namespace
        feedback : array
            B, or a kernel.
        weights : array
            Those of ``signs``.
        """
        signs = xp.sign(weights)
        return xp.abs(feedback) * (signs if self._has_kernel else xp.transpose(signs))

    def check(self, connection: Connection, neurons: Neurons) -> None:
        B, shape = self.feedback, (neurons.size_in, self.n_errors)
        found = shape
        if self._has_kernel:
            found = int(B.size_in), int(B.size_out)
        elif isinstance(B, np.ndarray):
            found = B.shape
        if found != shape:
            raise ValidationError(
                f"must have shape {shape}, (neurons that learn, size of output), got {found}",
                attr="feedback",
                obj=self,
            )

    def remembered(self, connection: Connection) -> dict[str, tuple[int, ...]]:
        # B is random, and a state without it would not fit another simulator's B
        own = self.feedback.kernel_shape if self._has_kernel else None
        return {
            **super().remembered(connection),
            "feedback": own or (connection.size_out, self.n_errors),
        }

    def sample(self, n_neurons: int, rng: np.random.RandomState) -> NDArray:
        """Return B for a layer of neurons, or its kernel, from ``rng`` if it has no seed."""
        if isinstance(self.feedback, np.ndarray):
            return self.feedback
        rng = rng if self.seed is None else np.random.RandomState(self.seed)
        if self._has_kernel:
            return self.feedback.sample(rng=rng)
        B = self.feedback or nengo.dists.Gaussian(0, 1 / np.sqrt(self.n_errors))
        return B.sample(n_neurons, self.n_errors, rng=rng)


@states_signs
class DirectFeedbackAlignment(FeedbackAlignment):
    r"""Feedback alignment straight from the network's output, however deep the layer.

    It is the same computation as `FeedbackAlignment`, but ``output`` is that of the whole
    network, and every layer's rule is given the same error.

    References
    ----------
    Nøkland 2016, "Direct feedback alignment provides learning in deep neural networks",
    arXiv 1609.01596.
    """
