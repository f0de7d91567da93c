"""Things that are found by their names, to which other packages may add theirs."""

import warnings
from collections.abc import Iterator, MutableMapping
from importlib import import_module, metadata
from types import ModuleType
from typing import Any

from nengo.exceptions import ValidationError

from ..validation import shown, unknown


class Registry(MutableMapping):
    """Objects of one class by name.

    Registering is one line, ``registry[name] = object``. Installed packages register theirs
    by an entry point of the registry's group, which is loaded once a name is asked for.

    Parameters
    ----------
    what : str
        What the objects are, for error messages: "data set".
    class_ : type
        Their class.
    group : str
        The group of entry points: ``[project.entry-points."nengo_ngc.models"]`` in the
        pyproject.toml of a package.
    """

    def __init__(self, what: str, class_: type, group: str) -> None:
        self.what, self.group, self._class = what, group, class_
        self._found: dict[str, Any] = {}
        self._modules: list[str] | None = None  # of entry points, once they are loaded

    def __setitem__(self, name: str, value: Any) -> None:
        if not isinstance(name, str) or not name:
            raise ValidationError(f"must be a str, got {shown(name)}", attr="name")
        if not isinstance(value, self._class):
            expected = f"an object of class {self._class.__name__}"
            raise ValidationError(f"must be {expected}, got {shown(value)}", attr=name)
        self._found[name] = value

    def __getitem__(self, name: str) -> Any:
        if name not in self._found:
            self._load()
        return self._found[name]

    def __delitem__(self, name: str) -> None:
        del self._found[name]

    def __iter__(self) -> Iterator[str]:
        self._load()
        return iter(self._found)

    def __len__(self) -> int:
        self._load()
        return len(self._found)

    def find(self, name: str) -> Any:
        """Return the object of a name, or raise a ValueError that lists all names."""
        if name not in self:
            raise ValueError(unknown(self.what, name, self))
        return self[name]

    def modules(self) -> list[ModuleType]:
        """Return the modules that entry points name: code on which results depend."""
        self._load()
        return [import_module(name) for name in self._modules or ()]

    def _load(self) -> None:
        if self._modules is not None:
            return
        self._modules = []  # first, since what is loaded may ask for names
        for entry in metadata.entry_points(group=self.group):
            try:
                found = entry.load()
                self.setdefault(entry.name, found() if isinstance(found, type) else found)
            except Exception as error:  # another package may do whatever it likes
                warnings.warn(
                    f"the {self.what} {entry.name!r} of the entry point {entry.value!r} "
                    f"cannot be loaded: {type(error).__name__}: {error}",
                    stacklevel=2,
                )
                continue
            self._modules.append(entry.module)
