"""Configurations of comparisons: what they may say, and checks before any cell runs."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...models import BACKENDS
from ...networks.classifiers import NEURONS
from ...networks.convolutional import LayersParam
from ...storage import parsing, schema
from ...storage.schema import Anything, Either, Flag, List, Number, Table, Text, Whole
from ...validation import unknown
from ..datasets import Dataset
from ..specs import compared
from . import data, search
from .cells import OF_ALL_CELLS, cells_of, model_of
from .tasks import TASKS
from .user_modules import import_module

# what a configuration may say, and what holds if it does not
DEFAULTS: dict[str, Any] = {
    "rules": [
        "autodiff",
        "backprop",
        "feedback-alignment",
        "direct-feedback-alignment",
        "predictive-coding",
        "pes",
    ],
    "datasets": ["digits"],
    "hidden": [[128, 128]],
    "neurons": ["relu"],
    "seeds": [0, 1],
    "backends": ["auto"],
    "epochs": 20,
    "batch_size": 32,
    "train_images": None,
    "validation": None,
    "angle_images": 256,
    "pixels": [0.0, 1.0],
    "tasks": ["accuracy"],
    "labels": [1, 10, 100],
    "modules": [],
    "settings": {},
    "search": {},
    "trials": 20,
    "search_epochs": None,
}

_LARGEST = 2**31 - 1
_COUNT = Whole(1, _LARGEST)
_FRACTION = Number(0, 0.9, above=True)
_VALUE = Either((Flag(), Number(), Text()))
_SETTING = Either((_VALUE, List(_VALUE)))

# parameters of a model that a cell sets
_OF_THE_CELL = {
    "rule",
    "n_hidden",
    "neuron_type",
    "backend",
    "random_state",
    "max_epochs",
    "batch_size",
}


def read_config(path: str | os.PathLike) -> dict[str, Any]:
    """Read a TOML file as a dict, in which modules and data beside the file become paths.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is none, it is not TOML, or it says what no configuration can say.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no configuration file {path}")
    config = schema.read(path, _schema(), parsing.TOML)
    folder = path.resolve().parent
    config["modules"] = modules_beside(config.get("modules", ()), folder)
    wanted = config.get("datasets", DEFAULTS["datasets"])
    if isinstance(wanted, dict):
        config["datasets"] = {name: data.beside(item, folder) for name, item in wanted.items()}
    else:
        config["datasets"] = [data.beside(item, folder) for item in wanted]
    return config


def modules_beside(modules: Sequence[str], folder: Path) -> list[str]:
    """Return the paths of those modules that are files of a folder, and others as they are."""
    files = [folder / f"{module}.py" for module in modules]
    return [
        str(file) if os.path.isfile(file) else module  # whatever the name is
        for file, module in zip(files, modules)
    ]


