"""nengo_dl.Simulator, prepared for networks that learn by local rules."""

import warnings
from collections.abc import Mapping
from contextlib import contextmanager

import nengo
import nengo_dl
import numpy as np
import tensorflow as tf
from nengo.config import ConfigError
from nengo.exceptions import ValidationError
from nengo.params import Parameter
from nengo.rc import rc
from nengo_dl.simulator import with_self

from .. import process
from ..builder import PureOperator
from ..exceptions import DivergenceError
from .builder import scope
from .graph import SettleThenLearn
from .planner import plan


class Simulator(nengo_dl.Simulator):
    """NengoDL's simulator, with one set of learned weights for a whole minibatch.

    Local rules of nengo-ngc average over the minibatch. All else is as in
    `nengo_dl.Simulator`.

    Parameters
    ----------
    network : nengo.Network
    minibatch_size : int or None, optional
        Samples presented at once; None: 1, without a batch axis in the data.
    **kwargs
        As for `nengo_dl.Simulator`, ``device="/gpu:0"`` for example.

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

    def __init__(self, network, minibatch_size=None, **kwargs):
        self.closed = None  # in case that building fails
        _check_schedules(network, minibatch_size or 1)
        _check_device(kwargs.get("device"))
        with (
            _precision_kept(),
            process.building(network),
            _planned(network),
            warnings.catch_warnings(),
        ):
            warnings.filterwarnings("ignore", message="No GPU support detected")
            super().__init__(network, minibatch_size=minibatch_size, **kwargs)
        self.signals = _Signals(self.tensor_graph)
        self._run_compiled = self._compile()

    def _build_keras(self, progress=None):
        # NengoDL has made its graph by now and is about to build it
        self.tensor_graph.__class__ = SettleThenLearn
        self.tensor_graph.skips = self._skips
        super()._build_keras(progress)

    def _compile(self):
        model = self.keras_model
        specs = [tf.TensorSpec(x.shape, x.dtype) for x in model.inputs]
        return tf.function(lambda *x: model(list(x)), input_signature=specs)

    @with_self
    def predict_on_batch(self, x=None, n_steps=None, stateful=False, **kwargs):
        """Simulate one minibatch; see `nengo_dl.Simulator.predict_on_batch`.

        A stateful call, such as ``run_steps`` makes, goes straight to the compiled
        graph: Keras sets up a data pipeline for each batch, and taking it down again
        may take longer than the simulation.
        """
        if not stateful or kwargs:
            return super().predict_on_batch(
                x, n_steps=n_steps, stateful=stateful, **kwargs
            )
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

    def _raise_divergence(self, error, step):
        """Say which rule it was if a matrix of its turned out to have no inverse."""
        for op in self.model.operators:
            if isinstance(op, PureOperator) and scope(op.tag) in error.message:
                reason = error.message.split("\n")[0].split("}} ")[-1]
                raise DivergenceError(op.tag, step, f"failed: {reason}") from error


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
    for connection in network.all_connections:
        rules = connection.learning_rule_type
        if rules is None:
            continue
        if isinstance(rules, dict):
            rules = rules.values()
        for rule in rules if nengo.utils.numpy.is_iterable(rules) else [rules]:
            schedule = getattr(rule, "schedule", None)
            if schedule is not None:
                schedule.check_minibatch(minibatch_size)


@contextmanager
def _planned(network):
    """Have NengoDL use our planner, unless the user asked for another."""
    try:
        settings = network.config[nengo.Network]
    except ConfigError:
        network.config.configures(nengo.Network)
        settings = network.config[nengo.Network]
    if "planner" in settings.extra_params:
        yield
        return
    settings.set_param("planner", Parameter("planner", default=plan))
    try:
        yield
    finally:
        del settings._extra_params["planner"]
