"""Simulators on which models learn: to add one, register what it can do here.

Everything that differs between simulators is behind a `Session`; nothing else in the package
asks which simulator it is.
"""

from ..version import how_to_install
from .base import BACKENDS, Backend, choose, get, open_session, register, unregister
from .model import Loss, Model
from .session import Session, Simulation, TrainingSession

__all__ = [
    "BACKENDS",
    "Backend",
    "Loss",
    "Model",
    "Session",
    "Simulation",
    "TrainingSession",
    "choose",
    "get",
    "open_session",
    "register",
    "unregister",
]

register(
    Backend("nengo", "nengo_ngc.backends.nengo:NengoSession", preferred_from=1, title="Nengo")
)

register(
    Backend(
        "nengo-dl",
        "nengo_ngc.backends.nengo_dl.session:NengoDLSession",
        trainer="nengo_ngc.backends.nengo_dl.autodiff:AutodiffSession",
        minibatches=True,
        devices=True,
        gpus="nengo_ngc.backends.nengo_dl.compat:gpus",
        requires=("nengo_dl", "tensorflow", "tf_keras"),
        install=how_to_install("dl"),
        # faster than Nengo for more than one sample (benchmarks/backends.txt)
        preferred_from=2,
        title="NengoDL",
    )
)

register(
    Backend(
        "jax",
        "nengo_ngc.backends.jax.session:JaxSession",
        trainer="nengo_ngc.backends.jax.autodiff:AutodiffSession",
        minibatches=True,
        devices=True,
        gpus="nengo_ngc.backends.jax.devices:gpus",
        requires=("jax",),
        install=how_to_install("jax"),
        # once compiled, the fastest for one sample, too (benchmarks/backends.txt)
        preferred_from=1,
        title="JAX",
    )
)
