"""The command ``train``, whose options are those of the model that is trained."""

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from .. import datasets
from ..datasets import Source
from ..run_folders import CONFIG, Run, claimed
from ..specs import MODELS
from ..training_path import MOST_VALIDATION, default_validation
from .common import (
    data_dir_option,
    interruptible,
    plain_errors,
    quiet_option,
    starts_again,
    telling,
    to_type,
    typed_arguments,
)
from .model_options import DEFAULT_MODEL, OfOneModel

# options by which a run that is resumed may differ from what it began with
_CHANGING = {"epochs": "max_epochs", "learning_rate": "learning_rate"}


def _models() -> str:
    return "\n  ".join(f"{name:8s} {spec.summary}" for name, spec in MODELS.items())


@click.command(cls=OfOneModel, names=_models)
@click.argument("dataset", default="digits")
@click.option(
    "--model", help=f"Choose one of the models above. The default is {DEFAULT_MODEL}."
)
@click.option(
    "--validation",
    type=click.IntRange(min=0),
    help="Hold out this number of training images for validation. The default is a sixth of "
    f"them, and {MOST_VALIDATION:,} at most.",
)
@click.option(
    "--grey/--binary",
    default=None,
    help="Keep pixels as they are, or make each of them 0 or 1. The default depends on the "
    "model.",
)
@click.option(
    "--output",
    type=click.Path(),
    help="Write into this folder. The default is the first free one of runs/DATASET, "
    "runs/DATASET-2 and so on.",
)
@click.option("--resume", is_flag=True, help="Continue the run in the folder --output.")
@quiet_option
@data_dir_option
def train(
    output: str | None, resume: bool, quiet: bool, data_dir: str | None, **options: Any
) -> None:
    """Train a model on DATASET: a name that nengo-ngc datasets lists, or a path.

    \b
    At a path there are images of your own, all of the same size, grey or in colour:
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
      nengo-ngc train --model pff --help
      nengo-ngc train --model rules --rule feedback-alignment
      nengo-ngc train mnist --epochs 10 --output runs/mnist
      nengo-ngc train mnist --output runs/mnist --resume
      nengo-ngc train my_images.npz --model pff
    This one is nearly as good as the default, in less than a third of the time:
      nengo-ngc train mnist --initial previous --steps 10 --momentum 0.5

    All settings are written into config.json in the folder of the run. Beside it are
    checkpoint.npz, metrics.jsonl with a line for each epoch, provenance.json with versions,
    seed and data, and the pictures curves.png, samples.png, latents.png and others. A run
    that was interrupted continues with --resume, and one that diverged continues with
    --resume --learning-rate and a smaller number.
    """
    folder: Path | None = None

    def state() -> tuple[str, str]:
        """Say what is kept, and which command continues the run or starts it again."""
        if not resume and (folder is None or not (folder / CONFIG).exists()):
            return starts_again()
        where = ["--data-dir", data_dir] if data_dir else []
        command = ["train", "--resume", "--output", folder, *where]
        kept = "finished epochs are kept; this command continues"
        return kept, to_type(*(typed_arguments() if resume else command))

    with plain_errors(), interruptible(state), telling(quiet) as say:
        source = datasets.find(options["dataset"])
        name = _name(options, source)
        if resume:
            wanted = Path(output) if output else Path("runs") / name
            if not wanted.is_dir():
                Run.open(wanted)  # says that there is none, and leaves no trace
            folders = iter([wanted])
        else:
            config = _config(options, source, data_dir)
            folders = iter([Path(output)]) if output else _folders(Path("runs") / name)
        with claimed(folders, resume, _instead(Path(output or "runs"))) as folder:
            run = _reopened(folder, options) if resume else Run(folder, config, source)
            model = run.train(
                data_dir,
                resume,
                on_begin=lambda: say(
                    f"training on {run.config['dataset']}"
                    f"{', pixels made 0 or 1' if run.config['binarize'] else ''}, "
                    f"output in {run.folder}"
                ),
                on_epoch=lambda record: say(
                    f"epoch {record['epoch']}: {run.spec.say(record)}, "
                    f"{record['samples_per_second']:.0f} samples/s"
                ),
            )
        n = model.n_iter_
        say(
            f"{n} epoch{'s' if n > 1 else ''} done; see the pictures and metrics.jsonl in "
            f"{run.folder}"
        )


def _instead(output: Path) -> str:
    """Say what to type if the folder already holds a run."""
    arguments, others = [], iter(typed_arguments())
    for argument in others:
        if argument == "--output":
            next(others, None)
        elif not argument.startswith("--output="):
            arguments.append(argument)
    free = next(folder for folder in _folders(output) if not folder.exists())
    return (
        f"this command continues it:\n{to_type('train', '--resume', '--output', output)}\n"
        "and this one begins another run beside it:\n"
        f"{to_type(*arguments, '--output', free)}"
    )


def _config(
    options: Mapping[str, Any], source: Source, data_dir: str | None
) -> dict[str, Any]:
    """Return the configuration of a new run."""
    model = options["model"] or DEFAULT_MODEL
    spec = MODELS[model]
    n_images, image_shape = source.sizes(data_dir)
    validation, is_grey = options["validation"], options["grey"]
    if validation is None:
        validation = default_validation(n_images)
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


def _reopened(folder: Path, options: Mapping[str, Any]) -> Run:
    """Open the run in a folder and apply the options that may change; check all others."""
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
            f"--resume continues with the settings of {run.folder}: {'; '.join(wrong)}; leave "
            "these options out, or begin a new run in another --output"
        )


def _is_typed(option: str) -> bool:
    context = click.get_current_context()
    return context.get_parameter_source(option) is ParameterSource.COMMANDLINE


def _name(options: Mapping[str, Any], source: Source) -> str:
    """Return the default name of the folder of a run."""
    model = options["model"] or DEFAULT_MODEL
    name = datasets.called(options["dataset"], source)
    return name + ("" if model == DEFAULT_MODEL else f"-{model}")


def _folders(first: Path) -> Iterator[Path]:
    """Give possible folders for a run: the first one, and then numbered ones."""
    yield first
    for number in itertools.count(2):
        yield first.with_name(f"{first.name}-{number}")
