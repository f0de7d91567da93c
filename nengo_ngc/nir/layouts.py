"""In which order NIR has the values that are one vector in Nengo."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from nengo.transforms import ChannelShape
from numpy.typing import NDArray

from .neurons import unlike
from .wires import Kernel, Wire


@dataclass(frozen=True)
class Layout:
    """The shape of a vector in NIR, where images are (channels, height, width).

    Parameters
    ----------
    shape : tuple of int
    channels_last : bool, optional
        Whether the vector in Nengo is an image whose channels are its last axis.
    """

    shape: tuple[int, ...]
    channels_last: bool = False

    @property
    def is_image(self) -> bool:
        """Whether this is the shape of images."""
        return len(self.shape) > 1

    @property
    def order(self) -> NDArray:
        """The indices in Nengo of the values, in their order in NIR."""
        indices = np.arange(np.prod(self.shape))
        if not self.channels_last:
            return indices
        channels, *space = self.shape
        return np.moveaxis(indices.reshape(*space, channels), -1, 0).ravel()

    def arranged(self, values: NDArray) -> NDArray:
        """Return a vector of Nengo as an array of NIR."""
        return np.asarray(values, dtype=float)[self.order].reshape(self.shape)


def layouts(sizes: Mapping[Any, int], wires: Iterable[Wire]) -> dict[Any, Layout]:
    """Return the layout of each object.

    Convolutions say what the shapes of their inputs and outputs are. Where values are passed
    on one by one, both ends have the same shape. All others are vectors.

    Parameters
    ----------
    sizes : dict of {object: int}
        Number of values of each object.
    wires : sequence of Wire

    Raises
    ------
    nengo.exceptions.ValidationError
        If an object would have to have two different shapes.
    """
    found: dict[Any, Layout] = {}

    def assign(obj, layout):
        if found.setdefault(obj, layout) != layout:
            raise unlike(
                obj,
                f"is an image of shape {found[obj].shape} to one connection and of shape "
                f"{layout.shape} to another (channels first)",
            )

    for wire in wires:
        if isinstance(wire.weights, Kernel):
            assign(wire.pre, _of_image(wire, wire.weights.input_shape))
            assign(wire.post, _of_image(wire, wire.weights.transform.output_shape))
    passing = [wire for wire in wires if wire.is_elementwise]
    n_found = -1
    while len(found) > n_found:
        n_found = len(found)
        for wire in passing:
            for one, other in ((wire.pre, wire.post), (wire.post, wire.pre)):
                if one in found:
                    assign(other, found[one])
    return {obj: found.get(obj, Layout((size,))) for obj, size in sizes.items()}


def _of_image(wire: Wire, shape: ChannelShape) -> Layout:
    if shape.dimensions != 2:
        raise unlike(
            wire.source, f"convolves {shape.dimensions} axes, and only 2 are exported"
        )
    return Layout((shape.n_channels, *shape.spatial_shape), shape.channels_last)
