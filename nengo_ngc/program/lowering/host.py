"""The Python functions and processes of a model, which are not compiled."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import nengo
import numpy as np
from nengo.builder import Model
from nengo.builder.neurons import SimNeurons
from nengo.builder.operator import Operator, SimPyFunc
from nengo.builder.processes import SimProcess
from nengo.exceptions import BuildError, SimulationError
from nengo.utils.functions import function_name
from numpy.typing import NDArray

_ERRORS: Any = {"invalid": "raise", "divide": "ignore"}  # as in Nengo

# processes of Nengo that depend on nothing but the time and a seed, or on the time alone
_CERTAIN = (nengo.processes.PresentInput, nengo.processes.Piecewise)
_OF_TIME = (
    *_CERTAIN,
    nengo.processes.WhiteNoise,
    nengo.processes.WhiteSignal,
    nengo.processes.FilteredNoise,
    nengo.processes.BrownNoise,
)


def is_drawn_for_samples(process: nengo.Process) -> bool:
    """Whether a process is noise that the device draws for all samples but the first.

    With a seed of its own, noise is the same in all samples.
    """
    is_white = type(process) is nengo.processes.WhiteNoise
    return is_white and process.seed is None and type(process.dist) is nengo.dists.Gaussian


def _is_of_time(process):
    """Whether what a process does depends on nothing that functions could change."""
    if type(process) is nengo.processes.Piecewise:
        return not any(map(callable, process.data.values()))
    return type(process) in _OF_TIME


class Host:
    """The Python functions and processes of a model.

    Parameters
    ----------
    operators : sequence of Operator
        All operators, in the order in which they run.
    processes : sequence of SimProcess
        All processes, in the order in which they draw their seeds.
    calls_python : callable
        Whether an operator calls Python.
    n_samples : int
        Samples that are simulated at once.
    dt : float
        Length of a timestep, in seconds.

    Attributes
    ----------
    sources : dict of {str: Operator}
        Functions of time and processes whose values are computed before the timesteps.
    n_run : dict of {str: int}
        For how many timesteps each source has run.
    kept : dict of {Operator: list}
        The generator and the state of each process that runs in Python, for each sample.
    """

    def __init__(
        self,
        operators: Sequence[Operator],
        processes: Sequence[SimProcess],
        calls_python: Callable[[Operator], bool],
        n_samples: int,
        dt: float,
    ) -> None:
        self._processes = processes
        self._n_samples, self._dt = n_samples, dt
        self._steps: dict[Operator, list] = {}
        self.kept: dict[Operator, list[tuple]] = {}
        in_python = [op for op in operators if calls_python(op)]
        ahead = [op for op in in_python if _has_no_input(op)]
        if len(ahead) < len(in_python):
            # functions of time may read what the other functions leave behind
            ahead = [op for op in ahead if _is_of_time(getattr(op, "process", None))]
        self.sources = {f"source{k}": op for k, op in enumerate(ahead)}
        self._called = [op for op in in_python if op not in ahead]
        self.n_run = dict.fromkeys(self.sources, 0)

    def __getstate__(self) -> dict[str, Any]:
        # processes that have started are functions, which cannot be pickled
        return {**self.__dict__, "_steps": {}}

    @property
    def is_called(self) -> bool:
        """Whether compiled timesteps call Python functions."""
        return bool(self._called)

    def check_not_called(self, model: Model) -> None:
        """Raise an error if compiled timesteps call Python functions, and name one of them.

        Raises
        ------
        nengo.exceptions.BuildError
        """
        for op in self._called:
            made = [obj for obj, signals in model.sig.items() if signals.get("out") in op.sets]
            if isinstance(op, SimPyFunc):
                what = f"the Python function {function_name(op.fn)}"
            else:
                what = op.process if isinstance(op, SimProcess) else op.neurons
            raise BuildError(
                f"{made[0] if made else op} needs {what} within each timestep, which only one "
                "device can call; give no devices, or put it into a network of its own"
            )

    def start(self, seed: int) -> None:
        """Start all processes again from their initial states.

        In the first sample, a process draws the numbers that Nengo would draw with this seed.
        In the other samples it draws other numbers, unless the process has a seed itself, or
        they are drawn on the device, as Gaussian white noise is.
        """
        rng = np.random.RandomState(seed)
        self._steps, self.kept = {}, {}
        self.n_run = dict.fromkeys(self.sources, 0)
        in_python = {*self.sources.values(), *self._called}
        for k, op in enumerate(self._processes):
            generators = [op.process.get_rng(rng)]  # which synapses have in Nengo, too
            if op not in in_python:
                continue
            is_one = type(op.process) in _CERTAIN or is_drawn_for_samples(op.process)
            for sample in range(1, 1 if is_one else self._n_samples):
                own = np.random.RandomState([seed, k, sample])
                generators.append(op.process.get_rng(own))
            self.kept[op] = [(generator, self._new_state(op)) for generator in generators]
            self._steps[op] = [self._start(op, *kept) for kept in self.kept[op]]

    def go_on(self, n_run: Mapping[str, int], kept: Mapping[Operator, list[tuple]]) -> None:
        """Bring the processes to where they were, after ``start``.

        Those that need no input run again. The others have their states back, which, as Nengo
        asks for, are in the arrays of ``make_state``.

        Parameters
        ----------
        n_run : dict of {str: int}
            Timesteps for each source, as in the attribute of this name.
        kept : dict of {Operator: list}
            As in the attribute of this name.
        """
        for op in self.kept.keys() & {*self._called}:
            for (rng, state), (rng_before, state_before) in zip(self.kept[op], kept[op]):
                rng.set_state(rng_before.get_state())
                for name, array in state.items():
                    array[...] = state_before[name]
        for name, n in n_run.items():
            op = self.sources[name]
            if op in self._steps and type(op.process) not in _CERTAIN:
                for k in range(n):
                    self.process(op, k + 1)
        self.n_run = dict(n_run)

    def _new_state(self, op):
        return op.process.make_state(*_shapes(op), self._dt)

    def _start(self, op, rng, state):
        return op.process.make_step(*_shapes(op), self._dt, rng, state)

    def rows(self, op: Operator) -> int:
        """Return the number of samples for which an operator has values of their own, or 1.

        It is that of a process, after ``start``, or of a function of time alone.
        """
        return len(self._steps.get(op, [0]))

    def ahead(self, names: Collection[str], first: int, n_steps: int) -> dict[str, NDArray]:
        """Return the values of sources, each (n_steps, b, size) or (n_steps, 1, size).

        Parameters
        ----------
        names : collection of str
        first : int
            Number of the first timestep, counted from 1.
        n_steps : int
        """
        made = {}
        for name in names:
            op = self.sources[name]
            made[name] = np.empty((n_steps, self.rows(op), *op.output.shape))
            self.n_run[name] += n_steps
        for k in range(n_steps):
            for name, values in made.items():
                op = self.sources[name]
                run = self.process if op in self._steps else self.function
                values[k] = run(op, first + k)
        return made

    def process(self, op: SimProcess, step: Any, *x: NDArray) -> NDArray:
        """Run a process for one timestep of all samples."""
        t, runs = self._time(step), self._steps[op]
        made = np.empty((len(runs), *op.output.shape))
        with np.errstate(**_ERRORS):
            for sample, run in enumerate(runs):
                made[sample] = run(t, *(np.array(array[sample], float) for array in x))
        return made

    def function(self, op: SimPyFunc, step: Any, *x: NDArray) -> NDArray:
        """Call a Python function for one timestep of all samples."""
        t = self._time(step)
        with np.errstate(**_ERRORS):
            return np.stack(
                [self.call(op, t, *args) for args in zip(*x)] or [self.call(op, t)]
            )

    def neurons(self, op: SimNeurons, J: NDArray, *state: NDArray) -> NDArray:
        """Call the method ``step`` of neurons for one timestep of all samples.

        Returns
        -------
        (b, n) array
            For each sample the output and the new state, one behind the other.
        """
        rows = []
        with np.errstate(**_ERRORS):
            for current, *own in zip(J, *state):
                # step changes its arguments
                new = {name: np.array(x, float) for name, x in zip(op.state, own)}
                output = np.zeros(op.output.shape)
                current = np.array(current, float)
                op.neurons.step(self._dt, current, output, **new, **op.state_extra)
                rows.append(np.concatenate([x.ravel() for x in (output, *new.values())]))
        return np.stack(rows)

    def _time(self, step):
        return float(int(step) * self._dt)

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
        made = np.zeros(0 if op.output is None else op.output.shape)
        if op.output is None:
            return made
        name = function_name(op.fn)
        try:
            if y is None or not np.all(np.isfinite(y)):
                raise SimulationError(f"Function '{name}' returned non-finite value")
            made[...] = y
        except (TypeError, ValueError) as error:
            raise SimulationError(
                f"Function '{name}' returned a value {y!r} of invalid type {type(y)!r}"
            ) from error
        return made


def _shapes(op):
    return getattr(op.input, "shape", (0,)), op.output.shape


def _has_no_input(op):
    if isinstance(op, SimPyFunc):
        return op.x is None and op.output is not None
    return isinstance(op, SimProcess) and op.input is None
