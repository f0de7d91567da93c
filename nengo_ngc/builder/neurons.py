"""Builds neurons that have no use for a firing rate."""

import numpy as np
from nengo.builder import Builder, Signal
from nengo.rc import rc

from ..neurons import Identity, LatentState
from .operators import PureOperator


@Builder.register(LatentState)
def build_latent_state(model, latent, neurons):
    """Build the states of an ensemble. Sets ``model.sig[neurons]["z"]``."""
    z = Signal(np.zeros(neurons.size_in, dtype=rc.float_dtype), name=f"{neurons}.z")
    model.sig[neurons]["z"] = z

    reads = {"drive": model.sig[neurons]["in"], "step": model.step}
    if latent.start is not None:
        reads["start"] = model.sig[latent.start]["out"]
    if latent.held is not None:
        reads["held"] = model.sig[latent.held]["out"]

    def move(xp, v):
        start, held = getattr(v, "start", 0.0), getattr(v, "held", None)
        moved = latent.move(xp, v.z, v.drive, v.step, start, held)
        return {"out": moved, "z": moved}

    model.add_op(
        PureOperator(
            [(None, move)],
            reads=reads,
            sets={"out": model.sig[neurons]["out"]},
            updates={"z": z},
            tag=f"{neurons}.z",
        )
    )


@Builder.register(Identity)
def build_identity(model, identity, neurons):
    """Build neurons whose output is their input."""
    model.add_op(
        PureOperator(
            [(None, lambda xp, v: {"out": v.J})],
            reads={"J": model.sig[neurons]["in"]},
            sets={"out": model.sig[neurons]["out"]},
            tag=str(neurons),
        )
    )
