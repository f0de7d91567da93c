"""Transforms that share the weights of another connection, or are rarely needed."""

import math
from typing import Any

import numpy as np
from nengo import Connection, Direct, Ensemble
from nengo.dists import Distribution
from nengo.transforms import Convolution, ConvolutionTranspose, Dense, Sparse, Transform
from numpy.typing import ArrayLike, NDArray

from ..schedule import Schedule
from ..validation import (
    EitherParam,
    FlagParam,
    FrozenArrayParam,
    InstanceParam,
    SequenceParam,
    SizesParam,
    WholeParam,
    checked,
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


@checked(
    SizesParam("shape", lengths=(2, 3)),
    SizesParam("size", lengths=(1, 2)),
    SizesParam("strides", lengths=(1, 2), optional=True),
    FlagParam("channels_last"),
)
def average_pool(
    shape: tuple[int, ...],
    size: tuple[int, ...] = (2, 2),
    strides: tuple[int, ...] | None = None,
    channels_last: bool = True,
) -> Convolution:
    """Return a transform that averages the pixels of patches, for each channel by itself.

    It is a convolution with as many groups as channels, whose kernel does not learn.

    Parameters
    ----------
    shape : tuple of int
        Shape of the images, with one axis for channels.
    size : tuple of int, optional
        Size of a patch along each axis of space.
    strides : tuple of int, optional
        Pixels from one patch to the next. Default: ``size``, so that patches do not overlap.
    channels_last : bool, optional
        Whether the channels are the last axis of the shape, or the first one.

    Returns
    -------
    nengo.Convolution
        For ``transform=`` of a connection.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is out of range, or patches are larger than the image.

    Examples
    --------
    ::

        pool = ngc.average_pool((24, 24, 32))
        nengo.Connection(maps.neurons, pooled.neurons, transform=pool, synapse=None)
    """
    n_channels = shape[-1 if channels_last else 0]
    kernel = np.full((*size, 1, n_channels), 1 / math.prod(size))
    return Convolution(
        n_channels,
        shape,
        size,
        size if strides is None else strides,
        "valid",
        channels_last,
        init=kernel,
        groups=n_channels,
    )


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
        If the transform of the connection is none of these, or the connection comes from an
        ensemble rather than from its neurons, so that decoders belong to its weights.
    """

    connection = InstanceParam("connection", Connection)

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self.connection = connection
        transform = connection.transform
        if not (_is_matrix(transform) or _is_kernel(transform)) or _is_decoded(connection):
            fit = (
                "one with a matrix or a convolution as its transform, and not from an "
                "ensemble, whose decoders belong to its weights"
            )
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


def _is_matrix(transform):
    init = getattr(transform, "init", None)
    # an array of one axis, or a number, stands for a diagonal
    is_whole = isinstance(init, Distribution) or np.ndim(init) == 2
    return isinstance(transform, Dense) and is_whole


def _is_decoded(connection):
    pre = connection.pre_obj
    return isinstance(pre, Ensemble) and not isinstance(pre.neuron_type, Direct)


def _is_kernel(transform):
    return isinstance(transform, Convolution | ConvolutionTranspose)
