"""Compare learning rules: each combination of settings is a cell, a run of its own."""

import hashlib
import itertools
import os
import re
import tomllib
from functools import partial
from pathlib import Path

from ..storage import atomic, locks, schema
from ..storage.schema import Either, Flag, List, Number, Table, Text, Whole
from ..validation.messages import unknown
from . import cells, datasets, report
from .modules import hashes, import_module, place

# what a configuration may say, and what holds if it does not
DEFAULTS = {
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
    "angle_images": 256,
    "modules": [],
    "settings": {},
}

# of a cell, from the outermost to the innermost; the rest of a cell is the same for all
AXES = {
    "dataset": "datasets",
    "hidden": "hidden",
    "neurons": "neurons",
    "backend": "backends",
    "rule": "rules",
    "seed": "seeds",
}

_LARGEST = 2**31 - 1
_COUNT = Whole(1, _LARGEST)
_VALUE = Either((Flag(), Number(), Text()))
_SETTING = Either((_VALUE, List(_VALUE)))

_LONGEST_NAME = 150  # of a cell; a file's may have 255 bytes

_OF_ALL_CELLS = ("epochs", "batch_size", "train_images", "angle_images")

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


def _rectified(estimator, what):
    """A model all of whose hidden units are rectified linear, as a cell asks for it."""

    def make(neuron_type, **kwargs):
        from .. import models as estimators

        if neuron_type != "relu":
            raise ValueError(f"{what} has rectified linear units only, got {neuron_type!r}")
        return getattr(estimators, estimator)(**kwargs)

    return make


_forward_forward = _rectified("PFFClassifier", "forward-forward")


# models that are more than a rule of `RuleClassifier`: name -> callable that takes the
# parameters of a classifier
MODELS = {
    "pff": _forward_forward,
    "ff": partial(_forward_forward, recurrent=False, carry=0.0, g_units=0),
    # the code comes after the hidden layers; its units are among the settings
    "sdr": _rectified("SDREncoder", "a sparse encoder"),
    # one hidden size, that of its filters
    "hebbian": _rectified("HebbianEncoder", "an encoder without gradients"),
}


def compare(config, output, n_jobs=1, dask=None, data_dir=None, on_cell=None):
    """Run what has not been run yet, and write the report of everything.

    Parameters
    ----------
    config : dict or path
        What to compare, see ``DEFAULTS``; or a TOML file of it.
    output : path
        Folder of the comparison: ``cells``, ``compare.json``, ``table.txt``, pictures
        and ``report.html``.
    n_jobs : int, optional
        Cells that run at once.
    dask : str, optional
        Address of a Dask scheduler on whose workers cells run instead.
    data_dir : path, optional
        As for `.lab.datasets.load`.
    on_cell : callable, optional
        Called with each result and the number of cells left.

    Returns
    -------
    list of dict
        The result of each cell, with what it was made by, its ``code``: hashes of the files
        of this package and of each module. A cell whose code has changed since is run again.

    Raises
    ------
    FileNotFoundError, ValueError
        If the configuration is unfit. What goes wrong in a cell is in its result.
    FolderHeldError
        If another process works in ``output``.
    """
    schema.check("compare", {"n_jobs": n_jobs}, Table({"n_jobs": _COUNT}))
    if not isinstance(config, (dict, str, os.PathLike)):
        raise ValueError(f"config must be a dict or the path of a file, got {config!r}")
    config = check_config(config if isinstance(config, dict) else read_config(config))
    folder = Path(output)
    with locks.held(folder):
        (folder / "cells").mkdir(exist_ok=True)
        for path in (folder, folder / "cells"):
            atomic.remove_leftovers(path)
        results = _results(config, folder, n_jobs, dask, data_dir, on_cell)
        report.write(results, config, folder)
    return results


def _results(config, folder, n_jobs, dask, data_dir, on_cell):
    """The result of each cell, of those that were run before, too."""
    wanted = cells_of(config)
    paths = {name: folder / "cells" / f"{name}.json" for name in wanted}
    modules = [import_module(module) for module in config["modules"]]
    code, places = hashes(modules), [place(module) for module in modules]
    done = {name: cells.finished(paths[name], cell, code) for name, cell in wanted.items()}
    waiting = [name for name, result in done.items() if result is None]
    jobs = [(name, wanted[name], code, places, data_dir) for name in waiting]
    left = len(waiting)
    for name, result in cells.run_all(jobs, n_jobs, dask):
        done[name], left = result, left - 1
        cells.keep(paths[name], result)
        if on_cell is not None:
            on_cell(result, left)
    return list(done.values())


