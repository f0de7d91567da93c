"""Where a result comes from: when, with which versions, machine, seeds and data it was made.

Reports, run folders and tables of benchmarks all use this module.
"""

import datetime
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from ..storage.schema import Anything, List, Table, Text, Whole
from ..version import __version__, commit

PACKAGES = ("nengo", "nengo-dl", "tensorflow", "jax", "numpy", "scikit-learn")

SCHEMA = Table(
    {
        "date": Text(),
        "commit": Text(optional=True),
        "versions": Table(others=Text()),
        "python": Text(),
        "processor": Text(),
        "cores": Whole(1, optional=True),
        "threads": Text(optional=True),
        "simulator": Text(optional=True),
        "gpus": List(Text()),
        "seeds": List(Anything()),
        "data": Table(others=Text(optional=True)),
    },
    others=Anything(),
)

_SHOWN_DIGITS = 16  # of the hash of data, in lines of text


def collect(
    seeds: Sequence[int | None] = (),
    data: Mapping[str, str | None] | None = None,
    model: Any = None,
) -> dict[str, Any]:
    """Return what a reader needs in order to cite a result and to reproduce it.

    Parameters
    ----------
    seeds : sequence of int, optional
        The seeds of what was computed.
    data : mapping of str to str, optional
        The SHA-256 of each data set, by name, as `.Source.sha256` returns it.
    model : object, optional
        The model that has learned, whose simulator is named.

    Returns
    -------
    dict
        ``date``, ``commit`` (None if the package neither runs from a copy of its
        repository nor was installed from one), ``versions`` by package, ``python``,
        ``processor``, ``cores``, ``threads`` (the environment variable
        ``OMP_NUM_THREADS``, or None), ``simulator``, ``gpus``, ``seeds`` and ``data``.
    """
    simulator = getattr(getattr(model, "_task", None), "backend", None)
    return {
        "date": str(datetime.date.today()),
        "commit": commit(),
        "versions": {"nengo-ngc": __version__, **_versions()},
        "python": platform.python_version(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": os.environ.get("OMP_NUM_THREADS"),
        "simulator": simulator and simulator.title,
        "gpus": simulator.find_gpus() if simulator else [],
        "seeds": list(seeds),
        "data": dict(data or {}),
    }


def lines(found: Mapping[str, Any]) -> list[str]:
    """Return the result of `collect` as lines of text, without the date.

    Parameters
    ----------
    found : mapping

    Returns
    -------
    list of str
    """
    source = f"commit {found['commit']}, " if found["commit"] else ""
    limit = f", OMP_NUM_THREADS={found['threads']}" if found["threads"] else ""
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    said = [
        f"{source}{found['cores']} cores of {found['processor']}{limit}",
        f"Python {found['python']}, {versions}",
    ]
    if found["simulator"]:
        said.append(f"simulated by {', on '.join([found['simulator'], *found['gpus']])}")
    if found["seeds"]:
        said.append(seeds_text(found["seeds"]))
    return said + [data_text(name, sha256) for name, sha256 in found["data"].items()]


def seeds_text(seeds: Sequence[Any]) -> str:
    """Return seeds as text."""
    return f"{'one seed' if len(seeds) == 1 else 'seeds'}: {', '.join(map(str, seeds))}"


def data_text(name: str, sha256: str | None) -> str:
    """Return the name of a data set and the beginning of its SHA-256 as text."""
    return f"data: {name}, SHA-256 {sha256[:_SHOWN_DIGITS] if sha256 else 'unknown'}"


def merged(found: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Join results of `collect` that differ only in their seeds and data.

    Parameters
    ----------
    found : iterable of mapping
        What `collect` has found, for example for each cell of a comparison.

    Returns
    -------
    list of dict
    """
    groups: list[dict[str, Any]] = []
    for one in found:
        others = {key: value for key, value in one.items() if key not in ("seeds", "data")}
        for group in groups:
            if {**group, **others} == group:
                break
        else:
            group = {**others, "seeds": [], "data": {}}
            groups.append(group)
        group["seeds"] = [*dict.fromkeys([*group["seeds"], *one["seeds"]])]
        group["data"] = {**group["data"], **one["data"]}
    return groups


def origin_lines(origins: Iterable[Mapping[str, Any]], command: str) -> list[str]:
    """What ``merged`` returns as lines of text, each part below its date and the command."""
    return [
        line for origin in origins for line in (f"{origin['date']}  {command}", *lines(origin))
    ]


def _versions() -> dict[str, str]:
    """Return the versions of the packages that are installed."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    try:
        said = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        said = []
    names = [line.partition(":")[2].strip() for line in said if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
