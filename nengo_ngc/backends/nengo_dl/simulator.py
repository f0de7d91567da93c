"""A nengo_dl.Simulator for networks that learn by local rules."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import nengo
import nengo_dl
import numpy as np
import tensorflow as tf
from nengo.exceptions import ValidationError
from nengo.rc import rc
from nengo_dl.simulator import require_open, with_self
from numpy.typing import NDArray

from ...exceptions import DivergenceError
from ...program import PureOperator
from ...rules.connections import check_schedules
from ...validation import InstanceParam, PositiveParam, SeedParam, WholeParam, checked
from .. import process
from . import parameter_files
from .builder import scope
from .compat import numpy_1_names
from .graph import SettleThenLearn
from .planner import planning
from .signals import JoinedSignals


class Simulator(nengo_dl.Simulator):
    """NengoDL's simulator, with one set of learned weights for a whole minibatch.

    Local rules average over the minibatch. In all other respects it is used like
    `nengo_dl.Simulator`.

    Parameters
    ----------
    network : nengo.Network or None
        The network to simulate. With None ``model`` is simulated as it is.
    dt : float, optional
        Length of a timestep, in seconds.
    seed : int or None, optional
        Seed of the simulator. With None it follows from the seed of the network, if the
        network has one.
    model : nengo.builder.Model or None, optional
        The model into which the network is built. Default: a new model.
    device : str or None, optional
        TensorFlow's name of a device, such as ``"/gpu:0"``. With None TensorFlow chooses.
    unroll_simulation : int, optional
        Number of timesteps in one iteration of the simulation's loop.
    minibatch_size : int or None, optional
        Number of samples that are presented at once. None stands for 1, and data have no
        batch axis then.
    progress_bar : bool, optional
        Whether a progress bar is shown while the simulator is built and runs.

    Attributes
    ----------
    signals : mapping of nengo.builder.Signal to array
        The present values, as in `nengo.Simulator`. Assigning to an item changes the
        simulation.

    Raises
    ------
    nengo.exceptions.ValidationError
        If a rule's ``batch_size`` is not a multiple of ``minibatch_size``, or there is no
        such ``device``.
    """

    _skips = False  # all timesteps are simulated, as in Nengo
    closed = None  # as long as nothing is built

    @checked(
        InstanceParam("network", nengo.Network, optional=True),
        PositiveParam("dt"),
        SeedParam(),
        InstanceParam("model", nengo.builder.Model),
        WholeParam("unroll_simulation"),
        WholeParam("minibatch_size"),
    )
    def __init__(
        self,
        network: nengo.Network | None,
        dt: float = 0.001,
        seed: int | None = None,
        model: nengo.builder.Model | None = None,
        device: str | None = None,
        unroll_simulation: int = 1,
        minibatch_size: int | None = None,
        progress_bar: bool = True,
    ) -> None:
        if network is not None:
            toplevel = network
        elif model is not None:
            toplevel = model.toplevel
        else:
            raise ValidationError(
                "must be a nengo.Network, or a model must be given, got None", attr="network"
            )
        check_schedules(toplevel, minibatch_size or 1)
        _check_device(device)
        with (
            _precision_kept(),
            process.building(toplevel),
            planning(minibatch_size or 1),
            numpy_1_names(),
            warnings.catch_warnings(),
        ):
            warnings.filterwarnings("ignore", message="No GPU support detected")
            super().__init__(
                network,
                dt,
                seed,
                model,
                device,
                unroll_simulation,
                minibatch_size,
                progress_bar,
            )
        self.signals = _Signals(self.tensor_graph, minibatch_size is None)

    def _build_keras(self, progress=None):
        # NengoDL has made its graph by now and is about to build it
        self.tensor_graph.__class__ = SettleThenLearn
        self.tensor_graph.signals.__class__ = JoinedSignals
        self.tensor_graph.skips = self._skips
        self.tensor_graph.mend()
        super()._build_keras(progress)

    @process.resizing()
    def run_steps(
        self,
        n_steps: int,
        data: Mapping | None = None,
        progress_bar: bool | None = None,
        stateful: bool = True,
    ) -> None:
        """Simulate a number of timesteps; see `nengo_dl.Simulator.run_steps`."""
        super().run_steps(n_steps, data=data, progress_bar=progress_bar, stateful=stateful)

    @cached_property
    def _run_compiled(self):
        model = self.keras_model
        specs = [tf.TensorSpec(x.shape, x.dtype) for x in model.inputs]
        return tf.function(lambda *x: model(list(x))).get_concrete_function(*specs)

    @with_self
    def predict_on_batch(
        self,
        x: Any = None,
        n_steps: int | None = None,
        stateful: bool = False,
        **kwargs: Any,
    ) -> dict[nengo.Probe, NDArray]:
        """Simulate one minibatch; see `nengo_dl.Simulator.predict_on_batch`.

        With ``stateful=True``, as in ``run_steps``, the compiled graph is called directly.
        Keras would create a data pipeline for each batch, which may take longer than the
        simulation.
        """
        if not stateful or kwargs:
            return super().predict_on_batch(x, n_steps=n_steps, stateful=stateful, **kwargs)
        inputs = self._generate_inputs(x, n_steps=n_steps)
        self._check_data(inputs, n_steps=n_steps, batch_size=self.minibatch_size)
        model = self.keras_model
        tensors = [
            tf.convert_to_tensor(inputs[name], spec.dtype)
            for name, spec in zip(model.input_names, model.inputs)
        ]
        try:
            outputs = self._run_compiled(*tensors)
        except tf.errors.InvalidArgumentError as error:
            self._raise_divergence(error, self.n_steps + int(n_steps or 0))
            raise
        self._update_steps()
        return {p: out.numpy() for p, out in zip(self.model.probes, outputs)}

    @require_open
    @with_self
    def save_params(
        self,
        path: str | Path,
        include_state: bool = False,
        include_non_trainable: bool | None = None,
    ) -> None:
        """Write parameters to a file that `nengo_dl.Simulator` can read, too.

        Parameters
        ----------
        path : str or path
            Name of the file, without ``.npz``, which is added.
        include_state : bool, optional
            Whether to write the state of the simulation as well.
        include_non_trainable : bool or None, optional
            The old name of ``include_state``.
        """
        state = _new_name(include_state, include_non_trainable)
        parameter_files.save(self, path, state)

    @require_open
    @with_self
    def load_params(
        self,
        path: str | Path,
        include_state: bool = False,
        include_non_trainable: bool | None = None,
    ) -> None:
        """Read parameters from a file that ``save_params`` of either simulator has written.

        Parameters
        ----------
        path, include_state, include_non_trainable
            As for ``save_params``.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        nengo.exceptions.SimulationError
            If the file is damaged, or holds parameters of another model.
        """
        state = _new_name(include_state, include_non_trainable)
        parameter_files.load(self, path, state)

    def _raise_divergence(self, error, step):
        """Raise a DivergenceError that names the rule whose matrix has no inverse."""
        for op in self.model.operators:
            if isinstance(op, PureOperator) and scope(op.tag) in error.message:
                reason = error.message.split("\n")[0].split("}} ")[-1]
                raise DivergenceError(op.tag, step, f"failed: {reason}") from error


def _new_name(include_state, include_non_trainable):
    if include_non_trainable is None:
        return include_state
    warnings.warn(
        "include_non_trainable is deprecated, use include_state instead",
        DeprecationWarning,
        stacklevel=3,
    )
    return include_non_trainable


@contextmanager
def _precision_kept() -> Iterator[None]:
    """Restore Nengo's precision, which NengoDL does not do if building fails."""
    before = rc.get("precision", "bits")
    try:
        yield
    finally:
        rc.set("precision", "bits", before)


