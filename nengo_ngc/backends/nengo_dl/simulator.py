"""nengo_dl.Simulator, prepared for networks that learn by local rules."""

import warnings
from collections.abc import Mapping
from contextlib import contextmanager
from functools import cached_property

import nengo
import nengo_dl
import numpy as np
import tensorflow as tf
from nengo.exceptions import ValidationError
from nengo.rc import rc
from nengo_dl.simulator import require_open, with_self

from ...exceptions import DivergenceError
from ...program import PureOperator
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

    Local rules of nengo-ngc average over the minibatch. All else is as in
    `nengo_dl.Simulator`.

    Parameters
    ----------
    network : nengo.Network or None
        None: what ``model`` holds already is simulated.
    dt : float, optional
        Length of a timestep, in seconds.
    seed : int or None, optional
        Seed of the simulator. With None it follows from the network's, if it has one.
    model : nengo.builder.Model or None, optional
        Where the network is built; a new model by default.
    device : str or None, optional
        As TensorFlow names it, ``"/gpu:0"`` for example. With None TensorFlow chooses.
    unroll_simulation : int, optional
        Timesteps of one turn of the simulation's loop.
    minibatch_size : int or None, optional
        Samples presented at once; None: 1, without a batch axis in the data.
    progress_bar : bool, optional
        Whether building and running show their progress.

    Attributes
    ----------
    signals : mapping of nengo.builder.Signal to array
        Values as they are now, as in `nengo.Simulator`; assigning to an item changes
        the simulation.

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
        network,
        dt=0.001,
        seed=None,
        model=None,
        device=None,
        unroll_simulation=1,
        minibatch_size=None,
        progress_bar=True,
    ):
        if network is None and model is None:
            raise ValidationError(
                "must be a nengo.Network, or a model must be given, got None", attr="network"
            )
        toplevel = model.toplevel if network is None else network
        _check_schedules(toplevel, minibatch_size or 1)
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
        self.signals = _Signals(self.tensor_graph)

    def _build_keras(self, progress=None):
        # NengoDL has made its graph by now and is about to build it
        self.tensor_graph.__class__ = SettleThenLearn
        self.tensor_graph.signals.__class__ = JoinedSignals
        self.tensor_graph.skips = self._skips
        self.tensor_graph.mend()
        super()._build_keras(progress)

    @process.resizing()
    def run_steps(self, n_steps, data=None, progress_bar=None, stateful=True):
        """Simulate a number of timesteps; see `nengo_dl.Simulator.run_steps`."""
        super().run_steps(n_steps, data=data, progress_bar=progress_bar, stateful=stateful)

    @cached_property
    def _run_compiled(self):
        model = self.keras_model
        specs = [tf.TensorSpec(x.shape, x.dtype) for x in model.inputs]
        return tf.function(lambda *x: model(list(x))).get_concrete_function(*specs)

    @with_self
    def predict_on_batch(self, x=None, n_steps=None, stateful=False, **kwargs):
        """Simulate one minibatch; see `nengo_dl.Simulator.predict_on_batch`.

        A stateful call, such as ``run_steps`` makes, goes straight to the compiled
        graph: Keras sets up a data pipeline for each batch, and taking it down again
        may take longer than the simulation.
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
    def save_params(self, path, include_state=False, include_non_trainable=None):
        """Write parameters to a file that `nengo_dl.Simulator` reads, too.

        Parameters
        ----------
        path : str or path
            Without the ending ``.npz``, which is added.
        include_state : bool, optional
            Whether to write the state of the simulation as well.
        include_non_trainable : bool or None, optional
            The old name of ``include_state``.
        """
        state = _new_name(include_state, include_non_trainable)
        parameter_files.save(self, path, state)

    @require_open
    @with_self
    def load_params(self, path, include_state=False, include_non_trainable=None):
        """Read what ``save_params`` wrote, here or in `nengo_dl.Simulator`.

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
        """Say which rule it was if a matrix of its turned out to have no inverse."""
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
def _precision_kept():
    """Nengo's precision as it was: NengoDL leaves its own behind if building fails."""
    before = rc.get("precision", "bits")
    try:
        yield
    finally:
        rc.set("precision", "bits", before)


class _Signals(Mapping):
    """The values of signals in NengoDL's variables."""

    def __init__(self, graph):
        self._graph = graph

    def __iter__(self):
        return iter(self._graph.signals)

    def __len__(self):
        return len(self._graph.signals)

    def __getitem__(self, signal):
        if signal not in self._graph.signals:  # a constant that was optimised away
            return signal.initial_value
        _, _, values, index = self._locate(signal)
        return values[index].reshape(signal.shape)

    def __setitem__(self, signal, value):
        variable, shape, values, index = self._locate(signal)
        values[index] = np.reshape(value, shape)
        variable.assign(values)

    def _locate(self, signal):
        graph = self._graph
        variables = {**graph.base_params, **graph.saved_state}
        tensor_signal = graph.signals.get(signal)
        key = getattr(tensor_signal, "key", None)
        if key not in variables or tensor_signal.minibatched:
            raise KeyError(f"{signal} is not kept between runs as one shared array")
        variable = variables[tensor_signal.key]
        rows = np.concatenate([np.arange(*s) for s in tensor_signal.slices])
        return variable, (len(rows),) + variable.shape[1:], variable.numpy(), rows


def _check_device(device):
    """Raise if there is none: TensorFlow would take a processor and say nothing."""
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


def _check_schedules(network, minibatch_size):
    for connection in [] if network is None else network.all_connections:
        rules = connection.learning_rule_type
        if rules is None:
            continue
        if isinstance(rules, dict):
            rules = rules.values()
        for rule in rules if nengo.utils.numpy.is_iterable(rules) else [rules]:
            schedule = getattr(rule, "schedule", None)
            if schedule is not None:
                schedule.check_minibatch(minibatch_size)
