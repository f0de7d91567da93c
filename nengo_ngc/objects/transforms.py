"""Transforms that share the weights of another connection, or are rarely needed."""

from typing import Any

import numpy as np
from nengo import Connection
from nengo.dists import Distribution
from nengo.transforms import Dense, Sparse, Transform
from numpy.typing import ArrayLike, NDArray

from ..schedule import Schedule
from ..validation import (
    EitherParam,
    FrozenArrayParam,
    InstanceParam,
    SequenceParam,
    SizesParam,
    WholeParam,
    unfit,
)


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


class ZeroPadding(Sparse):
    """Adds zeros around images, as many before each axis as after it.

    Parameters
    ----------
    input_shape : (int, int, int)
        Channels, height and width of the images.
    pads : (int, int)
        Number of rows above and below, and of columns left and right.

    Attributes
    ----------
    output_shape : (int, int, int)
        Channels, height and width with the zeros.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is not a sequence of as many whole numbers.
    """

    input_shape = SizesParam("input_shape", lengths=(3,))
    pads = SequenceParam("pads", WholeParam("pads", low=0), lengths=(2,))

    def __init__(self, input_shape: tuple[int, int, int], pads: tuple[int, int]) -> None:
        input_shape = ZeroPadding.input_shape.coerce(self, input_shape)
        pads = ZeroPadding.pads.coerce(self, pads)
        channels, height, width = input_shape
        self.output_shape = channels, height + 2 * pads[0], width + 2 * pads[1]
        outputs = np.arange(np.prod(self.output_shape)).reshape(self.output_shape)
        inside = outputs[:, pads[0] : pads[0] + height, pads[1] : pads[1] + width].ravel()
        indices = np.stack([inside, np.arange(inside.size)], axis=1)
        shape = outputs.size, inside.size
        super().__init__(shape, indices=indices, init=np.ones(inside.size))
        self.input_shape, self.pads = input_shape, pads