class _Signals(Mapping):
    """The values of signals in NengoDL's variables.

    Signals of which each sample has its own have an axis of samples in front, unless the
    simulator has no ``minibatch_size``, as in `nengo_ngc.jax.Simulator`.
    """

    def __init__(self, graph, unbatched):
        self._graph, self._unbatched = graph, unbatched

    def __iter__(self):
        return iter(self._graph.signals)

    def __len__(self):
        return len(self._graph.signals)

    def __getitem__(self, signal):
        if signal not in self._graph.signals:  # a constant that was optimised away
            return signal.initial_value
        _, values, index, shape = self._locate(signal)
        return values[index].reshape(shape)

    def __setitem__(self, signal, value):
        variable, values, index, shape = self._locate(signal)
        values[index] = np.broadcast_to(value, shape).reshape(values[index].shape)
        variable.assign(values)

    def _locate(self, signal):
        graph = self._graph
        variables = {**graph.base_params, **graph.saved_state}
        tensor_signal = graph.signals.get(signal)
        key = getattr(tensor_signal, "key", None)
        if key not in variables:
            raise KeyError(f"{signal} is not kept between runs")
        rows = np.concatenate([np.arange(*s) for s in tensor_signal.slices])
        variable = variables[key]
        if not tensor_signal.minibatched:
            return variable, variable.numpy(), rows, signal.shape
        samples = () if self._unbatched else (self._graph.minibatch_size,)
        return variable, variable.numpy(), (slice(None), rows), (*samples, *signal.shape)


def _check_device(device):
    """Raise an error if there is no such device; TensorFlow would use a processor instead."""
    if device is None:
        return
    seen = [found.name for found in tf.config.list_logical_devices()]
    try:
        wanted = tf.DeviceSpec.from_string(device)
        known = f"/device:{wanted.device_type}:{wanted.device_index or 0}" in seen
    except (AttributeError, TypeError, ValueError):
        known = False
    if not known:
        names = ", ".join(name.replace("device:", "").lower() for name in seen)
        raise ValidationError(
            f"must be a device that TensorFlow sees ({names}), got {device!r}", attr="device"
        )
