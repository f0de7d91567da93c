"""Recipes of published tables: TOML files that say what to run, and what was published."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...storage import parsing, schema
from ...storage.schema import Anything, Flag, List, Number, Table, Text
from ...validation import unknown
from ..compare import cells_of, check_config, data
from ..compare.configuration import modules_beside
from ..specs import compared

_FOLDER = Path(__file__).parents[1] / "recipes"

# how a published number is known, and how tables mark it
ORIGINS = {
    "read": "",
    "second-hand": "¹",
    "memory": "²",
}
FOOTNOTES = {
    "¹": "as another publication or program quotes it",
    "²": "from memory; it was not looked up",
}

_ROW = {
    "name": Text(),
    "rule": Text(),
    "dataset": Text(),
    "published": Number(optional=True),
    "origin": Text([*ORIGINS]),
    "source": Text(),
    "settings": Table(others=Anything()),
}
_ABSENT = ("published", "origin", "source", "settings")
_SCHEMA = Table(
    {
        "title": Text(),
        "source": Text(),
        "about": Text(),
        "measure": Text(),
        "label": Text(),
        "smaller_is_better": Flag(),
        "all": Table(others=Anything()),
        "quick": Table(others=Anything()),
        "rows": List(Table(_ROW, absent=_ABSENT, others=Anything()), 1),
    },
    absent=("about", "measure", "label", "smaller_is_better", "all"),
)
_OF_ROWS = ("name", "published", "origin", "source")
# what all rows share, since a row is one rule, and one run for each seed
_NOT_OF_ROWS = ("rules", "datasets", "modules", "search", "trials", "search_epochs")
_AXES = ("hidden", "neurons", "backends")


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Parameters
    ----------
    name : str
    dataset : str
    rule : str
    published : float or None
        None if nothing was published.
    origin : str
        One of ``ORIGINS``.
    source : str
        Where the number was published.
    cells : dict of {str: dict}
        Cells of comparisons, one for each seed, by the names of their files.
    """

    name: str
    dataset: str
    rule: str
    published: float | None
    origin: str
    source: str
    cells: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Recipe:
    """What is in the file of a recipe.

    Parameters
    ----------
    name : str
        The name of the table.
    given : dict
        The content of the file.
    folder : path
        Where modules and data are that the file names.
    """

    name: str
    given: Mapping[str, Any]
    folder: Path

    @property
    def title(self) -> str:
        """What the table shows."""
        return self.given["title"]

    @property
    def source(self) -> str:
        """Where the table was published."""
        return self.given["source"]

    @property
    def about(self) -> str:
        """How the recipe differs from what was published."""
        return " ".join(self.given.get("about", "").split())

    @property
    def measure(self) -> str:
        """The name of the measure that rows show."""
        return self.given.get("measure", "error")

    @property
    def label(self) -> str:
        """What tables and axes call the measure: by default what the model calls it."""
        if "label" in self.given:
            return self.given["label"]
        return compared()[self.given["rows"][0]["rule"]][0].measures[self.measure]

    @property
    def smaller_is_better(self) -> bool:
        """Whether a smaller value of the measure is better."""
        return self.given.get("smaller_is_better", True)

    @property
    def modules(self) -> list[str]:
        """Modules that register what the rows name."""
        return modules_beside(self.given.get("all", {}).get("modules", ()), self.folder)

    def rows(
        self,
        quick: bool = False,
        names: Sequence[str] = (),
        seeds: Sequence[int] | None = None,
        epochs: int | None = None,
    ) -> list[Row]:
        """Return the rows, or those of some names; the arguments are those of `reproduce`.

        Raises
        ------
        ValueError
            If there is no row of a name, a row makes no sense, or two rows have one name.
        """
        for table in ("all", "quick"):
            for key in _OF_ROWS:
                if key in self.given.get(table, {}):
                    raise ValueError(f"{self.name}: {key} must be in a row, not in {table}")
        given = self.given["rows"]
        self._check_names(given)
        known = [name for row in given for name in _called(row)]
        for name in names:
            if name not in known:
                raise ValueError(unknown("row", name, known))
        changes = {
            **(self.given["quick"] if quick else {}),
            **({} if seeds is None else {"seeds": list(seeds)}),
            **({} if epochs is None else {"epochs": epochs}),
        }
        return [
            self._row(row, changes)
            for row in given
            if not names or any(name in names for name in _called(row))
        ]

    def _check_names(self, given: Sequence[Mapping[str, Any]]) -> None:
        """Refuse rows whose cells would be in the same files."""
        seen: dict[str, str] = {}
        for row in given:
            name = _called(row)[-1]
            file = _as_file(name)
            if file in seen:
                raise ValueError(
                    f"{self.name}: the names of two rows of one data set must differ in "
                    f"letters or digits, got {seen[file]!r} and {name!r}"
                )
            seen[file] = name

    def _row(self, row: Mapping[str, Any], changes: Mapping[str, Any]) -> Row:
        of_all, own = self.given.get("all", {}), changes.get("settings", {})
        of_all = {key: value for key, value in of_all.items() if key != "modules"}
        config = {**of_all, **row, **changes}
        config = {key: value for key, value in config.items() if key not in _OF_ROWS}
        settings = {**of_all.get("settings", {}), **row.get("settings", {}), **own}
        rule, dataset = config.pop("rule"), config.pop("dataset")
        try:
            _check_keys(config)
            config.update(
                rules=[rule],
                datasets=[data.beside(dataset, self.folder)],
                settings={rule: settings},
                modules=self.modules,
            )
            checked = data.kept(check_config(config), self.folder)
            _check_one(checked, self.measure)
            cells = cells_of(checked)
        except ValueError as error:
            raise ValueError(f"{self.name}, row {row['name']!r}: {error}") from error
        return Row(
            row["name"],
            next(iter(checked["datasets"])),
            rule,
            row.get("published"),
            row.get("origin", "read"),
            row.get("source", self.source),
            {f"{_as_file(_called(row)[-1])}-{name}": c for name, c in cells.items()},
        )


