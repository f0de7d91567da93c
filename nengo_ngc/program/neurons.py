"""Builds latent states, integrators and pointwise neurons."""

from contextlib import suppress

import numpy as np
from nengo.builder import Builder, Model, Signal
from nengo.ensemble import Neurons
from nengo.rc import rc

from ..neurons import Integrator, LatentState, Pointwise
from .operators import PureOperator
from .trial import Trial, made_up


@Builder.register(LatentState)
def build_latent_state(model: Model, latent: LatentState, neurons: Neurons) -> None:
    """Build the states of an ensemble.

    Sets ``model.sig[neurons]["z"]`` and, if they have momentum, ``["v"]``. Presentations that
    take turns have their states one after another in these signals, the next one in front.
    """
    kept, n, takes_turns = {}, neurons.size_in, latent.schedule.interleave > 1
    for name in ("z", "v") if latent.momentum > 0 else ("z",):
        zeros = np.zeros(n * latent.schedule.interleave, dtype=rc.float_dtype)
        kept[name] = Signal(zeros, name=f"{neurons}.{name}")
        model.sig[neurons][name] = kept[name]

    reads = {"drive": model.sig[neurons]["in"], "step": model.step}
    if latent.start is not None:
        reads["start"] = model.sig[latent.start]["out"]
    if latent.held is not None:
        reads["held"] = model.sig[latent.held]["out"]

    def move(xp, a):
        start, held = getattr(a, "start", 0.0), getattr(a, "held", None)
        before = {name: getattr(a, name) for name in kept}
        if takes_turns:
            before = {name: array[:, :n] for name, array in before.items()}
        velocity = before.get("v", 0.0)
        z, v = latent.move(xp, before["z"], velocity, a.drive, a.step, start, held)
        moved = {name: array for name, array in (("z", z), ("v", v)) if name in kept}
        if takes_turns:
            moved = {
                name: xp.concatenate([getattr(a, name)[:, n:], array], axis=1)
                for name, array in moved.items()
            }
        return {"out": z, **moved}

    model.add_op(
        PureOperator(
            [(None, move)],
            reads=reads,
            sets={"out": model.sig[neurons]["out"]},
            updates=kept,
            tag=f"{neurons}.z",
        )
    )


@Builder.register(Integrator)
def build_integrator(model: Model, integrator: Integrator, neurons: Neurons) -> None:
    """Build neurons that integrate their input.

    Sets ``model.sig[neurons]["voltage"]`` and, if they have a synaptic current,
    ``["current"]``.
    """
    integrator.check(neurons.size_in)
    kept = {}
    for name in integrator.probeable[1:]:
        zeros = np.zeros(neurons.size_in, dtype=rc.float_dtype)
        kept[name] = Signal(zeros, name=f"{neurons}.{name}")
        model.sig[neurons][name] = kept[name]

    def advance(xp, a):
        states = {name: getattr(a, name) for name in kept}
        out, *after = integrator.advance(xp, model.dt, a.drive, **states)
        return {"out": out, **dict(zip(kept, after))}

    model.add_op(
        PureOperator(
            [(None, advance)],
            reads={"drive": model.sig[neurons]["in"]},
            sets={"out": model.sig[neurons]["out"]},
            updates=kept,
            tag=f"{neurons}",
        )
    )


@Builder.register(Pointwise)
def build_pointwise(model: Model, neuron_type: Pointwise, neurons: Neurons) -> None:
    """Build neurons whose activity is a function of their present input."""
    neuron_type.check(neurons.size_in)
    _try_activity(neuron_type, neurons)
    model.add_op(
        PureOperator(
            [(None, lambda xp, v: {"out": neuron_type.activity(xp, v.J)})],
            reads={"J": model.sig[neurons]["in"]},
            sets={"out": model.sig[neurons]["out"]},
            tag=str(neurons),
        )
    )


def _try_activity(neuron_type, neurons):
    trial = Trial(neuron_type, f"{type(neuron_type).__name__}, the type of {neurons}")
    J = made_up((2, neurons.size_in), rc.float_dtype)
    with suppress(np.linalg.LinAlgError):
        activity = trial.call("activity", {"J": J})
        trial.check("activity", activity, J.shape, "(batch, n_neurons)")
