"""The command ``reproduce``."""

from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from ...training.progress import draws_bars
from .. import reproduce as published
from ..compare.report import outcome
from ..specs.options import COUNT
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
    recipes = [published.read(name) for name in published.names()]
    width = max(len(recipe.name) for recipe in recipes)
    return "\n".join(f"  {recipe.name:{width}}  {recipe.title}" for recipe in recipes)


@click.command(cls=Filled, names=_names)
@click.argument("table", required=False)
@click.option("--quick", is_flag=True, help="Run a small version, which takes minutes.")
@click.option(
    "--row",
    "rows",
    multiple=True,
    help='Run only this row, such as "BP-SE", or "BP-SE, mnist" for one data set; may be '
    "repeated.",
)
@click.option("--seeds", type=COUNT, help="Run each row with this number of seeds.")
@click.option("--epochs", type=COUNT, help="Learn for this number of epochs.")
@click.option(
    "--output",
    type=click.Path(),
    help="Write into this folder. The default is runs/reproduce-TABLE, with -quick and "
    "-epochs-N at its end for these options.",
)
@jobs_option
@dask_option
@follow_option
@quiet_option
@data_dir_option
def reproduce(
    table: str | None,
    quick: bool,
    rows: tuple[str, ...],
    seeds: int | None,
    epochs: int | None,
    output: str | None,
    jobs: int,
    dask: str | None,
    follow: bool,
    quiet: bool,
    data_dir: str | None,
) -> None:
    """Compute a published TABLE again, and show our numbers beside the published ones.

    \b
    Tables:
    {names}

    \b
    Examples:
      nengo-ngc reproduce                        lists the tables and their rows
      nengo-ngc reproduce pc-mnist --quick       shows in minutes that the recipe works
      nengo-ngc reproduce pc-mnist --jobs 2
      nengo-ngc reproduce pc-mnist --row "BP-SE" --seeds 1
      nengo-ngc reproduce my_table.toml          a recipe of your own

    Each row is run once for each seed. After an interruption, the same command continues
    from the last epoch: rows that are finished are not repeated, unless a file of nengo-ngc
    has changed since.
    """
    if table is None:
        _list()
        return
    with (
        plain_errors(),
        interruptible(continues),
        telling(quiet) as say,
    ):
        recipe = published.read(table)
        chosen = None if seeds is None else range(seeds)
        wanted = recipe.rows(quick, rows, chosen, epochs)
        ends = ["-quick"] if quick else []
        ends += [] if epochs is None else [f"-epochs-{epochs}"]
        folder = Path(output or f"runs/reproduce-{recipe.name}{''.join(ends)}")
        total = sum(len(row.cells) for row in wanted)

        def described(result: dict[str, Any]) -> str:
            cell = result["cell"]
            row = next(row for row in wanted if cell in row.cells.values())
            said = outcome(result, recipe.measure)
            return f"{row.name}, {cell['dataset']}, seed {cell['seed']}: {said}"

        with tqdm(total=total, unit="run", desc=recipe.name, disable=not draws_bars()) as bar:
            found = published.reproduce(
                table,
                folder,
                quick,
                rows,
                chosen,
                epochs,
                jobs,
                dask,
                data_dir,
                Tell(bar, say, described),
                follow,
            )
        say((folder / "table.txt").read_text(encoding="utf-8"))
        say(f"see report.html and table.json in {folder}")
    failed = [
        (f"{row['name']}, {row['dataset']}", said) for row in found for said in row["failed"]
    ]
    if failed:
        raise click.ClickException("; ".join(f"{name}: {said}" for name, said in failed))


def _list() -> None:
    for recipe in map(published.read, published.names()):
        click.echo(f"{recipe.name}: {recipe.title}")
        for row in recipe.given["rows"]:
            number = row.get("published")
            shown = "nothing published" if number is None else f"published {number:g}"
            click.echo(f"    {row['name']}, {row['dataset']}: {shown}")
    click.echo("\nnengo-ngc reproduce --help explains how to run one")
