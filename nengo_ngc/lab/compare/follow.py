"""Metrics of cells that run, written so that TensorBoard shows them meanwhile."""

import importlib.util
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...version import how_to_install


def check_installed() -> None:
    """Raise ImportError unless the writer, tensorboardX, is installed."""
    if importlib.util.find_spec("tensorboardX") is None:
        raise ImportError(f"tensorboardX is not installed: {how_to_install('follow')}")


class Follower:
    """Writes what was measured of each epoch of a cell.

    Parameters
    ----------
    folder : path or None
        Of this cell. Nothing is written with None, or if this machine does not have the
        folder around that of the comparison's metrics.
    resumes : bool
        Whether the cell goes on. If not, what is in the folder is removed.
    """

    def __init__(self, folder: str | None, resumes: bool) -> None:
        self._writer: Any = None
        if folder is None or not Path(folder).parents[1].is_dir():
            return
        from tensorboardX import SummaryWriter

        if not resumes:
            shutil.rmtree(folder, ignore_errors=True)
        self._writer = SummaryWriter(folder, flush_secs=1)

    def write(self, record: Mapping[str, Any]) -> None:
        """Write the numbers of a record, at its epoch; they can be read a second later."""
        if self._writer is None:
            return
        for name, value in record.items():
            if name != "epoch" and isinstance(value, (int, float)):
                self._writer.add_scalar(name, value, record["epoch"])

    def close(self) -> None:
        """Close the files."""
        if self._writer is not None:
            self._writer.close()
