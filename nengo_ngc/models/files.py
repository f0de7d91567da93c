"""Models in files of arrays and JSON."""

from __future__ import annotations

import json
import os
from copy import copy
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from ..networks.convolutional import Conv
from ..storage import model_files, schema
from ..storage.model_files import Reader
from ..storage.schema import List, Table, Text, Whole
from .settings import HISTORY, check_history, completed, settings

if TYPE_CHECKING:
    from .base import NetworkEstimator

    Model = TypeVar("Model", bound=NetworkEstimator)


_MAY_LACK = ("feature_names",)  # models that have learned from arrays have none


def save(model: NetworkEstimator, path: str | os.PathLike, about: dict | None) -> None:
    """Write a model that has learned, see ``NetworkEstimator.save``."""
    header = {
        "parameters": _jsonable_params(model),
        "seed": model._seed,
        "n_features_in": model.n_features_in_,
        "history": model.history_,
        "about": about,
    }
    if hasattr(model, "feature_names_in_"):
        header["feature_names"] = model.feature_names_in_.tolist()
    schema.check("the model", header, Table(_fields(type(model)), _MAY_LACK))
    model.check_parameters()  # ``load`` does it, too
    arrays = model._arrays()
    _check_arrays(model, arrays)
    model_files.save(path, {"kind": type(model).__name__, **header}, arrays)


def load(cls: type[Model], path: str | os.PathLike) -> Model:
    """Read a model of a class, see ``NetworkEstimator.load``."""
    with Reader(path, cls.__name__, _fields(cls), _MAY_LACK) as file:
        try:
            model = _of_header(cls, file.header)
            expected = model._expected_arrays(file.shapes, file.header["history"])
            model._take_up(file.read(expected))
        except model_files.DamagedError:
            raise
        except (ArithmeticError, MemoryError, TypeError, ValueError) as error:
            raise ValueError(
                f"{path} is not a model of this version: {error}; {model_files.REMEDY}"
            ) from error
    return model


def _fields(cls):
    return {
        "parameters": settings(cls),
        "seed": Whole(0, 2**31 - 1),
        "n_features_in": Whole(1),
        "history": HISTORY,
        "about": Table(others=schema.Anything(optional=True), optional=True),
        "feature_names": List(Text(), 1),
    }


def _of_header(cls, header):
    """A model as the header of a file says, without what it has learned."""
    model = cls(**completed(cls, header["parameters"]))
    model.n_hidden = tuple(model.n_hidden)
    model.check_parameters()
    check_history(header["history"], cls._recorded)
    model._seed = header["seed"]
    model.n_features_in_ = header["n_features_in"]
    model.about_ = header["about"]
    names = header.get("feature_names")
    if names is not None:
        if len(names) != model.n_features_in_:
            raise ValueError(
                f"feature_names must be {model.n_features_in_} names, got {len(names)}"
            )
        model.feature_names_in_ = np.array(names, dtype=object)
    return model


def _check_arrays(model, arrays):
    """Raise ValueError if what was learned is not what the parameters now ask for."""
    shapes = {name: np.shape(array) for name, array in arrays.items()}
    types = {name: np.asarray(array).dtype.str for name, array in arrays.items()}
    try:
        model_files.check(copy(model)._expected_arrays(shapes, model.history_), shapes, types)
    except ValueError as error:
        raise ValueError(
            "what the model has learned does not fit its parameters, which were changed "
            f"after it had learned: {error}"
        ) from error


def _jsonable_params(model):
    params = {**model.get_params(), "n_hidden": _sizes(model.n_hidden)}
    if isinstance(model.random_state, np.random.RandomState):
        params["random_state"] = None  # what was drawn from it is kept as the seed
    for name, value in params.items():
        if name != "n_hidden":
            params[name] = np.asarray(value).tolist()  # NumPy's numbers become Python's
        try:
            json.dumps(params[name])
        except TypeError:
            raise ValueError(
                f"a model with {name}={value!r} cannot be saved: files hold arrays "
                "and JSON only"
            ) from None
    return params


def _sizes(layers):
    return [str(layer) if isinstance(layer, Conv | str) else int(layer) for layer in layers]
