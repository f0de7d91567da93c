"""Weights that belong to another connection, or are needed now and then only."""

from nengo.params import Parameter
from nengo.transforms import Dense, Transform

from .params import InstanceParam
from .schedule import Schedule


class AtStart(Dense):
    """A matrix that multiplies at the first timestep of a presentation only.

    At all others the product is 0 and costs nothing.

    Parameters
    ----------
    shape, init
        As for `nengo.Dense`.
    schedule : Schedule
        When presentations begin.
    """

    schedule = InstanceParam("schedule", Schedule)

    def __init__(self, shape, init, schedule):
        super().__init__(shape, init=init)
        self.schedule = schedule


class Transposed(Transform):
    """The transpose of another connection's weights, as they are at every moment.

    Parameters
    ----------
    connection : nengo.Connection
        Created earlier, with a matrix as its transform.
    """

    connection = Parameter("connection", readonly=True)

    def __init__(self, connection):
        super().__init__()
        self.connection = connection

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
