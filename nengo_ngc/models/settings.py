"""What files say of a model: its settings and its history."""

import inspect

from ..storage.schema import Either, Flag, List, Number, Table, Text, Whole

_SEED = Whole(0, 2**32 - 1, optional=True)

# parameters that may be None, whose default does not tell what else they are
_OPTIONAL = {
    "activation": Text(optional=True),
    "device": Text(optional=True),
    "first_hardness": Number(optional=True),
    "first_sparsity": Number(optional=True),
    "image_shape": List(Whole(1), optional=True),
    "n_iter_no_change": Whole(1, optional=True),
    "random_state": _SEED,
    "tolerance": Number(optional=True),
}
_ANY = Either((Flag(), Number(), Text(), List(Number())), optional=True)

# keys in a run's config.json beside the settings are in `.lab.runs`
HISTORY = List(Table({"epoch": Whole(1)}, others=Either((Number(), Text()))))


def settings(estimator):
    """The schema of an estimator's parameters in files.

    Parameters
    ----------
    estimator : type
        Its parameters are of the kind of their defaults.

    Returns
    -------
    schema.Table
    """
    signature = inspect.signature(estimator)
    return Table(
        {
            name: _OPTIONAL.get(name) or _kind_of(parameter.default)
            for name, parameter in signature.parameters.items()
        }
    )


def check_history(history, recorded=()):
    """Raise ValueError unless the epochs of a history are 1, 2, 3 and so on.

    Parameters
    ----------
    history : list of dict
    recorded : sequence of str, optional
        What there must be of each epoch.
    """
    epochs = [record["epoch"] for record in history]
    if epochs != [*range(1, len(epochs) + 1)]:
        raise ValueError("the epochs of its history must be 1, 2, 3 and so on")
    for name in recorded:
        if any(name not in record for record in history):
            raise ValueError(f"its history must have {name} of each epoch")


def _kind_of(default):
    for kinds, field in (
        (bool, Flag()),
        (int, Whole()),
        (float, Number()),
        (str, Text()),
        (tuple, List(Whole(1), 1)),
    ):
        if isinstance(default, kinds):
            return field
    return _ANY
