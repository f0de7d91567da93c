"""Schemas of what files say about a model: its settings and its history."""

import inspect
from collections.abc import Sequence
from typing import Any

from ..storage.schema import Either, Flag, List, Number, Table, Text, Whole

_SEED = Whole(0, 2**32 - 1, optional=True)

# parameters whose default does not tell what else they may be
_FIELDS = {
    "activation": Text(optional=True),
    "anneal": Either((Flag(), Text())),
    "device": Text(optional=True),
    "first_hardness": Number(optional=True),
    "first_sparsity": Number(optional=True),
    "image_shape": List(Whole(1), optional=True),
    "n_hidden": List(Either((Whole(1), Text())), 1),
    "n_iter_no_change": Whole(1, optional=True),
    "n_mixture": Either((Whole(1), List(Whole(1), 1))),
    "normalize": Either((Flag(), Text())),
    "nudging": Number(optional=True),
    "optimizer": Text(optional=True),
    "random_state": _SEED,
    "tolerance": Number(optional=True),
}
_ANY = Either((Flag(), Number(), Text(), List(Number())), optional=True)

# parameters that files of earlier versions lack, which were written with their default, by the
# name of the estimator
_ADDED = {
    "HebbianEncoder": ("readout", "graded"),
    "NGCModel": ("output", "image_shape"),
    "PFFClassifier": (
        "readout",
        "weight_std",
        "label_scale",
        "anneal",
        "hold",
        "g_noise",
        "optimizer",
    ),
    "RuleClassifier": (
        "loss",
        "init",
        "optimizer",
        "weight_decay",
        "floor",
        "warm_up",
        "warm_up_from",
        "momentum",
        "nudging",
        "centred",
        "states",
        "residual",
        "scaling",
        "image_shape",
    ),
    "SDREncoder": ("readout",),
}

# what models in such files have in place of the default, which has changed since
_FORMER = {"PFFClassifier": {"readout": "states"}}

HISTORY = List(Table({"epoch": Whole(1)}, others=Either((Number(), Text()))))


def settings(estimator: type) -> Table:
    """Return the schema of an estimator's parameters in files.

    Parameters
    ----------
    estimator : type
        The class of the estimator. Parameters must be of the type of their defaults.

    Returns
    -------
    schema.Table
    """
    signature = inspect.signature(estimator)
    return Table(
        {
            name: _FIELDS.get(name) or _field_of(parameter.default)
            for name, parameter in signature.parameters.items()
        },
        absent=_ADDED.get(estimator.__name__, ()),
    )


def completed(estimator: type, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters in a file, with those that earlier versions did not have."""
    return {**_FORMER.get(estimator.__name__, {}), **parameters}


def check_history(history: list[dict], recorded: Sequence[str] = ()) -> None:
    """Raise ValueError unless the epochs of a history are 1, 2, 3 and so on.

    Parameters
    ----------
    history : list of dict
        The records of epochs.
    recorded : sequence of str, optional
        Names of entries that each record must have.
    """
    epochs = [record["epoch"] for record in history]
    if epochs != [*range(1, len(epochs) + 1)]:
        raise ValueError("the epochs of its history must be 1, 2, 3 and so on")
    for name in recorded:
        if any(name not in record for record in history):
            raise ValueError(f"its history must have {name} of each epoch")


def _field_of(default):
    for types, field in (
        (bool, Flag()),
        (int, Whole()),
        (float, Number()),
        (str, Text()),
        (tuple, List(Whole(1), 1)),
    ):
        if isinstance(default, types):
            return field
    return _ANY
