"""How learning rules see what a connection multiplies by: as a matrix.

Rules are written for matrices, (n_post, n_pre). A kernel is such a matrix, too, if each patch
that it sees of an image counts as one sample. A form turns the arrays of a connection into
those that its rule sees, and the updates of the rule into an update of the connection's array.
"""

import math
from collections.abc import Sequence
from typing import Any

from nengo.transforms import ChannelShape, Convolution, ConvolutionTranspose, Transform

from ..namespace import Array
from .patches import Patches


class Form:
    """The form of a matrix, or of biases, which rules see as they are.

    Parameters
    ----------
    shape : tuple of int
        Shape of the matrix, (n_post, n_pre), or of the biases, (n_post,).

    Attributes
    ----------
    n_places : int
        How many samples a rule sees for each one of the simulation.
    n_groups : int
        Into how many parts the rows of the matrix are divided, each with an input of its own.
    """

    n_places = 1
    n_groups = 1

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def matrix(self, xp: Any, weights: Array) -> Array:
        """The array of the connection as the matrix."""
        return weights

    def weights(self, xp: Any, matrix: Array) -> Array:
        """The array of the connection, of which ``matrix`` was made."""
        return matrix

    def pre(self, xp: Any, x: Array) -> Array:
        """What a rule sees of a signal before the connection, (b, size_in)."""
        return x

    def post(self, xp: Any, y: Array) -> Array:
        """What a rule sees of a signal after the connection, (b, size_out)."""
        return y

    def each(self, xp: Any, signal: Array) -> Array:
        """What a rule sees of a signal that belongs to neither side, (b, n)."""
        return signal

    def parts(self, xp: Any, pre: Array, post: Array, error: Any, weights: Array) -> list:
        """The arguments of a rule's ``update``, without its memory, for each group."""
        return [(pre, post, error, weights)]

    def joined(self, xp: Any, updates: Sequence[Array]) -> Array:
        """The update of the matrix, from those of the groups."""
        return updates[0] if len(updates) == 1 else xp.concatenate(updates, axis=0)

    def forward(self, xp: Any, x: Array, weights: Array) -> Array:
        """The product of a signal before the connection and the weights."""
        return xp.einsum("bn,en->be", x, weights)

    def back(self, xp: Any, y: Array, weights: Array) -> Array:
        """The product of a signal after the connection and the transposed weights."""
        return xp.einsum("be,en->bn", y, weights)

    def of_biases(self) -> "Form":
        """The form of the biases after the connection."""
        return Form(self.shape[:1])

    def tied(self, xp: Any, update: Array) -> Array:
        """An update of the array of the connection in which alike entries change alike."""
        return update


