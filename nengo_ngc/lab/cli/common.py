"""What commands share: options, what they print, and errors without a traceback."""

import logging
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import click
from nengo.exceptions import ValidationError

from ...exceptions import DivergenceError
from ...training import progress
from ..datasets import DATA_VARIABLE

INTERRUPTED = 130  # the exit status of a command that Ctrl-C has ended

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(exists=True, file_okay=False),
    help="Look for the files of data sets in this folder. The default is the folder that "
    f"{DATA_VARIABLE} names; files that are found nowhere are downloaded.",
)

quiet_option = click.option(
    "--quiet", is_flag=True, help="Print nothing unless something goes wrong."
)

_ARGUMENTS = f"{__name__}.arguments"


class Filled(click.Command):
    """A command whose help says what is registered, when it is shown.

    Parameters
    ----------
    names : callable
        Returns the text that takes the place of ``{names}`` in the help.
    """

    def __init__(self, *args: Any, names: Callable[[], str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._names = names

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_ARGUMENTS] = list(args)
        return super().parse_args(ctx, args)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        text = (self.help or "").replace("{names}", self._names())
        click.Command(self.name, help=text).format_help_text(ctx, formatter)


def typed_arguments() -> list[str]:
    """The arguments of the present command as they were typed."""
    return click.get_current_context().meta[_ARGUMENTS]


def to_type(command: str, *args: Any) -> str:
    """A command of the shell."""
    return shlex.join(["nengo-ngc", command, *map(str, args)])


@contextmanager
def telling(quiet: bool) -> Iterator[Callable[[str], None]]:
    """Give a function that prints lines, unless a command is to be quiet.

    Bars are drawn on a terminal only. Elsewhere there is nothing but the lines.
    """
    if quiet:
        import pooch

        pooch.get_logger().setLevel("WARNING")
    bars = not quiet and sys.stderr.isatty()
    with nullcontext() if bars else progress.hidden():
        yield _nothing if quiet else click.echo


def _nothing(_: str) -> None:
    pass


@contextmanager
def resumable(command: Callable[[], str]) -> Iterator[None]:
    """Say which command goes on if Ctrl-C interrupts the block, and end.

    Parameters
    ----------
    command : callable
        Returns the command.
    """
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"\ninterrupted; this command goes on:\n{command()}", err=True)
        click.get_current_context().exit(INTERRUPTED)


def silence_libraries() -> None:
    """Keep notices of TensorFlow and JAX about themselves from the user."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    for name in ("tensorflow", "absl", "jax"):
        logging.getLogger(name).setLevel(logging.ERROR)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Say what is wrong without a traceback."""
    try:
        yield
    except (DivergenceError, ImportError, OSError, ValueError, ValidationError) as error:
        raise click.ClickException(str(error)) from error
    except MemoryError as error:
        raise click.ClickException(
            f"there is not enough memory ({error}): try smaller layers or a smaller batch"
        ) from error
