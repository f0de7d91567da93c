"""What commands share: options, and errors without a traceback."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from nengo.exceptions import ValidationError

from ...exceptions import DivergenceError
from ..datasets import DATA_VARIABLE

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(),
    help=f"Where files of data sets are; otherwise {DATA_VARIABLE}, then a download.",
)


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

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        text = (self.help or "").replace("{names}", self._names())
        click.Command(self.name, help=text).format_help_text(ctx, formatter)


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
