"""Parameter files of NengoDL, which both its simulator and ours can read and write.

Such a file contains NengoDL's arrays in their order, without names, and each array consists of
the signals that NengoDL's planner has merged. The planner of this package merges other
signals. Therefore arrays are rearranged to NengoDL's own plan when they are written, and back
when they are read.
"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import nengo_dl
import numpy as np
import tensorflow as tf
from nengo.exceptions import SimulationError
from nengo_dl import utils
from nengo_dl.tensor_graph import TensorGraph
from numpy.typing import NDArray

from ...storage import atomic
from .planner import PLANNING


class StockLayout:
    """The place of each signal in the arrays of NengoDL.

    Parameters
    ----------
    sim : nengo_ngc.dl.Simulator
    include_state : bool
        Whether the file holds the simulation's state besides parameters.
    """

    def __init__(self, sim: nengo_dl.Simulator, include_state: bool) -> None:
        self._graph = ours = sim.tensor_graph
        with PLANNING:
            stock = TensorGraph(
                ours.model,
                ours.dt,
                ours.unroll,
                ours.minibatch_size,
                ours.device,
                utils.NullProgressBar(),
                ours.seed,
            )
        self._variables = {**ours.base_params, **ours.saved_state}
        own = {id(variable) for variable in ours.base_params.values()}
        model = sim.keras_model
        parts = []
        for sort, weights in (
            ("trainable", model.trainable_weights),
            ("non_trainable", model.non_trainable_weights),
        ):
            parts += self._arrays(stock, sort)
            # of the layers in TensorNodes
            parts += [weight for weight in weights if id(weight) not in own]
        if include_state:
            parts += self._arrays(stock, "state")
        self._parts = parts

    def read(self) -> list[NDArray]:
        """Return the arrays of a file, with the present values of the simulator."""
        values = self._values()
        return [
            part.read(values) if isinstance(part, _Array) else part.numpy()
            for part in self._parts
        ]

    def write(self, arrays: Sequence[NDArray]) -> None:
        """Write the arrays of a file into the simulator.

        Parameters
        ----------
        arrays : sequence of array
            As ``read`` returns them.

        Raises
        ------
        nengo.exceptions.SimulationError
            If the arrays belong to another model.
        """
        self._check(arrays)
        values = self._values()
        for part, array in zip(self._parts, arrays):
            if isinstance(part, _Array):
                part.write(values, array)
            else:
                part.assign(array)
        for key, variable in self._variables.items():
            variable.assign(values[key])

    def _values(self):
        return {key: variable.numpy() for key, variable in self._variables.items()}

    def _check(self, arrays):
        wrong = "the file must hold parameters of this model at this minibatch_size: "
        if len(arrays) != len(self._parts):
            raise SimulationError(
                f"{wrong}number of arrays ({len(arrays)}) != number of variables "
                f"({len(self._parts)})"
            )
        for number, (part, array) in enumerate(zip(self._parts, arrays)):
            if array.shape != tuple(part.shape) or array.dtype.kind not in "fi":
                raise SimulationError(
                    f"{wrong}array {number} must be of numbers of shape {tuple(part.shape)}, "
                    f"got {array.dtype} of shape {array.shape}"
                )

    def _arrays(self, stock, sort):
        """The arrays of one kind that NengoDL saves."""
        signals = defaultdict(list)
        for signal, place in stock.signals.items():
            if not signal.is_view:
                signals[place.key].append((signal, place.slices[0]))
        return [
            _Array(self._graph, signals[key], *init[1:])
            for key, init in stock.base_arrays_init[sort].items()
            if any(value is not None for value in init[0])
        ]


class _Array:
    """An array of NengoDL, whose signals belong to other arrays in our simulator."""

    def __init__(self, graph, signals, shapes, dtype, minibatched):
        self._axis = int(minibatched)
        self._dtype = tf.as_dtype(dtype).as_numpy_dtype
        shape = list(shapes[0])
        shape[self._axis] = sum(part[self._axis] for part in shapes)
        self.shape = tuple(shape)
        # signals that our simulator does without are 0 in the file
        self._places = [
            (self._rows(*rows), graph.signals[signal])
            for signal, rows in signals
            if signal in graph.signals
        ]

    def _rows(self, start, stop):
        return (slice(None),) * self._axis + (slice(start, stop),)

    def read(self, values):
        array = np.zeros(self.shape, self._dtype)
        for rows, place in self._places:
            if place.key in values:
                array[rows] = values[place.key][self._rows(*place.slices[0])]
        return array

    def write(self, values, array):
        for rows, place in self._places:
            if place.key in values:
                values[place.key][self._rows(*place.slices[0])] = array[rows]


def save(sim: nengo_dl.Simulator, path: str | Path, include_state: bool) -> None:
    """Write a parameter file; see `nengo_dl.Simulator.save_params`."""
    with atomic.replacing(f"{path}.npz", "wb") as file:
        np.savez_compressed(file, *StockLayout(sim, include_state).read())


def load(sim: nengo_dl.Simulator, path: str | Path, include_state: bool) -> None:
    """Read a parameter file; see `nengo_dl.Simulator.load_params`.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    nengo.exceptions.SimulationError
        If the file is damaged, or belongs to another model.
    """
    try:
        with np.load(f"{path}.npz", allow_pickle=False) as file:
            arrays = [file[name] for name in file.files]
    except FileNotFoundError:
        raise
    except Exception as error:  # whatever NumPy's parsers run into
        raise SimulationError(
            f"{path}.npz is damaged or not a parameter file: {error}"
        ) from error
    StockLayout(sim, include_state).write(arrays)