def check_config(given: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration with its defaults, or raise ValueError if it is not valid."""
    schema.check("the configuration", given, _schema())
    config = {**DEFAULTS, **given}
    for module in config["modules"]:
        import_module(module)
    # modules may have brought all of these, and data sets
    try:
        schema.check(
            "the configuration",
            config,
            _schema(tuple(compared()), tuple(NEURONS), tuple(BACKENDS), tuple(TASKS)),
        )
    except ValueError as error:
        own = "names of your own are registered by the files that modules lists"
        raise ValueError(f"{error}; {own}") from error
    _check_validation(config["validation"], config["train_images"])
    low, *high = config["pixels"]
    if [*high[1:]] or not low < high[0]:
        raise ValueError(
            f"pixels must be two numbers, the lower one first, got {config['pixels']}"
        )
    config["datasets"] = data.found(config["datasets"], lambda own: _check_tasks(own, config))
    for number, sizes in enumerate(config["hidden"]):
        LayersParam(f"hidden[{number}]").coerce(None, tuple(sizes))
    for key in ("rules", "neurons", "backends", "tasks"):
        for name in config[key]:
            if not data.NAME.fullmatch(name):
                raise ValueError(
                    f"{key} must have names of letters, digits and _.+- only, since files are "
                    f"called after them, got {name!r}"
                )
    for rule, settings in config["settings"].items():
        if rule not in config["rules"]:
            raise ValueError(f"settings: {unknown('rule', rule, config['rules'])}")
        _check_settings(rule, settings)
    for rule, ranges in config["search"].items():
        _check_search(rule, ranges, config)
    return config


def _schema(
    rules: Sequence[str] = (),
    neurons: Sequence[str] = (),
    backends: Sequence[str] = (),
    tasks: Sequence[str] = (),
) -> Table:
    """Return the schema of a configuration, which allows any names if none are given."""
    return Table(
        {
            "rules": List(Text(rules), 1),
            "datasets": Either((List(Anything(), 1), Table(others=Anything()))),
            "hidden": List(List(Either((_COUNT, Text())), 1), 1),
            "neurons": List(Text(neurons), 1),
            "seeds": List(Whole(0, 2**32 - 1), 1),
            "backends": List(Text(backends), 1),
            "epochs": _COUNT,
            "batch_size": _COUNT,
            "train_images": Whole(1, _LARGEST, optional=True),
            "validation": Either((Whole(0, _LARGEST), _FRACTION), optional=True),
            "angle_images": _COUNT,
            "pixels": List(Number(), 2),
            "tasks": List(Text(tasks), 1),
            "labels": List(_COUNT, 1),
            "modules": List(Text()),
            "settings": Table(others=Table(others=_SETTING)),
            "search": Table(others=Table(others=List(_VALUE, 1))),
            "trials": _COUNT,
            "search_epochs": Whole(1, _LARGEST, optional=True),
        },
        absent=tuple(DEFAULTS),
    )


def _check_validation(validation: float | None, train_images: int | None) -> None:
    if train_images is not None and not (validation or 0) < train_images:
        raise ValueError(
            f"validation must be smaller than train_images, {train_images}, got {validation}"
        )


def _check_tasks(own: Dataset, config: Mapping[str, Any]) -> None:
    """Raise ValueError unless data of the user's own suit the tasks."""
    cells = cells_of({**config, "datasets": [own.name]}).values()
    for cell in {cell["variant"]: cell for cell in cells}.values():
        for task in cell["tasks"]:
            TASKS[task].check(own.y_train[: cell["train_images"]], own.y_test, cell)


def _check_search(
    rule: str, ranges: Mapping[str, Sequence[Any]], config: Mapping[str, Any]
) -> None:
    """Raise ValueError unless settings of a rule can be searched for in these ranges."""
    if rule not in config["rules"]:
        raise ValueError(f"search: {unknown('rule', rule, config['rules'])}")
    n, validation = config["train_images"], config["validation"]
    if validation == 0 or (n and data.n_validation(validation, n) == 0):
        raise ValueError(f"validation must hold images out for a search, got {validation}")
    if search.SEED in config["seeds"]:
        raise ValueError(f"seeds must not have {search.SEED}, which is that of the search")
    if not ranges:
        raise ValueError(f"search.{rule} must have at least one setting, got none")
    given = config["settings"].get(rule, {})
    for name, values in ranges.items():
        if name in given:
            raise ValueError(f"search.{rule}.{name} is among settings.{rule}, too")
        try:
            examples = search.examples(values)
        except ValueError as error:
            raise ValueError(f"search.{rule}.{name}: {error}") from error
        for value in examples:
            _check_settings(rule, {**given, name: value}, f"search.{rule}")


def _check_settings(rule: str, settings: Mapping[str, Any], where: str | None = None) -> None:
    """Raise ValueError unless a model of the rule takes these parameters."""
    usual = {
        "rule": rule,
        "hidden": [8],
        "neurons": "relu",
        "backend": "auto",
        "seed": 0,
        **{key: DEFAULTS[key] for key in OF_ALL_CELLS},
    }
    try:
        model = model_of({**usual, "settings": {}})
        if hasattr(model, "get_params"):  # a user's own model may have none
            _check_names_and_flags(settings, model.get_params())
            model = model_of({**usual, "settings": settings})
        if hasattr(model, "check_parameters"):
            model.check_parameters()
    except Exception as error:  # each model checks what it is given in its own way
        raise ValueError(f"{where or f'settings.{rule}'}: {error}") from error


def _check_names_and_flags(settings: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
    known = sorted(defaults.keys() - _OF_THE_CELL)
    for name, value in settings.items():
        if name not in known:
            raise ValueError(unknown("name", name, known))
        is_flag = isinstance(defaults[name], bool)
        # a model checks itself whether a string fits, and what there may be instead of one
        checks = isinstance(value, str) or isinstance(defaults[name], str)
        if isinstance(value, bool) != is_flag and not checks:
            be = "be" if is_flag else "not be"
            raise ValueError(f"{name} must {be} true or false, got {value!r}")
