"""The records of probes within one call of the compiled program."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...program.lowering import Program


class Recording:
    """The rows in which a program records probed values, by the names of its probes.

    Parameters
    ----------
    program : Program
    n_samples : int
    dtype : numpy.dtype
    """

    def __init__(self, program: Program, n_samples: int, dtype: Any) -> None:
        self._n, self._dtype = n_samples, dtype
        dt, signals = program.model.dt, program.model.sig
        self._signals = {name: signals[probe]["in"] for probe, name in program.probes.items()}
        self._periods = {
            name: 1 if probe.sample_every is None else probe.sample_every / dt
            for probe, name in program.probes.items()
        }
        self._own = {k: program.layout.is_own(signal) for k, signal in self._signals.items()}

    def rows(
        self, first: int, n_steps: int, capacity: int
    ) -> tuple[dict[str, NDArray], dict[str, int]]:
        """Return the row in which each timestep is recorded, and the number of rows.

        Parameters
        ----------
        first : int
            Number of the first timestep, counted from 1.
        n_steps : int
        capacity : int
            Number of timesteps for which the program is compiled.
        """
        rows, n_rows = {}, {}
        steps = np.arange(first, first + n_steps)
        for name, period in self._periods.items():
            sampled = steps % period < 1
            n_rows[name] = int(sampled.sum())
            rows[name] = np.zeros(capacity, np.int32)
            # a timestep that is not sampled is overwritten by the next one
            rows[name][:n_steps] = np.cumsum(sampled) - sampled
        return rows, n_rows

    def empty(self, capacity: int) -> dict[str, NDArray]:
        """Return arrays of zeros for the records."""
        return {
            name: np.zeros(
                (
                    self._length(self._periods[name], capacity),
                    self._n if self._own[name] else 1,
                    *signal.shape,
                ),
                self._dtype,
            )
            for name, signal in self._signals.items()
        }

    @staticmethod
    def _length(period, capacity):
        return min(capacity, int(np.ceil(capacity / period)) + 1)

    def bytes_of_a_step(self) -> float:
        """Return the average size of the records of one timestep."""
        sizes = (
            signal.size / max(self._periods[name], 1) for name, signal in self._signals.items()
        )
        return sum(sizes) * self._n * self._dtype.itemsize


class LastTimestep(Recording):
    """Records only the last timestep of each call."""

    def rows(
        self, first: int, n_steps: int, capacity: int
    ) -> tuple[dict[str, NDArray], dict[str, int]]:
        """Return the first row for all timesteps, see `Recording.rows`."""
        rows = {name: np.zeros(capacity, np.int32) for name in self._signals}
        return rows, dict.fromkeys(self._signals, 1)

    @staticmethod
    def _length(period, capacity):
        return 1
