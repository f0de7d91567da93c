"""The interface between models and simulators: backends, which are registered by name."""

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..networks.base import LearningNetwork
from ..validation import unknown
from .model import Model
from .session import Session, TrainingSession


@dataclass(frozen=True)
class Backend:
    """A simulator on which models learn, with its features and its implementation.

    Parameters
    ----------
    name : str
        The name that users give, as in ``backend="nengo"``.
    session : type or str
        A subclass of `.Session`, or its ``"module:class"``, which is imported when it is first
        needed.
    trainer : type or str, optional
        A subclass of `.TrainingSession`, which trains by automatic differentiation, or its
        ``"module:class"``. Default: none.
    minibatches : bool, optional
        Whether it can present many samples at once, with one set of weights for all of them.
    devices : bool, optional
        Whether a device can be chosen.
    gpus : callable or str, optional
        A function that returns the names of the GPUs and other accelerators that are found, or
        its ``"module:function"``, which is imported when it is first needed.
    requires : sequence of str, optional
        Names of the modules that it needs, the simulator's first.
    install : str, optional
        The command that installs these modules.
    preferred_from : int or None, optional
        The number of samples presented at once from which ``backend="auto"`` prefers this
        backend to those that were registered before. None: it never does.
    title : str, optional
        Its name in reports. Default: ``name``.
    """

    name: str
    session: type | str
    trainer: type | str | None = None
    minibatches: bool = False
    devices: bool = False
    gpus: Callable[[], list[str]] | str | None = None
    requires: tuple[str, ...] = ()
    install: str = ""
    preferred_from: int | None = None
    title: str = ""

    def __post_init__(self) -> None:
        if not self.title:
            object.__setattr__(self, "title", self.name)

    @property
    def differentiates(self) -> bool:
        """Whether the backend can train by automatic differentiation."""
        return self.trainer is not None

    def why_unavailable(self) -> str | None:
        """Why the backend cannot be used here, and what to do; None if it can be used."""
        missing = [name for name in self.requires if importlib.util.find_spec(name) is None]
        if not missing:
            return None
        return f"backend {self.name!r} needs {', '.join(missing)}: {self.install}"

    def find_gpus(self) -> list[str]:
        """Return the names of the GPUs and other accelerators that the backend finds.

        Raises
        ------
        ImportError
            If the backend is not available.
        """
        return [] if self.gpus is None else _loaded(self.gpus)()

    def open(self, model: Model, n_samples: int, device: str | None = None) -> Session:
        """Open a model for simulation.

        Parameters
        ----------
        model : Model
        n_samples : int
            Samples that are presented at once, on a backend that has minibatches.
        device : str, optional
            Name of the device, on a backend that can choose one.

        Returns
        -------
        Session

        Raises
        ------
        ImportError
            If the backend is not available.
        """
        return _loaded(self.session)(model, n_samples, device)

    def open_trainer(
        self, model: Model, n_samples: int, device: str | None = None, **how: Any
    ) -> TrainingSession:
        """Open a model for training by automatic differentiation.

        Parameters
        ----------
        model, n_samples, device
            As for ``open``.
        **how
            Loss, measures and optimiser, as arguments of the session.

        Returns
        -------
        TrainingSession
        """
        if self.trainer is None:
            raise ValueError(f"backend {self.name!r} has no automatic differentiation")
        return _loaded(self.trainer)(model, n_samples, device, **how)


def _loaded(found: Any) -> Any:
    if isinstance(found, str):
        module, _, name = found.partition(":")
        return getattr(importlib.import_module(module), name)
    return found


# all backends by name; "auto" stands for the one that suits best
BACKENDS: dict[str, Backend | None] = {"auto": None}


def register(backend: Backend) -> Backend:
    """Register a backend under its name. It replaces a backend of the same name.

    Parameters
    ----------
    backend : Backend

    Returns
    -------
    Backend
        The same backend.
    """
    if backend.name == "auto":
        raise ValueError("name must not be 'auto', which asks for the backend that suits best")
    BACKENDS[backend.name] = backend
    return backend


def unregister(name: str) -> None:
    """Remove a backend from the registry."""
    del BACKENDS[name]


def get(name: str) -> Backend:
    """Return the backend of a name.

    Raises
    ------
    ValueError
        If no backend has this name.
    """
    found = BACKENDS.get(name)
    if found is None:
        raise ValueError(unknown("backend", name, [*BACKENDS][1:]))
    return found


def choose(name: str, n_samples: int, differentiates: bool = False) -> Backend:
    """Return the backend on which a model is to learn.

    Parameters
    ----------
    name : str
        One of ``BACKENDS``. "auto" takes the fastest available backend for this number of
        samples.
    n_samples : int
        Samples that are presented at once.
    differentiates : bool, optional
        Whether the backend must be able to train by automatic differentiation.

    Returns
    -------
    Backend
    """
    if name != "auto":
        return get(name)
    preferred = [
        backend
        for backend in BACKENDS.values()
        if backend and backend.preferred_from is not None
        if (backend.differentiates if differentiates else n_samples >= backend.preferred_from)
    ]
    usable = [backend for backend in preferred if backend.why_unavailable() is None]
    # if none is installed, opening the best one says how to install it
    return (usable or preferred)[-1]


def open_session(
    backend: str,
    build: Callable[[], LearningNetwork],
    n_samples: int,
    outputs: Sequence[str],
    inputs: Sequence[str] = ("input",),
    device: str | None = None,
) -> Session:
    """Open a network on a backend.

    Parameters
    ----------
    backend : str
        One of ``BACKENDS``.
    build, outputs, inputs
        As for `Model`.
    n_samples, device
        As for ``Backend.open``.

    Returns
    -------
    Session
    """
    model = Model(build, tuple(outputs), tuple(inputs))
    return choose(backend, n_samples).open(model, n_samples, device)
