"""What the commands that run cells share: options, and what they print of each run."""

from collections.abc import Callable
from typing import Any

import click
from tqdm import tqdm

from ..specs.options import COUNT
from .common import to_type, typed_arguments

jobs_option = click.option(
    "--jobs",
    type=COUNT,
    default=1,
    show_default=True,
    help="Compute this number of runs at once.",
)
dask_option = click.option(
    "--dask", help="Compute on the workers of the Dask scheduler at this address."
)
follow_option = click.option(
    "--follow",
    is_flag=True,
    help="Write what is measured of each epoch into the folder metrics, for TensorBoard.",
)


def continues() -> tuple[str, str]:
    """Say what is kept of the work that was interrupted, and which command continues it."""
    return "finished epochs are kept; this command continues", to_type(*typed_arguments())


class Tell:
    """Advances a bar, and prints the outcome of each run.

    Parameters
    ----------
    bar : tqdm.tqdm
    say : callable
        Prints a line.
    described : callable
        Returns the line for the result of a run.
    """

    def __init__(
        self,
        bar: tqdm,
        say: Callable[[str], None],
        described: Callable[[dict[str, Any]], str],
    ) -> None:
        self._bar, self._say, self._described = bar, say, described

    def __call__(self, result: dict[str, Any], left: int) -> None:
        self._bar.n = self._bar.total - left
        with tqdm.external_write_mode():
            self._say(self._described(result))
        self._bar.refresh()
