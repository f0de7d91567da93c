"""A search over settings, with the same number of trials for each rule.

Each trial is a cell that has no test images. Trials are kept as other cells are, and asked for
in the same order every time, so that a search that was interrupted goes on to the same end.
"""

import importlib.util
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ...version import how_to_install
from ..specs import compared
from .cells import cells_of, without_seed
from .results import criterion, label

SEED = 1_000_000  # of trials, and of the sampler; no seed of a comparison
SCALES = ("log", "linear")

Run = Callable[[dict[str, dict[str, Any]], int], list[dict[str, Any]]]


def check_installed() -> None:
    """Raise ImportError unless Optuna is installed."""
    if importlib.util.find_spec("optuna") is None:
        raise ImportError(f"Optuna is not installed: {how_to_install('search')}")


def n_trials(config: Mapping[str, Any]) -> int:
    """How many trials a configuration asks for, of all rules together."""
    return config["trials"] * len(_searched(config))


def examples(given: Sequence[Any]) -> list[Any]:
    """Return the choices, or both ends of the range ``[low, high, "log" or "linear"]``.

    Raises
    ------
    ValueError
        If a scale comes after numbers that are no range.
    """
    *ends, scale = given
    if scale not in SCALES or not any(map(_is_number, ends)):
        return list(given)
    is_range = len(ends) == 2 and all(map(_is_number, ends)) and ends[0] < ends[1]
    if not is_range or (scale == "log" and ends[0] <= 0):
        above = " above 0" if scale == "log" else ""
        raise ValueError(
            f"a range must be two numbers{above}, the lower one first, and {scale!r}, got "
            f"{given}"
        )
    return ends


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def choose(config: Mapping[str, Any], run: Run) -> list[dict[str, Any]]:
    """Search for settings by validation images.

    Parameters
    ----------
    config : mapping
        Of the comparison, once it is checked.
    run : callable
        Runs some cells, given by their names, and returns their results in this order. It is
        told, too, how many trials will follow.

    Returns
    -------
    list of dict
        For each rule, data set, size, neuron type and backend: ``cells`` (the beginning of the
        names of cells that get the settings), ``rule``, ``label`` of the measure, ``settings``
        and ``value`` (those of the best trial, or None if all have failed), and ``trials``:
        ``settings`` and ``value`` of each. ``value`` is None of one that failed, and
        ``message`` says why.
    """
    searches = [_Search(name, cell, config) for name, cell in _searched(config).items()]
    left = n_trials(config)
    for _ in range(config["trials"] if searches else 0):
        left -= len(searches)
        cells = dict(search.next() for search in searches)
        for search, result in zip(searches, run(cells, left)):
            search.tell(result)
    return [search.found() for search in searches]


def settings(found: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return chosen settings by the beginnings of the names of cells."""
    return {each["cells"]: each["settings"] for each in found if each["settings"]}


def _searched(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The cells whose settings are searched for, with the seed of the search."""
    usual = cells_of({**config, "tasks": ["accuracy"], "seeds": [SEED]})
    return {name: cell for name, cell in usual.items() if cell["rule"] in config["search"]}


class _Search:
    """The search of one rule, in one group of cells.

    Parameters
    ----------
    name : str
    cell : dict
        What trials have in common.
    config : mapping
    """

    def __init__(self, name: str, cell: dict[str, Any], config: Mapping[str, Any]) -> None:
        import optuna

        self._name, self._cell = name, cell
        self._epochs = config["search_epochs"] or config["epochs"]
        ranges = config["search"][cell["rule"]]
        self._ranges = {key: _distribution(given) for key, given in ranges.items()}
        self._spec = compared()[cell["rule"]][0]
        smaller = self._spec.smaller_is_better
        with _quiet():
            self._study = optuna.create_study(
                direction="minimize" if smaller else "maximize",
                sampler=optuna.samplers.TPESampler(seed=SEED),
            )
        self._trials: list[dict[str, Any]] = []
        self._label = ""

    def next(self) -> tuple[str, dict[str, Any]]:
        """Return the name and the cell of the next trial."""
        self._trial = self._study.ask(self._ranges)
        changes = {
            "epochs": self._epochs,
            "settings": {**self._cell["settings"], **self._trial.params},
            "tasks": [],  # nothing is asked of test images, which trials do not have
            "variant": f"-trial-{len(self._trials) + 1:03}",
        }
        return self._name + changes["variant"], {**self._cell, **changes}

    def tell(self, result: dict[str, Any]) -> None:
        """Take note of the result of that trial."""
        from optuna.trial import TrialState

        value = None
        if result["status"] == "done":
            if "best" not in result["val"]:
                raise ValueError(
                    f"a search for settings of {self._cell['rule']} needs a measure of "
                    "validation images, and there is none; set validation to more images, got "
                    f"{self._cell['validation']}"
                )
            value = result["val"]["best"][criterion(result)]
            self._label = label(result)
        with _quiet():
            if value is None:
                self._study.tell(self._trial, state=TrialState.FAIL)
            else:
                self._study.tell(self._trial, value)
        why = {"message": result["message"]} if result["status"] == "failed" else {}
        self._trials.append({"settings": self._trial.params, "value": value, **why})

    def found(self) -> dict[str, Any]:
        """Return what `choose` does of this rule."""
        sign = 1 if self._spec.smaller_is_better else -1
        done = [trial for trial in self._trials if trial["value"] is not None]
        none: dict[str, Any] = {"settings": None, "value": None}
        best = min(done, key=lambda trial: sign * trial["value"], default=none)
        return {
            "cells": without_seed(self._cell),
            "rule": self._cell["rule"],
            "label": self._label,
            "settings": best["settings"],
            "value": best["value"],
            "trials": self._trials,
        }


def _distribution(given: Sequence[Any]) -> Any:
    """What Optuna calls a range or some choices."""
    from optuna import distributions

    ends = examples(given)
    if len(ends) == len(given):
        return distributions.CategoricalDistribution(ends)
    whole = all(isinstance(end, int) for end in ends)
    kind = distributions.IntDistribution if whole else distributions.FloatDistribution
    return kind(ends[0], ends[1], log=given[-1] == "log")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Optuna from reporting what it does."""
    from optuna import logging

    before = logging.get_verbosity()
    logging.set_verbosity(logging.WARNING)
    try:
        yield
    finally:
        logging.set_verbosity(before)


def columns(found: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """What was chosen as the columns of a table."""
    return {
        "chosen by search": [each["cells"] for each in found],
        "settings": [_settings_text(each["settings"]) for each in found],
        "validation": [
            "" if each["value"] is None else f"{each['label']} {each['value']:.4g}"
            for each in found
        ],
        "trials": [str(len(each["trials"])) for each in found],
        "failed": [str(sum(t["value"] is None for t in each["trials"])) for each in found],
    }


def _settings_text(chosen: Mapping[str, Any] | None) -> str:
    if chosen is None:
        return "none: all trials failed"
    texts = {
        key: f"{value:.3g}" if isinstance(value, float) else str(value)
        for key, value in chosen.items()
    }
    return ", ".join(f"{key} {text}" for key, text in texts.items())
