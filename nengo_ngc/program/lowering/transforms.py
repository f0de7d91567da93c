"""Lowers convolutions."""

from nengo.builder.transforms import ConvInc, ConvTransposeInc

from ...rules.forms import KernelForm
from .registry import lowers
from .values import Values


@lowers(ConvInc, ConvTransposeInc)
def lower_convolution(op: ConvInc | ConvTransposeInc, values: Values) -> None:
    """``Y = Y + W * X``, a convolution or the transpose of one."""
    form = KernelForm(op.conv)
    values.inc(op.Y, form.forward(values.xp, values[op.X], values.shared(op.W)))
