"""Convolutions and pooling of Nengo as nodes of NIR."""

from typing import Any

import nengo
import numpy as np
from numpy.typing import NDArray

from ..objects import ZeroPadding
from .library import nir
from .neurons import unlike, unreadable
from .wires import Kernel

Pads = tuple[int, int]  # before and after, along one axis


def same_pads(size: int, kernel: int, stride: int) -> Pads:
    """Return the zeros that ``padding="same"`` adds before and after an axis in Nengo."""
    n_out = -(-size // stride)
    total = max((n_out - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def to_node(kernel: Kernel, factor: float, bias: NDArray | None, source: Any) -> Any:
    """Return the node of NIR for a convolution.

    Parameters
    ----------
    kernel : Kernel
    factor : float
        A factor of all weights.
    bias : (channels,) array or None
    source : nengo.Connection
        The connection, for error messages.
    """
    transform, array, pads = kernel.transform, kernel.array * factor, kernel.pads
    if type(transform) is not nengo.Convolution:
        kind = type(transform).__name__
        raise unlike(source, f"has a {kind} as its transform, for which NIR has no node")
    if array.shape[0] != array.shape[1]:
        raise unlike(source, f"has a kernel of {array.shape[:2]}; NIR has only square ones")
    space, stride = kernel.input_shape.spatial_shape, tuple(map(int, transform.strides))
    if transform.padding == "same":
        pads_of_axes = [same_pads(*sizes) for sizes in zip(space, array.shape[:2], stride)]
        array, pads = _symmetric(array, pads_of_axes, source)
    if bias is None and (pool := _pool(transform, array)) is not None:
        size = np.array(array.shape[:2])
        return pool(kernel_size=size, stride=np.array(stride), padding=np.array(pads))
    return nir().Conv2d(
        input_shape=tuple(map(int, space)),
        weight=_ungrouped(array, transform.groups).transpose(3, 2, 0, 1),
        stride=stride,
        padding=tuple(map(int, pads)),
        dilation=(1, 1),
        groups=1,
        bias=np.zeros(transform.n_filters) if bias is None else bias,
    )


def from_node(name: str, node: Any) -> tuple[tuple[Any, ...], NDArray | None]:
    """Return the transforms for a convolution or pooling of NIR, and the bias of each output.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the shape of its input is not known, or it is not that of images.
    """
    shape = node.input_type["input"]
    if shape is None or len(shape) != 3:
        raise unreadable(
            name,
            f"has an input of shape {shape}, expected that of an image; build the graph with "
            "type_check=True",
        )
    channels, *space = map(int, shape)
    height, width = space
    stride = _pair(node.stride)
    if isinstance(node, nir().Conv2d):
        kernel = np.asarray(node.weight, dtype=float).transpose(2, 3, 1, 0)
        kernel, groups = _dilated(kernel, _pair(node.dilation)), int(node.groups)
        channels = kernel.shape[2] * groups  # NIR leaves groups out of the shape of the input
    else:
        size, groups = _pair(node.kernel_size), channels
        mean = isinstance(node, nir().AvgPool2d)
        kernel = np.full((*size, 1, channels), 1 / np.prod(size) if mean else 1.0)
    pads = _pair(0 if isinstance(node.padding, str) else node.padding)
    sames = [same_pads(*sizes) for sizes in zip(space, kernel.shape[:2], stride)]
    same = any(pads) and sames == [(pad, pad) for pad in pads]
    if isinstance(node.padding, str) and node.padding == "same":
        same = True
        if stride != (1, 1):
            raise unreadable(name, f"has the padding 'same' and strides of {stride}, not 1")
    padded = [ZeroPadding((channels, height, width), pads)] if any(pads) and not same else []
    made = nengo.Convolution(
        kernel.shape[-1],
        padded[0].output_shape if padded else (channels, *space),
        kernel_size=kernel.shape[:2],
        strides=stride,
        padding="same" if same else "valid",
        channels_last=False,
        init=kernel,
        groups=groups,
    )
    bias = getattr(node, "bias", None)
    if bias is not None:
        bias = np.repeat(
            np.asarray(bias, dtype=float), np.prod(made.output_shape.spatial_shape)
        )
    return (*padded, made), bias


def _pair(value):
    """A number for each axis, given one number for both or one for each."""
    first, second = np.broadcast_to(value, 2)
    return int(first), int(second)


def _dilated(kernel, dilation):
    """A kernel with zeros between its entries."""
    if dilation == (1, 1):
        return kernel
    (height, width), (rows, columns) = kernel.shape[:2], dilation
    shape = (height - 1) * rows + 1, (width - 1) * columns + 1
    spread = np.zeros((*shape, *kernel.shape[2:]))
    spread[::rows, ::columns] = kernel
    return spread


def _symmetric(array, pads_of_axes, source):
    """A kernel, extended by zeros, and as many zeros before as after the axes.

    Nengo may add one zero more after an axis than before it. NIR cannot, but a kernel whose
    first entry is 0 does the same with one zero more before the axis.
    """
    uneven = {after - before for before, after in pads_of_axes}
    if len(uneven) > 1:
        raise unlike(source, f"pads its axes by {pads_of_axes}, which NIR cannot express")
    if uneven == {1}:
        array = np.pad(array, [(1, 0), (1, 0), (0, 0), (0, 0)])
    return array, tuple(after for _, after in pads_of_axes)


def _pool(transform, array):
    """The pooling that a convolution is, or None."""
    channels = transform.input_shape.n_channels
    weight = array.flat[0]
    if not (transform.groups == channels == transform.n_filters and np.all(array == weight)):
        return None
    kinds = {1.0: nir().SumPool2d, 1 / array[..., 0, 0].size: nir().AvgPool2d}
    return kinds.get(weight)


def _ungrouped(array, groups):
    """A kernel of one group, since NIR mistakes the shapes of others."""
    height, width, n_in, n_filters = array.shape
    whole = np.zeros((height, width, n_in * groups, n_filters))
    for ins, outs in zip(
        np.split(np.arange(n_in * groups), groups), np.split(np.arange(n_filters), groups)
    ):
        whole[:, :, ins[:, None], outs] = array[:, :, :, outs]
    return whole