class KernelForm(Form):
    """The form of the kernel of a convolution, or of the transpose of one.

    Of a convolution, the matrix leads from the pixels and channels of a patch to the channels
    of a place. Of the transpose of one, it leads from the channels of a place to a patch.

    Parameters
    ----------
    transform : nengo.Convolution or nengo.ConvolutionTranspose
    """

    def __init__(self, transform: Convolution | ConvolutionTranspose) -> None:
        self._transposed = isinstance(transform, ConvolutionTranspose)
        self._before, self._after = transform.input_shape, transform.output_shape
        sides = (self._before, self._after)
        self._image, self._grid = sides[::-1] if self._transposed else sides
        spaces = self._image.spatial_shape, self._grid.spatial_shape
        self._patches = Patches.of(transform, *spaces)
        self._kernel = tuple(transform.kernel_shape)
        self.n_groups = self._patches.groups
        self.n_places = math.prod(self._grid.spatial_shape)
        *sizes, n_in, n_out = self._kernel
        n_pixels = math.prod(sizes)
        super().__init__(
            (n_pixels * n_out, n_in) if self._transposed else (n_out, n_pixels * n_in)
        )

    def matrix(self, xp: Any, weights: Array) -> Array:
        if self._transposed:
            return xp.reshape(self._patches.turned(xp, weights), self.shape)
        return xp.transpose(xp.reshape(weights, self.shape[::-1]))

    def weights(self, xp: Any, matrix: Array) -> Array:
        if not self._transposed:
            return xp.reshape(xp.transpose(matrix), self._kernel)
        *sizes, n_in, n_out = self._kernel
        return self._patches.turned(xp, xp.reshape(matrix, (*sizes, n_out, n_in)))

    def pre(self, xp: Any, x: Array) -> Array:
        return self._rows(xp, x, self._transposed)

    def post(self, xp: Any, y: Array) -> Array:
        return self._rows(xp, y, not self._transposed)

    def each(self, xp: Any, signal: Array) -> Array:
        n, size = signal.shape
        spread = xp.broadcast_to(signal[:, None, :], (n, self.n_places, size))
        return xp.reshape(spread, (n * self.n_places, size))

    def _rows(self, xp, signal, in_grid):
        """The places of the grid, or the patches of the image, one in each row."""
        if in_grid:
            return xp.reshape(as_image(xp, signal, self._grid), (-1, self._grid.n_channels))
        patches = self._patches.unfold(xp, as_image(xp, signal, self._image))
        return xp.reshape(patches, (-1, patches.shape[1] * patches.shape[2]))

    def parts(self, xp: Any, pre: Array, post: Array, error: Any, weights: Array) -> list:
        n = self.n_groups
        if n == 1:
            return [(pre, post, error, weights)]
        n_rows = pre.shape[0]
        x = xp.reshape(pre, (n_rows, -1, n, self._kernel[-2]))
        found = []
        for g in range(n):
            of_group = slice(g * self.shape[0] // n, (g + 1) * self.shape[0] // n)
            seen = xp.reshape(x[:, :, g], (n_rows, self.shape[1]))
            error_of_group = error
            if error is not None and error.shape[1] == self.shape[0]:  # one for each filter
                error_of_group = error[:, of_group]
            found.append((seen, post[:, of_group], error_of_group, weights[of_group]))
        return found

    def forward(self, xp: Any, x: Array, weights: Array) -> Array:
        multiply = self._patches.spread if self._transposed else self._patches.gather
        y = multiply(xp, as_image(xp, x, self._before), weights)
        return flat(xp, y, self._after)

    def back(self, xp: Any, y: Array, weights: Array) -> Array:
        turned = self._patches.turned(xp, weights)
        multiply = self._patches.gather if self._transposed else self._patches.spread
        x = multiply(xp, as_image(xp, y, self._after), turned)
        return flat(xp, x, self._before)

    def of_biases(self) -> Form:
        return TiedBiases(self._after)


class TiedBiases(Form):
    """The form of the biases of an image: all pixels of a channel change alike.

    Parameters
    ----------
    image : nengo.transforms.ChannelShape
    """

    def __init__(self, image: ChannelShape) -> None:
        super().__init__((image.size,))
        self._image = image
        self.n_places = math.prod(image.spatial_shape)

    def _pixels(self, xp, y):
        return xp.reshape(as_image(xp, y, self._image), (-1, self._image.n_channels))

    def pre(self, xp: Any, x: Array) -> Array:
        return self._pixels(xp, x)

    def post(self, xp: Any, y: Array) -> Array:
        return self._pixels(xp, y)

    def parts(self, xp: Any, pre: Array, post: Array, error: Any, weights: Array) -> list:
        of_channels = xp.mean(self._pixels(xp, weights[None]), axis=0)
        return [(pre, post, error, of_channels)]

    def joined(self, xp: Any, updates: Sequence[Array]) -> Array:
        shape = (1, *self._image.spatial_shape, self._image.n_channels)
        return flat(xp, xp.broadcast_to(updates[0], shape), self._image)[0]

    def tied(self, xp: Any, update: Array) -> Array:
        return self.joined(xp, [xp.sum(self._pixels(xp, update[None]), axis=0)])


def form_of(transform: Transform | None, shape: tuple[int, ...]) -> Form:
    """Return the form of what a connection multiplies by.

    Parameters
    ----------
    transform : nengo.transforms.Transform or None
        None stands for a matrix.
    shape : tuple of int
        Shape of the array, if it is a matrix.
    """
    if isinstance(transform, Convolution | ConvolutionTranspose):
        return KernelForm(transform)
    return Form(shape)


def as_image(xp: Any, x: Array, shape: ChannelShape) -> Array:
    """Return flat images, (b, size), with an axis for each one of space and then channels."""
    x = xp.reshape(x, (-1, *shape.shape))
    if shape.channels_last:
        return x
    return xp.transpose(x, (0, *range(2, shape.dimensions + 2), 1))


def flat(xp: Any, x: Array, shape: ChannelShape) -> Array:
    """Return images, (b, ..., channels), as Nengo has them in one row."""
    if not shape.channels_last:
        x = xp.transpose(x, (0, shape.dimensions + 1, *range(1, shape.dimensions + 1)))
    return xp.reshape(x, (-1, shape.size))
