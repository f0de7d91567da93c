"""What all models share: epochs, simulators that are kept, checks, files."""

import importlib.util
import json
import time
from contextlib import contextmanager
from copy import copy

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from ..backends.runners import check_finite, check_size, make_runner
from ..storage import model_files, schema
from ..storage.model_files import Array, Reader
from ..storage.schema import Table, Whole
from ..validation import (
    ChoiceParam,
    FlagParam,
    PathParam,
    RandomStateParam,
    SizesParam,
    TextParam,
    WholeParam,
    checked,
    expecting,
    unfit,
)
from .settings import HISTORY, check_history, settings

BACKENDS = ("auto", "nengo", "nengo-dl")

# From this many samples at once on, NengoDL is clearly the faster simulator
# (benchmarks/backends.txt).
_WORTH_NENGO_DL = 2

# batches after which parameters are looked at; reading them takes time on a GPU
_LOOK_EVERY = 16


class NetworkEstimator(BaseEstimator):
    """A model that learns epoch by epoch, by a network on a simulator.

    Subclasses store the arguments of their constructor, those in ``arguments`` among them. Of
    all others they say in an ``arguments`` of their own what they may be, for
    ``check_parameters`` to look at, and in ``_check_together`` how they have to fit each
    other. They write ``_make_trainer``, ``_learn_batch`` and ``_validate``.
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

    # --- learning

    def _start(self):
        self.check_parameters()
        rng = check_random_state(self.random_state)
        self._seed = int(rng.randint(2**31 - 1))
        self.n_iter_, self.history_ = 0, []
        self._forget_runners()
        self._forget_learned()
        self._begin()

    def _begin(self):
        self._state = self._trainer().state()

    def _forget_learned(self):
        self.__dict__.pop("_state", None)

    def _epochs(self, data, validation, on_batch):
        while self.n_iter_ < self.max_epochs and not self._has_converged():
            progress = _Progress(self.max_epochs, self.verbose)
            with progress, self._whole_or_not():
                record = self._epoch(data, validation, [progress, on_batch])
            yield record

    def _has_converged(self):
        return False

    def _epoch(self, data, validation, watchers):
        start, n = time.perf_counter(), len(data[0])
        order = np.random.RandomState([self._seed, self.n_iter_]).permutation(n)
        n_learned = n // self.batch_size * self.batch_size
        record = self._learn(data, order[:n_learned], watchers)
        for name, value in record.items():
            if isinstance(value, float):
                check_finite(name, value, self._trainer().sim.n_steps)
        record["learning_rate"] = self._learning_rate
        seconds = time.perf_counter() - start
        record["samples_per_second"] = round(n_learned / seconds, 1)
        if validation is not None:
            record.update(self._validate(*validation))
        self._keep()
        self._trainer().rest()  # nothing else goes on, as if the model had been loaded
        self.n_iter_ += 1
        self.history_.append({"epoch": self.n_iter_, **record})
        return self.history_[-1]

    def _learn(self, data, order, watchers):
        """Learn from rows of the data in an order; returns means of what is measured."""
        size, start, sums = self.batch_size, time.perf_counter(), {}
        n_batches = len(order) // size
        for batch in range(1, n_batches + 1):
            rows = order[(batch - 1) * size : batch * size]
            measured = self._learn_batch(*(array[rows] for array in data))
            if batch % _LOOK_EVERY == 0:
                self._finite_state()
            for name, value in measured.items():
                sums[name] = sums.get(name, 0.0) + value
            seconds = time.perf_counter() - start
            report = {
                "epoch": self.n_iter_ + 1,
                "batch": batch,
                "n_batches": n_batches,
                **measured,
                "samples_per_second": batch * size / seconds,
            }
            for watch in filter(None, watchers):
                watch(report)
        return {name: value / n_batches for name, value in sums.items()}

    def _keep(self):
        self._state = self._finite_state()
        self._forget_stale()

    def _finite_state(self):
        """What was learned so far, or a DivergenceError."""
        state, step = self._state_now(), self._trainer().sim.n_steps
        for name, array in state.items():
            # what optimisers remember are counts and squares, too, which may be large
            check = check_finite if "/" in name else check_size
            check(name, array, step)
        return state

    def _state_now(self):
        return self._trainer().state()

    @property
    def _learning_rate(self):
        return self.learning_rate

    def _forget_stale(self):
        """Close simulators that hold what the parameters were before."""
        self._forget_runners(all_but="train")

    @contextmanager
    def _as_before_if_unfit(self):
        """Leave the model as it was if it cannot begin to learn."""
        before = dict(self.__dict__)
        try:
            yield
        except BaseException:
            self._forget_runners()
            self.__dict__.clear()
            self.__dict__.update(before)
            raise

    @contextmanager
    def _whole_or_not(self):
        """Leave no simulator behind that stopped amid a presentation or an epoch."""
        try:
            yield
        except BaseException:
            self._forget_runners()
            raise

    @property
    def parameters_(self):
        """The network's parameters, by name."""
        if "_state" not in self.__dict__:
            raise AttributeError("parameters_")
        return {k: v for k, v in self._state.items() if "/" not in k}

    # --- runners

    def _trainer(self):
        if "train" not in self._runners:
            self._runners["train"] = self._make_trainer()
            if "_state" in self.__dict__:
                self._runners["train"].set_state(self._state)
        return self._runners["train"]

    def _runner(self, kind, build, names, inputs=("input",)):
        """The runner of a kind, made when it is first asked for."""
        if kind not in self._runners:
            self._runners[kind] = make_runner(
                self._backend(),
                build,
                self._minibatch_size(kind),
                names,
                inputs=inputs,
                device=self.device,
            )
        return self._runners[kind]

    def _minibatch_size(self, kind):
        return self.batch_size

    def _backend(self):
        if self.backend != "auto":
            return self.backend
        installed = all(
            importlib.util.find_spec(name) for name in ("tensorflow", "tf_keras", "nengo_dl")
        )
        worth = self.batch_size >= _WORTH_NENGO_DL
        return "nengo-dl" if installed and worth else "nengo"

    @property
    def _runners(self):
        return self.__dict__.setdefault("_open_runners", {})

    def _forget_runners(self, all_but=None):
        for kind in [k for k in self._runners if k != all_but]:
            self._runners.pop(kind).close()

    def set_params(self, **params):
        self._forget_runners()  # they were made with what the parameters were before
        return super().set_params(**params)

    def __getstate__(self):
        state = super().__getstate__()
        return {k: v for k, v in state.items() if k != "_open_runners"}

    # --- checks

    def check_parameters(self):
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
        if self.device is not None and self.backend == "nengo":
            raise unfit("device", "None with backend='nengo'", self.device, self)

    def _check_images(self, X, name="X", reset=False, for_learning=False):
        if reset:
            self.check_parameters()
        with expecting(name, "a matrix of numbers with a row for each image", X):
            if name == "X":
                X = validate_data(self, X, reset=reset, dtype=np.float32)
            else:
                X = check_array(X, dtype=np.float32, input_name=name)
        if name != "X":
            if X.shape[1] != self.n_features_in_:
                raise ValueError(
                    f"{name} must have {self.n_features_in_} features like X, got {X.shape[1]}"
                )
        self._check_pixels(X, name)
        if for_learning:
            self._check_batch(X)
        return X

    def _check_batch(self, X):
        if len(X) < self.batch_size:
            raise ValueError(
                f"batch_size must not be larger than the data: got "
                f"batch_size={self.batch_size} and {len(X)} images"
            )

    def _check_pixels(self, X, name):
        low, high = X.min(), X.max()
        if low < 0 or high > 1:
            raise ValueError(
                f"pixels of {name} must lie in [0, 1], got values from {low} to {high}"
            )

    # --- files

    @checked(PathParam("path"))
    def save(self, path, about=None):
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
        header = {
            "parameters": self._jsonable_params(),
            "seed": self._seed,
            "n_features_in": self.n_features_in_,
            "history": self.history_,
            "about": about,
        }
        schema.check("the model", header, Table(self._header_fields()))
        arrays = {f"state/{name}": array for name, array in self._state.items()}
        arrays.update(self._arrays_beside())
        self._check_arrays(arrays)
        model_files.save(path, {"kind": type(self).__name__, **header}, arrays)

    def _check_arrays(self, arrays):
        """Raise ValueError if what was learned is not what the parameters now ask for."""
        shapes = {name: np.shape(array) for name, array in arrays.items()}
        types = {name: np.asarray(array).dtype.str for name, array in arrays.items()}
        try:
            model_files.check(copy(self)._expected_arrays(shapes), shapes, types)
        except ValueError as error:
            raise ValueError(
                "what the model has learned does not fit its parameters, which were changed "
                f"after it had learned: {error}"
            ) from error

    @classmethod
    def _header_fields(cls):
        return {
            "parameters": settings(cls),
            "seed": Whole(0, 2**31 - 1),
            "n_features_in": Whole(1),
            "history": HISTORY,
            "about": Table(others=schema.Anything(optional=True), optional=True),
        }

    def _expected_arrays(self, shapes):
        """What the arrays of a file must be, by the parameters and the sizes it has."""
        state = self._state_shapes(shapes)
        return {f"state/{name}": Array(shape) for name, shape in state.items()}

    def _state_shapes(self, shapes):
        self._check_sizes(shapes)
        return self._training_network().state_shapes()

    def _layer_sizes(self):
        """Sizes of layers one after another, with weights between them."""
        return (self.n_features_in_, *self.n_hidden)

    def _check_sizes(self, shapes):
        """Raise ValueError before a network is made for which a file has no weights."""
        there, sizes = set(shapes.values()), self._layer_sizes()
        for pair in zip(sizes, sizes[1:]):
            if not {pair, pair[::-1]} & there:
                raise ValueError(f"there are no weights between {pair[0]} and {pair[1]} units")

    def _arrays_beside(self):
        """What a file holds besides the network's state."""
        return {}

    def _restore_beside(self, arrays):
        """Take up what ``_arrays_beside`` returned."""

    def _jsonable_params(self):
        params = self.get_params()
        if isinstance(self.random_state, np.random.RandomState):
            params["random_state"] = None  # what was drawn from it is kept as the seed
        for name, value in params.items():
            params[name] = np.asarray(value).tolist()  # NumPy's numbers become Python's
            try:
                json.dumps(params[name])
            except TypeError:
                raise ValueError(
                    f"a model with {name}={value!r} cannot be saved: files hold arrays "
                    "and JSON only"
                ) from None
        return params

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
            If the file is damaged, holds another kind of model, or lacks a part of it.
        """
        with Reader(path, cls.__name__, cls._header_fields()) as file:
            try:
                model = cls._of_header(file.header)
                arrays = file.read(model._expected_arrays(file.shapes))
                model._state = model_files.within("state", arrays)
                model._restore_beside(arrays)
            except model_files.DamagedError:
                raise
            except (ArithmeticError, MemoryError, TypeError, ValueError) as error:
                raise ValueError(
                    f"{path} is not a model of this version: {error}; {model_files.REMEDY}"
                ) from error
        return model

    @classmethod
    def _of_header(cls, header):
        """A model as the header of a file says, without what it has learned."""
        model = cls(**header["parameters"])
        model.n_hidden = tuple(model.n_hidden)
        model.check_parameters()
        check_history(header["history"], cls._recorded)
        model._seed = header["seed"]
        model.n_features_in_ = header["n_features_in"]
        model.history_ = header["history"]
        model.n_iter_ = len(model.history_)
        model.about_ = header["about"]
        return model


class _Progress:
    """A bar that fills with batches and says how well the model does."""

    _LABELS = {
        "bce": "BCE {:.2f}",
        "discrepancy": "discrepancy {:.1f}",
        "loss": "loss {:.3f}",
        "error": "error {:.2f} %",
        "positive_goodness": "goodness {:.2f}",
        "negative_goodness": "of negatives {:.2f}",
        "samples_per_second": "{:.0f} samples/s",
    }

    def __init__(self, max_epochs, enabled):
        self._max_epochs, self._enabled, self._bar = max_epochs, enabled, None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._bar is not None:
            self._bar.close()

    def __call__(self, batch):
        if not self._enabled:
            return
        from tqdm import tqdm

        if self._bar is None:
            self._bar = tqdm(
                total=batch["n_batches"],
                desc=f"epoch {batch['epoch']}/{self._max_epochs}",
                unit="batch",
            )
        self._bar.set_postfix_str(
            ", ".join(
                text.format(batch[key]) for key, text in self._LABELS.items() if key in batch
            ),
            refresh=False,
        )
        self._bar.update(batch["batch"] - self._bar.n)
