"""Modules of users, which register rules, models and data sets."""

import importlib
import os
import sys
from pathlib import Path
from types import ModuleType

PACKAGE = Path(__file__).parents[2]


def import_module(module: str, folder: str | None = None) -> ModuleType:
    """Import a module.

    Parameters
    ----------
    module : str
        Its name; or its file, which is imported together with what lies beside it.
    folder : str, optional
        Where else to look for it.

    Returns
    -------
    module

    Raises
    ------
    ValueError
        Whatever goes wrong.
    """
    file = Path(module) if module.endswith(".py") else None
    name = module if file is None else file.stem
    if not all(part.isidentifier() for part in name.split(".")):
        raise ValueError(f"modules must be names of Python modules, got {module!r}")
    folder = folder if file is None else str(file.parent)
    if folder is not None and folder not in sys.path:
        sys.path.append(folder)
    try:
        found = importlib.import_module(name)
    except (Exception, SystemExit) as error:  # a module may do whatever it likes
        raise ValueError(
            f"modules: {module} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    if file is not None and not file.samefile(file_of(found) or os.devnull):
        raise ValueError(f"modules: {file} has the name of {found}; give it another one")
    return found


def place(module: ModuleType) -> tuple[str, str | None]:
    """Return the name of an imported module, and the folder in which Python finds it.

    The folder is None for what comes with Python itself.
    """
    name, depth = module.__name__, module.__name__.count(".")
    paths = [*getattr(module, "__path__", ())]
    if not paths and file_of(module):
        paths = [file_of(module)]
    return name, str(Path(paths[0]).absolute().parents[depth]) if paths else None


def search_path() -> str:
    """Return the PYTHONPATH with which another process finds the same modules as this one.

    The current folder is left out, whatever lies there, unless this package itself is run
    from there. So are folders that Python's variable for this cannot name.
    """
    here = os.path.realpath("")
    run_from_here = here == os.path.realpath(PACKAGE.parent)
    return os.pathsep.join(
        os.path.abspath(entry)
        for entry in sys.path
        if os.pathsep not in entry and (run_from_here or os.path.realpath(entry) != here)
    )


def file_of(module: ModuleType) -> str | None:
    """Return the file of a module; built-in modules and some packages have None."""
    return getattr(module, "__file__", None)
