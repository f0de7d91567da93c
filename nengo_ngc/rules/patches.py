r"""The patches of an image that a kernel sees, and the products of both.

A convolution and its transpose connect an image with a grid. At each place of the grid there
is a patch of the image, of the size of the kernel. A convolution leads from the image to the
grid:

.. math:: y_{pf} = \sum_{k, c} W_{kcf}\, x_{s p + k, c}

for places p, strides s, pixels k of the kernel, channels c of the image and f of the grid.
Its transpose leads from the grid to the image. All arrays have the channels as their last
axis, and kernels are not flipped, as in Nengo.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from ..namespace import Array


@dataclass(frozen=True)
class Patches:
    """Where the patches of an image lie.

    Parameters
    ----------
    image, grid, kernel, strides : tuple of int
        Pixels of the image, places of the grid, pixels of the kernel, and pixels from one
        place to the next, along each axis of space.
    before, after : tuple of int
        Zeros around the image, along each axis of space.
    groups : int, optional
        Number of groups of channels. Each channel of the grid sees those of its group only.
    """

    image: tuple[int, ...]
    grid: tuple[int, ...]
    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]
    groups: int = 1

    @classmethod
    def of(cls, transform: Any, image: Sequence[int], grid: Sequence[int]) -> Self:
        """The patches of a convolution of Nengo, or of the transpose of one.

        Parameters
        ----------
        transform : nengo.Convolution or nengo.ConvolutionTranspose
        image, grid : sequence of int
            As above.
        """
        kernel, strides = tuple(transform.kernel_size), tuple(transform.strides)
        zeros = [
            0 if transform.padding == "valid" else max((places - 1) * stride + k - n, 0)
            for n, places, k, stride in zip(image, grid, kernel, strides)
        ]
        return cls(
            image=tuple(image),
            grid=tuple(grid),
            kernel=kernel,
            strides=strides,
            before=tuple(n // 2 for n in zeros),
            after=tuple(n - n // 2 for n in zeros),
            groups=getattr(transform, "groups", 1),
        )

    def gather(self, xp: Any, x: Array, kernel: Array) -> Array:
        """Return the products of a kernel and all patches: a convolution.

        Parameters
        ----------
        xp : namespace
        x : (b, ..., n_in) array
            The image.
        kernel : (..., n_in / groups, n_out) array

        Returns
        -------
        (b, ..., n_out) array
        """
        padding = list(zip(self.before, self.after))
        return xp.convolve(x, kernel, self.strides, padding, self._ones, self.groups)

    def spread(self, xp: Any, y: Array, kernel: Array) -> Array:
        """Return the sum of copies of a kernel at all places: the transpose of ``gather``.

        Parameters
        ----------
        xp : namespace
        y : (b, ..., n_in) array
            The grid.
        kernel : (..., n_in / groups, n_out) array

        Returns
        -------
        (b, ..., n_out) array
        """
        padding = []
        for n, places, k, stride, before in zip(
            self.image, self.grid, self.kernel, self.strides, self.before
        ):
            left = k - 1 - before
            padding.append((left, n + k - 1 - left - (places - 1) * stride - 1))
        flipped = kernel[(slice(None, None, -1),) * len(self.kernel)]
        return xp.convolve(y, flipped, self._ones, padding, self.strides, self.groups)

    def turned(self, xp: Any, kernel: Array) -> Array:
        """Return a kernel of ``gather`` as one of ``spread``, or the other way round.

        Parameters
        ----------
        xp : namespace
        kernel : (..., n_in / groups, n_out) array

        Returns
        -------
        (..., n_out / groups, n_in) array
        """
        *sizes, n_in, n_out = kernel.shape
        d = len(sizes)
        apart = xp.reshape(kernel, (*sizes, n_in, self.groups, n_out // self.groups))
        apart = xp.transpose(apart, (*range(d), d + 2, d + 1, d))
        return xp.reshape(apart, (*sizes, n_out // self.groups, n_in * self.groups))

    def unfold(self, xp: Any, x: Array) -> Array:
        """Return all patches, one in each row.

        Parameters
        ----------
        xp : namespace
        x : (b, ..., n_channels) array

        Returns
        -------
        (b * n_places, n_pixels, n_channels) array
            Of the pixels of the kernel in their order.
        """
        for axis, zeros in enumerate(zip(self.before, self.after), start=1):
            x = _padded(xp, x, axis, *zeros)
        seen = [
            x[(slice(None), *map(self._every, offset, self.strides, self.grid))]
            for offset in np.ndindex(*self.kernel)
        ]
        return xp.reshape(xp.stack(seen, axis=-2), (-1, len(seen), x.shape[-1]))

    @staticmethod
    def _every(offset, stride, n):
        return slice(offset, offset + stride * (n - 1) + 1, stride)

    @property
    def _ones(self):
        return (1,) * len(self.kernel)


def _padded(xp, x, axis, before, after):
    if not before + after:
        return x
    zero = xp.zeros_like(x[(slice(None),) * axis + (slice(1),)])
    return xp.concatenate([*[zero] * before, x, *[zero] * after], axis=axis)
