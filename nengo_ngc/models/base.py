"""The base class of all models, which gives training the interface of scikit-learn."""

import os
import warnings
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ..backends import BACKENDS, choose
from ..training import Task, Trainer
from ..validation import (
    ChoiceParam,
    FlagParam,
    PathParam,
    RandomStateParam,
    SizesParam,
    TextParam,
    WholeParam,
    checked,
    unfit,
)
from . import files, inputs

_ENOUGH_BATCHES = 40  # with fewer, steps of a usual learning rate hardly move the weights


class NetworkEstimator(BaseEstimator):
    """Base class of models that learn epoch by epoch.

    A model checks its arguments and data, and passes them to its trainer. Subclasses store the
    arguments of their constructor, which include those that are declared in ``arguments``
    here. They declare all others in an ``arguments`` of their own, and check in
    ``_check_together`` whether arguments fit each other. Their method ``_new_task`` returns
    the `.Task` that is learned.
    """

    arguments: tuple = (
        SizesParam("n_hidden"),
        WholeParam("batch_size"),
        WholeParam("max_epochs"),
        ChoiceParam("backend", BACKENDS),
        RandomStateParam(),
        TextParam("device", optional=True),
        FlagParam("verbose"),
    )

    _recorded: tuple[str, ...] = ()  # what the history of each epoch must have
    _derived: tuple[str, ...] = ()  # attributes that further learning makes invalid

    _trainer: Trainer

    # --- learning

    @abstractmethod
    def _new_task(self) -> Task:
        """What this model learns, with its present parameters, of data that it has seen."""

    @property
    def _task(self) -> Any:
        return self._trainer.task

    def _start(self, n, **start):
        """Begin to learn from n samples; the task has some attributes from the start."""
        self.check_parameters()
        self._close()
        rng = check_random_state(self.random_state)
        self._seed = int(rng.randint(2**31 - 1))
        self._forget_derived()
        self._trainer = Trainer(self._new_task())
        vars(self._task).update(start)
        self._task.in_batches_of(min(self.batch_size, n))
        self._task.begin()

    def _stream(self, check: Callable[[bool], tuple]) -> Self:
        """Learn from images once, in their order.

        Parameters
        ----------
        check : callable
            Returns the images, and what the task is told of each of them besides, or raises
            an error. It is told whether these are the first ones that are learned from.
        """
        first = not hasattr(self, "parameters_")
        with self._as_before_on_error():
            X, about = check(first)
            if first:
                self._start(len(X))
            self._trainer.stream((X, self._task.targets(about)))
        self._forget_derived()
        return self

    def _epochs(self, data, validation, on_batch, stop=None) -> Iterator[dict]:
        """Learn; each record comes with the model as it is after the epoch."""
        epochs = self._trainer.epochs(
            data, self.max_epochs, validation, stop, on_batch, self.verbose
        )
        for record in epochs:
            self._forget_derived()
            yield record

    def _forget_derived(self):
        for name in self._derived:
            self.__dict__.pop(name, None)

    @contextmanager
    def _as_before_on_error(self):
        """Restore the model if the block raises an error."""
        before = dict(self.__dict__)
        try:
            yield
        except BaseException:
            self._close()
            self.__dict__.clear()
            self.__dict__.update(before)
            raise

    @property
    def parameters_(self) -> dict[str, NDArray]:
        """The network's parameters, by name."""
        if not self.__sklearn_is_fitted__():
            raise AttributeError("parameters_")
        return self._task.kept_parameters()

    @property
    def history_(self) -> list[dict]:
        """The records of the epochs that are done."""
        return self._trainer.history

    @property
    def n_iter_(self) -> int:
        """The number of epochs that are done."""
        return len(self._trainer.history)

    def __sklearn_is_fitted__(self) -> bool:
        return "_trainer" in self.__dict__ and self._task.learned is not None

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute, and close simulators that have another value of a parameter."""
        if "_trainer" in self.__dict__ and name in self._get_param_names():
            if self._trainer.in_epoch:  # what it has learned until now would be lost
                raise RuntimeError(f"{name} must be set between epochs, not during one")
            self._close()
        super().__setattr__(name, value)

    def _close(self):
        if "_trainer" in self.__dict__:
            self._task.close()

    # --- checks

    def check_parameters(self) -> None:
        """Raise ValueError unless the constructor's arguments are valid."""
        for name, parameter in self._declared().items():
            parameter.coerce(self, getattr(self, name))
        self._check_together()

    @classmethod
    def _declared(cls):
        """All ``arguments`` by name, those of subclasses in place of those of base classes."""
        bases = reversed(cls.__mro__)
        declared = (p for base in bases for p in vars(base).get("arguments", ()))
        return {parameter.name: parameter for parameter in declared}

    def _check_together(self):
        """Raise ValueError unless arguments fit each other; each is right by itself."""
        backend = choose(self.backend, self.batch_size)
        if self.device is not None and self.backend != "auto" and not backend.devices:
            raise unfit("device", f"None with backend={self.backend!r}", self.device, self)

    # what to do about numbers outside of [0, 1]; None: the model takes any finite numbers
    _remedy: str | None = None

    def _check_images(self, X, name="X", reset=False):
        """Samples as the task takes them, or an error that names the argument."""
        return inputs.images(self, X, name, reset)

    def _warn_of_few(self, X):
        """Warn if there is less than one batch for each epoch."""
        if len(X) < self.batch_size:
            warnings.warn(
                f"batch_size={self.batch_size} is larger than the data: each batch consists "
                f"of all {len(X)} samples",
                stacklevel=2,
            )

    def _warn_of_short_training(self, X):
        """Warn if all epochs together have so few batches that little was learned."""
        n_samples = len(X if hasattr(X, "__len__") else np.asarray(X))
        in_epoch = max(1, n_samples // self.batch_size)
        n_batches = self.max_epochs * in_epoch
        if n_batches < _ENOUGH_BATCHES:
            warnings.warn(
                f"the model has learned from no more than {n_batches} batches, {in_epoch} in "
                f"each of {self.max_epochs} epochs; choose a smaller batch_size than "
                f"{self.batch_size} or a larger max_epochs, so that it learns more",
                stacklevel=3,
            )

    # --- files and pickles

    @checked(PathParam("path"))
    def save(self, path: str | os.PathLike, about: dict | None = None) -> None:
        """Write the model to a file of arrays and JSON.

        The file is written completely or not at all, and holds what is needed to go on
        learning.

        Parameters
        ----------
        path : str or path
        about : dict, optional
            Further information about the model, which JSON must be able to represent. A model
            that is loaded has it as its attribute ``about_``.

        Raises
        ------
        ValueError
            If a parameter or a number cannot be kept in a file.
        OSError
            If the file cannot be written. A file that was at ``path`` before is unchanged.
        """
        check_is_fitted(self, "parameters_")
        files.save(self, path, about)

    @classmethod
    @checked(PathParam("path"))
    def load(cls, path: str | os.PathLike) -> Self:
        """Read a model that ``save`` wrote.

        Parameters
        ----------
        path : str or path

        Returns
        -------
        object of this class

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is damaged, holds another type of model, or lacks a part of it.
        """
        return files.load(cls, path)

    def __getstate__(self) -> dict[str, Any]:
        """Return parameters and what was learned as arrays, without any simulator."""
        state = dict(super().__getstate__())
        trainer = state.pop("_trainer", None)
        if trainer is not None:
            arrays = None if trainer.task.learned is None else trainer.task.arrays()
            state["_learned"] = {
                "history": [dict(record) for record in trainer.history],
                "arrays": arrays,
            }
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        learned = state.pop("_learned", None)
        super().__setstate__(state)
        if learned is not None:
            self._trainer = Trainer(self._new_task(), learned["history"])
            if learned["arrays"] is not None:
                self._task.take_up(learned["arrays"])

    def _arrays(self) -> dict[str, NDArray]:
        """What a file holds."""
        return self._task.arrays()

    def _expected_arrays(self, shapes, history):
        """What the arrays of a file must be, by the parameters and the sizes it has."""
        self._trainer = Trainer(self._new_task(), history)
        return self._task.expected_arrays(shapes)

    def _take_up(self, arrays):
        """Go on from what ``_arrays`` returned."""
        self._task.take_up(arrays)
