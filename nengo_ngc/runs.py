"""Run folders: a training run that leaves nothing to be remembered.

A folder holds ``config.json``, ``metrics.jsonl`` (a line for each epoch),
``checkpoint.npz``, and the pictures ``reconstructions.png``, ``samples.png`` and
``curves.png``.
"""

import json
from pathlib import Path

import numpy as np

from . import datasets, files, metrics, plots
from .estimators import NGCModel

N_SHOWN = 12

_CONFIG = {"dataset", "binarize", "validation", "model"}


class Run:
    """One training run in one folder.

    Parameters
    ----------
    folder : str or path
    config : dict
        ``"dataset"``, ``"binarize"``, ``"validation"`` (images held out of the training
        images), and ``"model"``, the parameters of `.NGCModel`.
    """

    def __init__(self, folder, config):
        self.folder = Path(folder)
        self.config = config

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
            raise FileNotFoundError(f"{folder} holds no run: {path.name} is missing")
        try:
            config = json.loads(path.read_text())
        except ValueError as error:
            raise ValueError(f"{path} is damaged: {error}") from error
        if not isinstance(config, dict) or not _CONFIG <= config.keys():
            raise ValueError(
                f"{path} is damaged: expected {', '.join(sorted(_CONFIG))}"
            )
        return cls(folder, config)

    @property
    def checkpoint(self):
        """Path of the model as it was after the last epoch."""
        return self.folder / "checkpoint.npz"

    def model(self):
        """The model of the checkpoint."""
        return NGCModel.load(self.checkpoint)

    def data(self, data_dir=None):
        """The data set, with the validation images taken off the training images.

        Returns
        -------
        data : datasets.Dataset
        X_train, X_val : arrays
        """
        data = datasets.load(
            self.config["dataset"], data_dir, binarize=self.config["binarize"]
        )
        split = len(data.X_train) - self.config["validation"]
        if split < 1:
            raise ValueError(
                f"validation must be smaller than the training data, got "
                f"{self.config['validation']} of {len(data.X_train)} images"
            )
        return data, data.X_train[:split], data.X_train[split:]

    def train(self, data_dir=None, resume=False, on_batch=None, on_epoch=None):
        """Train, or go on training, and leave everything in the folder.

        Parameters
        ----------
        data_dir : path, optional
            As for `.datasets.load`.
        resume : bool, optional
            Go on after the checkpoint.
        on_batch, on_epoch : callable, optional
            As for ``NGCModel.epochs``; called with each epoch's record.

        Returns
        -------
        NGCModel
        """
        model = self._resumed() if resume else NGCModel(**self.config["model"])
        model.check_parameters()  # before a download
        data, X_train, X_val = self.data(data_dir)
        X_val = X_val if len(X_val) else None
        epochs = model.epochs(X_train, X_val, on_batch=on_batch, resume=resume)
        self._prepare()
        for record in epochs:
            self._keep(model)
            if on_epoch is not None:
                on_epoch(record)
        model.fit_prior(X_train)
        self._keep(model)
        self.draw_samples(model)
        self._draw_reconstructions(model, data)
        return model

    def draw_samples(self, model, n_rows=4, path=None, random_state=None):
        """Draw rows of twelve samples into a PNG file, ``samples.png`` of the folder."""
        images = model.sample(n_rows * N_SHOWN, random_state)
        rows = images.reshape(n_rows, N_SHOWN, -1)
        shape = datasets.SOURCES[self.config["dataset"]].image_shape
        plots.image_grid(rows, shape, path or self.folder / "samples.png")

    def evaluate(self, data_dir=None, n_log_p=1000, n_samples=5000, n_probe=10_000):
        """Measure the model of the checkpoint on test images.

        Parameters
        ----------
        data_dir : path, optional
        n_log_p : int, optional
            Test images whose log likelihood is estimated.
        n_samples : int, optional
            Samples of the prior for each of them.
        n_probe : int, optional
            Training images from which the classifier of latents learns.

        Returns
        -------
        dict
            ``bce`` (nats), ``masked_mse`` (right half hidden), ``log_p`` (nats),
            ``probe_error`` (percent).
        """
        data, X_train, _ = self.data(data_dir)
        model, X = self.model(), data.X_test
        mask = right_half(data.image_shape)
        rows = np.random.RandomState(0).permutation(len(X_train))[:n_probe]
        return {
            "bce": float(
                metrics.binary_cross_entropy(X, model.reconstruct(X)).mean()
            ),
            "masked_mse": float(
                metrics.masked_mse(X, model.reconstruct(X, mask), mask).mean()
            ),
            "log_p": float(
                model.score_samples(X[:n_log_p], n_samples=n_samples).mean()
            ),
            "probe_error": float(
                metrics.probe_error(
                    model.transform(X_train[rows]),
                    data.y_train[rows],
                    model.transform(X),
                    data.y_test,
                )
            ),
        }

    def _resumed(self):
        if not self.checkpoint.exists():  # stopped in its first epoch
            return NGCModel(**self.config["model"])
        return self.model().set_params(max_epochs=self.config["model"]["max_epochs"])

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
        plots.learning_curves(model.history_, self.folder / "curves.png")

    def _draw_reconstructions(self, model, data):
        X, mask = data.X_test[:N_SHOWN], right_half(data.image_shape)
        plots.image_grid(
            [X, model.reconstruct(X), X * ~mask, model.reconstruct(X, mask)],
            data.image_shape,
            self.folder / "reconstructions.png",
            titles=["image", "reconstruction", "right half hidden", "filled in"],
        )


def right_half(image_shape):
    """A mask of the right half of an image, flat, True where hidden."""
    height, width = image_shape
    return np.tile(np.arange(width) >= width // 2, height)
