"""Commands that are not about training: ``gui``, ``datasets`` and ``check``."""

from contextlib import suppress
from importlib import import_module

import click

from .. import datasets
from .common import plain_errors


@click.command(name="gui")
@click.argument("example", required=False)
@click.option(
    "--folder",
    type=click.Path(),
    default="nengo-ngc-examples",
    show_default=True,
    help="Copy the examples into this folder, once, so that you can edit them.",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="Serve the page on this port. The default is the first free one from 8080 on.",
)
@click.option(
    "--browser/--no-browser", default=True, help="Open the page in a browser, or not."
)
def start_gui(example: str | None, folder: str, port: int | None, browser: bool) -> None:
    """Open EXAMPLE in Nengo GUI, or list the examples.

    \b
    Examples:
      nengo-ngc gui
      nengo-ngc gui ngc_digits
    """
    from ... import gui

    if example is None:
        for name, summary in gui.examples().items():
            click.echo(f"{name:20s}{summary}")
        click.echo("\nThis command opens one of them: nengo-ngc gui ngc_digits")
        return
    if example in gui.examples():
        # Nengo GUI imports nengo-dl, and with it TensorFlow, which would print notices
        with suppress(ImportError):
            import_module("nengo_ngc.dl")
    with plain_errors():
        gui.open_example(example, folder, port, browser)


@click.command(name="datasets")
def list_datasets() -> None:
    """List the data sets and where their files are looked for.

    \b
    Examples:
      nengo-ngc datasets
      NENGO_NGC_DATA=data nengo-ngc train mnist     reads data/mnist
    """
    for name, source in datasets.SOURCES.items():
        click.echo(f"{name:15s}{source.title:42s}{source.licence:15s}{source.place}")
    click.echo(
        f"\nFiles are looked for in --data-dir or {datasets.DATA_VARIABLE}, with a folder for "
        "each data set, then in the cache, and are otherwise downloaded. Instead of a name, "
        "commands take the path of your own data."
    )


@click.command()
@click.pass_context
def check(context: click.Context) -> None:
    """Print versions and test the simulators, for a report of a bug.

    \b
    Example:
      nengo-ngc check
    """
    from .. import check as checks

    context.exit(0 if checks.check(click.echo) else 1)
