"""Weights that belong to another connection, or are needed now and then only."""

from nengo import Connection
from nengo.dists import Distribution
from nengo.transforms import Dense, Transform

from ..schedule import Schedule
from ..validation import EitherParam, FrozenArrayParam, InstanceParam, SizesParam, unfit


class AtStart(Dense):
    """A matrix that multiplies at the first timestep of a presentation only.

    At all others the product is 0 and costs nothing.

    Parameters
    ----------
    shape : tuple of int
        (post, pre).
    init : (post, pre) array or nengo.dists.Distribution
        The matrix, or where its entries are drawn from.
    schedule : Schedule
        When presentations begin.
    """

    shape = SizesParam("shape", lengths=(2,))
    init = EitherParam(
        "init", InstanceParam("init", Distribution), FrozenArrayParam("init", ndim=2)
    )
    schedule = InstanceParam("schedule", Schedule)

    def __init__(self, shape, init, schedule):
        shape = AtStart.shape.coerce(self, shape)
        super().__init__(shape, init=AtStart.init.coerce(self, init))
        self.schedule = schedule


class Transposed(Transform):
    """The transpose of another connection's weights, as they are at every moment.

    Parameters
    ----------
    connection : nengo.Connection
        Created earlier, with a matrix as its transform.
    """

    connection = InstanceParam("connection", Connection)

    def __init__(self, connection):
        super().__init__()
        self.connection = connection
        if len(getattr(connection.transform, "shape", ())) != 2:
            raise unfit("connection", "one with a matrix as its transform", connection, self)

    @property
    def _argreprs(self):
        return [repr(self.connection)]

    def sample(self, rng=None):
        """Weights at the start."""
        return self.connection.transform.sample(rng=rng).T

    @property
    def size_in(self):
        return self.connection.transform.size_out

    @property
    def size_out(self):
        return self.connection.transform.size_in
