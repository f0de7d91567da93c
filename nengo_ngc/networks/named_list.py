"""A list of Nengo objects that finds them by their labels."""

from collections.abc import Iterable
from typing import Any

from ..validation import unknown


class NamedList(list):
    """A list of Nengo objects in which a string as an index finds the object of that label.

    Parameters
    ----------
    what : str
        What an object of the list is called in error messages.
    items : iterable, optional
        The objects that the list holds at first.

    Raises
    ------
    KeyError
        When an item is looked up, if there is no object of that label.
    """

    def __init__(self, what: str, items: Iterable[Any] = ()) -> None:
        super().__init__(items)
        self._what = what

    def _by_name(self):
        return {item.label: item for item in self if item.label is not None}

    def __contains__(self, item):
        if isinstance(item, str):
            return item in self._by_name()
        return super().__contains__(item)

    def __getitem__(self, key):
        if not isinstance(key, str):
            return super().__getitem__(key)
        named = self._by_name()
        if key not in named:
            raise KeyError(unknown(self._what, key, named))
        return named[key]