def read_config(path):
    """The dict in a TOML file, with modules that lie beside it as files.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is none, it is not TOML, or it says what no configuration can say.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no configuration file {path}")
    config = schema.read(path, _schema(), tomllib.loads)
    beside = [path.resolve().parent / f"{module}.py" for module in config.get("modules", ())]
    return {
        **config,
        "modules": [
            str(file) if os.path.isfile(file) else module  # whatever the name is
            for file, module in zip(beside, config.get("modules", ()))
        ],
    }


def check_config(given):
    """A configuration with its defaults; raises ValueError if it makes no sense."""
    schema.check("the configuration", given, _schema())
    config = {**DEFAULTS, **given}
    for module in config["modules"]:
        import_module(module)
    rules = _rules()  # modules may have brought some
    schema.check("the configuration", config, _schema(rules))
    for rule in config["rules"]:
        if not re.fullmatch(r"[\w.+-]+", rule):
            raise ValueError(
                "rules must have names of letters, digits and _.+- only, since files are "
                f"called after them, got {rule!r}"
            )
    for rule, settings in config["settings"].items():
        if rule not in config["rules"]:
            raise ValueError(f"settings: {unknown('rule', rule, config['rules'])}")
        _check_settings(rule, settings)
    return config


def _schema(rules=()):
    """What a configuration may say."""
    from ..models import BACKENDS
    from ..networks.classifiers import NEURONS

    return Table(
        {
            "rules": List(Text(rules), 1),
            "datasets": List(Text(datasets.SOURCES), 1),
            "hidden": List(List(_COUNT, 1), 1),
            "neurons": List(Text(NEURONS), 1),
            "seeds": List(Whole(0, 2**32 - 1), 1),
            "backends": List(Text(BACKENDS), 1),
            "epochs": _COUNT,
            "batch_size": _COUNT,
            "train_images": Whole(1, _LARGEST, optional=True),
            "angle_images": _COUNT,
            "modules": List(Text()),
            "settings": Table(others=Table(others=_SETTING)),
        },
        absent=tuple(DEFAULTS),
    )


def _check_settings(rule, settings):
    """Raise ValueError unless a model of the rule takes these parameters."""
    usual = {
        "rule": rule,
        "hidden": [8],
        "neurons": "relu",
        "backend": "auto",
        "seed": 0,
        **{key: DEFAULTS[key] for key in _OF_ALL_CELLS},
    }
    try:
        model = model_of({**usual, "settings": {}})
        if hasattr(model, "get_params"):  # a user's own model may have none
            _check_names_and_flags(settings, model.get_params())
            model = model_of({**usual, "settings": settings})
        if hasattr(model, "check_parameters"):
            model.check_parameters()
    except Exception as error:  # each model checks what it is given in its own way
        raise ValueError(f"settings.{rule}: {error}") from error


def _check_names_and_flags(settings, defaults):
    known = sorted(defaults.keys() - _OF_THE_CELL)
    for name, value in settings.items():
        if name not in known:
            raise ValueError(unknown("name", name, known))
        if isinstance(value, bool) != isinstance(defaults[name], bool):
            be = "be" if isinstance(defaults[name], bool) else "not be"
            raise ValueError(f"{name} must {be} true or false, got {value!r}")


def cells_of(config):
    """All cells of a configuration, by name."""
    found = {}
    for values in itertools.product(*(config[key] for key in AXES.values())):
        cell = dict(zip(AXES, values))
        name = "-".join(
            "x".join(map(str, v)) if isinstance(v, list) else str(v) for v in cell.values()
        )
        if len(name) > _LONGEST_NAME:  # of a file
            name = f"{name[:_LONGEST_NAME]}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"
        found[name] = {
            **cell,
            **{key: config[key] for key in _OF_ALL_CELLS},
            "settings": config["settings"].get(cell["rule"], {}),
        }
    return found


def model_of(cell):
    """A model with the settings of a cell."""
    from ..models import RuleClassifier

    make = MODELS.get(cell["rule"], partial(RuleClassifier, rule=cell["rule"]))
    return make(
        n_hidden=tuple(cell["hidden"]),
        neuron_type=cell["neurons"],
        backend=cell["backend"],
        random_state=cell["seed"],
        max_epochs=cell["epochs"],
        batch_size=cell["batch_size"],
        **cell["settings"],
    )


def _rules():
    from ..models import RULES

    return {**RULES, **MODELS}
