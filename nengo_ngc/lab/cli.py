"""The command line: ``nengo-ngc``."""

import itertools
import json
import os
from contextlib import contextmanager
from pathlib import Path

import click
from click.core import ParameterSource
from nengo.exceptions import ValidationError
from tqdm import tqdm

from .. import __version__
from ..exceptions import DivergenceError
from ..models import BACKENDS
from ..networks.gncn import INITIAL, VARIANTS
from ..storage import atomic
from ..validation.messages import unknown
from . import datasets
from .runs import Run, claimed
from .specs import KINDS

_DEFAULT_MODEL = "ngc"


class _Suggesting(click.Group):
    """Says which command a mistyped one may have meant; lists them as they are used."""

    def list_commands(self, ctx):
        return list(self.commands)

    def resolve_command(self, ctx, args):
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            names = self.list_commands(ctx)
            raise click.UsageError(unknown("command", args[0], names), ctx) from error


@click.group(cls=_Suggesting)
@click.version_option(__version__, prog_name="nengo-ngc")
def main():
    """Neural generative coding on Nengo and NengoDL.

    \b
    Examples:
      nengo-ngc train                   a model of digits; pictures in runs/digits
      nengo-ngc evaluate runs/digits    how good it is
      nengo-ngc sample runs/digits      images it makes up
      nengo-ngc compare                 learning rules, side by side, on one page
      nengo-ngc gui                     networks to watch and to play with
      nengo-ngc check                   what is wrong, if something does not work
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def _sizes(context, parameter, value):
    if value is None:
        return None
    try:
        sizes = tuple(int(n) for n in value.split(","))
    except ValueError:
        sizes = ()
    if not sizes or min(sizes) < 1:
        raise click.BadParameter(
            f"must be whole numbers of at least 1 with commas between them, "
            f"like 360,360,360, got {value!r}"
        )
    return sizes


_COUNT = click.IntRange(min=1)
_SEED = click.IntRange(0, 2**32 - 1)

_data_dir = click.option(
    "--data-dir",
    type=click.Path(),
    help=f"Where data files lie; otherwise {datasets.DATA_VARIABLE}, then a download.",
)


@main.command()
@click.argument("dataset", default="digits")
@click.option("--model", help=f"One of {', '.join(KINDS)}; ngc if not given.")
@click.option("--variant", help=f"Of ngc: one of {', '.join(VARIANTS)}.")
@click.option("--hidden", callback=_sizes, help="Units of each layer, as 360,360,360.")
@click.option("--backend", help=f"One of {', '.join(BACKENDS)}; auto if not given.")
@click.option("--steps", type=_COUNT, help="Of ngc and pff: steps of inference per image.")
@click.option("--initial", help=f"Of ngc, where states start: one of {', '.join(INITIAL)}.")
@click.option(
    "--momentum",
    type=click.FloatRange(0, 1, max_open=True),
    help="Of ngc: the part of the states' last movement that goes on.",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0, min_open=True),
    help="Of ngc: stop settling once states move by less than this part of them.",
)
@click.option("--batch", type=_COUNT, help="Images averaged in one update.")
@click.option("--epochs", type=_COUNT, help="Passes over the data, at most.")
@click.option("--learning-rate", type=float, help="Step size of learning.")
@click.option("--validation", type=click.IntRange(min=0), help="Training images held out.")
@click.option(
    "--patience", type=_COUNT, help="Of ngc: stop after so many epochs without progress."
)
@click.option(
    "--noise", type=click.FloatRange(min=0), help="Of pff: on what drives the units."
)
@click.option("--units", type=_COUNT, help="Of sdr and hebbian: units of the code.")
@click.option(
    "--sparsity",
    type=click.FloatRange(0, 1, min_open=True),
    help="Of sdr and hebbian: the part of units that win.",
)
@click.option("--patch", type=_COUNT, help="Of hebbian: pixels on a filter's side.")
@click.option("--grid", type=_COUNT, help="Of hebbian: cells on each side.")
@click.option(
    "--scaling", type=click.FloatRange(min=0), help="Of sdr: step of synaptic scaling."
)
@click.option("--grey/--binary", default=None, help="Pixels as they are, or 0 and 1.")
@click.option("--seed", type=_SEED, default=0, help="Of weights, order and samples.")
@click.option("--device", help="For NengoDL, /gpu:0 for example.")
@click.option("--output", type=click.Path(), help="Folder of the run.")
@click.option("--resume", is_flag=True, help="Go on with the run in --output.")
@_data_dir
def train(output, resume, data_dir, **options):
    """Train a model on DATASET (digits, mnist, fashion-mnist, kmnist).

    \b
    Models:
      ngc  neural generative coding: fills in and makes up images
      pff  predictive forward-forward: classifies and makes up images
      sdr  sparse distributed representations: binary codes that keep the class
      hebbian  the same without gradients, and without labels but for the centroids

    \b
    Examples:
      nengo-ngc train
      nengo-ngc train --model pff
      nengo-ngc train --model sdr
      nengo-ngc train mnist --epochs 10 --output runs/mnist
      nengo-ngc train mnist --output runs/mnist --resume
    Nearly as good, in less than a third of the time:
      nengo-ngc train mnist --initial previous --steps 10 --momentum 0.5

    What is not given depends on the model and the data set, and is written into
    config.json in the folder of the run. Beside it are checkpoint.npz, metrics.jsonl
    with a line for each epoch, and pictures: curves.png, samples.png, latents.png and
    others. A run that was interrupted goes on with --resume, and one that diverged with
    --resume --learning-rate and a smaller number.
    """
    with _plain_errors():
        if resume:
            folders = [output or Path("runs") / _name(options)]
            if not Path(folders[0]).is_dir():
                Run.open(folders[0])  # says that there is none, and leaves no trace
        else:
            config = _config(options)
            folders = [output] if output else _folders(_name(options))
        with claimed(folders, resume) as folder:
            run = _reopened(folder, options) if resume else Run(folder, config)
            click.echo(f"training on {run.config['dataset']}, output in {run.folder}")
            model = run.train(
                data_dir,
                resume,
                on_epoch=lambda record: click.echo(
                    f"epoch {record['epoch']}: {run.kind.say(record)}, "
                    f"{record['samples_per_second']:.0f} samples/s"
                ),
            )
    click.echo(f"{model.n_iter_} epochs; see the pictures and metrics.jsonl in {run.folder}")


def _config(options, model=_DEFAULT_MODEL):
    model = options["model"] or model
    if options["dataset"] not in datasets.SOURCES:
        raise ValueError(unknown("data set", options["dataset"], datasets.SOURCES))
    if model not in KINDS:
        raise ValueError(unknown("model", model, KINDS))
    kind = KINDS[model]
    of_others = set().union(*(other.arguments for other in KINDS.values()))
    for option in sorted(of_others - kind.arguments.keys()):
        if options[option] is not None:
            raise ValueError(f"the model {model} has no option --{option}")
    defaults = kind.defaults.get(options["dataset"], kind.defaults[None])
    given = {name: value for name, value in options.items() if value is not None}
    chosen = {**defaults, **given}
    parameters = {
        argument: chosen[option]
        for option, argument in kind.arguments.items()
        if option in chosen
    }
    return {
        "dataset": chosen["dataset"],
        "binarize": not chosen.get("grey", not kind.binarize),
        "validation": chosen["validation"],
        "model": model,
        "parameters": {**kind.make({}).get_params(), **parameters, "verbose": True},
    }


# options by which a run that is resumed may differ from what it began with
_CHANGING = {"epochs": "max_epochs", "learning_rate": "learning_rate"}


def _reopened(folder, options):
    """The run in a folder, with the options that may change; others must be as they were."""
    run = Run.open(folder)
    _check_unchanged(run, options)
    run.change(**{argument: options[name] for name, argument in _CHANGING.items()})
    return run


def _check_unchanged(run, options):
    """Raise if options that were typed differ from what the run began with."""
    context = click.get_current_context()
    wanted = _config(options, run.config["model"])
    keys, wrong = {"grey": "binarize", **run.kind.arguments}, []
    for option in ["model", *sorted(options.keys() - {"model", *_CHANGING})]:
        if not _typed(context, option):
            continue
        key = keys.get(option, option)
        old, new = ({**c, **c["parameters"]}.get(key) for c in (run.config, wanted))
        new = list(new) if isinstance(new, tuple) else new  # as JSON has it
        if old != new:
            wrong.append(f"{option.replace('_', '-')} must be {old!r}, got {new!r}")
    if wrong:
        raise ValueError(
            f"--resume goes on with the settings of {run.folder}: {'; '.join(wrong)}; leave "
            "these options out, or begin another run in another --output"
        )


def _typed(context, option):
    return context.get_parameter_source(option) is ParameterSource.COMMANDLINE


def _name(options):
    """What the folder of a run is called, if it is not given."""
    model = options["model"] or _DEFAULT_MODEL
    return options["dataset"] + ("" if model == _DEFAULT_MODEL else f"-{model}")


def _folders(name):
    """Folders that a run may be in, if it is not said which."""
    yield Path("runs") / name
    for number in itertools.count(2):
        yield Path("runs") / f"{name}-{number}"


@contextmanager
def _plain_errors():
    """Say what is wrong without a traceback."""
    try:
        yield
    except (DivergenceError, ImportError, OSError, ValueError, ValidationError) as error:
        raise click.ClickException(str(error)) from error
    except MemoryError as error:
        raise click.ClickException(
            f"there is not enough memory ({error}): try smaller layers or a smaller batch"
        ) from error


@main.command()
@click.argument("run")
@click.option(
    "--log-p-images",
    type=_COUNT,
    default=1000,
    show_default=True,
    help="Of ngc: test images for log p(x).",
)
@click.option(
    "--log-p-samples",
    type=_COUNT,
    default=5000,
    show_default=True,
    help="Of ngc: samples of the prior.",
)
@_data_dir
def evaluate(run, log_p_images, log_p_samples, data_dir):
    """Measure the model in the folder RUN on test images.

    \b
    Example:
      nengo-ngc evaluate runs/digits
    """
    with _plain_errors():
        opened = Run.open(run)
        result = opened.evaluate(data_dir, log_p_images, log_p_samples)
    for name, label in opened.kind.measures.items():
        click.echo(f"{label:45s}{result[name]:10.4f}")
    with _plain_errors(), atomic.replacing(Path(run) / "evaluation.json") as file:
        json.dump(result, file, indent=2)


@main.command()
@click.argument("run")
@click.option("--rows", type=_COUNT, help="Rows of twelve samples.")
@click.option("--seed", type=_SEED, default=0, help="Of samples.")
@click.option("--output", type=click.Path(), help="The PNG file.")
def sample(run, rows, seed, output):
    """Draw samples of the model in the folder RUN.

    \b
    Example:
      nengo-ngc sample runs/digits --output digits.png
    """
    with _plain_errors():
        path = Path(output) if output else Path(run) / "samples.png"
        Run.open(run).draw_samples(path, rows, seed)
    click.echo(f"samples in {path}")


@main.command()
@click.argument("config", required=False, type=click.Path())
@click.option("--output", type=click.Path(), help="Folder of the comparison.")
@click.option("--jobs", type=_COUNT, default=1, help="Cells that run at once.")
@click.option("--dask", help="Address of a Dask scheduler on whose workers cells run.")
@_data_dir
def compare(config, output, jobs, dask, data_dir):
    """Compare learning rules as CONFIG, a TOML file, says.

    \b
    Examples:
      nengo-ngc compare                       six rules on the embedded digits
      nengo-ngc compare rules.toml --jobs 4
      nengo-ngc compare rules.toml --dask tcp://scheduler:8786

    \b
    A configuration; what is left out has the value given here:
      rules = ["autodiff", "backprop", "feedback-alignment",
               "direct-feedback-alignment", "predictive-coding", "pes"]
                                  # also pff, ff, sdr, hebbian, and rules of yours
      datasets = ["digits"]       # mnist, fashion-mnist, kmnist
      hidden = [[128, 128]]       # neurons of each hidden layer, for each network
      neurons = ["relu"]          # tanh, sigmoid, lif-rate, lif, spiking-relu, ...
      seeds = [0, 1]
      backends = ["auto"]         # nengo, nengo-dl
      epochs = 20
      batch_size = 32
      angle_images = 256          # on which angles to backprop are measured
      modules = []                # ["my_rules"]: my_rules.py beside this file has rules

    \b
    And, if you like:
      train_images = 1000         # of the training images, the first 1000 only
      [settings.pes]              # parameters of RuleClassifier for one rule
      learning_rate = 0.1

    Every combination is a run of its own. Runs that are finished are not repeated: call
    the same command again after an interruption. If a file of a module or of nengo-ngc has
    changed since, they are.
    """
    from . import compare as comparison  # takes longer to import than all the rest

    with _plain_errors():
        wanted = comparison.read_config(config) if config else {}
        name = Path(config).stem if config else "digits"
        folder = Path(output) if output else Path("runs") / f"compare-{name}"
        n_cells = len(comparison.cells_of(comparison.check_config(wanted)))
        with tqdm(total=n_cells, unit="run", desc="compare") as bar:
            results = comparison.compare(
                wanted, folder, jobs, dask, data_dir, on_cell=_Tell(bar)
            )
    click.echo((folder / "table.txt").read_text(encoding="utf-8"))
    failed = sum(result["status"] == "failed" for result in results)
    click.echo(f"see report.html, curves and angles in {folder}")
    if failed:
        raise click.ClickException(f"{failed} of {n_cells} runs failed; report.html says why")


class _Tell:
    """Fills a bar and says what came out of each run."""

    def __init__(self, bar):
        self._bar = bar

    def __call__(self, result, left):
        self._bar.n = self._bar.total - left
        cell = result["cell"]
        name = f"{cell['dataset']}, {cell['rule']}, {cell['neurons']}, seed {cell['seed']}"
        if result["status"] == "done":
            self._bar.write(f"{name}: {result['test_error']:.2f} % test error")
        else:
            self._bar.write(f"{name}: failed, {result['message']}")
        self._bar.refresh()


@main.command(name="gui")
@click.argument("example", required=False)
@click.option(
    "--folder",
    type=click.Path(),
    default="nengo-ngc-examples",
    show_default=True,
    help="Where the examples are copied, once, so that you can edit them.",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="Of the page; by default the first free one from 8080 on.",
)
@click.option("--browser/--no-browser", default=True, help="Whether to open the page.")
def start_gui(example, folder, port, browser):
    """Open EXAMPLE in Nengo GUI, or list the examples.

    \b
    Examples:
      nengo-ngc gui
      nengo-ngc gui ngc_digits
    """
    from .. import gui

    if example is None:
        for name, summary in gui.examples().items():
            click.echo(f"{name:20s}{summary}")
        click.echo("\nopen one of them: nengo-ngc gui ngc_digits")
        return
    with _plain_errors():
        gui.open_example(example, folder, port, browser)


@main.command(name="datasets")
def list_datasets():
    """List the data sets and where their files are looked for.

    \b
    Examples:
      nengo-ngc datasets
      NENGO_NGC_DATA=data nengo-ngc train mnist     reads data/mnist
    """
    for name, source in datasets.SOURCES.items():
        found = "embedded" if name == "digits" else source.url
        click.echo(f"{name:15s}{source.title:42s}{source.licence:15s}{found}")
    click.echo(
        f"\nfiles are looked for in --data-dir or {datasets.DATA_VARIABLE} "
        "(a folder for each data set), then in the cache, then downloaded"
    )


@main.command()
@click.pass_context
def check(context):
    """Print versions and test the simulators, for a report of a bug.

    \b
    Example:
      nengo-ngc check
    """
    from . import check as checks

    context.exit(0 if checks.check(click.echo) else 1)
