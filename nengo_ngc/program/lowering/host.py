"""What runs in Python, outside the compiled timesteps: functions of time and processes."""

from collections.abc import Mapping
from typing import Any

import nengo
import numpy as np
from nengo.builder import Model
from nengo.builder.operator import Operator, SimPyFunc
from nengo.builder.processes import SimProcess
from nengo.exceptions import BuildError, SimulationError
from nengo.utils.functions import function_name
from numpy.typing import NDArray

# processes that draw no random numbers
_CERTAIN = (nengo.processes.PresentInput, nengo.processes.Piecewise)


class Host:
    """The Python functions and processes of a model.

    Parameters
    ----------
    operators : sequence of Operator
        All operators, in the order in which they run.
    sources : mapping of str to Operator
        Those whose values are computed ahead of the timesteps.
    n_samples : int
        Samples that are simulated at once.
    dt : float
        Length of a timestep, in seconds.
    """

    def __init__(
        self, operators: Any, sources: Mapping[str, Operator], n_samples: int, dt: float
    ) -> None:
        self._processes = [op for op in operators if isinstance(op, SimProcess)]
        self._sources, self._n_samples, self._dt = sources, n_samples, dt
        self._steps: dict[Operator, list] = {}
        ahead = [*sources.values()]
        synapses = nengo.synapses.Synapse
        self._called = [
            op
            for op in operators
            if op not in ahead
            and (
                isinstance(op, SimPyFunc)
                or (isinstance(op, SimProcess) and not isinstance(op.process, synapses))
            )
        ]

    @property
    def is_called(self) -> bool:
        """Whether Python is called from within the timesteps."""
        return bool(self._called)

    def check_not_called(self, model: Model) -> None:
        """Raise an error that names an object whose function is called within timesteps.

        Raises
        ------
        nengo.exceptions.BuildError
        """
        for op in self._called:
            made = [
                obj for obj, signals in model.sig.items() if signals.get("out") is op.output
            ]
            if isinstance(op, SimProcess):
                what = op.process
            else:
                what = f"the Python function {function_name(op.fn)}"
            raise BuildError(
                f"{made[0] if made else op} needs {what} within each timestep, which only one "
                "device can call; give no devices, or put it into a network of its own"
            )

    def start(self, seed: int) -> None:
        """Start all processes afresh.

        The first sample sees what Nengo would draw with this seed. If a process has no seed
        of its own, the other samples see numbers of their own.
        """
        rng = np.random.RandomState(seed)
        self._steps = {}
        for k, op in enumerate(self._processes):
            generators = [op.process.get_rng(rng)]
            if isinstance(op.process, nengo.synapses.Synapse):
                continue
            n = 1 if op.input is None and isinstance(op.process, _CERTAIN) else self._n_samples
            for sample in range(1, n):
                own = np.random.RandomState([seed, k, sample])
                generators.append(op.process.get_rng(own))
            self._steps[op] = [self._start(op, generator) for generator in generators]

    def _start(self, op, rng):
        process = op.process
        size_in, size_out = getattr(op.input, "shape", (0,)), op.output.shape
        state = process.make_state(size_in, size_out, self._dt)
        return process.make_step(size_in, size_out, self._dt, rng, state)

    def ahead(self, name: str, first: int, n_steps: int) -> NDArray:
        """Return the values of a source, (n_steps, b, size) or (n_steps, 1, size).

        Parameters
        ----------
        name : str
        first : int
            Number of the first timestep, counted from 1.
        n_steps : int
        """
        op = self._sources[name]
        times = [float(step * self._dt) for step in range(first, first + n_steps)]
        if isinstance(op, SimProcess):
            runs, shape = self._steps[op], op.output.shape
            rows = [[np.broadcast_to(run(t), shape) for run in runs] for t in times]
            return np.array(rows, float)
        return np.stack([self.call(op, t)[None] for t in times])

    def process(self, op: SimProcess, step: Any, x: NDArray) -> NDArray:
        """Run a process with an input for one timestep of all samples."""
        t = float(int(step) * self._dt)
        runs = self._steps[op][: len(x)]
        return np.stack([run(t, np.array(row, float)) for run, row in zip(runs, x)])

    def function(self, op: SimPyFunc, step: Any, *x: NDArray) -> NDArray:
        """Call a Python function for one timestep of all samples."""
        t = float(int(step) * self._dt)
        return np.stack([self.call(op, t, *args) for args in zip(*x)] or [self.call(op, t)])

    @staticmethod
    def call(op: SimPyFunc, t: float, *x: NDArray) -> NDArray:
        """Call a Python function for one sample.

        Raises
        ------
        nengo.exceptions.SimulationError
            If it returns something else than finite numbers of the right shape.
        """
        x = tuple(np.array(array, float) for array in x)
        y = op.fn(t, *x) if op.t is not None else op.fn(*x)
        if op.output is None:
            return np.zeros(())
        name = function_name(op.fn)
        try:
            if y is None or not np.all(np.isfinite(y)):
                raise SimulationError(f"Function '{name}' returned non-finite value")
            return np.array(np.broadcast_to(np.asarray(y, float), op.output.shape))
        except (TypeError, ValueError) as error:
            raise SimulationError(
                f"Function '{name}' returned a value {y!r} of invalid type {type(y)!r}"
            ) from error
