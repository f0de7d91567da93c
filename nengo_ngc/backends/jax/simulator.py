"""A simulator of any Nengo model, compiled by XLA."""

import warnings
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from typing import Any

import jax
import jax.numpy as jnp
import nengo
import numpy as np
from nengo.builder import Model, Signal
from nengo.cache import get_default_decoder_cache
from nengo.exceptions import SimulatorClosed, ValidationError
from nengo.utils.progress import Progress, ProgressTracker
from numpy.typing import ArrayLike, NDArray

from ...program.lowering import Program
from ...rules.connections import check_schedules
from ...validation import (
    ChoiceParam,
    InstanceParam,
    PositiveParam,
    SeedParam,
    WholeParam,
    checked,
)
from .. import process
from .devices import Devices
from .inputs import Inputs, padded
from .loop import Loop
from .namespace import jax_namespace
from .recording import Recording
from .results import Results
from .settings import Settings
from .signals import Signals

# timesteps for which programs are compiled, and the bytes of inputs and probes of one run
_CAPACITIES = (1, 16, 256, 4096)
_MAX_BYTES = 2**26

# attributes that a copy of a simulator has, too; the program contains the model
_PICKLED = (
    "minibatch_size",
    "progress_bar",
    "optimize",
    "program",
    "model",
    "_n",
    "_dtype",
    "_precision",
)