def _check_keys(given: Mapping[str, Any]) -> None:
    for key in _NOT_OF_ROWS:
        if key in given:
            where = "must be in all" if key == "modules" else "must not be in a recipe"
            raise ValueError(
                f"{key} {where}: a row has one rule, one data set and fixed settings"
            )


def _check_one(config: Mapping[str, Any], measure: str) -> None:
    """Raise ValueError unless the cells of a row differ in their seeds only."""
    for key in _AXES:
        if len(config[key]) > 1:
            raise ValueError(f"{key} must be a list of one in a row, got {config[key]}")
    if config["tasks"] != ["accuracy"]:
        raise ValueError(f"tasks must be ['accuracy'] in a row, got {config['tasks']}")
    known = compared()[config["rules"][0]][0].measures
    if measure not in known:
        raise ValueError(f"measure: {unknown('measure', measure, known)}")


def _called(row):
    """The names by which a row is asked for; the first may be that of other data, too."""
    return row["name"], f"{row['name']}, {row['dataset']}"


def names() -> list[str]:
    """The tables that come with the package."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def read(table: str | os.PathLike) -> Recipe:
    """The recipe of a table.

    Parameters
    ----------
    table : str or path
        One of ``names()``, or a TOML file.

    Returns
    -------
    Recipe

    Raises
    ------
    ValueError
        If there is no such table, or the file is no recipe.
    """
    path = Path(table)
    if str(table) in names():
        path = _FOLDER / f"{table}.toml"
    elif path.suffix != ".toml" or not path.is_file():
        raise ValueError(f"{unknown('table', str(table), names())}, or give a TOML file")
    given = schema.read(path, _SCHEMA, parsing.TOML)
    return Recipe(path.stem, given, path.resolve().parent)


def _as_file(name: str) -> str:
    return re.sub(r"[\W_]+", "-", name.lower()).strip("-")
