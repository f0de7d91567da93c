"""The package nir, which is imported when it is first needed."""

import os
from types import ModuleType
from typing import Any

from ..version import how_to_install


def nir() -> ModuleType:
    """Return the package nir.

    Raises
    ------
    ImportError
        If it is not installed; the message says how to install it.
    """
    try:
        import nir as library
    except ImportError as error:
        raise ImportError(f"NIR needs the package nir: {how_to_install('nir')}") from error
    return library


def read(path: str | os.PathLike) -> Any:
    """Return the graph in a file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, holds no NIR graph, or one whose parts do not fit together.
    """
    library = nir()
    if not os.path.exists(path):
        raise FileNotFoundError(f"no NIR file {path}")
    try:
        graph = library.read(path)
        if not isinstance(graph, library.NIRGraph):
            raise TypeError(f"it holds a {type(graph).__name__}, not a NIRGraph")
    except Exception as error:  # whatever a damaged file makes its readers raise
        what = str(error) or type(error).__name__
        raise ValueError(f"{path} is damaged or not a NIR file: {what}") from error
    return graph
