"""Run folders: a training run that leaves nothing to be remembered.

A folder holds ``config.json``, ``metrics.jsonl`` (a line for each epoch),
``checkpoint.npz``, and pictures: ``curves.png``, ``samples.png``, ``latents.png`` and
those of the kind of model.
"""

import json
from dataclasses import replace
from pathlib import Path

from . import datasets, files, plots
from .kinds import KINDS
from .naming import unknown

_CONFIG = {"dataset", "binarize", "validation", "model", "parameters"}


class Run:
    """One training run in one folder.

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
        path = Path(folder) / "config.json"
        if not path.is_file():
            raise FileNotFoundError(_no_run(Path(folder)))
        try:
            config = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{path} is damaged: {error}") from error
        if not isinstance(config, dict) or not _CONFIG <= config.keys():
            raise ValueError(
                f"{path} is damaged: expected {', '.join(sorted(_CONFIG))}"
            )
        if config["model"] not in KINDS:
            raise ValueError(f"{path}: {unknown('model', config['model'], KINDS)}")
        return cls(folder, config)

    @property
    def checkpoint(self):
        """Path of the model as it was after the last epoch."""
        return self.folder / "checkpoint.npz"

    def model(self):
        """The model of the checkpoint."""
        return self.kind.load(self.checkpoint)

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

    def train(self, data_dir=None, resume=False, on_batch=None, on_epoch=None):
        """Train, or go on training, and leave everything in the folder.

        Parameters
        ----------
        data_dir : path, optional
            As for `.datasets.load`.
        resume : bool, optional
            Go on after the checkpoint.
        on_batch, on_epoch : callable, optional
            As for the model's ``epochs``; called with each epoch's record.

        Returns
        -------
        The model.
        """
        model = self._resumed() if resume else self.kind.make(self.config["parameters"])
        model.check_parameters()  # before a download
        data, validation = self.data(data_dir)
        training = data.X_train, data.y_train
        epochs = self.kind.epochs(
            model, training, validation, on_batch=on_batch, resume=resume
        )
        self._prepare()
        for record in epochs:
            self._keep(model)
            if on_epoch is not None:
                on_epoch(record)
        self.kind.finish(model, *training)
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

    def _resumed(self):
        if not self.checkpoint.exists():  # stopped in its first epoch
            return self.kind.make(self.config["parameters"])
        max_epochs = self.config["parameters"]["max_epochs"]
        return self.model().set_params(max_epochs=max_epochs)

    def _prepare(self):
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with files.replacing(self.folder / "config.json") as file:
                json.dump(self.config, file, indent=2)
        except OSError as error:
            raise OSError(
                f"output must be a folder that can be written to, got {self.folder}: "
                f"{error.strerror}"
            ) from error

    def _keep(self, model):
        model.save(self.checkpoint)
        with files.replacing(self.folder / "metrics.jsonl") as file:
            for record in model.history_:
                file.write(json.dumps(record) + "\n")
        path = self.folder / "curves.png"
        plots.learning_curves(model.history_, self.kind.panels, path)


def _no_run(folder):
    """What to say of a folder that holds no run."""
    for place in (folder, folder.parent):
        runs = [str(path.parent) for path in sorted(place.glob("*/config.json"))]
        if runs:
            return unknown("run", str(folder), runs)
    return f"{folder} holds no run: config.json is missing"
