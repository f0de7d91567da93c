"""A user's modules, and hashes of the code that results depend on."""

import hashlib
import importlib
import os
import sys
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def import_module(module, folder=None):
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
    if file is not None and not (_file(found) and file.samefile(_file(found))):
        raise ValueError(f"modules: {file} has the name of {found}; give it another one")
    return found


def place(module):
    """The name of a module that was imported, and the folder in which Python finds it.

    The folder is None for what comes with Python itself.
    """
    name, depth = module.__name__, module.__name__.count(".")
    paths = [*getattr(module, "__path__", ())]
    if not paths and _file(module):
        paths = [_file(module)]
    return name, str(Path(paths[0]).absolute().parents[depth]) if paths else None


def search_path():
    """Where another process is to look for modules: where this one does.

    The current folder is left out, whatever lies there, unless this package itself is run
    from there. So are folders that Python's variable for this cannot name.
    """
    here = os.path.realpath("")
    run_from_here = here == os.path.realpath(_PACKAGE.parent)
    return os.pathsep.join(
        os.path.abspath(entry)
        for entry in sys.path
        if os.pathsep not in entry and (run_from_here or os.path.realpath(entry) != here)
    )


def hashes(modules):
    """What results depend on besides settings: this package, and modules.

    Parameters
    ----------
    modules : iterable of module

    Returns
    -------
    dict of {str: str}
        A hash of all files of each, by name.
    """
    found = {module.__name__: _hash(_files(module)) for module in modules}
    return {_PACKAGE.name: _hash(sorted(_PACKAGE.rglob("*.py"))), **found}


def _file(module):
    return getattr(module, "__file__", None)


def _files(module):
    """The module's file, or all those of a package."""
    paths = [Path(_file(module))] if _file(module) else []
    for folder in getattr(module, "__path__", ()):
        paths += sorted(Path(folder).rglob("*.py"))
    return paths


def _hash(paths):
    found = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        found.update(f"{path.name} {len(content)}\n".encode() + content)
    return found.hexdigest()[:16]
