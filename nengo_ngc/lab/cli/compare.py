"""The command ``compare``."""

from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from ...training.progress import draws_bars
from .. import compare as comparison
from ..compare.report import outcome
from ..specs import compared
from .cells import Tell, continues, dask_option, follow_option, jobs_option
from .common import (
    Filled,
    data_dir_option,
    interruptible,
    plain_errors,
    quiet_option,
    telling,
)


def _names() -> str:
    """Return the names of all that can be compared besides the default rules."""
    others = [name for name in compared() if name not in comparison.DEFAULTS["rules"]]
    return f"{', '.join(others)}, rules of yours"


@click.command(cls=Filled, names=_names)
@click.argument("config", required=False, type=click.Path())
@click.option(
    "--output",
    type=click.Path(),
    help="Write into this folder. The default is runs/compare-CONFIG.",
)
@jobs_option
@dask_option
@follow_option
@quiet_option
@data_dir_option
def compare(
    config: str | None,
    output: str | None,
    jobs: int,
    dask: str | None,
    follow: bool,
    quiet: bool,
    data_dir: str | None,
) -> None:
    """Compare learning rules as the TOML file CONFIG says.

    \b
    Examples:
      nengo-ngc compare                       compares six rules on the embedded digits
      nengo-ngc compare rules.toml --jobs 4
      nengo-ngc compare rules.toml --dask tcp://scheduler:8786

    \b
    A configuration, in which everything may be left out. These are the defaults:
      rules = ["autodiff", "backprop", "feedback-alignment",
               "direct-feedback-alignment", "predictive-coding", "pes"]
                                  # also {names}
      datasets = ["digits"]       # mnist, fashion-mnist, kmnist, or paths of your own
      hidden = [[128, 128]]       # neurons of each hidden layer, for each network
      neurons = ["relu"]          # tanh, sigmoid, lif-rate, lif, ..., or your own
      seeds = [0, 1]
      backends = ["auto"]         # nengo, nengo-dl, jax
      tasks = ["accuracy"]        # few-labels, stream, noise
      labels = [1, 10, 100]       # images of each class, for the task few-labels
      epochs = 20
      batch_size = 32
      pixels = [0.0, 1.0]         # the range into which pixels are brought
      angle_images = 256          # on which angles to backprop are measured
      modules = []                # ["my_rules"]: my_rules.py beside this file registers
                                  # rules, neuron types or data sets of your own

    \b
    These settings have no default:
      train_images = 1000         # of the training images, the first 1000 only
      validation = 0.2            # part, or number, of training images that are held out;
                                  # otherwise a sixth, and 10,000 at most
      [settings.pes]              # parameters of RuleClassifier for one rule
      anneal = false
      [search.pes]                # parameters to be chosen on validation images
      learning_rate = [0.01, 1.0, "log"]
                                  # in trials = 20 of search_epochs = 20 for each rule

    Each combination is a run of its own. After an interruption, the same command continues:
    runs that are finished are not repeated, unless a file of a module or of nengo-ngc has
    changed since.
    """
    with (
        plain_errors(),
        interruptible(continues),
        telling(quiet) as say,
    ):
        wanted = comparison.check_config(comparison.read_config(config) if config else {})
        name = Path(config).stem if config else "digits"
        folder = Path(output) if output else Path("runs") / f"compare-{name}"
        n_cells = comparison.n_runs(wanted)
        bar = tqdm(total=n_cells, unit="run", desc="compare", disable=not draws_bars())
        with bar:
            results = comparison.compare(
                wanted, folder, jobs, dask, data_dir, Tell(bar, say, _described), follow
            )
        say((folder / "table.txt").read_text(encoding="utf-8"))
        say(f"see report.html, curves and angles in {folder}")
    failed = sum(result["status"] == "failed" for result in results)
    if failed:
        n = len(results)
        raise click.ClickException(f"{failed} of {n} runs failed; report.html says why")


def _described(result: dict[str, Any]) -> str:
    cell = result["cell"]
    name = f"{cell['dataset']}, {cell['rule']}, {cell['neurons']}, seed {cell['seed']}"
    return f"{name}{cell['variant'].replace('-', ' ')}: {outcome(result)}"
