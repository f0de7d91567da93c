"""Transforms that share the weights of another connection, or are rarely needed."""

from typing import Any

from nengo import Connection
from nengo.dists import Distribution
from nengo.transforms import Convolution, ConvolutionTranspose, Dense, Transform
from numpy.typing import ArrayLike, NDArray

from ..schedule import Schedule
from ..validation import EitherParam, FrozenArrayParam, InstanceParam, SizesParam, unfit


class AtStart(Dense):
    """A weight matrix that is applied at the first timestep of each presentation only.

    At all other timesteps the product is 0 and takes no time.

    Parameters
    ----------
    shape : tuple of int
        Shape of the matrix, (post, pre).
    init : (post, pre) array or nengo.dists.Distribution
        The matrix, or the distribution from which its entries are drawn.
    schedule : Schedule
        The length of presentations.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is out of range or of the wrong shape.
    """

    shape = SizesParam("shape", lengths=(2,))
    init = EitherParam(
        "init", InstanceParam("init", Distribution), FrozenArrayParam("init", ndim=2)
    )
    schedule = InstanceParam("schedule", Schedule)

    def __init__(
        self,
        shape: tuple[int, int],
        init: ArrayLike | Distribution,
        schedule: Schedule,
    ) -> None:
        shape = AtStart.shape.coerce(self, shape)
        super().__init__(shape, init=AtStart.init.coerce(self, init))
        self.schedule = schedule


class Transposed(Transform):
    """The transpose of what another connection multiplies by, which may be learning.

    Parameters
    ----------
    connection : nengo.Connection
        The other connection. It must have been created before, with a matrix, a
        ``nengo.Convolution`` or a ``nengo.ConvolutionTranspose`` as its transform.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the transform of the connection is none of these.
    """

    connection = InstanceParam("connection", Connection)

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self.connection = connection
        if not _is_matrix(connection.transform) and not _is_kernel(connection.transform):
            fit = "one with a matrix or a convolution as its transform"
            raise unfit("connection", fit, connection, self)

    @property
    def _argreprs(self):
        return [repr(self.connection)]

    def sample(self, rng: Any = None) -> NDArray:
        """Return the initial weights; see `nengo.transforms.Transform.sample`.

        Those of a kernel are not transposed, since its shape is that of a convolution.
        """
        weights = self.connection.transform.sample(rng=rng)
        return weights.T if weights.ndim == 2 else weights

    @property
    def size_in(self) -> int:
        """Size of the input of this transform."""
        return self.connection.transform.size_out

    @property
    def size_out(self) -> int:
        """Size of the output of this transform."""
        return self.connection.transform.size_in


def _is_matrix(transform):
    return len(getattr(transform, "shape", ())) == 2


def _is_kernel(transform):
    return isinstance(transform, Convolution | ConvolutionTranspose)
