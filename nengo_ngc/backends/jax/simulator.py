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
from ...rules.connections import rules_of
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
from .loop import Loop
from .namespace import jax_namespace
from .results import Results

# timesteps for which programs are compiled, and the bytes of inputs and probes of one run
_CAPACITIES = (1, 16, 256, 4096)
_MAX_BYTES = 2**26


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
        Devices that share the samples of a minibatch, or how many of ``jax.devices()`` do.
        ``minibatch_size`` must be a multiple of their number. Devices of several processes
        are those that ``jax.distributed`` has made known: each process runs the same script
        with the same data, and gets the same results.
    progress_bar : bool, optional
        Whether a progress bar is shown while the simulator is built and runs.
    model : nengo.builder.Model or None, optional
        The model into which the network is built. Default: a new model.
    optimize : bool, optional
        Whether small operators that are alike are merged, which makes models of many small
        ensembles faster, and constant matrices of equal groups are multiplied group by group.
    dtype : {"float32", "float64"}, optional
        Floating-point type of the simulation.
    precision : {"highest", "high", "default"}, optional
        Precision of products on GPUs and TPUs. "highest" is that of ``dtype``; the others
        allow faster ones with fewer digits, such as TF32.

    Attributes
    ----------
    data : mapping
        Recorded values of probes, and parameters of other objects, as in `nengo.Simulator`.
    signals : mapping of nengo.builder.Signal to array
        The present values of what is kept between timesteps. Assigning to an item changes the
        simulation.

    Raises
    ------
    nengo.exceptions.ValidationError
        If a rule's ``batch_size`` is not a multiple of ``minibatch_size``, or there is no
        such ``device``.
    nengo.exceptions.BuildError
        If the model has something that cannot be compiled, or calls Python functions within
        timesteps, which several devices cannot.
    """

    closed = True  # as long as nothing is built
    seed = 0
    _skips = False  # all timesteps are simulated, as in Nengo
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
        _check_schedules(toplevel, self._n)
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
        self._inputs = self.program.nodes
        if len(self._devices.all) > 1:
            self.program.host.check_not_called(model)
            self._devices.check_alike({**self.program.shared, **self.program.state})
        self._compile()
        self.data = Results(model, self.minibatch_size)
        self.signals = _Signals(self)
        if seed is None and network is not None and network.seed is not None:
            seed = network.seed + 1
        self.closed = False
        self.reset(np.random.randint(np.iinfo(np.int32).max) if seed is None else seed)

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
        names = ("minibatch_size", "progress_bar", "optimize", "model", "seed")
        return {
            **{name: getattr(self, name) for name in names},
            "dtype": str(self._dtype),
            "precision": self._precision,
            "closed": self.closed,
            "signals": {} if self.closed else dict(self.signals),
            "n_steps": self._n_steps,
            "draws": 0 if self.closed else int(self._draws),
            "recorded": {probe: np.array(self.data[probe]) for probe in self.model.probes},
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        names = ("minibatch_size", "progress_bar", "model", "seed", "dtype", "precision")
        # what was merged is merged already
        kept = {name: state[name] for name in names}
        Simulator.__init__(self, None, optimize=False, **kept)
        self.optimize, self._n_steps = state["optimize"], state["n_steps"]
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
        """Timesteps that were simulated."""
        return self._n_steps

    @property
    def time(self) -> float:
        """Simulated time, in seconds."""
        return self._n_steps * self.dt

    def close(self) -> None:
        """Free the arrays; a closed simulator cannot be used any more."""
        self.closed = True
        self._shared.clear()
        self._state.clear()

    def clear_probes(self) -> None:
        """Forget what was recorded."""
        self.data.clear()

    def reset(self, seed: int | None = None) -> None:
        """Start again at time 0, with nothing learned.

        Parameters
        ----------
        seed : int, optional
            Of what is random in the simulation. By default it stays as it was.
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
        """Start again at time 0, with what is learned and other weights as they are."""
        self._n_steps = 0
        with self._settings():
            self._state = self._initial_state(self.program.state)
        self.repeat()
        self.program.host.start(self.seed)
        self.clear_probes()

    def rest(self) -> None:
        """Have neurons and synapses start again, while time and what is learned go on."""
        own = self.program.per_sample
        with self._settings():
            self._state.update(
                self._initial_state({k: v for k, v in self.program.state.items() if k in own})
            )

    def repeat(self) -> None:
        """Have the random numbers of neurons begin again."""
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
        """Whether all numbers are finite, found out on the device.

        Parameters
        ----------
        signals : sequence of nengo.builder.Signal
            Bases that are in ``signals`` of this simulator.

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
            It is rounded to whole timesteps.
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
        self.run_steps(1, progress_bar=False)

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
            Outputs of nodes without an input, which take the place of their own. The axis for
            samples may be missing, or have length 1, if all samples see the same; if that
            for timesteps has length 1, the values are held.
        progress_bar : bool, optional
            Whether a progress bar is shown. Default: as for the simulator.
        """
        self._require_open()
        fed = {
            self._name(node): self._fed(node, x, n_steps) for node, x in (data or {}).items()
        }
        bar = self.progress_bar if progress_bar is None else progress_bar
        limit = self._limit(fed)
        with ProgressTracker(bar, Progress("Simulating", "Simulation", n_steps)) as tracker:
            for first in range(0, n_steps, limit):
                n = min(limit, n_steps - first)
                parts = {k: x if len(x) == 1 else x[first : first + n] for k, x in fed.items()}
                self._run(n, parts)
                tracker.total_progress.step(n)

    def trange(self, dt: float | None = None, sample_every: float | None = None) -> NDArray:
        """Return the times of what was recorded, in seconds.

        Parameters
        ----------
        sample_every : float, optional
            The period of a probe, in seconds. Default: each timestep.
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
        replaced = {id(op) for op in self._sources_of(fed)}
        for name, op in program.sources.items():
            if id(op) in replaced:
                series[name] = np.zeros((1, 1, *op.output.shape))
        needed = [name for name in program.sources if name not in series]
        series.update(program.host.ahead(needed, first, n_steps))
        with self._settings():
            rows, probed, n_rows = self._records(first, n_steps, capacity)
            learned = program.learned
            with self._python_errors():
                weights, state, draws, probed = self._loop.run(
                    {k: x for k, x in self._shared.items() if k not in learned},
                    {k: x for k, x in self._shared.items() if k in learned},
                    self._state,
                    {k: self._array(x, self._axis(x, 0)) for k, x in held.items()},
                    {
                        k: self._array(_padded(x, capacity), self._axis(x, 1))
                        for k, x in series.items()
                    },
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
                    values = self._devices.read(probed[name][: n_rows[name]])
                    self.data.record(probe, values)

    @contextmanager
    def _python_errors(self):
        """Raise what a Python function has raised, in place of JAX's error about it."""
        try:
            yield
        except Exception:
            errors = [*self._loop.errors]
            self._loop.errors.clear()
            if errors:
                raise errors[0] from None
            raise

    def _records(self, first, n_steps, capacity):
        """Where each timestep is recorded, and empty arrays for the records."""
        rows, probed, n_rows = {}, {}, {}
        steps = np.arange(first, first + n_steps)
        for probe, name in self.program.probes.items():
            period = 1 if probe.sample_every is None else probe.sample_every / self.dt
            sampled = steps % period < 1
            n_rows[name] = int(sampled.sum())
            # a timestep that is not sampled is overwritten by the next one
            row = np.cumsum(sampled) - sampled
            rows[name] = np.zeros(capacity, np.int32)
            rows[name][:n_steps] = row
            signal = self.model.sig[probe]["in"]
            length = min(capacity, int(np.ceil(capacity / period)) + 1)
            n = self._n if self.program.layout.is_own(signal) else 1
            zeros = np.zeros((length, n, *signal.shape), self._dtype)
            probed[name] = self._array(zeros, self._axis(zeros, 1))
        return rows, probed, n_rows

    def _limit(self, fed):
        """Timesteps of one call of the compiled program."""
        a_step = sum(x.nbytes / len(x) for x in fed.values() if len(x) > 1)
        for op in self.program.sources.values():
            a_step += op.output.size * self._n * self._dtype.itemsize
        for probe in self.model.probes:
            every = max((probe.sample_every or self.dt) / self.dt, 1)
            size = self.model.sig[probe]["in"].size * self._n
            a_step += size * self._dtype.itemsize / every
        return max(c for c in _CAPACITIES if c == 1 or c * a_step <= _MAX_BYTES)

    # --- inputs

    def _name(self, node):
        name = self._inputs.get(node)
        if name is None:
            raise ValidationError(
                f"must have nodes of this network without an input as keys, got {node}",
                attr="data",
            )
        return name

    def _fed(self, node, x, n_steps):
        """Values of a node, with the axis for timesteps in front."""
        x = np.asarray(x, self._dtype)
        given = x.shape
        x = x[None] if x.ndim == 2 else x
        fits = x.ndim == 3 and x.shape[0] in (1, self._n) and x.shape[1] in (1, n_steps)
        if not fits or x.shape[2] != node.size_out:
            raise ValidationError(
                f"must hold an array of shape ({self._n}, {n_steps}, {node.size_out}) for "
                f"{node}, got one of shape {given}",
                attr="data",
            )
        return np.moveaxis(x, 0, 1)

    def _sources_of(self, fed):
        signals = [
            self.model.sig[node]["out"] for node, name in self._inputs.items() if name in fed
        ]
        return [
            op for op in self.program.sources.values() if op.sets and op.sets[0] in signals
        ]

    # --- arrays

    def _array(self, x, axis=None):
        """An array of JAX, with an axis of the samples or without."""
        x = np.asarray(x)
        kind = {"f": self._dtype, "i": np.int32, "u": np.int32}.get(x.dtype.kind, x.dtype)
        return self._devices.put(np.array(x, kind), axis)

    def _axis(self, x, axis):
        return axis if x.shape[axis] == self._n else None

    def _settings(self):
        return _Settings(self._dtype == np.float64, self._precision)

    def _require_open(self):
        if self.closed:
            raise SimulatorClosed("the simulator is closed, and cannot be used any more")


