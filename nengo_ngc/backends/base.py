"""The seam between models and simulators: backends, by name, and what they open."""

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
    """A simulator on which models learn: what it can do, and where it is implemented.

    Parameters
    ----------
    name : str
        What users call it, ``backend="nengo"``.
    session : type or str
        A subclass of `.Session`, or ``"module:class"``, which is imported once it is needed.
    trainer : type or str, optional
        The like for a session that trains by automatic differentiation, if there is one.
    minibatches : bool, optional
        Whether it presents many samples at once, with one set of weights for all of them.
    devices : bool, optional
        Whether a device can be chosen.
    gpus : callable or str, optional
        A function that returns the names of the GPUs and the like that are found, or
        ``"module:function"``, which is imported once it is needed.
    requires : sequence of str, optional
        Modules without which it is not available, that of the simulator first.
    install : str, optional
        The command that installs them.
    preferred_from : int or None, optional
        The number of samples presented at once from which ``backend="auto"`` prefers this
        backend to those that were registered before. None: it never does.
    title : str, optional
        What it is called in a report. Default: its name.
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
        """Whether it trains by automatic differentiation."""
        return self.trainer is not None

    def why_unavailable(self) -> str | None:
        """Why the backend cannot be used here, with the remedy; None if it can."""
        missing = [name for name in self.requires if importlib.util.find_spec(name) is None]
        if not missing:
            return None
        return f"backend {self.name!r} needs {', '.join(missing)}: {self.install}"

    def find_gpus(self) -> list[str]:
        """Names of the GPUs and the like that the backend sees.

        Raises
        ------
        ImportError
            If the backend is not available.
        """
        return [] if self.gpus is None else _loaded(self.gpus)()

    def open(self, model: Model, n_samples: int, device: str | None = None) -> Session:
        """Simulate a model.

        Parameters
        ----------
        model : Model
        n_samples : int
            Samples that are presented at once, on a backend that has minibatches.
        device : str, optional
            On which device, on a backend that can choose.

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
        """Simulate a model and train it by automatic differentiation.

        Parameters
        ----------
        model, n_samples, device
            As for ``open``.
        **how
            Loss, measures and optimiser, as the session takes them.

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
    """Make a backend known by its name; one that has the same name is replaced.

    Parameters
    ----------
    backend : Backend

    Returns
    -------
    Backend
        The same.
    """
    if backend.name == "auto":
        raise ValueError("name must not be 'auto', which asks for the backend that suits best")
    BACKENDS[backend.name] = backend
    return backend


def unregister(name: str) -> None:
    """Forget a backend."""
    del BACKENDS[name]


def get(name: str) -> Backend:
    """The backend of a name.

    Raises
    ------
    ValueError
        If there is none.
    """
    found = BACKENDS.get(name)
    if found is None:
        raise ValueError(unknown("backend", name, [*BACKENDS][1:]))
    return found


def choose(name: str, n_samples: int, differentiates: bool = False) -> Backend:
    """The backend that a model is to learn on.

    Parameters
    ----------
    name : str
        One of ``BACKENDS``. "auto" takes the one that is the fastest for so many samples, of
        those that are available.
    n_samples : int
        Samples that are presented at once.
    differentiates : bool, optional
        Whether it has to train by automatic differentiation.

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
    """Simulate a network on a backend.

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
