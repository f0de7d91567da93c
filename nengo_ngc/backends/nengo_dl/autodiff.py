"""NengoDL's own training by automatic differentiation, with which local rules are compared."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras
from nengo.exceptions import ValidationError
from numpy.typing import NDArray
from sklearn.utils import gen_batches

from ...networks.classifiers import OUTPUT_LOSSES
from ...neurons.functions import is_wrong
from ...rules import Adam, AdamW, Annealed, Optimizer
from ..means import Means
from ..model import Loss, Model
from ..session import TrainingSession
from .losses import KERAS_LOSSES
from .namespace import tensorflow_namespace
from .session import states_at_rest
from .simulator import Simulator

_MAX_BYTES = 2**28


class AutodiffSession(TrainingSession):
    """Trains a network by back-propagation through the simulation.

    Parameters
    ----------
    model, n_samples
        As for `.TrainingSession`.
    device : str, optional
        As for `nengo_dl.Simulator`.
    optimizer : Optimizer
        `.Adam` or `.AdamW`, `.Annealed` or not. NengoDL trains with the Adam of Keras and the
        same parameters. Keras adds the epsilon of AdamW as it does that of Adam.
    loss : Loss
        "cross-entropy" of the softmax of the output, or another one of ``OUTPUT_LOSSES`` or
        ``CODE_LOSSES``.
    measures : sequence of Loss, optional
        Other measures to report: "error", in percent.
    """

    def __init__(
        self,
        model: Model,
        n_samples: int,
        device: str | None = None,
        *,
        optimizer: Optimizer,
        loss: Loss,
        measures: Sequence[Loss] = (),
    ):
        super().__init__(model, n_samples)
        self.sim = Simulator(
            self.model,
            minibatch_size=n_samples,
            device=device,
            progress_bar=False,
        )
        self._optimizer = _kerass(optimizer)
        loss = _LOSSES[loss.name](**loss.settings)
        self._names = ["loss", *(measure.name for measure in measures)]
        self.sim.compile(
            self._optimizer,
            loss={self._output: loss},
            metrics={self._output: [_LOSSES[m.name](**m.settings) for m in measures]},
        )
        self._optimizer.build(self.sim.keras_model.trainable_variables)
        self._optimizer.tie(self._tied())
        self._remembered = [*self._optimizer.variables, *getattr(loss, "variables", ())]
        self._at_rest = states_at_rest(self.sim)

    def train(
        self, X: Any, y: Any, order: NDArray, report: Callable[[dict[str, float]], None]
    ) -> dict[str, float]:
        n_steps, watch = (
            self.net.schedule.steps,
            _Watch(self._names, self._forget, report),
        )
        means = Means()
        for rows in gen_batches(len(order), self._chunk(X.shape[1])):
            part = order[rows]
            held = np.broadcast_to(X[part][:, None], (len(part), n_steps, X.shape[1]))
            history = self.sim.fit(
                {self._stimulus: held},
                {self._output: y[part][:, None]},
                epochs=1,
                shuffle=False,
                stateful=True,
                verbose=0,
                callbacks=[watch],
            ).history
            of_part = _by_name(self._names, history)
            means.add(len(part), {name: mean for name, (mean,) in of_part.items()})
        return means.over_samples()

    def _tied(self):
        """For the names of variables, which of their entries change alike, and how."""
        graph, signals = self.sim.tensor_graph, self.net._parameter_signals(self.sim.model)
        found: dict[str, list] = {}
        for name, form in self.net._forms.items():
            signal = graph.signals[signals[name]]
            (rows,) = signal.slices
            found.setdefault(graph.base_params[signal.key].name, []).append((rows, form))
        return found

    def _chunk(self, n_pixels):
        """Number of images in one call of NengoDL, which copies them for each timestep."""
        a_batch = self.n_samples * self.net.schedule.steps * n_pixels * 4
        return max(1, _MAX_BYTES // a_batch) * self.n_samples

    def state(self) -> dict[str, NDArray]:
        remembered = {
            f"autodiff/{k}": variable.numpy() for k, variable in enumerate(self._remembered)
        }
        return {**super().state(), **remembered}

    def set_state(self, state: Mapping[str, NDArray]) -> None:
        super().set_state(
            {k: array for k, array in state.items() if not k.startswith("autodiff/")}
        )
        for k, variable in enumerate(self._remembered):
            shape, array = tuple(variable.shape), state.get(f"autodiff/{k}")
            found = None if array is None else array.shape
            if array is None or found != shape:
                raise ValidationError(
                    f"autodiff/{k} must have shape {shape}, got {found}: learning that was "
                    "begun by another backend, or with weights joined in another way, goes on "
                    "there only",
                    attr="state",
                )
            variable.assign(array)

    def _forget(self):
        for variable, at_rest in self._at_rest:
            variable.assign(at_rest)

    def _reset(self, seed):  # random numbers of training have seeds of their own
        self.sim.reset(include_trainable=False, include_probes=False, include_processes=False)


class _Watch(tf_keras.callbacks.Callback):
    """Reports each minibatch, and resets neurons and synapses before it."""

    def __init__(self, names, forget, report):
        super().__init__()
        self._names, self._forget, self._report = names, forget, report

    def on_train_batch_begin(self, batch, logs=None):
        self._forget()

    def on_train_batch_end(self, batch, logs=None):
        self._report(_by_name(self._names, logs))


def _by_name(names, logs):
    """Entries of Keras's logs by name, without the names of outputs in front."""
    return {
        name: next(value for key, value in logs.items() if key.endswith(name))
        for name in names
    }


