"""Commands on runs that were trained: ``evaluate`` and ``sample``."""

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import click

from ...storage import atomic, parsing
from .. import datasets
from ..run_folders import Run
from ..specs.options import COUNT, SEED
from .common import data_dir_option, plain_errors, quiet_option, telling


@click.command()
@click.argument("run")
@click.option(
    "--log-p-images",
    type=COUNT,
    default=1000,
    show_default=True,
    help="Estimate log p(x) on this number of test images. Only the model ngc has it.",
)
@click.option(
    "--log-p-samples",
    type=COUNT,
    default=5000,
    show_default=True,
    help="Draw this number of samples of the prior for log p(x), and a tenth of it for each "
    "image where samples are weighted.",
)
@click.option("--data", help="Measure it on other data: the name of a data set, or a path.")
@quiet_option
@data_dir_option
def evaluate(
    run: str,
    log_p_images: int,
    log_p_samples: int,
    data: str | None,
    quiet: bool,
    data_dir: str | None,
) -> None:
    """Measure the model in the folder RUN on test images, 10,000 at most.

    The results are written into evaluation.json in that folder, together with versions, seed
    and data. Those of other data, given by --data, are written into evaluation-NAME.json. Of
    data without a part for testing, every sixth image is measured.

    \b
    Examples:
      nengo-ngc evaluate runs/digits
      nengo-ngc evaluate runs/faces --data more_faces.npz
    """
    with plain_errors(), telling(quiet) as say:
        opened = Run.open(run)
        source = None if data is None else datasets.find(data)
        result = opened.evaluate(data_dir, log_p_images, log_p_samples, source)
        other = None if source is None else (datasets.called(data, source), source)
        found = opened.provenance(opened.model(), data_dir, other)
        for name, label in opened.spec.measures.items():
            if name in result:
                say(f"{label:45s}{result[name]:10.4f}")
        with atomic.replacing(_place(Path(run), other and other[0], found["data"])) as file:
            # JSON has no infinite numbers, such as the standard error of one sample
            finite = {k: v if math.isfinite(v) else None for k, v in result.items()}
            json.dump({**finite, "provenance": found}, file, indent=2)


def _place(folder: Path, name: str | None, data: Mapping[str, str]) -> Path:
    """Return the file for results on data, which does not hold those on other data."""
    path = folder / (f"evaluation-{name}.json" if name else "evaluation.json")
    if name is None or not path.exists():
        return path
    with suppress(KeyError, TypeError, ValueError):
        if parsing.read(path)["provenance"]["data"] == data:
            return path
    (sha256,) = data.values()
    return folder / f"evaluation-{name}-{sha256[:8]}.json"


@click.command()
@click.argument("run")
@click.option("--rows", type=COUNT, help="Draw this number of rows of twelve samples.")
@click.option(
    "--seed", type=SEED, default=0, show_default=True, help="Set the seed of the samples."
)
@click.option(
    "--output",
    type=click.Path(),
    help="Write this PNG file. The default is samples.png in the folder RUN.",
)
def sample(run: str, rows: int | None, seed: int, output: str | None) -> None:
    """Draw images that the model in the folder RUN generates.

    \b
    Example:
      nengo-ngc sample runs/digits --output digits.png
    """
    with plain_errors():
        path = Path(output) if output else Path(run) / "samples.png"
        Run.open(run).draw_samples(path, rows, seed)
    click.echo(f"samples in {path}")
