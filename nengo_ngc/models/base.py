"""What all models share: scikit-learn's face of a trainer and its task."""

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
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


class NetworkEstimator(BaseEstimator):
    """A model that learns epoch by epoch: it checks what it is given, and has a trainer.

    Subclasses store the arguments of their constructor, those in ``arguments`` among them. Of
    all others they say in an ``arguments`` of their own what they may be, for
    ``check_parameters`` to look at, and in ``_check_together`` how they have to fit each
    other. They write ``_new_task``, which makes the `.Task` that is learned.
    """

    arguments = (
        SizesParam("n_hidden"),
        WholeParam("batch_size"),
        WholeParam("max_epochs"),
        ChoiceParam("backend", BACKENDS),
        RandomStateParam(),
        TextParam("device", optional=True),
        FlagParam("verbose"),
    )

    _recorded = ()  # what the history of each epoch must have
    _derived = ()  # attributes that are made of what was learned, and no longer hold after it

    _trainer: Trainer

    # --- learning

    @abstractmethod
    def _new_task(self) -> Task:
        """What this model learns, with its present parameters, of data that it has seen."""

    @property
    def _task(self) -> Task:
        return self._trainer.task

    def _start(self):
        """Begin to learn, and draw a seed."""
        self.check_parameters()
        self._close()
        rng = check_random_state(self.random_state)
        self._seed = int(rng.randint(2**31 - 1))
        self._forget_derived()
        self._trainer = Trainer(self._new_task())

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
    def _as_before_if_unfit(self):
        """Leave the model as it was if it cannot begin to learn."""
        before = dict(self.__dict__)
        try:
            yield
        except BaseException:
            self._close()
            self.__dict__.clear()
            self.__dict__.update(before)
            raise

    @property
    def parameters_(self) -> dict[str, np.ndarray]:
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

    def set_params(self, **params):
        """Set parameters of this model; see `sklearn.base.BaseEstimator.set_params`."""
        self._close()  # sessions were opened with what the parameters were before
        return super().set_params(**params)

    def _close(self):
        if "_trainer" in self.__dict__:
            self._task.close()

    # --- checks

    def check_parameters(self) -> None:
        """Raise ValueError unless the constructor's arguments make sense."""
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

    def _check_images(self, X, name="X", reset=False, for_learning=False):
        """Images as the task takes them, or an error that names the argument."""
        if reset:
            self.check_parameters()
        X = inputs.images(self, X, name, reset)
        if for_learning:
            self._check_batch(X)
        return X

    def _check_batch(self, X):
        if len(X) < self.batch_size:
            raise ValueError(
                f"batch_size must not be larger than the data: got "
                f"batch_size={self.batch_size} and {len(X)} images"
            )

    def _check_whole_batches(self, X):
        if len(X) % self.batch_size:
            raise ValueError(
                f"partial_fit needs whole batches: the number of images must be a "
                f"multiple of batch_size={self.batch_size}, got {len(X)}"
            )

    # --- files

    @checked(PathParam("path"))
    def save(self, path, about: dict | None = None) -> None:
        """Write the model to a file of arrays and JSON.

        It is written whole or not at all, and holds what is needed to go on learning.

        Parameters
        ----------
        path : str or path
        about : dict, optional
            What else is to be known of the model, anything that JSON can hold. A model
            that is loaded has it as its attribute ``about_``.

        Raises
        ------
        ValueError
            If a parameter or a number cannot be kept in a file.
        OSError
            If there is no room for it. What was at ``path`` before is still there.
        """
        check_is_fitted(self, "parameters_")
        files.save(self, path, about)

    @classmethod
    @checked(PathParam("path"))
    def load(cls, path):
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

    def _arrays(self) -> dict[str, np.ndarray]:
        """What a file holds."""
        return self._task.arrays()

    def _expected_arrays(self, shapes, history):
        """What the arrays of a file must be, by the parameters and the sizes it has."""
        self._trainer = Trainer(self._new_task(), history)
        return self._task.expected_arrays(shapes)

    def _take_up(self, arrays):
        """Go on from what ``_arrays`` returned."""
        self._task.take_up(arrays)
