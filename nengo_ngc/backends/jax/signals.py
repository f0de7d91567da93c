"""Access to the values of signals, as in `nengo.Simulator`."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from nengo.builder import Signal
from numpy.typing import ArrayLike


class Signals(Mapping):
    """The values of signals that are kept between timesteps, which can be assigned.

    Parameters
    ----------
    sim : Simulator
    """

    def __init__(self, sim: Any) -> None:
        self._sim = sim

    def __iter__(self) -> Iterator[Signal]:
        layout = self._sim.program.layout
        return iter([*layout.shared, *layout.state])

    def __len__(self) -> int:
        layout = self._sim.program.layout
        return len(layout.shared) + len(layout.state)

    def __contains__(self, signal: Any) -> bool:
        try:
            self.find(signal)
        except KeyError:
            return False
        return True

    def find(self, signal: Signal) -> tuple[dict[str, Any], str]:
        """Return the dictionary that contains the array of a signal's base, and its key.

        Raises
        ------
        KeyError
            If the signal is not kept between timesteps.
        """
        sim, layout = self._sim, self._sim.program.layout
        if signal.base in layout.shared:
            return sim._shared, layout.shared[signal.base]
        if signal.base in layout.state:
            return sim._state, layout.state[signal.base]
        raise KeyError(f"{signal} is not kept between timesteps")

    def __getitem__(self, signal: Signal) -> Any:
        if signal.sparse:
            return signal.initial_value
        arrays, name = self.find(signal)
        array = self._sim._devices.read(arrays[name])
        if signal.base in self._sim.program.layout.per_sample:
            views = [_view(x, signal) for x in array]
            return views[0] if self._sim.minibatch_size is None else np.stack(views)
        return _view(array, signal)

    def __setitem__(self, signal: Signal, value: ArrayLike) -> None:
        arrays, name = self.find(signal)
        array = np.array(self._sim._devices.read(arrays[name]))
        own = signal.base in self._sim.program.layout.per_sample
        samples = array if own else [array]
        values = np.broadcast_to(value, (len(samples), *signal.shape))
        for sample, new in zip(samples, values):
            _view(sample, signal)[...] = new
        with self._sim._settings():
            arrays[name] = self._sim._array(array, 0 if own else None)
        if not own and self._sim.program.matrices.assign(signal.base, array):
            self._sim._compile()


def _view(array, signal):
    """The part of a base's array that belongs to a signal."""
    return np.ndarray(
        signal.shape,
        array.dtype,
        array,
        offset=signal.elemoffset * array.itemsize,
        strides=[stride * array.itemsize for stride in signal.elemstrides],
    )
