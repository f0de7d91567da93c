"""Texts by which the objects of a network are found in another copy of it."""

import difflib
from collections import Counter
from collections.abc import Mapping

import nengo
from nengo.base import NengoObject

_KINDS = "ensembles", "connections"


def addresses(network: nengo.Network, prefix: str = "") -> dict[str, NengoObject]:
    """Return all ensembles and connections of a network by their addresses.

    An object is called by its label if no other object in the same list of the same network
    has this label, as in ``networks['vision'].ensembles['hidden']``. All other objects are
    counted: ``connections[#2 of 3]`` is the second of three connections that have no label of
    their own. Thus another number of such objects makes other addresses, and nothing is found
    at a place that has been shifted.

    Parameters
    ----------
    network : nengo.Network
    prefix : str, optional
        What each address begins with.

    Returns
    -------
    dict of {str: nengo.Ensemble or nengo.Connection}
    """
    found = {}
    for kind in _KINDS:
        names = _names(getattr(network, kind))
        found.update({f"{prefix}{kind}{name}": obj for name, obj in names.items()})
    for name, inner in _names(network.networks).items():
        found.update(addresses(inner, f"{prefix}networks{name}."))
    return found


def find(address: str, known: Mapping[str, NengoObject]) -> NengoObject:
    """Return the object at an address.

    Raises
    ------
    ValueError
        If there is none. The message names the addresses that are spelt most similarly.
    """
    if address not in known:
        close = difflib.get_close_matches(address, known, n=3, cutoff=0)
        others = f"; the most similar ones are {', '.join(close)}" if close else ""
        raise ValueError(f"it holds {address}, which the network does not have{others}")
    return known[address]


def _names(objects):
    """The objects of a list, by their labels or their positions in brackets."""
    n_of = Counter(obj.label for obj in objects)
    unnamed = [obj for obj in objects if obj.label is None or n_of[obj.label] > 1]
    positions = {id(obj): number for number, obj in enumerate(unnamed, start=1)}
    return {
        f"[#{positions[id(obj)]} of {len(unnamed)}]"
        if id(obj) in positions
        else f"[{obj.label!r}]": obj
        for obj in objects
    }
