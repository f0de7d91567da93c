"""What a simulation has recorded, and the parameters of the objects of its model."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import nengo
import numpy as np
from nengo.builder import Model
from numpy.typing import NDArray


class Results(Mapping):
    """Recorded values by probe, and what Nengo knows of other objects.

    Parameters
    ----------
    model : nengo.builder.Model
    minibatch_size : int or None
        With None the arrays have no axis for samples.
    """

    def __init__(self, model: Model, minibatch_size: int | None) -> None:
        self._model, self._minibatch_size = model, minibatch_size
        self._chunks: dict[nengo.Probe, list[NDArray]] = {}
        self.clear()

    def clear(self) -> None:
        """Forget what was recorded."""
        self._chunks = {probe: [] for probe in self._model.probes}

    def record(self, probe: nengo.Probe, values: NDArray) -> None:
        """Add the values of some timesteps, (n, b, ...)."""
        self._chunks[probe].append(values)

    def restore(self, probe: nengo.Probe, values: NDArray) -> None:
        """Have recorded what an item of these results was once."""
        if values.size:
            by_time = (
                values[:, None] if self._minibatch_size is None else np.moveaxis(values, 1, 0)
            )
            self._chunks[probe] = [by_time]

    def __getitem__(self, key: Any) -> Any:
        """Recorded values, (b, n, ...) or (n, ...), which are read-only, or parameters.

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

        Timesteps may be deleted from them, as Nengo GUI does once it has shown them.
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
    """What a probe has recorded, timestep by timestep."""

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
