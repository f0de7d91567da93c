"""NengoDL's own training, by automatic differentiation: what local rules compare with."""

import time

import nengo
import numpy as np
import tensorflow as tf
import tf_keras
from nengo.exceptions import ValidationError
from sklearn.utils import gen_batches

from .simulator import Simulator

_MAX_BYTES = 2**28


class AutodiffRunner:
    """Trains a network by back-propagation through the simulation.

    Parameters
    ----------
    build : callable
        Makes the network, with ``input`` and ``output``. What its learning rules change is
        left to them.
    minibatch_size : int
    learning_rate : float
        Adam's.
    n_updates : int or None
        Updates over which steps shrink to a twentieth; None: they don't.
    loss : callable
        ``loss(y, output)``, of arrays (batch, n_steps, size). Its ``variables``, if it has
        any, are part of the state.
    measures : sequence of callable, optional
        What else is reported, by the function's name: its mean over images.
    device : str, optional
        As for `nengo_dl.Simulator`.
    """

    def __init__(
        self,
        build,
        minibatch_size,
        learning_rate,
        n_updates,
        loss,
        measures=(),
        device=None,
    ):
        self.minibatch_size = minibatch_size
        with nengo.Network() as self.model:
            self.net = build()
            self._stimulus = nengo.Node(np.zeros(self.net.input.size_in))
            nengo.Connection(self._stimulus, self.net.input, synapse=None)
            self._output = self.net.probe("output")
        self.steps = self.net.schedule.steps
        self.sim = Simulator(
            self.model,
            minibatch_size=minibatch_size,
            device=device,
            progress_bar=False,
        )
        self._optimizer = tf_keras.optimizers.Adam(_annealed(learning_rate, n_updates))
        self._names = ["loss", *(measure.__name__ for measure in measures)]
        self.sim.compile(
            self._optimizer,
            loss={self._output: loss},
            metrics={self._output: list(measures)},
        )
        self._optimizer.build(self.sim.keras_model.trainable_variables)
        self._remembered = [*self._optimizer.variables, *getattr(loss, "variables", ())]

    def fit(self, X, y, order, epoch, watchers):
        """Train on rows of the data, once, in an order.

        Returns
        -------
        dict
            ``loss`` and the measures.
        """
        watch = _Watch(epoch, len(order), self.minibatch_size, self._names, watchers)
        sums = dict.fromkeys(self._names, 0.0)
        for rows in gen_batches(len(order), self._chunk(X.shape[1])):
            part = order[rows]
            held = np.broadcast_to(X[part][:, None], (len(part), self.steps, X.shape[1]))
            history = self.sim.fit(
                {self._stimulus: held},
                {self._output: y[part][:, None]},
                epochs=1,
                shuffle=False,
                stateful=True,
                verbose=0,
                callbacks=[watch],
            ).history
            for name, (mean,) in _by_name(self._names, history).items():
                sums[name] += mean * len(part)
        return {name: float(total / len(order)) for name, total in sums.items()}

    def rest(self):
        """Go on as a new simulator would that takes up what was learned."""
        state = self.state()
        self.sim.reset(include_trainable=False, include_probes=False, include_processes=False)
        self.set_state(state)

    def _chunk(self, n_pixels):
        """Images of one call of NengoDL's, which copies them for each timestep."""
        a_batch = self.minibatch_size * self.steps * n_pixels * 4
        return max(1, _MAX_BYTES // a_batch) * self.minibatch_size

    def state(self):
        """Parameters, and what Adam, the loss and learning rules remember."""
        remembered = {
            f"autodiff/{k}": variable.numpy() for k, variable in enumerate(self._remembered)
        }
        return {**self.net.state(self.sim), **remembered}

    def set_state(self, state):
        """Take up training where ``state`` was read."""
        self.net.set_state(
            self.sim,
            {k: array for k, array in state.items() if not k.startswith("autodiff/")},
        )
        for k, variable in enumerate(self._remembered):
            array = state[f"autodiff/{k}"]
            if array.shape != tuple(variable.shape):
                raise ValidationError(
                    f"autodiff/{k} must have shape {tuple(variable.shape)}, got "
                    f"{array.shape}: it is of another way to join weights",
                    attr="state",
                )
            variable.assign(array)

    def close(self):
        """Free the simulator."""
        if "sim" in self.__dict__:
            self.sim.close()

    __del__ = close


class _Watch(tf_keras.callbacks.Callback):
    """Tells of each batch."""

    def __init__(self, epoch, n_images, size, names, watchers):
        super().__init__()
        self._epoch, self._size, self._names, self._watchers = epoch, size, names, watchers
        self._n_batches, self._batch = n_images // size, 0
        self._start = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self._batch += 1
        seconds = time.perf_counter() - self._start
        report = {
            "epoch": self._epoch,
            "batch": self._batch,
            "n_batches": self._n_batches,
            **_by_name(self._names, logs),
            "samples_per_second": self._batch * self._size / seconds,
        }
        for watch in self._watchers:
            watch(report)


def _by_name(names, logs):
    """Entries of Keras' logs, whose names start with those of outputs."""
    return {
        name: next(value for key, value in logs.items() if key.endswith(name))
        for name in names
    }


def _annealed(learning_rate, n_updates):
    if n_updates is None:
        return learning_rate
    return tf_keras.optimizers.schedules.PolynomialDecay(
        learning_rate, n_updates, 0.05 * learning_rate
    )


def cross_entropy(y, output):
    """Of the softmax of the output at the last timestep."""
    return tf.nn.softmax_cross_entropy_with_logits(y[:, -1], output[:, -1])


def error(y, output):
    """Whether the largest output is another than that of the label, in percent."""
    wrong = tf.argmax(y[:, -1], -1) != tf.argmax(output[:, -1], -1)
    return 100 * tf.cast(wrong, output.dtype)
