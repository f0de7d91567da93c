"""What commands share: options, and errors without a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from nengo.exceptions import ValidationError

from ...exceptions import DivergenceError
from ..datasets import DATA_VARIABLE

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(),
    help=f"Where files of data sets are; otherwise {DATA_VARIABLE}, then a download.",
)


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
