"""Lowers convolutions."""

from typing import Any

import numpy as np
from nengo.builder.transforms import ConvInc, ConvTransposeInc

from ...namespace import Array
from .registry import lowers
from .values import Values


@lowers(ConvInc)
def lower_convolution(op: ConvInc, values: Values) -> None:
    """``Y = Y + W * X``, Nengo's convolution, which does not flip the kernel."""
    conv, sizes = op.conv, op.conv.input_shape.spatial_shape
    padding = [
        _around(_padding(conv.padding, n, k, stride))
        for n, k, stride in zip(sizes, conv.kernel_size, conv.strides)
    ]
    ones = (1,) * conv.dimensions
    W = values.shared(op.W)
    _convolve(op, values, W, conv.strides, padding, ones, getattr(conv, "groups", 1))


@lowers(ConvTransposeInc)
def lower_transposed_convolution(op: ConvTransposeInc, values: Values) -> None:
    """``Y = Y + W * X``, where zeros are inserted between the pixels of X first."""
    conv, padding = op.conv, []
    sizes, made = conv.input_shape.spatial_shape, conv.output_shape.spatial_shape
    for n, n_made, k, stride in zip(sizes, made, conv.kernel_size, conv.strides):
        # what the convolution from n_made to n pixels pads, this one takes away
        before, _ = _around(_padding(conv.padding, n_made, k, stride))
        left = k - 1 - before
        padding.append((left, n_made + k - 1 - left - (n - 1) * stride - 1))
    W = values.shared(op.W)[(slice(None, None, -1),) * conv.dimensions]
    _convolve(op, values, W, (1,) * conv.dimensions, padding, conv.strides, 1)


def _convolve(op, values, kernel, strides, padding, dilation, groups):
    x = _channels_last(values, values[op.X], op.conv.input_shape)
    y = values.machine.convolve(x, kernel, strides, padding, dilation, groups)
    if not op.conv.channels_last:
        y = values.xp.transpose(y, (0, y.ndim - 1, *range(1, y.ndim - 1)))
    values.inc(op.Y, values.xp.reshape(y, (y.shape[0], *op.Y.shape)))


def _channels_last(values: Values, x: Array, shape: Any) -> Array:
    x = values.xp.reshape(x, (x.shape[0], *shape.shape))
    if shape.channels_last:
        return x
    return values.xp.transpose(x, (0, *range(2, len(x.shape)), 1))


def _padding(kind, n, kernel, stride):
    """Number of zeros that are added along an axis of n pixels."""
    if kind == "valid":
        return 0
    n_out = int(np.ceil(n / stride))
    return max((n_out - 1) * stride + kernel - n, 0)


def _around(n):
    return n // 2, n - n // 2
