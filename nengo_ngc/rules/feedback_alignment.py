r"""Feedback alignment: errors that come back through random weights."""

from typing import Any

import nengo
import numpy as np
from nengo.connection import Connection
from nengo.dists import Distribution
from nengo.ensemble import Neurons
from nengo.exceptions import ValidationError
from numpy.typing import ArrayLike, NDArray

from ..validation import EitherParam, FrozenArrayParam, InstanceParam, SeedParam, unfit
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

    Parameters
    ----------
    output : nengo.Ensemble, nengo.ensemble.Neurons or nengo.Node
        The object after the layer, where the error arises.
    feedback : (n_neurons, output.size_in) array or nengo.dists.Distribution, optional
        B, (post, pre). Default: ``Gaussian(0, 1 / sqrt(output.size_in))``.
    optimizer : Optimizer, optional
        Default: ``Adam(1e-3)``.
    biases : bool, optional
        Whether biases learn, too.
    seed : int, optional
        Seed of B, if it is drawn. With None it is drawn from the connection's seed.
    **kwargs
        As for `.BackProp`.

    Raises
    ------
    nengo.exceptions.ValidationError
        If ``output`` takes no input, or ``feedback`` has another shape or is not finite.

    References
    ----------
    Lillicrap, Cownden, Tweed & Akerman 2016, "Random synaptic feedback weights support
    error backpropagation for deep learning", Nature Communications 7, 13276.
    """

    output = InstanceParam("output", nengo.Ensemble, nengo.ensemble.Neurons, nengo.Node)
    feedback = EitherParam(
        "feedback",
        InstanceParam("feedback", nengo.dists.Distribution),
        FrozenArrayParam("feedback", ndim=2),
        default=None,
        optional=True,
        readonly=True,
    )
    seed = SeedParam("seed", default=None, optional=True, readonly=True)

    def __init__(
        self,
        output: nengo.Ensemble | Neurons | nengo.Node,
        feedback: ArrayLike | Distribution | None = None,
        optimizer: Optimizer | None = None,
        biases: bool = True,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(optimizer, biases, **kwargs)
        self.output = output
        if output.size_in == 0:
            raise unfit("output", "an object that takes the layer's output", output, self)
        self.feedback = feedback
        self.seed = seed

    @property
    def n_errors(self) -> int:
        return self.output.size_in

    def carry_back(self, xp: Any, error: Any, feedback: Any) -> Any:
        return xp.einsum("be,ne->bn", error, feedback)

    def check(self, connection: Connection, neurons: Neurons) -> None:
        B, shape = self.feedback, (neurons.size_in, self.n_errors)
        if not isinstance(B, np.ndarray):
            return
        if B.shape != shape:
            raise ValidationError(
                f"must have shape {shape}, (neurons that learn, size of output), "
                f"got {B.shape}",
                attr="feedback",
                obj=self,
            )

    def remembered(self, connection: Connection) -> dict[str, tuple[int, ...]]:
        # B is random, and a state without it would not fit another simulator's B
        return {
            **super().remembered(connection),
            "feedback": (connection.size_out, self.n_errors),
        }

    def sample(self, n_neurons: int, rng: np.random.RandomState) -> NDArray:
        """Return the matrix B for a layer of neurons, drawn from ``rng`` if it has no seed."""
        if isinstance(self.feedback, np.ndarray):
            return self.feedback
        B = self.feedback or nengo.dists.Gaussian(0, 1 / np.sqrt(self.n_errors))
        rng = rng if self.seed is None else np.random.RandomState(self.seed)
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
