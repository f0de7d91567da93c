"""The recorded values of a simulation, and the parameters of objects in its model."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import nengo
import numpy as np
from nengo.builder import Model
from numpy.typing import NDArray


class Results(Mapping):
    """A mapping of probes to recorded values, and of other objects to their parameters.

    Parameters
    ----------
    model : nengo.builder.Model
    minibatch_size : int or None
        Number of samples. With None the arrays have no axis for samples.
    """

    def __init__(self, model: Model, minibatch_size: int | None) -> None:
        self._model, self._minibatch_size = model, minibatch_size
        self._chunks: dict[nengo.Probe, list[NDArray]] = {}
        self.clear()

    def clear(self) -> None:
        """Discard all recorded values."""
        self._chunks = {probe: [] for probe in self._model.probes}

    def record(self, probe: nengo.Probe, values: NDArray) -> None:
        """Add the values of some timesteps, (n, b, ...)."""
        self._chunks[probe].append(values)

    def restore(self, probe: nengo.Probe, values: NDArray) -> None:
        """Restore the recorded values that an item of this mapping had before."""
        if values.size:
            by_time = (
                values[:, None] if self._minibatch_size is None else np.moveaxis(values, 1, 0)
            )
            self._chunks[probe] = [by_time]

    def __getitem__(self, key: Any) -> Any:
        """Return recorded values, (b, n, ...) or (n, ...), read-only, or parameters.

        Raises
        ------
        KeyError
            If the object is not in the model.
        """
        chunks = self._chunks.get(key)
        if chunks is None:
            return self._model.params[key]
        if not chunks:
            shape = self._model.sig[key]["in"].shape
            return np.zeros((0, *shape) if self._minibatch_size is None else (1, 0, *shape))
        if len(chunks) > 1:
            chunks[:] = [np.concatenate(chunks)]
        values = chunks[0]
        values = values[:, 0] if self._minibatch_size is None else np.moveaxis(values, 0, 1)
        values.flags.writeable = False
        return values

    @property
    def raw(self) -> dict[Any, Any]:
        """The items of this mapping, with sequences of timesteps for probes.

        Timesteps can be deleted from the sequences, as Nengo GUI does after showing them.
        """
        probed = {probe: _Timesteps(self, probe) for probe in self._chunks}
        return {**self._model.params, **probed}

    def __iter__(self) -> Iterator:
        return iter({**self._model.params, **self._chunks})

    def __len__(self) -> int:
        return len({**self._model.params, **self._chunks})

    def __repr__(self) -> str:
        return repr({key: self[key] for key in self})


class _Timesteps(Sequence):
    """The recorded values of a probe, timestep by timestep."""

    def __init__(self, results, probe):
        self._results, self._probe = results, probe

    def __len__(self):
        return sum(map(len, self._results._chunks[self._probe]))

    def __getitem__(self, k):
        values = self._results[self._probe]
        return values[k] if self._results._minibatch_size is None else values[:, k]

    def __delitem__(self, k):
        chunks = self._results._chunks[self._probe]
        chunks[:] = [np.delete(np.concatenate(chunks), k, axis=0)] if chunks else []
