"""The command line: ``nengo-ngc``."""

import os
from typing import Any

import click

from ... import __version__
from ...validation import unknown
from .compare import compare
from .runs import evaluate, sample
from .tools import check, list_datasets, start_gui
from .train import train


class _Suggesting(click.Group):
    """Says which command a mistyped one may have meant; lists them as they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            names = self.list_commands(ctx)
            raise click.UsageError(unknown("command", args[0], names), ctx) from error


@click.group(cls=_Suggesting)
@click.version_option(__version__, prog_name="nengo-ngc")
def main() -> None:
    """Neural generative coding on Nengo, JAX and NengoDL.

    \b
    Examples:
      nengo-ngc train                   a model of digits; pictures in runs/digits
      nengo-ngc train my_images.npz     a model of images of your own
      nengo-ngc evaluate runs/digits    how good it is
      nengo-ngc sample runs/digits      images it makes up
      nengo-ngc compare                 learning rules, side by side, on one page
      nengo-ngc gui                     networks to watch and to play with
      nengo-ngc check                   what is wrong, if something does not work
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


for command in (train, evaluate, sample, compare, start_gui, list_datasets, check):
    main.add_command(command)
