"""The parts that commands share: options, messages, and errors without a traceback."""

import inspect
import logging
import os
import shlex
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import click
from nengo.exceptions import ValidationError
from tqdm import tqdm

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

ARGUMENTS = f"{__name__}.arguments"  # where a context keeps them


class Filled(click.Command):
    """A command whose help lists the names that are registered at that time.

    Parameters
    ----------
    names : callable
        Returns the text that takes the place of ``{names}`` in the help.
    """

    def __init__(self, *args: Any, names: Callable[[], str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._names = names

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # names may be several lines, which are indented as the text around them
        text = inspect.cleandoc(self.help or "").replace("{names}", self._names())
        click.Command(self.name, help=text).format_help_text(ctx, formatter)


def typed_arguments() -> list[str]:
    """Return the present command and its arguments as they were typed."""
    return click.get_current_context().meta[ARGUMENTS]


def to_type(*args: Any) -> str:
    """Return a command for the shell."""
    return shlex.join(["nengo-ngc", *map(str, args)])


@contextmanager
def telling(quiet: bool) -> Iterator[Callable[[str], None]]:
    """Give a function that prints lines, or that prints nothing if a command is quiet.

    Bars are drawn only on a terminal. Elsewhere only the lines are printed.
    """
    if quiet:
        import pooch

        pooch.get_logger().setLevel("WARNING")
    bars = not quiet and sys.stderr.isatty()
    with nullcontext() if bars else progress.hidden():
        yield _nothing if quiet else click.echo


def _nothing(_: str) -> None:
    pass


def starts_again() -> tuple[str, str]:
    """Describe an interrupted command that keeps nothing before its end, and what to type."""
    return (
        "no file was left incomplete; this command starts again",
        to_type(*typed_arguments()),
    )


@contextmanager
def interruptible(state: Callable[[], tuple[str, str]] = starts_again) -> Iterator[None]:
    """Say what is kept and what to type if Ctrl-C interrupts the block, and end.

    Parameters
    ----------
    state : callable, optional
        Returns what to say of the work that was interrupted, and the command to type.
    """
    try:
        yield
    except KeyboardInterrupt:
        said, command = state()
        click.echo(f"\ninterrupted; {said}:\n{command}", err=True)
        click.get_current_context().exit(INTERRUPTED)


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Show each warning as one line on the standard error, without a line of Python."""

    def show(message: Warning | str, *_: Any) -> None:
        with tqdm.external_write_mode(sys.stderr):  # or it would continue the line of a bar
            click.echo(f"warning: {' '.join(str(message).split())}", err=True)

    with warnings.catch_warnings():
        warnings.showwarning = show  # type: ignore[assignment]
        yield


def silence_libraries() -> None:
    """Keep notices of TensorFlow and JAX about themselves from the user."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # JAX takes the level of its logger "jax" for XLA, too, instead of the variable's
    for name in ("tensorflow", "absl", "jax._src"):
        logging.getLogger(name).setLevel(logging.ERROR)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Report errors in one line, without a traceback."""
    try:
        yield
    except (DivergenceError, ImportError, OSError, ValueError, ValidationError) as error:
        raise click.ClickException(str(error)) from error
    except MemoryError as error:
        raise click.ClickException(
            f"there is not enough memory ({error}): try smaller layers or a smaller batch"
        ) from error
