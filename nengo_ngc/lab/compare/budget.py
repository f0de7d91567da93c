"""What learning has cost: samples, seconds and multiply-accumulates."""

from collections.abc import Mapping
from typing import Any

# of a record of the history, and what axes call them, with the factor by which they are shown
AXES = {
    "samples": ("samples seen", 1.0),
    "seconds": ("seconds of learning", 1.0),
    "macs": ("multiply-accumulates (10⁹)", 1e-9),
}


def spent(
    model: Any, record: Mapping[str, Any], n_samples: int, before: Mapping[str, Any]
) -> dict[str, Any]:
    """What learning has cost since it began, after an epoch.

    Parameters
    ----------
    model : object
        As it is after the epoch.
    record : mapping
        Of the epoch.
    n_samples : int
        Samples that it learned from in this epoch.
    before : mapping
        What was returned after the epoch before; empty for the first one.

    Returns
    -------
    dict
        ``samples``; ``seconds``, without those of validation; and ``macs``, the
        multiply-accumulates of settling and of updates, without validation, or None if they
        cannot be counted.
    """
    task = getattr(model, "_task", None)
    macs = None if task is None else task.multiply_accumulates(record.get("iterations"))
    made = before.get("macs", 0)
    return {
        "samples": before.get("samples", 0) + n_samples,
        "seconds": before.get("seconds", 0.0) + n_samples / record["samples_per_second"],
        "macs": None if macs is None or made is None else made + n_samples * macs,
    }
