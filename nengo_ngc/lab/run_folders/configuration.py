"""The file config.json in the folder of a run."""

from pathlib import Path
from typing import Any

from ...models.settings import settings
from ...storage.schema import Anything, Field, Flag, List, Number, Table, Text, Whole
from .. import datasets
from ..datasets import OwnData, Source
from ..specs import MODELS

CONFIG, METRICS, PROVENANCE = "config.json", "metrics.jsonl", "provenance.json"
CHECKPOINT = "checkpoint.npz"

# a learning rate that was changed on purpose, from which epoch on, and what it was before
_CHANGES = List(
    Table(
        {
            "epoch": Whole(1),
            "learning_rate": Number(0, above=True),
            "before": Number(0, above=True),
        }
    )
)

# of data that are known by their path, not by a name
_OWN_DATA = Table({"path": Text(), "sha256": Text(), "image_shape": List(Whole(1), 2)})


def schema_of(config: Any) -> Field:
    """Return the schema of a config.json, which depends on the model and the data in it."""
    known = config if isinstance(config, dict) else {}
    model = str(known.get("model"))
    fields = {
        "dataset": Text(() if "data" in known else tuple(datasets.SOURCES)),
        "data": _OWN_DATA,
        "binarize": Flag(),
        "validation": Whole(0),
        "model": Text(tuple(MODELS)),
        "parameters": settings(MODELS[model].estimator) if model in MODELS else Anything(),
        "changes": _CHANGES,
    }
    return Table(fields, absent=("changes", "data"))


def about(config: dict[str, Any]) -> dict[str, Any]:
    """Return what a checkpoint stores about its run besides the model's parameters."""
    known = {name: config[name] for name in ("dataset", "binarize", "validation")}
    if "data" in config:
        known["sha256"] = config["data"]["sha256"]
    return known


def source_of(config: dict[str, Any], folder: Path) -> Source:
    """Return the data of a run, which must be those that it began with.

    Raises
    ------
    FileNotFoundError, ValueError
        If they are not at their path any more, or have changed.
    """
    if "data" not in config:
        return datasets.SOURCES.find(config["dataset"])
    own = config["data"]
    try:
        source = OwnData(own["path"])
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"the data of {folder} are not at {own['path']} any more; if they are elsewhere, "
            f"say where: nengo-ngc train PATH --resume --output {folder}, or nengo-ngc "
            f"evaluate {folder} --data PATH"
        ) from error
    check_same(source, config, folder)
    return source


def check_same(source: Source, config: dict[str, Any], folder: Path) -> None:
    """Raise ValueError unless data are those of the run."""
    found, wanted = source.identity().get("sha256"), config.get("data", {}).get("sha256")
    if found != wanted:
        raise ValueError(
            f"the data at {source.place} are not those that {folder} began with: their "
            f"SHA-256 must be {wanted}, got {found}; put those back, or begin another run in "
            "another folder"
        )
