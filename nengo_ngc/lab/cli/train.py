"""The command ``train``, whose options are those of all models."""

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from .. import datasets
from ..datasets import Source
from ..run_folders import Run, claimed
from ..specs import MODELS, ModelSpec
from ..specs import options as options_of_models
from .common import Filled, data_dir_option, plain_errors

_DEFAULT_MODEL = "ngc"
_MOST_VALIDATION = 10_000  # images held out by default: a sixth, but no more than these

# options by which a run that is resumed may differ from what it began with
_CHANGING = {"epochs": "max_epochs", "learning_rate": "learning_rate"}


class _Train(Filled):
    """Has the options of all models, those of other packages among them."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        with plain_errors():
            every = options_of_models()
        n_models = len(MODELS)
        added = [
            option.as_click(() if len(models) == n_models else models)
            for option, models in every.items()
        ]
        argument, model, *others = super().get_params(ctx)
        return [argument, model, *added, *others]


def _models() -> str:
    return "\n      ".join(f"{name:8s} {spec.summary}" for name, spec in MODELS.items())


@click.command(cls=_Train, names=_models)
@click.argument("dataset", default="digits")
@click.option("--model", help="One of the models above; ngc if not given.")
@click.option("--validation", type=click.IntRange(min=0), help="Training images held out.")
@click.option("--grey/--binary", default=None, help="Pixels as they are, or 0 and 1.")
@click.option("--output", type=click.Path(), help="Folder of the run.")
@click.option("--resume", is_flag=True, help="Go on with the run in --output.")
@data_dir_option
def train(output: str | None, resume: bool, data_dir: str | None, **options: Any) -> None:
    """Train a model on DATASET: a name that nengo-ngc datasets lists, or a path.

    \b
    A path is that of images of your own, all of the same size, grey or in colour:
      an .npz file with X and y, perhaps X_test and y_test
      a folder with X.npy and y.npy, which may be larger than memory
      a folder of IDX files: train-images..., train-labels..., t10k-images...
      a folder with a folder of images for each class

    \b
    Models:
      {names}

    \b
    Examples:
      nengo-ngc train
      nengo-ngc train --model pff
      nengo-ngc train --model rules --rule feedback-alignment
      nengo-ngc train mnist --epochs 10 --output runs/mnist
      nengo-ngc train mnist --output runs/mnist --resume
      nengo-ngc train my_images.npz --model pff
    Nearly as good, in less than a third of the time:
      nengo-ngc train mnist --initial previous --steps 10 --momentum 0.5

    What is not given depends on the model and the data set, and is written into
    config.json in the folder of the run. Beside it are checkpoint.npz, metrics.jsonl
    with a line for each epoch, and pictures: curves.png, samples.png, latents.png and
    others. A run that was interrupted goes on with --resume, and one that diverged with
    --resume --learning-rate and a smaller number.
    """
    with plain_errors():
        source = datasets.find(options["dataset"])
        name = _name(options, source)
        if resume:
            folder = Path(output) if output else Path("runs") / name
            if not folder.is_dir():
                Run.open(folder)  # says that there is none, and leaves no trace
            folders = iter([folder])
        else:
            config = _config(options, source, data_dir)
            folders = iter([Path(output)]) if output else _folders(name)
        with claimed(folders, resume) as folder:
            run = _reopened(folder, options) if resume else Run(folder, config, source)
            click.echo(f"training on {run.config['dataset']}, output in {run.folder}")
            model = run.train(
                data_dir,
                resume,
                on_epoch=lambda record: click.echo(
                    f"epoch {record['epoch']}: {run.spec.say(record)}, "
                    f"{record['samples_per_second']:.0f} samples/s"
                ),
            )
    click.echo(f"{model.n_iter_} epochs; see the pictures and metrics.jsonl in {run.folder}")


def _config(
    options: Mapping[str, Any], source: Source, data_dir: str | None
) -> dict[str, Any]:
    """The configuration of a new run."""
    model = options["model"] or _DEFAULT_MODEL
    spec = MODELS.find(model)
    _check_options(model, spec, options)
    n_images, image_shape = source.sizes(data_dir)
    validation, is_grey = options["validation"], options["grey"]
    if validation is None:
        validation = min(_MOST_VALIDATION, round(n_images / 6))
    if is_grey is None:  # colours would be lost
        is_grey = not spec.binarizes(options) or len(image_shape) > 2
    config = {
        "dataset": datasets.called(options["dataset"], source),
        "binarize": not is_grey,
        "validation": validation,
        "model": model,
        "parameters": spec.parameters(options, n_images - validation, image_shape),
    }
    own = source.identity()
    return {**config, "data": {**own, "image_shape": [*image_shape]}} if own else config


def _check_options(model: str, spec: ModelSpec, options: Mapping[str, Any]) -> None:
    """Raise ValueError if options of other models were given."""
    known = {option.key for option in spec.options}
    for option in sorted(options_of_models(), key=lambda option: option.name):
        if option.key not in known and options[option.key] != option.default:
            raise ValueError(f"the model {model} has no option --{option.name}")


def _reopened(folder: Path, options: Mapping[str, Any]) -> Run:
    """The run in a folder, with the options that may change; others must be as they were."""
    run = Run.open(folder)
    typed = {key: value for key, value in options.items() if _is_typed(key)}
    if "dataset" in typed and "data" in run.config:
        run.move_data(datasets.find(typed.pop("dataset")))
    _check_unchanged(run, typed)
    run.change(**{argument: options[name] for name, argument in _CHANGING.items()})
    return run


def _check_unchanged(run: Run, typed: Mapping[str, Any]) -> None:
    """Raise ValueError if options that were typed differ from what the run began with."""
    before = {**run.config["parameters"], **run.config}
    keys = {option.key: option.parameter for option in run.spec.options}
    wrong = []
    for name in ["model", *sorted(typed.keys() - {"model"})]:
        if name not in typed or name in _CHANGING:
            continue
        new = list(typed[name]) if isinstance(typed[name], tuple) else typed[name]  # as JSON
        old = before.get(keys.get(name, name))
        if name == "grey":
            old = not before["binarize"]
        if old != new:
            wrong.append(f"{name.replace('_', '-')} must be {old!r}, got {new!r}")
    if wrong:
        raise ValueError(
            f"--resume goes on with the settings of {run.folder}: {'; '.join(wrong)}; leave "
            "these options out, or begin another run in another --output"
        )


def _is_typed(option: str) -> bool:
    context = click.get_current_context()
    return context.get_parameter_source(option) is ParameterSource.COMMANDLINE


def _name(options: Mapping[str, Any], source: Source) -> str:
    """What the folder of a run is called, if it is not given."""
    model = options["model"] or _DEFAULT_MODEL
    name = datasets.called(options["dataset"], source)
    return name + ("" if model == _DEFAULT_MODEL else f"-{model}")


def _folders(name: str) -> Iterator[Path]:
    """Folders that a run may be in, if it is not said which."""
    yield Path("runs") / name
    for number in itertools.count(2):
        yield Path("runs") / f"{name}-{number}"
