"""Builds transposed weights."""

from nengo.builder import Builder, Signal

from ..transforms import Transposed
from .operators import PureOperator


@Builder.register(Transposed)
def build_transposed(model, transform, sig_in, decoders=None, encoders=None, rng=None):
    """Build a `.Transposed`; returns the product's signal and the weights' signal."""
    weights = model.sig[transform.connection]["weights"]
    out = Signal(shape=transform.size_out, name=f"{transform}.weighted")

    def multiply(xp, v):
        return {"out": xp.einsum("bi,ij->bj", v.x, v.weights)}

    model.add_op(
        PureOperator(
            [(None, multiply)],
            reads={"x": sig_in, "weights": weights},
            sets={"out": out},
            tag=str(transform.connection),
        )
    )
    return out, weights
