"""Run folders: a training run that leaves nothing to be remembered.

A folder holds ``config.json``, ``metrics.jsonl`` (a line for each epoch),
``checkpoint.npz``, and pictures: ``curves.png``, ``samples.png``, ``latents.png`` and
those of the kind of model.
"""

import json
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from ..exceptions import DivergenceError, FolderHeldError
from ..models.settings import settings
from ..storage import atomic, locks, parsing, schema
from ..storage.schema import Anything, Flag, List, Number, Table, Text, Whole
from ..validation.messages import unknown
from . import datasets, plots
from .specs import KINDS

_CONFIG, _METRICS = "config.json", "metrics.jsonl"

# what the data depend on; a checkpoint knows it, too
_DATA = {
    "dataset": Text(datasets.SOURCES),
    "binarize": Flag(),
    "validation": Whole(0),
}

# a learning rate that was changed on purpose, from which epoch on, and what it was before
_CHANGES = List(
    Table(
        {
            "epoch": Whole(1),
            "learning_rate": Number(0, above=True),
            "before": Number(0, above=True),
        }
    )
)


class Run:
    """One training run in one folder; ``claimed`` holds the folder.

    Parameters
    ----------
    folder : str or path
    config : dict
        ``"dataset"``, ``"binarize"``, ``"validation"`` (images held out of the training
        images), ``"model"`` (a name of ``kinds.KINDS``), and its ``"parameters"``.
    """

    def __init__(self, folder, config):
        self.folder = Path(folder)
        self.config = config
        self.kind = KINDS[config["model"]]

    @classmethod
    def open(cls, folder):
        """The run in an existing folder.

        Raises
        ------
        FileNotFoundError, ValueError
            If it holds none, or a damaged one.
        """
        path = Path(folder) / _CONFIG
        if not path.is_file():
            raise FileNotFoundError(_no_run(Path(folder)))
        config = parsing.read(path)
        run = cls(folder, schema.check(path, config, _schema(config)))
        try:
            run._new_model().check_parameters()
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path}: parameters: {error}") from error
        return run

    @property
    def checkpoint(self):
        """Path of the model as it was after the last epoch."""
        return self.folder / "checkpoint.npz"

    def model(self):
        """The model of the checkpoint.

        Raises
        ------
        FileNotFoundError
            If there is none.
        ValueError
            If it is damaged, or does not belong to config.json.
        """
        model = self.kind.load(self.checkpoint)
        differences = [
            f"{name} is {ours!r} in {_CONFIG} and {theirs!r} in {self.checkpoint.name}"
            for name, ours, theirs in self._compared(model)
            if ours != theirs
        ]
        if differences:
            raise ValueError(
                f"{self.folder} does not fit together: {'; '.join(differences)}; change "
                f"{_CONFIG} back, or begin another run in another folder"
            )
        n, n_wanted = model.n_iter_, self.config["parameters"]["max_epochs"]
        if n_wanted < n:
            raise ValueError(
                f"{self.folder / _CONFIG}: max_epochs must be at least the {n} epochs that "
                f"are done, got {n_wanted}"
            )
        return model

    def data(self, data_dir=None):
        """The data set, with the validation images taken off the training images.

        Returns
        -------
        data : datasets.Dataset
        validation : tuple of (X, y), or None
        """
        data = datasets.load(
            self.config["dataset"], data_dir, binarize=self.config["binarize"]
        )
        X, y = data.X_train, data.y_train
        split = len(X) - self.config["validation"]
        if split < 1:
            raise ValueError(
                f"validation must be smaller than the training data, got "
                f"{self.config['validation']} of {len(X)} images"
            )
        validation = (X[split:], y[split:]) if split < len(X) else None
        return replace(data, X_train=X[:split], y_train=y[:split]), validation

    def change(self, max_epochs=None, learning_rate=None):
        """Have the run go on otherwise than it began, and note it.

        Parameters
        ----------
        max_epochs : int, optional
            At least as many as are done.
        learning_rate : float, optional
            From the next epoch on.
        """
        n_done = self.model().n_iter_ if self.checkpoint.exists() else 0
        parameters = self.config["parameters"]
        if max_epochs is not None:
            if max_epochs < n_done:
                raise ValueError(
                    f"epochs must be at least the {n_done} that are done, got {max_epochs}"
                )
            parameters["max_epochs"] = max_epochs
        before = parameters["learning_rate"]
        if learning_rate is not None and learning_rate != before:
            schema.check("learning_rate", learning_rate, Number(0, above=True))
            changes = self.config.setdefault("changes", [])
            if changes and changes[-1]["epoch"] == n_done + 1:  # which no epoch has seen
                before = changes.pop()["before"]
            changes.append(
                {"epoch": n_done + 1, "learning_rate": learning_rate, "before": before}
            )
            parameters["learning_rate"] = learning_rate

    def train(self, data_dir=None, resume=False, on_batch=None, on_epoch=None):
        """Train, or go on training, and leave everything in the folder.

        Parameters
        ----------
        data_dir : path, optional
            As for `.lab.datasets.load`.
        resume : bool, optional
            Go on after the checkpoint.
        on_batch, on_epoch : callable, optional
            As for the model's ``epochs``; called with each epoch's record.

        Returns
        -------
        The model.

        Raises
        ------
        DivergenceError
            If learning diverges. The checkpoint is that of the last epoch before.
        """
        model = self._resumed() if resume else self._new_model()
        model.check_parameters()  # before a download
        data, validation = self.data(data_dir)
        training = data.X_train, data.y_train
        try:
            epochs = self.kind.epochs(
                model, training, validation, on_batch=on_batch, resume=resume
            )
            self._write_config()
            for record in epochs:
                self._keep(model)
                if on_epoch is not None:
                    on_epoch(record)
            self.kind.finish(model, *training)
        except DivergenceError as error:
            raise self._with_remedy(error) from error
        self._keep(model)
        self.kind.draw(model, data, self.folder)
        return model

    def draw_samples(self, path=None, n_rows=None, random_state=None):
        """Draw rows of twelve samples into a PNG file, ``samples.png`` of the folder."""
        shape = datasets.SOURCES[self.config["dataset"]].image_shape
        path = path or self.folder / "samples.png"
        self.kind.draw_samples(self.model(), shape, path, n_rows, random_state)

    def evaluate(self, data_dir=None, n_log_p=1000, n_samples=5000):
        """Measure the model of the checkpoint on test images.

        Parameters
        ----------
        data_dir : path, optional
        n_log_p : int, optional
            Test images whose log likelihood is estimated, if the model has one.
        n_samples : int, optional
            Samples of the prior for each of them.

        Returns
        -------
        dict
            As the kind's ``measures`` say.
        """
        data, _ = self.data(data_dir)
        measured = self.kind.evaluate(self.model(), data, n_log_p, n_samples)
        return {name: float(value) for name, value in measured.items()}

    def _new_model(self):
        return self.kind.make(self.config["parameters"])

    def _resumed(self):
        if not self.checkpoint.exists():  # stopped in its first epoch
            if (self.folder / _METRICS).exists():
                raise ValueError(
                    f"{self.checkpoint} is missing, although {_METRICS} says that epochs are "
                    "done: put it back, or begin another run in another folder"
                )
            return self._new_model()
        parameters = self.config["parameters"]
        return self.model().set_params(
            **{name: parameters[name] for name in ("max_epochs", "learning_rate")}
        )

    def _compared(self, model):
        """Settings by name, as the configuration says and as the checkpoint does."""
        about = model.about_ or {}
        for name in _DATA:
            yield name, self.config[name], about.get(name)
        wanted = {**self.config["parameters"]}
        for change in reversed(self.config.get("changes", [])):
            if change["epoch"] > model.n_iter_:  # the checkpoint is of before
                wanted["learning_rate"] = change["before"]
        for name, value in model.get_params().items():
            if name != "max_epochs":
                yield name, _listed(wanted[name]), _listed(value)

    def _with_remedy(self, error):
        done = "no epoch is done"
        if self.checkpoint.exists():
            done = f"{self.checkpoint} is that of the last epoch that went well"
        smaller = self.config["parameters"]["learning_rate"] / 2
        return DivergenceError(
            error.where,
            error.step,
            error.reason,
            f"{done}; go on with a smaller learning rate: nengo-ngc train "
            f"{self.config['dataset']} --resume --learning-rate {smaller:g} "
            f"--output {self.folder}",
        )

    def _write_config(self):
        with atomic.replacing(self.folder / _CONFIG) as file:
            json.dump(self.config, file, indent=2)

    def _keep(self, model):
        model.save(self.checkpoint, about={name: self.config[name] for name in _DATA})
        with atomic.replacing(self.folder / _METRICS) as file:
            for record in model.history_:
                file.write(json.dumps(record) + "\n")
        path = self.folder / "curves.png"
        plots.learning_curves(model.history_, self.kind.panels, path)


