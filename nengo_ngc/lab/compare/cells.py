"""The cells of a comparison, and the model that each of them trains."""

import hashlib
import itertools
from collections.abc import Mapping
from typing import Any

from ..specs import compared
from .tasks import TASKS

# of a cell, from the outermost to the innermost; the rest of a cell is the same for all
AXES = {
    "dataset": "datasets",
    "hidden": "hidden",
    "neurons": "neurons",
    "backend": "backends",
    "rule": "rules",
    "seed": "seeds",
}

_LONGEST_NAME = 150  # of a cell; a file's may have 255 bytes

OF_ALL_CELLS = ("epochs", "batch_size", "train_images", "validation", "angle_images", "pixels")


def cells_of(
    config: Mapping[str, Any], chosen: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, dict[str, Any]]:
    """Return all cells of a configuration by their names.

    Parameters
    ----------
    config : mapping
    chosen : mapping of str to mapping, optional
        Settings that a search has chosen, by ``without_seed`` of the cells that get them.
    """
    found: dict[str, dict[str, Any]] = {}
    own = config["datasets"] if isinstance(config["datasets"], dict) else {}
    for values in itertools.product(*(config[key] for key in AXES.values())):
        cell = dict(zip(AXES, values))
        usual = without_seed(cell)
        name = f"{usual}-{cell['seed']}"
        cell.update({key: config[key] for key in OF_ALL_CELLS})
        cell["settings"] = {
            **config["settings"].get(cell["rule"], {}),
            **(chosen or {}).get(usual, {}),
        }
        if own.get(cell["dataset"]):
            cell["data"] = own[cell["dataset"]]
        for end, changes in _of_tasks(config, cell["rule"]).items():
            found[_as_file(name + end)] = {**cell, **changes}
    return found


def without_seed(cell: Mapping[str, Any]) -> str:
    """What the names of cells have in common that differ in their seed only."""
    values = [cell[key] for key in AXES if key != "seed"]
    return "-".join("x".join(map(str, v)) if isinstance(v, list) else str(v) for v in values)


def settings_of(cell: Mapping[str, Any]) -> dict[str, Any]:
    """What the result of a cell depends on, which the place of its data is no part of."""
    data = cell.get("data")
    if not isinstance(data, Mapping):
        return {**cell}
    return {**cell, "data": {key: value for key, value in data.items() if key != "path"}}


def _as_file(name: str) -> str:
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[:_LONGEST_NAME]}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def _of_tasks(config: Mapping[str, Any], rule: str) -> dict[str, dict[str, Any]]:
    """What the tasks change of a cell of a rule, by the ends of the names of their cells."""
    found: dict[str, dict[str, Any]] = {}
    for name in sorted({*config["tasks"]}):  # in whatever order they are given
        if TASKS[name].missing(compared()[rule][0]) is None:
            for end, changes in TASKS[name].cells(config).items():
                cell = found.setdefault(end, {"variant": end, "tasks": []})
                cell.update(changes, tasks=[*cell["tasks"], name])
    return found


def missing(config: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return why rules cannot do tasks: for each task a text for each such rule."""
    found: dict[str, dict[str, str]] = {}
    for name in config["tasks"]:
        for rule in config["rules"]:
            why = TASKS[name].missing(compared()[rule][0])
            if why is not None:
                found.setdefault(name, {})[rule] = why
    return found


def binarizes(cell: dict[str, Any], image_shape: tuple[int, ...]) -> bool:
    """Whether the model of a cell sees pixels of 0 and 1 rather than grey ones."""
    spec, parameters = compared()[cell["rule"]]
    given = {**parameters, **cell["settings"]}
    typed = {o.key: given[o.parameter] for o in spec.options if o.parameter in given}
    return len(image_shape) == 2 and spec.binarizes(typed)  # colours would be lost


def model_of(cell: dict[str, Any], image_shape: tuple[int, ...] | None = None) -> Any:
    """Return a model with the settings of a cell, for images of a shape if that is known."""
    spec, parameters = compared()[cell["rule"]]
    if image_shape is not None:
        parameters = {**spec.for_images(image_shape), **parameters}
    return spec.make_of_cell(
        n_hidden=tuple(cell["hidden"]),
        neuron_type=cell["neurons"],
        backend=cell["backend"],
        random_state=cell["seed"],
        max_epochs=cell["epochs"],
        batch_size=cell["batch_size"],
        **{**parameters, **cell["settings"]},
    )
