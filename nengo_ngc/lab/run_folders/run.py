"""A training run, all of which is in one folder.

The folder holds ``config.json``, ``metrics.jsonl`` (a line for each epoch),
``checkpoint.npz``, ``provenance.json`` (with which versions, on which machine and from which
data the epochs were computed), and pictures: ``curves.png``, and those that the model's spec
draws.
"""

import json
import shlex
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ... import backends
from ...exceptions import DivergenceError
from ...models.inputs import rows_of
from ...storage import atomic, parsing, schema
from ...storage.schema import Number
from ...training.images import part
from ...validation import unknown
from .. import plots, provenance
from ..datasets import Dataset, Source
from ..specs import MODELS
from ..training_path import train
from . import history
from .configuration import CHECKPOINT, CONFIG, METRICS, about, check_same, schema_of, source_of


class Run:
    """One training run in one folder; ``claimed`` holds the folder.

    Parameters
    ----------
    folder : str or path
    config : dict
        ``"dataset"``, ``"binarize"``, ``"validation"`` (images held out of the training
        images), ``"model"`` (a name in ``MODELS``), and its ``"parameters"``; of data of
        one's own also ``"data"``: ``"path"``, ``"sha256"`` and ``"image_shape"``.
    source : Source, optional
        The data, if they have been looked at already. Default: those that ``config`` names.
    """

    def __init__(
        self, folder: str | Path, config: dict[str, Any], source: Source | None = None
    ) -> None:
        self.folder = Path(folder)
        self.config = config
        self.spec = MODELS[config["model"]]
        self._source = source

    @classmethod
    def open(cls, folder: str | Path) -> "Run":
        """Open the run in an existing folder.

        Raises
        ------
        FileNotFoundError, ValueError
            If it holds none, or a damaged one.
        """
        path = Path(folder) / CONFIG
        if not path.is_file():
            raise FileNotFoundError(_no_run(Path(folder)))
        config = parsing.read(path)
        run = cls(folder, schema.check(path, config, schema_of(config)))
        try:
            run._new_model().check_parameters()
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path}: parameters: {error}") from error
        return run

    @property
    def checkpoint(self) -> Path:
        """Path of the model as it was after the last epoch."""
        return self.folder / CHECKPOINT

    def model(self) -> Any:
        """Return the model of the checkpoint.

        Raises
        ------
        FileNotFoundError
            If there is none.
        ValueError
            If it is damaged, or does not belong to config.json.
        """
        model = self.spec.load(self.checkpoint)
        differences = [
            f"{name} is {ours!r} in {CONFIG} and {theirs!r} in {self.checkpoint.name}"
            for name, ours, theirs in self._compared(model)
            if ours != theirs
        ]
        if differences:
            raise ValueError(
                f"the files in {self.folder} contradict each other: {'; '.join(differences)}; "
                f"change {CONFIG} back, or begin another run in another folder"
            )
        n, n_wanted = model.n_iter_, self.config["parameters"]["max_epochs"]
        if n_wanted < n:
            raise ValueError(
                f"{self.folder / CONFIG}: max_epochs must be at least the {n} epochs that "
                f"are done, got {n_wanted}"
            )
        return model

    def data(
        self, data_dir: str | Path | None = None
    ) -> tuple[Dataset, tuple[Any, NDArray] | None]:
        """Return the data set, with the validation images apart from the training images.

        Returns
        -------
        data : Dataset
        validation : tuple of (X, y), or None
        """
        data = self._loaded(self.source, data_dir)
        X, y = data.X_train, data.y_train
        split = len(X) - self.config["validation"]
        if split < 1:
            raise ValueError(
                f"validation must be smaller than the training data, got "
                f"{self.config['validation']} of {len(X)} images"
            )
        first, last = slice(split), slice(split, None)
        validation = (part(X, last), y[last]) if split < len(X) else None
        return replace(data, X_train=part(X, first), y_train=y[first]), validation

    @property
    def source(self) -> Source:
        """Return the data, which must be those that the run began with."""
        if self._source is None:
            self._source = source_of(self.config, self.folder)
        return self._source

    def move_data(self, source: Source) -> None:
        """Take the same data from another path from now on."""
        check_same(source, self.config, self.folder)
        self.config["data"]["path"] = source.place
        self._source = source

    def change(
        self, max_epochs: int | None = None, learning_rate: float | None = None
    ) -> None:
        """Change settings for the rest of the run, and store them.

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

    def train(
        self,
        data_dir: str | Path | None = None,
        resume: bool = False,
        on_batch: Callable[[dict], None] | None = None,
        on_epoch: Callable[[dict], None] | None = None,
        on_begin: Callable[[], None] | None = None,
    ) -> Any:
        """Train the model or continue its training, and write all results into the folder.

        Parameters
        ----------
        data_dir : path, optional
            As for `.datasets.load`.
        resume : bool, optional
            Go on after the checkpoint.
        on_batch, on_epoch : callable, optional
            As for the model's ``epochs``; called with each epoch's record.
        on_begin : callable, optional
            Called once everything is checked, before the first epoch.

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
        self._check_simulator()
        data, validation = self.data(data_dir)
        circumstances: dict[str, Any] = {}

        def began() -> None:
            history.read(self.folder)  # a damaged one is found before an epoch is computed
            circumstances.update(self.provenance(model, data_dir))
            self._write_config()
            if on_begin is not None:
                on_begin()

        def after_epoch(record: dict) -> None:
            history.note(self.folder, record["epoch"], circumstances)
            self._keep(model)
            if on_epoch is not None:
                on_epoch(record)

        try:
            train(
                self.spec,
                model,
                data,
                validation,
                self.folder,
                began=began,
                after_epoch=after_epoch,
                finished=lambda: self._keep(model),
                on_batch=on_batch,
                resume=resume,
            )
        except DivergenceError as error:
            raise self._with_remedy(error) from error
        return model

    def provenance(
        self,
        model: Any,
        data_dir: str | Path | None = None,
        data: tuple[str, Source] | None = None,
    ) -> dict[str, Any]:
        """Return the result of `.lab.provenance.collect` for a model of this run.

        Parameters
        ----------
        model : object
        data_dir : path, optional
        data : tuple of (str, Source), optional
            Other data than those of the run, and their name.
        """
        name, source = data or (self.config["dataset"], self.source)
        seed = self.config["parameters"].get("random_state")
        return provenance.collect([seed], {name: source.sha256(data_dir)}, model)

    def draw_samples(
        self,
        path: str | Path | None = None,
        n_rows: int | None = None,
        random_state: int | None = None,
    ) -> None:
        """Draw rows of twelve samples into a PNG file, ``samples.png`` of the folder."""
        path = path or self.folder / "samples.png"
        self.spec.draw_samples(self.model(), self._image_shape(), path, n_rows, random_state)

    def evaluate(
        self,
        data_dir: str | Path | None = None,
        n_log_p: int = 1000,
        n_samples: int = 5000,
        source: Source | None = None,
    ) -> dict[str, float]:
        """Measure the model of the checkpoint on test images.

        Parameters
        ----------
        data_dir : path, optional
        n_log_p : int, optional
            Test images whose log likelihood is estimated, if the model has one.
        n_samples : int, optional
            Samples of the prior for all of them. A tenth as many are drawn for each of them
            by importance sampling.
        source : Source, optional
            Other data, of images of the same shape, and of classes that the model knows if
            it has learned labels. Default: those of the run.

        Returns
        -------
        dict
            As the model's ``measures`` say.
        """
        model = self.model()
        if source is None:
            data, _ = self.data(data_dir)
        else:
            data = self._loaded(source, data_dir)
            wanted, found = self._image_shape(data_dir), data.image_shape
            if found != wanted:  # also of as many pixels, which would be mixed up
                raise ValueError(
                    f"data must have images of shape {wanted}, as those of {self.folder}, got "
                    f"{found}; of flat images, an array image_shape says it"
                )
            known = getattr(model, "classes_", None)  # of a model that learns labels
            if known is not None:
                rows_of(known, data.y_test, "data")
        measured = self.spec.evaluate(model, data, n_log_p, n_samples)
        return {name: float(value) for name, value in measured.items()}

    def _loaded(self, source: Source, data_dir: str | Path | None) -> Dataset:
        return source.load(self.config["dataset"], data_dir, self.config["binarize"])

    def _image_shape(self, data_dir: str | Path | None = None) -> tuple[int, ...]:
        if "data" in self.config:
            return tuple(self.config["data"]["image_shape"])
        return self.source.sizes(data_dir)[1]

    def _check_simulator(self) -> None:
        """Raise ImportError if the simulator that was asked for is not installed."""
        name = self.config["parameters"].get("backend", "auto")
        reason = None if name == "auto" else backends.get(name).why_unavailable()
        if reason:
            raise ImportError(reason)

    def _new_model(self) -> Any:
        return self.spec.make(self.config["parameters"])

    def _resumed(self) -> Any:
        if not self.checkpoint.exists():  # stopped in its first epoch
            if (self.folder / METRICS).exists():
                raise ValueError(
                    f"{self.checkpoint} is missing, although {METRICS} says that epochs are "
                    "done: put it back, or begin another run in another folder"
                )
            return self._new_model()
        parameters = self.config["parameters"]
        return self.model().set_params(
            **{name: parameters[name] for name in ("max_epochs", "learning_rate")}
        )

    def _compared(self, model: Any) -> Iterator[tuple[str, Any, Any]]:
        """Return settings by name, those of the configuration and those of the checkpoint."""
        known = model.about_ or {}
        for name, value in about(self.config).items():
            yield name, value, known.get(name)
        # a run of an earlier version may lack parameters, which then have their default
        wanted = {**self._new_model().get_params(), **self.config["parameters"]}
        for change in reversed(self.config.get("changes", [])):
            if change["epoch"] > model.n_iter_:  # the checkpoint is of before
                wanted["learning_rate"] = change["before"]
        for name, value in model.get_params().items():
            if name != "max_epochs":
                yield name, _listed(wanted[name]), _listed(value)

    def _with_remedy(self, error: DivergenceError) -> DivergenceError:
        done = "no epoch is done"
        if self.checkpoint.exists():
            done = f"{self.checkpoint} is that of the last epoch that went well"
        smaller = self.config["parameters"]["learning_rate"] / 2
        data = self.config.get("data", {}).get("path", self.config["dataset"])
        command = ["train", data, "--resume", "--learning-rate", f"{smaller:g}"]
        command += ["--output", str(self.folder)]
        return DivergenceError(
            error.where,
            error.step,
            error.reason,
            f"{done}; go on with a smaller learning rate: nengo-ngc {shlex.join(command)}",
        )

    def _write_config(self) -> None:
        with atomic.replacing(self.folder / CONFIG) as file:
            json.dump(self.config, file, indent=2)

    def _keep(self, model: Any) -> None:
        model.save(self.checkpoint, about=about(self.config))
        with atomic.replacing(self.folder / METRICS) as file:
            for record in model.history_:
                file.write(json.dumps(record) + "\n")
        path = self.folder / "curves.png"
        plots.learning_curves(model.history_, self.spec.panels, path)


def _listed(value: Any) -> Any:
    """Return a setting as JSON represents it."""
    return list(value) if isinstance(value, tuple) else value


def _no_run(folder: Path) -> str:
    """Return the error message for a folder that holds no run."""
    for place in (folder, folder.parent):
        runs = [str(path.parent) for path in sorted(place.glob(f"*/{CONFIG}"))]
        if runs:
            return unknown("run", str(folder), runs)
    return f"{folder} holds no run: {CONFIG} is missing"
