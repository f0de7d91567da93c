"""Hashes of the code that results depend on."""

import ast
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
    """Return the file of a module, those beside it that it imports, and all of a package."""
    file = file_of(module)
    paths = _with_imports_beside(Path(file)) if file else []
    for folder in getattr(module, "__path__", ()):
        paths += sorted(Path(folder).rglob("*.py"))
    return paths


def _with_imports_beside(path: Path) -> list[Path]:
    """Return a file and those in its folder that it imports, directly or not."""
    found, waiting = [path], [path]
    while waiting:
        file = waiting.pop()
        for name in _imported(file) if file.suffix == ".py" else ():
            beside = path.parent / name
            others = (
                [*beside.rglob("*.py")] if beside.is_dir() else [beside.with_suffix(".py")]
            )
            new = [other for other in others if other.is_file() and other not in found]
            found, waiting = found + new, waiting + new
    return [path, *sorted(found[1:])]


def _imported(file: Path) -> set[str]:
    """Return the first parts of the names of all modules that a file imports."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):  # whatever imports it does without it
        return set()
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


def _hash(paths: Iterable[Path]) -> str:
    found = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        found.update(f"{path.name} {len(content)}\n".encode() + content)
    return found.hexdigest()[:16]
