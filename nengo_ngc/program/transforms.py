"""Builds transposed weights, and weights that multiply at the start only."""

from typing import Any

from nengo.builder import Builder, Model, Signal
from nengo.exceptions import BuildError
from nengo.rc import rc

from ..objects import AtStart, Transposed
from ..rules.forms import form_of
from .operators import PureOperator


@Builder.register(Transposed)
def build_transposed(
    model: Model,
    transform: Transposed,
    sig_in: Signal,
    decoders: Any = None,
    encoders: Any = None,
    rng: Any = None,
) -> tuple[Signal, Signal]:
    """Build a `.Transposed`. Returns the signals of the product and of the weights."""
    _check_not_decoded(transform, decoders)
    weights = model.sig[transform.connection]["weights"]
    form = form_of(transform.connection.transform, weights.shape)
    out = Signal(shape=transform.size_out, name=f"{transform}.weighted")

    def multiply(xp, v):
        return {"out": form.back(xp, v.x, v.weights)}

    model.add_op(
        PureOperator(
            [(None, multiply)],
            reads={"x": sig_in, "weights": weights},
            sets={"out": out},
            tag=str(transform.connection),
        )
    )
    return out, weights


@Builder.register(AtStart)
def build_at_start(
    model: Model,
    transform: AtStart,
    sig_in: Signal,
    decoders: Any = None,
    encoders: Any = None,
    rng: Any = None,
) -> tuple[Signal, Signal]:
    """Build an `.AtStart`. Returns the signals of the product and of the weights."""
    _check_not_decoded(transform, decoders)
    init = transform.sample(rng=rng).astype(rc.float_dtype)
    weights = Signal(init, readonly=True, name=f"{transform}.weights")
    out = Signal(shape=transform.size_out, name=f"{transform}.weighted")

    def multiply(xp, v):
        return {"out": xp.einsum("bi,ji->bj", v.x, v.weights)}

    model.add_op(
        PureOperator(
            [(lambda xp, v: transform.schedule.is_first(v.step), multiply)],
            reads={"x": sig_in, "weights": weights, "step": model.step},
            sets={"out": out},
            tag=str(transform),
        )
    )
    return out, weights


def _check_not_decoded(transform, decoders):
    if decoders is not None:
        raise BuildError(
            f"{transform} cannot be the transform of a connection from an ensemble, whose "
            "decoders it would not multiply: connect from its neurons, or from a Node"
        )
