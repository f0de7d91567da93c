"""The command ``compare``."""

from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from .. import compare as comparison
from ..specs import compared
from ..specs.options import COUNT
from .common import Filled, data_dir_option, plain_errors


def _names() -> str:
    """What else can be compared, besides the rules of the default."""
    others = [name for name in compared() if name not in comparison.DEFAULTS["rules"]]
    return f"{', '.join(others)}, rules of yours"


@click.command(cls=Filled, names=_names)
@click.argument("config", required=False, type=click.Path())
@click.option("--output", type=click.Path(), help="Folder of the comparison.")
@click.option("--jobs", type=COUNT, default=1, help="Cells that run at once.")
@click.option("--dask", help="Address of a Dask scheduler on whose workers cells run.")
@data_dir_option
def compare(
    config: str | None, output: str | None, jobs: int, dask: str | None, data_dir: str | None
) -> None:
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
                                  # also {names}
      datasets = ["digits"]       # mnist, fashion-mnist, kmnist, or paths of your own
      hidden = [[128, 128]]       # neurons of each hidden layer, for each network
      neurons = ["relu"]          # tanh, sigmoid, lif-rate, lif, ..., or your own
      seeds = [0, 1]
      backends = ["auto"]         # nengo, nengo-dl, jax
      epochs = 20
      batch_size = 32
      angle_images = 256          # on which angles to backprop are measured
      modules = []                # ["my_rules"]: my_rules.py beside this file registers
                                  # rules, neuron types or data sets of your own

    \b
    And, if you like:
      train_images = 1000         # of the training images, the first 1000 only
      [settings.pes]              # parameters of RuleClassifier for one rule
      learning_rate = 0.1

    Every combination is a run of its own. Runs that are finished are not repeated: call
    the same command again after an interruption. If a file of a module or of nengo-ngc has
    changed since, they are.
    """
    with plain_errors():
        wanted = comparison.check_config(comparison.read_config(config) if config else {})
        name = Path(config).stem if config else "digits"
        folder = Path(output) if output else Path("runs") / f"compare-{name}"
        n_cells = len(comparison.cells_of(wanted))
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

    def __init__(self, bar: tqdm) -> None:
        self._bar = bar

    def __call__(self, result: dict[str, Any], left: int) -> None:
        self._bar.n = self._bar.total - left
        cell = result["cell"]
        name = f"{cell['dataset']}, {cell['rule']}, {cell['neurons']}, seed {cell['seed']}"
        if result["status"] == "done":
            self._bar.write(f"{name}: {result['test_error']:.2f} % test error")
        else:
            self._bar.write(f"{name}: failed, {result['message']}")
        self._bar.refresh()
