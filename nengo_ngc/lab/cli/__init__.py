"""The command line: ``nengo-ngc``."""

from typing import Any

import click

from ... import __version__
from ...validation import unknown
from .common import ARGUMENTS, interruptible, plain_warnings, silence_libraries
from .compare import compare
from .reproduce import reproduce
from .runs import evaluate, sample
from .tools import check, list_datasets, start_gui
from .train import train


class _Commands(click.Group):
    """Lists commands as they are used, and says which one a mistyped one may have meant.

    Warnings and Ctrl-C in any of the commands are plain lines.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[ARGUMENTS] = list(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        with plain_warnings(), interruptible():
            return super().invoke(ctx)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            names = self.list_commands(ctx)
            raise click.UsageError(unknown("command", args[0], names), ctx) from error


@click.group(cls=_Commands)
@click.version_option(__version__, prog_name="nengo-ngc")
def main() -> None:
    """Neural generative coding on Nengo, JAX and NengoDL.

    \b
    Examples:
      nengo-ngc train                   trains a model of digits, in runs/digits
      nengo-ngc train my_images.npz     trains a model of your own images
      nengo-ngc evaluate runs/digits    measures the model on test images
      nengo-ngc sample runs/digits      draws images that the model generates
      nengo-ngc compare                 compares learning rules on one page
      nengo-ngc reproduce               lists published tables that can be computed again
      nengo-ngc gui                     lists networks that Nengo GUI can open
      nengo-ngc check                   tests the installation
    """
    silence_libraries()


for command in (train, evaluate, sample, compare, reproduce, start_gui, list_datasets, check):
    main.add_command(command)