@contextmanager
def claimed(folders, resume=False):
    """Hold a folder for a run, before anything is built and as long as it trains.

    What processes that were killed have left behind there is removed.

    Parameters
    ----------
    folders : iterable of (str or path)
        The first one that is free is taken. If there is one only, it is an error that it is
        not.
    resume : bool, optional
        Whether it holds a run already, rather than none.

    Yields
    ------
    path

    Raises
    ------
    FolderHeldError
        If another process trains there.
    ValueError
        If it holds a run.
    OSError
        If it cannot be written to.
    """
    with ExitStack() as stack:
        for folder in map(Path, folders):
            try:
                stack.enter_context(_held(folder))
            except FolderHeldError as error:
                taken = error
                continue
            if resume or not (folder / _CONFIG).exists():
                atomic.remove_leftovers(folder)
                yield folder
                return
            stack.close()
            taken = ValueError(
                f"{folder} holds a run already: go on with it by --resume, "
                "or give another --output"
            )
        raise taken


@contextmanager
def _held(folder):
    with ExitStack() as stack:
        try:
            stack.enter_context(locks.held(folder))
        except FolderHeldError:
            raise
        except OSError as error:
            raise OSError(
                f"output must be a folder that can be written to, got {folder}: "
                f"{error.strerror}"
            ) from error
        yield


def _schema(config):
    """What config.json must be, which depends on the model that it names."""
    model = config.get("model") if isinstance(config, dict) else None
    known = isinstance(model, str) and model in KINDS
    parameters = settings(KINDS[model].estimator) if known else Anything()
    fields = {"model": Text(KINDS), "parameters": parameters, "changes": _CHANGES}
    return Table({**_DATA, **fields}, absent=("changes",))


def _listed(value):
    """A setting as JSON has it."""
    return list(value) if isinstance(value, tuple) else value


def _no_run(folder):
    """What to say of a folder that holds no run."""
    for place in (folder, folder.parent):
        runs = [str(path.parent) for path in sorted(place.glob(f"*/{_CONFIG}"))]
        if runs:
            return unknown("run", str(folder), runs)
    return f"{folder} holds no run: {_CONFIG} is missing"
