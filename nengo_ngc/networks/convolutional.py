"""Convolutional layers, as networks and estimators take them among the sizes of layers."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import nengo
import numpy as np
from nengo.transforms import ChannelShape
from numpy.typing import NDArray

from ..namespace import NUMPY
from ..rules.forms import form_of
from ..validation import CheckedParam, ChoiceParam, UnfitValue, WholeParam, checked
from .parameters import Shape, invalid

_PADDINGS = "valid", "same"
_TEXT = re.compile(r"(\d+)c(\d+)(?:s(\d+))?(p)?")


@checked(
    WholeParam("n_filters"),
    WholeParam("kernel_size"),
    WholeParam("stride"),
    ChoiceParam("padding", _PADDINGS),
)
@dataclass(frozen=True)
class Conv:
    """A convolutional layer, in place of the number of units of a layer.

    A network of the shape ``((28, 28, 1), Conv(32, 5, stride=2), 128, 10)`` has images of 28 x
    28 pixels as its input, which a convolutional layer sees, and then a layer of 128 units.

    Parameters
    ----------
    n_filters : int
        Number of units at each place.
    kernel_size : int
        Height and width of the patch of the layer below that a unit sees.
    stride : int, optional
        Pixels from one place to the next, along both axes.
    padding : {"valid", "same"}, optional
        "valid": patches lie within the layer below. "same": there are zeros around it, so that
        with a stride of 1 there are as many places as pixels.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is out of range.

    Notes
    -----
    The command line and configuration files take the text that ``str`` returns, such as
    "32c5s2": filters, kernel, and the stride if it is not 1. "same" adds a "p" at the end.
    """

    n_filters: int
    kernel_size: int
    stride: int = 1
    padding: str = "valid"

    def __str__(self) -> str:
        stride = "" if self.stride == 1 else f"s{self.stride}"
        return f"{self.n_filters}c{self.kernel_size}{stride}{'p' * (self.padding == 'same')}"

    @classmethod
    def of(cls, text: str) -> "Conv":
        """Return the layer that a text stands for.

        Parameters
        ----------
        text : str

        Raises
        ------
        ValueError
            If it is no such text.
        """
        found = _TEXT.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no convolutional layer, such as 32c5s2")
        n_filters, size, stride, padded = found.groups()
        return cls(int(n_filters), int(size), int(stride or 1), _PADDINGS[padded is not None])


class LayersParam(CheckedParam):
    """The sizes of layers: whole numbers, `Conv` or its text, and maybe a shape at first.

    Parameters
    ----------
    name : str
        As for `.CheckedParam`.
    at_least : int, optional
        The smallest number of layers.
    image : bool, optional
        Whether the first of them may be the shape of an image.
    **kwargs
        As for `.CheckedParam`.
    """

    equatable = True

    def __init__(
        self, name: str, at_least: int = 1, image: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(name, **kwargs)
        self.at_least, self.image = at_least, image

    @property
    def expected(self) -> str:
        first = ", of which the first may be the shape of an image" if self.image else ""
        return (
            f"a sequence of {self.at_least} or more whole numbers of at least 1 or "
            f"convolutional layers, such as Conv(32, 5){first}"
        )

    def convert(self, value: Any) -> tuple:
        if not isinstance(value, Sequence | np.ndarray) or isinstance(value, str | bytes):
            raise TypeError
        found = tuple(
            self._converted(layer, self.image and k == 0) for k, layer in enumerate(value)
        )
        if len(found) < self.at_least:
            raise ValueError
        return found

    def _converted(self, layer, may_be_image):
        if isinstance(layer, Conv):
            return layer
        if isinstance(layer, str):
            try:
                return Conv.of(layer)
            except ValueError as error:
                raise UnfitValue(str(error)) from error
        if may_be_image and isinstance(layer, Sequence):
            sizes = tuple(WholeParam(self.name).convert(n) for n in layer)
            if len(sizes) not in (2, 3):
                raise ValueError
            return sizes if len(sizes) == 3 else (*sizes, 1)
        return WholeParam(self.name).convert(layer)


def has_convolutions(layers: Sequence) -> bool:
    """Return whether some layers are convolutional, of sizes that nobody has checked."""
    return any(isinstance(layer, Conv | str) for layer in layers)


class Layers:
    """The sizes of all layers of a network, and the convolutions between them.

    Parameters
    ----------
    shape : tuple
        What ``LayersParam`` returns, with the input first.

    Attributes
    ----------
    sizes : tuple of int
        Number of inputs, and of units in each layer.
    convolutions : dict of {int: nengo.Convolution}
        What leads from the layer below to a convolutional layer, by its level from 1.

    Raises
    ------
    nengo.exceptions.ValidationError
        If a convolutional layer does not follow an image or another one, or its kernel is
        larger than the layer below.
    """

    def __init__(self, shape: tuple) -> None:
        first = shape[0]
        below = ChannelShape(first) if isinstance(first, tuple) else None
        self.convolutions: dict[int, nengo.Convolution] = {}
        sizes = [math.prod(first) if isinstance(first, tuple) else first]
        for level, layer in enumerate(shape[1:], start=1):
            if isinstance(layer, Conv):
                convolution = self.convolutions[level] = _convolution(layer, below, level)
                below = convolution.output_shape
                sizes.append(int(convolution.size_out))
            else:
                below = None
                sizes.append(layer)
        self.sizes = tuple(sizes)

    def weights(self, level: int) -> Shape:
        """The shape of the weights that lead up to a layer: (post, pre), or of a kernel."""
        if level in self.convolutions:
            return tuple(self.convolutions[level].kernel_shape)
        return self.sizes[level], self.sizes[level - 1]

    def n_seen(self, level: int) -> int:
        """How many units below each unit of a layer sees."""
        return self._form(level).shape[1]

    def n_rows(self, level: int) -> int:
        """How many rows of weights lead up to a layer: those of its units, or filters."""
        return self._form(level).shape[0]

    def drawn(self, level: int, draw: Callable[[Shape], NDArray]) -> NDArray:
        """Weights that lead up to a layer, from what a function draws for a matrix."""
        form = self._form(level)
        return form.weights(NUMPY, draw(form.shape))

    def of_units(self, level: int, biases: NDArray) -> NDArray:
        """Biases of all units of a layer, from those of its rows of weights."""
        return np.tile(biases, self.sizes[level] // len(biases))

    def _form(self, level):
        convolution = self.convolutions.get(level)
        return form_of(convolution, (self.sizes[level], self.sizes[level - 1]))

    def up(self, level: int, init: Any) -> nengo.transforms.Transform:
        """A transform that leads up to a layer, with some weights or a distribution."""
        if level in self.convolutions:
            return with_init(self.convolutions[level], init)
        return nengo.Dense(self.weights(level), init=init)

    def weights_down(self, level: int) -> Shape:
        """The shape of the weights that lead from a layer down to the one below."""
        *sizes, n_in, n_out = self.weights(level)
        return (*sizes, n_out, n_in)

    def down(self, level: int, init: Any) -> nengo.transforms.Transform:
        """A transform that leads down from a layer, the transpose of one that leads up."""
        if level not in self.convolutions:
            return nengo.Dense(self.weights_down(level), init=init)
        up = self.convolutions[level]
        return nengo.ConvolutionTranspose(
            up.input_shape.n_channels,
            up.output_shape,
            up.input_shape,
            up.kernel_size,
            up.strides,
            up.padding,
            up.channels_last,
            init=init,
        )


def with_init(transform: nengo.transforms.Transform, init: Any) -> Any:
    """Return a transform like another one, with other weights or another distribution."""
    clone = object.__new__(type(transform))
    clone.__setstate__({**transform.__getstate__(), "init": init})
    return clone


def _convolution(layer, below, level):
    if below is None:
        raise invalid(
            f"{layer} must follow an image, (height, width, colours), or another "
            f"convolutional layer, but layer {level} does not",
            "shape",
        )
    size = (layer.kernel_size,) * 2
    if layer.padding == "valid" and max(size) > min(below.spatial_shape):
        raise invalid(
            f"the kernel of {layer} must be no larger than the layer below, which has "
            f"{' x '.join(map(str, below.spatial_shape))} pixels",
            "shape",
        )
    return nengo.Convolution(layer.n_filters, below, size, (layer.stride,) * 2, layer.padding)
