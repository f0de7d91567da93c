"""A list of Nengo objects that finds them by their names."""

from typing import Any

import nengo

from ..validation import unknown


class NamedList(list):
    """A list of objects of a network in which a string as an index finds the object of a name.

    Objects have their labels as names, and the names under which ``probe`` of the network
    knows them. Objects of networks in this network are found, too, unless an object of the
    network itself has the same name.

    Parameters
    ----------
    kind : type
        Class of the objects: `nengo.Ensemble`, `nengo.Node` or `nengo.Connection`.
    network : NamedNetwork
        The network that the objects belong to.

    Raises
    ------
    KeyError
        When an item is looked up, if there is no object of that name. If an object of another
        kind has the name, the message says where to find it.
    """

    def __init__(self, kind: type, network: "nengo.Network") -> None:
        super().__init__()
        self._kind = kind
        self._network = network

    def _by_name(self):
        inner = getattr(self._network, f"all_{self._noun}s")
        labelled = {item.label: item for item in [*inner, *self] if item.label is not None}
        visible = {
            name: getattr(obj, "ensemble", obj)  # of neurons
            for name, obj in self._network._visible.items()
        }
        of_this_kind = {k: obj for k, obj in visible.items() if isinstance(obj, self._kind)}
        return {**labelled, **of_this_kind}

    def __contains__(self, item: Any) -> bool:
        if isinstance(item, str):
            return item in self._by_name()
        return super().__contains__(item)

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, str):
            return super().__getitem__(key)
        named = self._by_name()
        if key not in named:
            raise KeyError(self._elsewhere(key) or unknown(self._noun, key, named))
        return named[key]

    @property
    def _noun(self):
        return self._kind.__name__.lower()

    def _elsewhere(self, key):
        """What to say of a name that an object of another kind has."""
        for others in self._network.objects.values():
            if isinstance(others, NamedList) and key in others:
                return (
                    f"{key!r} is a {others._noun}, no {self._noun}: {others._noun}s[{key!r}]"
                )
        return None
