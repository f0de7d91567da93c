"""The arrays of a model that training by gradients changes, on all backends."""

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
    """Return the signals that training changes, in the order of their objects in Nengo.

    As in NengoDL, these are encoders, biases, decoders, and other weights of connections.
    Arrays that a learning rule changes are excluded, and so are those of objects whose
    ``trainable`` is False in the configuration of a network that contains them.

    Parameters
    ----------
    model : nengo.builder.Model
        A model that has been built.
    net : LearningNetwork
        The network, which knows the names of its parameters. Other arrays have names such as
        ``"encoders0"``.

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
    """The arrays that the learning rules of a connection change."""
    rules = connection.learning_rule or []
    rules = rules.values() if isinstance(rules, dict) else rules
    for rule in rules if isinstance(rules, Iterable) else [rules]:
        if rule.modifies == "encoders":
            yield connection.post_obj, "encoders"
        else:
            yield connection, "weights"


def _is_trainable(configs, obj, default=True):
    """The setting of the innermost network that has one."""
    for config in reversed(configs):
        try:
            found = getattr(config[obj], "trainable", None)
        except ConfigError:  # a network need not configure objects of this class
            continue
        if found is not None:
            return bool(found)
    return default
