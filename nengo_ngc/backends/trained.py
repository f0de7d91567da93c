"""Which arrays of a model training by gradients changes: the same on every backend."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import nengo
from nengo.builder import Model, Signal
from nengo.config import Config
from nengo.exceptions import ConfigError

from ..networks.base import LearningNetwork
from ..program import SharedSignal
from . import process


def trained_arrays(model: Model, net: LearningNetwork) -> dict[str, Signal]:
    """Return the signals that training changes, in the order in which Nengo has their objects.

    These are encoders, biases, and the weights of connections, decoders included, as NengoDL
    chooses them. Those that a learning rule changes are left to it, and so are objects whose
    ``trainable`` is False in the configuration of a network around them.

    Parameters
    ----------
    model : nengo.builder.Model
        A model that was built.
    net : LearningNetwork
        Gives parameters their names. Other arrays are called ``"encoders0"`` and so on.

    Returns
    -------
    dict of {str: Signal}
    """
    names = {signal: name for name, signal in net._parameter_signals(model).items()}
    # encoders of ensembles whose neurons alone are connected encode nothing
    fed = {connection.post_obj for connection in model.toplevel.all_connections}
    trained = {}
    with process.configuration(model.toplevel):
        for number, (obj, sort) in enumerate(_trainable(model.toplevel, ())):
            signal = model.sig[obj].get(sort)
            if signal is None or signal.sparse or isinstance(signal.base, SharedSignal):
                continue
            if sort != "encoders" or obj in fed:
                trained[names.get(signal, f"{sort}{number}")] = signal
    return trained


def _trainable(network: nengo.Network, around: Sequence[Config]) -> Iterator[tuple[Any, str]]:
    """Objects of a network with the names of their arrays that are trained."""
    configs = [*around, network.config]
    for inner in network.networks:
        yield from _trainable(inner, configs)
    ruled = {obj for connection in network.connections for obj in _ruled(connection)}
    for ensemble in network.ensembles:
        may = _is_trainable(configs, ensemble)
        if may and (ensemble, "encoders") not in ruled:
            yield ensemble, "encoders"
        if _is_trainable(configs, ensemble.neurons, may):
            yield ensemble.neurons, "bias"
    for connection in network.connections:
        if (connection, "weights") not in ruled and _is_trainable(configs, connection):
            yield connection, "weights"


def _ruled(connection: nengo.Connection) -> Iterator[tuple[Any, str]]:
    """What the learning rules of a connection change."""
    rules = connection.learning_rule or []
    rules = rules.values() if isinstance(rules, dict) else rules
    for rule in rules if isinstance(rules, Iterable) else [rules]:
        if rule.modifies == "encoders":
            yield connection.post_obj, "encoders"
        else:
            yield connection, "weights"


def _is_trainable(configs, obj, default=True):
    """What the innermost network says that says something."""
    for config in reversed(configs):
        try:
            found = getattr(config[obj], "trainable", None)
        except ConfigError:  # a network need not configure objects of this class
            continue
        if found is not None:
            return bool(found)
    return default