def _kerass(optimizer):
    """The optimiser of Keras that corresponds to one of this package."""
    rate, inner = optimizer.learning_rate, optimizer
    if isinstance(optimizer, Annealed):
        inner, rate = optimizer.optimizer, _Rate(optimizer)
    if not isinstance(inner, Adam):
        raise ValueError(f"optimizer must be Adam or AdamW, annealed or not, got {optimizer}")
    return _Adam(
        rate,
        inner.beta_1,
        inner.beta_2,
        inner.epsilon,
        weight_decay=inner.decay if isinstance(inner, AdamW) else None,
    )


class _Adam(tf_keras.optimizers.Adam):
    """Adam, for variables of which some entries change alike."""

    def tie(self, forms):
        """Set the forms of parts of variables, by the names of these."""
        self._forms = forms

    def apply_gradients(self, grads_and_vars, *args, **kwargs):
        pairs = [(self._alike(gradient, v), v) for gradient, v in grads_and_vars]
        return super().apply_gradients(pairs, *args, **kwargs)

    def _alike(self, gradient, variable):
        xp = tensorflow_namespace(variable.dtype)
        for (start, stop), form in self._forms.get(variable.name, ()):
            tied = form.tied(xp, gradient[start:stop])
            gradient = tf.concat([gradient[:start], tied, gradient[stop:]], axis=0)
        return gradient


class _Rate(tf_keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of an annealed optimiser in each update."""

    def __init__(self, annealed):
        self._annealed = annealed

    def __call__(self, step):
        xp = tensorflow_namespace(tf.float32)
        size = self._annealed.size_of_step(xp, tf.cast(step, tf.float32))
        return self._annealed.learning_rate * size

    def get_config(self):
        return {"annealed": self._annealed}


def cross_entropy(y: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """Cross-entropy of the softmax of the output at the last timestep.

    It is TensorFlow's own function, which users of NengoDL train with, because the gradient of
    `.neurons.functions.cross_entropy` is rounded in another way.
    """
    return tf.nn.softmax_cross_entropy_with_logits(y[:, -1], output[:, -1])


def _of_output(name):
    def loss(y, output):
        xp = tensorflow_namespace(output.dtype)
        return OUTPUT_LOSSES[name].of(xp, output[:, -1], y[:, -1])

    return lambda: loss


def error(y: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """The percentage of samples whose largest output is not that of the label."""
    wrong = is_wrong(tensorflow_namespace(output.dtype), output[:, -1], y[:, -1])
    return 100 * tf.cast(wrong, output.dtype)


_LOSSES = {
    **{name: _of_output(name) for name in OUTPUT_LOSSES},
    **KERAS_LOSSES,
    "cross-entropy": lambda: cross_entropy,
    "error": lambda: error,
}