class Simulator:
    """A simulator of any Nengo model, with one set of weights for a whole minibatch.

    The model is compiled by XLA and runs on processors, GPUs and TPUs. Learning rules average
    over the minibatch. In all other respects it is used like `nengo.Simulator`.

    Parameters
    ----------
    network : nengo.Network or None
        The network to simulate. With None ``model`` is simulated as it is.
    dt : float, optional
        Length of a timestep, in seconds.
    seed : int or None, optional
        Seed of the simulator. With None it follows from the seed of the network, if the
        network has one.
    minibatch_size : int or None, optional
        Number of samples that are simulated at once. None stands for 1, and data have no axis
        for samples then.
    device : str or None, optional
        JAX's name of a device, such as ``"gpu"`` or ``"cpu:0"``. None: JAX's default.
    devices : sequence of str or jax.Device, or int, optional
        Devices that share the samples of a minibatch, or their number.
        ``minibatch_size`` must be a multiple of their number. The devices of
        several processes can be used together after ``jax.distributed.initialize``, if each
        process runs the same script with the same data.
    progress_bar : bool, optional
        Whether a progress bar is shown while the simulator is built and runs.
    model : nengo.builder.Model or None, optional
        The model into which the network is built. Default: a new model. Operators are merged
        in a copy of it, the attribute ``model``.
    optimize : bool, optional
        Whether small operators of the same kind are merged, which makes models of many small
        ensembles faster, and whether products with constant matrices that consist of equal
        groups are computed group by group.
    dtype : {"float32", "float64"}, optional
        Floating-point type of the simulation.
    precision : {"highest", "high", "default"}, optional
        Precision of products on GPUs and TPUs. "highest" is that of ``dtype``. With the
        others, products are faster and have fewer digits, such as those of TF32.

    Attributes
    ----------
    data : mapping
        Recorded values of probes, and parameters of other objects, as in `nengo.Simulator`.
    signals : mapping of nengo.builder.Signal to array
        The present values of signals that are kept between timesteps. Assigning to an item
        changes the simulation.

    Raises
    ------
    nengo.exceptions.ValidationError
        If a rule's ``batch_size`` is not a multiple of ``minibatch_size``, or there is no
        such ``device``.
    nengo.exceptions.BuildError
        If the model has an operator that cannot be compiled, or if there are several devices
        and Python functions must be called within timesteps.
    """

    closed = True  # as long as nothing is built
    seed = 0
    _skips = False  # all timesteps are simulated, as in Nengo
    _Recording = Recording
    _shared: dict[str, Any]
    _state: dict[str, Any]

    @checked(
        InstanceParam("network", nengo.Network, optional=True),
        PositiveParam("dt"),
        SeedParam(),
        WholeParam("minibatch_size"),
        InstanceParam("model", Model),
        ChoiceParam("dtype", ("float32", "float64")),
        ChoiceParam("precision", ("highest", "high", "default")),
    )
    def __init__(
        self,
        network: nengo.Network | None,
        dt: float = 0.001,
        seed: int | None = None,
        minibatch_size: int | None = None,
        device: str | None = None,
        devices: Any = None,
        progress_bar: bool = True,
        model: Model | None = None,
        optimize: bool = True,
        dtype: str = "float32",
        precision: str = "highest",
    ) -> None:
        self.minibatch_size, self.progress_bar = minibatch_size, progress_bar
        self.optimize = optimize
        self._n = minibatch_size or 1
        self._dtype, self._precision = np.dtype(dtype), precision
        toplevel = network if network is not None else getattr(model, "toplevel", None)
        check_schedules(toplevel, self._n)
        self._devices = Devices(self._n, device, devices)
        if model is None:
            model = Model(
                dt=float(dt), label=f"{network}", decoder_cache=get_default_decoder_cache()
            )
        self.model = model
        tracker = ProgressTracker(progress_bar, Progress("Building", "Build"))
        with process.building(toplevel), tracker:
            if network is not None:
                model.build(network, progress=tracker.next_stage("Building", "Build"))
            self.program = Program(model, self._n, self._skips, optimize)
        self.model = self.program.model
        if len(self._devices.all) > 1:
            self.program.host.check_not_called(model)
            self._devices.check_alike({**self.program.shared, **self.program.state})
        if seed is None and network is not None and network.seed is not None:
            seed = network.seed + 1
        self._open(np.random.randint(np.iinfo(np.int32).max) if seed is None else seed)

    def _open(self, seed):
        """Prepare what runs the program, and start at time 0."""
        self._inputs = Inputs(self.program, self._n, self._dtype)
        self._recording = self._Recording(self.program, self._n, self._dtype)
        self._compile()
        self.data = Results(self.model, self.minibatch_size)
        self.signals = Signals(self)
        self.closed = False
        self.reset(seed)

    def _compile(self):
        self._loop = Loop(self.program, self._dtype, self._n, jax_namespace(), self._devices)

    # --- as in nengo.Simulator

    def __enter__(self) -> "Simulator":
        self._require_open()
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def __del__(self) -> None:
        if not self.closed:
            warnings.warn(
                f"Simulator of {self.model} was deallocated while open; close simulators, or "
                "use them in a with block",
                ResourceWarning,
                stacklevel=2,
            )

    def __getstate__(self) -> dict[str, Any]:
        return {
            "same": {name: getattr(self, name) for name in _PICKLED},
            "seed": self.seed,
            "closed": self.closed,
            "signals": {} if self.closed else dict(self.signals),
            "n_steps": self._n_steps,
            "draws": 0 if self.closed else int(self._draws),
            "recorded": {probe: np.array(self.data[probe]) for probe in self.model.probes},
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state["same"])
        self._devices = Devices(self._n, None, None)  # there may be others here
        n_run, kept = self.program.host.n_run, self.program.host.kept
        self._open(state["seed"])
        self.program.host.go_on(n_run, kept)
        self._n_steps = state["n_steps"]
        for signal, value in state["signals"].items():
            self.signals[signal] = value
        with self._settings():
            self._draws = jnp.int32(state["draws"])
        for probe, values in state["recorded"].items():
            self.data.restore(probe, values)
        if state["closed"]:
            self.close()

    @property
    def dt(self) -> float:
        """Length of a timestep, in seconds."""
        return self.model.dt

    @property
    def n_steps(self) -> int:
        """Number of timesteps that have been simulated."""
        return self._n_steps

    @property
    def time(self) -> float:
        """Simulated time, in seconds."""
        return self._n_steps * self.dt

    def close(self) -> None:
        """Release all arrays. A closed simulator cannot be used any more."""
        self.closed = True
        self._shared.clear()
        self._state.clear()

    def clear_probes(self) -> None:
        """Discard all recorded values."""
        self.data.clear()

    def reset(self, seed: int | None = None) -> None:
        """Start again at time 0, with nothing learned.

        Parameters
        ----------
        seed : int, optional
            A new seed of the simulation. By default the seed does not change.
        """
        self._require_open()
        self.seed = self.seed if seed is None else seed
        with self._settings():
            shared = self.program.shared.items()
            self._shared = {k: self._array(v) for k, v in shared}
        if self.program.matrices.reset():
            self._compile()
        self.begin()

    def begin(self) -> None:
        """Start again at time 0, but keep what the rules of this package have learned.

        Weights that rules of Nengo have learned, such as PES, are those of the start again.
        """
        self._n_steps = 0
        with self._settings():
            self._state = self._initial_state(self.program.state)
        self.repeat()
        self.program.host.start(self.seed)
        self.clear_probes()

    def rest(self) -> None:
        """Reset neurons and synapses, but neither the time nor what was learned."""
        own = self.program.per_sample
        with self._settings():
            self._state.update(
                self._initial_state({k: v for k, v in self.program.state.items() if k in own})
            )

    def repeat(self) -> None:
        """Restart the random numbers that the device draws, of neurons and of white noise."""
        self._draws = np.int32(0)

    def _initial_state(self, arrays):
        own = self.program.per_sample
        return {
            k: self._array(np.repeat(v[None], self._n, axis=0), 0)
            if k in own
            else self._array(v)
            for k, v in arrays.items()
        }

    def are_finite(self, signals: Iterable[Signal]) -> list[bool]:
        """Return whether all numbers of some signals are finite, computed on the device.

        Parameters
        ----------
        signals : sequence of nengo.builder.Signal
            Bases of signals that are in ``signals`` of this simulator.

        Returns
        -------
        list of bool
        """
        found = (self.signals.find(signal) for signal in signals)
        with self._settings():
            return [bool(x) for x in _are_finite([arrays[name] for arrays, name in found])]

    def run(
        self,
        time_in_seconds: float,
        data: Mapping[nengo.Node, ArrayLike] | None = None,
        progress_bar: bool | None = None,
    ) -> None:
        """Simulate for a length of time.

        Parameters
        ----------
        time_in_seconds : float
            Length of time in seconds, which is rounded to whole timesteps.
        data, progress_bar
            As for ``run_steps``.
        """
        if time_in_seconds < 0:
            raise ValidationError(
                f"must not be negative, got {time_in_seconds:g}", attr="time_in_seconds"
            )
        n_steps = int(np.round(float(time_in_seconds) / self.dt))
        if n_steps == 0:
            warnings.warn(
                f"{time_in_seconds} results in running for 0 timesteps. Simulator still at "
                f"time {self.time}.",
                stacklevel=2,
            )
            return
        self.run_steps(n_steps, data=data, progress_bar=progress_bar)

    def step(self) -> None:
        """Simulate one timestep."""
        self._require_open()
        self._run(1, {})

    def run_steps(
        self,
        n_steps: int,
        data: Mapping[nengo.Node, ArrayLike] | None = None,
        progress_bar: bool | None = None,
    ) -> None:
        """Simulate a number of timesteps.

        Parameters
        ----------
        n_steps : int
        data : dict of {nengo.Node: (b, n_steps, size) array}, optional
            Values that replace the output of nodes without an input. If all samples see the
            same values, the axis for samples may be missing or have length 1. If the values
            do not change, the axis for timesteps may have length 1.
        progress_bar : bool, optional
            Whether a progress bar is shown. Default: as for the simulator.
        """
        self._require_open()
        fed = self._inputs.of({} if data is None else data, n_steps)
        bar = self.progress_bar if progress_bar is None else progress_bar
        a_step = self._inputs.bytes_of_a_step(fed) + self._recording.bytes_of_a_step()
        limit = max(c for c in _CAPACITIES if c == 1 or c * a_step <= _MAX_BYTES)
        with ProgressTracker(bar, Progress("Simulating", "Simulation", n_steps)) as tracker:
            for first in range(0, n_steps, limit):
                n = min(limit, n_steps - first)
                parts = {k: x if len(x) == 1 else x[first : first + n] for k, x in fed.items()}
                self._run(n, parts)
                tracker.total_progress.step(n)

    def trange(self, dt: float | None = None, sample_every: float | None = None) -> NDArray:
        """Return the times of recorded values, in seconds.

        Parameters
        ----------
        dt : float, optional
            The old name of ``sample_every``, of which a warning is given, as by Nengo.
        sample_every : float, optional
            The period of a probe, in seconds. Default: each timestep.

        Raises
        ------
        nengo.exceptions.ValidationError
            If both are given.
        """
        if dt is not None:
            if sample_every is not None:
                raise ValidationError(
                    "Cannot specify both `dt` and `sample_every`. Use `sample_every` only.",
                    attr="dt",
                    obj=self,
                )
            warnings.warn(
                "`dt` is deprecated. Use `sample_every` instead.",
                DeprecationWarning,
                stacklevel=2,
            )
            sample_every = dt
        period = 1 if sample_every is None else sample_every / self.dt
        steps = np.arange(1, self.n_steps + 1)
        return self.dt * steps[steps % period < 1]

    # --- running

    def _run(self, n_steps, fed):
        """Simulate some timesteps in one call of the compiled program."""
        program, first = self.program, self._n_steps + 1
        capacity = next(c for c in _CAPACITIES if c >= n_steps)
        held = {name: x[0] for name, x in fed.items() if len(x) == 1 < n_steps}
        series = {name: x for name, x in fed.items() if name not in held}
        series.update(self._inputs.ahead(fed, first, n_steps))
        rows, n_rows = self._recording.rows(first, n_steps, capacity)
        with self._settings():
            probed = {k: self._given(x, 1) for k, x in self._recording.empty(capacity).items()}
            learned = program.learned
            with self._python_errors():
                weights, state, draws, probed = self._loop.run(
                    {k: x for k, x in self._shared.items() if k not in learned},
                    {k: x for k, x in self._shared.items() if k in learned},
                    self._state,
                    {k: self._given(x, 0) for k, x in held.items()},
                    {k: self._given(padded(x, capacity), 1) for k, x in series.items()},
                    rows,
                    np.uint32(self.seed),
                    self._draws,
                    np.int32(n_steps),
                    probed,
                )
                if program.host.is_called:
                    jax.block_until_ready(state)
            self._shared.update(weights)
            self._state, self._draws = state, draws
            self._n_steps += n_steps
            for probe, name in program.probes.items():
                if n_rows[name]:
                    values = self._devices.read(probed[name])
                    n = n_rows[name]
                    self.data.record(probe, values if n == len(values) else values[:n].copy())

    @contextmanager
    def _python_errors(self):
        """Raise the error of a Python function instead of JAX's error about it."""
        try:
            yield
        except Exception:
            errors = [*self._loop.errors]
            self._loop.errors.clear()
            if errors:
                raise errors[0] from None
            raise

    # --- arrays

    def _array(self, x, axis=None):
        """Return a JAX array, with or without an axis of the samples."""
        x = np.asarray(x)
        kind = {"f": self._dtype, "i": np.int32, "u": np.int32}.get(x.dtype.kind, x.dtype)
        return self._devices.put(np.array(x, kind), axis)

    def _given(self, x, axis):
        """Return an array for a compiled program; ``axis`` is the axis of the samples.

        With one device this is left to JAX, because our function would take longer than many
        timesteps do.
        """
        x = np.array(x, self._dtype)  # nobody may change it while the program runs
        if len(self._devices.all) == 1:
            return x
        return self._devices.put(x, axis if x.shape[axis] == self._n else None)

    def _settings(self):
        return Settings(self._dtype == np.float64, self._precision)

    def _require_open(self):
        if self.closed:
            raise SimulatorClosed("the simulator is closed, and cannot be used any more")


@jax.jit
def _are_finite(arrays):
    return [jnp.all(jnp.isfinite(x)) for x in arrays]
