"""Runs networks on NengoDL, a minibatch at once."""

import nengo_dl
import numpy as np
import tensorflow as tf

from ..memory import memory
from ..model import Model
from ..session import Session
from .simulator import Simulator


class _Simulator(Simulator):
    """Skips the rest of presentations that have settled."""

    @property
    def _skips(self):
        return not any(memory(self.model))  # neurons would go on while states are held


def states_at_rest(sim: Simulator) -> list[tuple[tf.Variable, tf.Tensor]]:
    """Return the variables of neurons and synapses, with their initial values.

    The list is empty if the next presentation does not depend on them.
    """
    if not any(memory(sim.model)):
        return []
    graph = sim.tensor_graph
    own = [
        variable
        for key, variable in graph.saved_state.items()
        if graph.base_arrays_init["state"][key][-1]  # each sample has its own
    ]
    return [(variable, tf.identity(variable)) for variable in own]


class NengoDLSession(Session):
    """Runs on NengoDL.

    A minibatch is one variable on the device, in place of an array with one copy for each
    timestep.

    Parameters
    ----------
    model, n_samples
        As for `.Session`.
    device : str, optional
        As for `nengo_dl.Simulator`.
    """

    def __init__(self, model: Model, n_samples: int, device: str | None = None):
        super().__init__(model, n_samples, device)
        self._at_rest = states_at_rest(self.sim)

    def _stimulus(self, size):
        held = tf.Variable(tf.zeros((self.n_samples, size)), trainable=False)
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
        return _Simulator(
            self.model,
            minibatch_size=self.n_samples,
            device=self._device,
            progress_bar=False,
        )

    def _present(self, data):
        n = len(data["input"])
        if self._learn.value and n != self.n_samples:
            raise ValueError(f"learning needs minibatches of {self.n_samples}, got {n} images")
        for key, values in data.items():
            full = np.zeros((self.n_samples, values.shape[1]), np.float32)
            full[:n] = values
            self._held[self._stimuli[key]].assign(full)
        self._begin()
        outputs = self.sim.predict_on_batch(n_steps=self.steps, stateful=True)
        return {name: outputs[p][:n, -1] for name, p in self._probes.items()}

    def _forget(self):
        for variable, at_rest in self._at_rest:
            variable.assign(at_rest)

    def _reset(self, seed):
        self.sim.reset(seed, include_trainable=False, include_probes=False)
        self._seed_generators(seed)
