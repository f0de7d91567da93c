"""Lowers convolutions."""

from nengo.builder.transforms import ConvInc, ConvTransposeInc

from ...rules.layouts import as_image, flat
from ...rules.patches import Patches
from .registry import lowers
from .values import Values


@lowers(ConvInc)
def lower_convolution(op: ConvInc, values: Values) -> None:
    """``Y = Y + W * X``."""
    before, after = op.conv.input_shape, op.conv.output_shape
    patches = Patches.of(op.conv, before.spatial_shape, after.spatial_shape)
    _inc(op, values, patches.gather)


@lowers(ConvTransposeInc)
def lower_transposed_convolution(op: ConvTransposeInc, values: Values) -> None:
    """``Y = Y + W' * X``, the transpose of a convolution."""
    before, after = op.conv.input_shape, op.conv.output_shape
    patches = Patches.of(op.conv, after.spatial_shape, before.spatial_shape)
    _inc(op, values, patches.spread)


def _inc(op, values, multiply):
    xp, conv = values.xp, op.conv
    x = as_image(xp, values[op.X], conv.input_shape)
    y = multiply(xp, x, values.shared(op.W))
    values.inc(op.Y, flat(xp, y, conv.output_shape))
