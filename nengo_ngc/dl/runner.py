"""Runs networks on NengoDL, a minibatch at once."""

import nengo_dl
import numpy as np
import tensorflow as tf

from ..runners import Runner
from .simulator import Simulator


class NengoDLRunner(Runner):
    """Runs on NengoDL.

    A minibatch is one variable on the device for as long as it is presented, not an
    array with one copy for each timestep.

    Parameters
    ----------
    *args, **kwargs
        As for `.Runner`.
    device : str, optional
        As for `nengo_dl.Simulator`.
    """

    def __init__(self, *args, device=None, **kwargs):
        self._device = device
        super().__init__(*args, **kwargs)

    def _stimulus(self, size):
        held = tf.Variable(tf.zeros((self.minibatch_size, size)), trainable=False)
        node = nengo_dl.TensorNode(
            lambda t: tf.identity(held), shape_out=(size,), pass_time=True
        )
        self._held = {**getattr(self, "_held", {}), node: held}
        return node

    def _probe(self, name):
        with self.model:
            nengo_dl.configure_settings(keep_history=False)
        return self.net.probe(name)

    def _simulator(self):
        return Simulator(
            self.model,
            minibatch_size=self.minibatch_size,
            device=self._device,
            progress_bar=False,
        )

    def _present(self, data):
        n = len(data["input"])
        if self._learn.value and n != self.minibatch_size:
            raise ValueError(
                f"learning needs minibatches of {self.minibatch_size}, got {n} images"
            )
        for key, values in data.items():
            full = np.zeros((self.minibatch_size, values.shape[1]), np.float32)
            full[:n] = values
            self._held[self._stimuli[key]].assign(full)
        outputs = self.sim.predict_on_batch(n_steps=self.steps, stateful=True)
        return {name: outputs[p][:n, -1] for name, p in self._probes.items()}
