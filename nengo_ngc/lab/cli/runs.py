"""Commands on runs that were trained: ``evaluate`` and ``sample``."""

import json
from pathlib import Path

import click

from ...storage import atomic
from .. import datasets
from ..run_folders import Run
from ..specs.options import COUNT, SEED
from .common import data_dir_option, plain_errors


@click.command()
@click.argument("run")
@click.option(
    "--log-p-images",
    type=COUNT,
    default=1000,
    show_default=True,
    help="Of ngc: test images for log p(x).",
)
@click.option(
    "--log-p-samples",
    type=COUNT,
    default=5000,
    show_default=True,
    help="Of ngc: samples of the prior.",
)
@click.option("--data", help="Other data to measure it on: a data set or a path.")
@data_dir_option
def evaluate(
    run: str, log_p_images: int, log_p_samples: int, data: str | None, data_dir: str | None
) -> None:
    """Measure the model in the folder RUN on test images, 10,000 at most.

    What is measured is written into evaluation.json in that folder; of other data, given by
    --data, into evaluation-NAME.json.

    \b
    Examples:
      nengo-ngc evaluate runs/digits
      nengo-ngc evaluate runs/faces --data more_faces.npz
    """
    with plain_errors():
        opened = Run.open(run)
        source = None if data is None else datasets.find(data)
        result = opened.evaluate(data_dir, log_p_images, log_p_samples, source)
    for name, label in opened.spec.measures.items():
        if name in result:
            click.echo(f"{label:45s}{result[name]:10.4f}")
    other = "" if source is None else f"-{datasets.called(data, source)}"
    with plain_errors(), atomic.replacing(Path(run) / f"evaluation{other}.json") as file:
        json.dump(result, file, indent=2)


@click.command()
@click.argument("run")
@click.option("--rows", type=COUNT, help="Rows of twelve samples.")
@click.option("--seed", type=SEED, default=0, help="Seed of the samples.")
@click.option("--output", type=click.Path(), help="The PNG file.")
def sample(run: str, rows: int | None, seed: int, output: str | None) -> None:
    """Draw samples of the model in the folder RUN.

    \b
    Example:
      nengo-ngc sample runs/digits --output digits.png
    """
    with plain_errors():
        path = Path(output) if output else Path(run) / "samples.png"
        Run.open(run).draw_samples(path, rows, seed)
    click.echo(f"samples in {path}")
