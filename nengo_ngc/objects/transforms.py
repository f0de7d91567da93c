"""Transforms that share the weights of another connection, or are rarely needed."""

from typing import Any

from nengo import Connection
from nengo.dists import Distribution
from nengo.transforms import Dense, Transform
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


class FromParameter(Dense):
    """A transform with the parameter from which a learning rule has computed the weights.

    A rule that learns something other than weights, such as `.Precision` and `.Lateral`,
    begins with this parameter rather than with one that it derives from the weights.

    Parameters
    ----------
    shape, init
        As for `nengo.transforms.Dense`.
    parameter : (post, pre) array
        What the rule of the connection learns.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is of the wrong shape, or ``parameter`` is not finite.
    """

    parameter = FrozenArrayParam("parameter", ndim=2)

    def __init__(
        self, shape: tuple[int, int], init: ArrayLike | Distribution, parameter: ArrayLike
    ) -> None:
        super().__init__(shape, init=init)
        self.parameter = parameter


class Transposed(Transform):
    """The transpose of another connection's weight matrix, which may be learning.

    Parameters
    ----------
    connection : nengo.Connection
        The other connection. It must have been created before, with a matrix as its
        transform.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the transform of the connection is not a matrix.
    """

    connection = InstanceParam("connection", Connection)

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self.connection = connection
        if len(getattr(connection.transform, "shape", ())) != 2:
            raise unfit("connection", "one with a matrix as its transform", connection, self)

    @property
    def _argreprs(self):
        return [repr(self.connection)]

    def sample(self, rng: Any = None) -> NDArray:
        """Return the initial weights; see `nengo.transforms.Transform.sample`."""
        return self.connection.transform.sample(rng=rng).T

    @property
    def size_in(self) -> int:
        """Size of the input of this transform."""
        return self.connection.transform.size_out

    @property
    def size_out(self) -> int:
        """Size of the output of this transform."""
        return self.connection.transform.size_in
