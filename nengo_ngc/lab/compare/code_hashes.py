"""Hashes of the code that results depend on."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from . import user_modules
from .user_modules import file_of


def hashes(modules: Iterable[ModuleType]) -> dict[str, str]:
    """Return hashes of the code that results depend on: this package, and modules.

    Parameters
    ----------
    modules : iterable of module

    Returns
    -------
    dict of {str: str}
        A hash of all files of each, by name.
    """
    found = {module.__name__: _hash(_files(module)) for module in modules}
    return {
        user_modules.PACKAGE.name: _hash(sorted(user_modules.PACKAGE.rglob("*.py"))),
        **found,
    }


def _files(module: ModuleType) -> list[Path]:
    """Return the file of a module, or all files of a package."""
    file = file_of(module)
    paths = [Path(file)] if file else []
    for folder in getattr(module, "__path__", ()):
        paths += sorted(Path(folder).rglob("*.py"))
    return paths


def _hash(paths: Iterable[Path]) -> str:
    found = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        found.update(f"{path.name} {len(content)}\n".encode() + content)
    return found.hexdigest()[:16]