@jax.jit
def _are_finite(arrays):
    return [jnp.all(jnp.isfinite(x)) for x in arrays]


class _Settings:
    """JAX's settings while something of a simulator is computed; others keep their own."""

    def __init__(self, wide, precision):
        self._all = (jax.enable_x64(wide), jax.default_matmul_precision(precision))

    def __enter__(self):
        for setting in self._all:
            setting.__enter__()

    def __exit__(self, *error):
        for setting in reversed(self._all):
            setting.__exit__(*error)


class _Signals(Mapping):
    """The values of signals that are kept between timesteps."""

    def __init__(self, sim):
        self._sim = sim

    def __iter__(self):
        layout = self._sim.program.layout
        return iter([*layout.shared, *layout.state])

    def __len__(self):
        return len([*self])

    def __contains__(self, signal):
        try:
            self.find(signal)
        except KeyError:
            return False
        return True

    def find(self, signal):
        """The dictionary that holds the array of a signal's base, and its name there."""
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


def _padded(x, length):
    missing = length - len(x)
    return np.concatenate([x, np.zeros((missing, *x.shape[1:]), x.dtype)]) if missing else x


def _check_schedules(network, minibatch_size):
    for connection in [] if network is None else network.all_connections:
        for rule in rules_of(connection):
            schedule = getattr(rule, "schedule", None)
            if schedule is not None:
                schedule.check_minibatch(minibatch_size)
