"""A backend whose automatic differentiation is a few lines of NumPy."""

import numpy as np

from nengo_ngc.backends import Backend
from nengo_ngc.backends.nengo import NengoSession
from nengo_ngc.namespace import NUMPY

_NAMES = ("W1", "b1", "W2", "b2")


class TrainerByHand(NengoSession):
    """Trains the last layer to have currents that are drawn for each label.

    It stands in for NengoDL where a test is about what models do and not how they learn:
    NengoDL builds a graph for each fit, which takes seconds.
    """

    def __init__(self, model, n_samples, device=None, *, optimizer, loss, measures=()):
        super().__init__(model, n_samples, device)
        self._optimizer, zeros = (
            optimizer,
            [np.zeros_like(self.parameters()[k]) for k in _NAMES],
        )
        self._count, self._m, self._v = np.array(0), zeros, [*zeros]

    def train(self, X, y, order, report):
        """Learn from rows in an order; see `.AutodiffSession`."""
        losses = []
        for start in range(0, len(order), self.n_samples):
            rows = order[start : start + self.n_samples]
            losses.append(self._train_on(X[rows], y[rows, 0].astype(int)))
            report({"loss": float(np.mean(losses))})
        return {"loss": float(np.mean(losses))}

    def _train_on(self, x, labels):
        p = self.parameters()
        hidden = np.maximum(x @ p["W1"].T + p["b1"], 0)
        wanted = np.random.RandomState(0).randn(10, len(p["b2"]))[labels]
        error = hidden @ p["W2"].T + p["b2"] - wanted
        still = [np.zeros_like(p[name]) for name in ("W1", "b1")]
        for k, gradient in enumerate([*still, error.T @ hidden / len(x), error.mean(axis=0)]):
            t = float(self._count)
            memory = {"m": self._m[k], "v": self._v[k], "t": t, "age": t}
            before = p[_NAMES[k]]
            step, memory = self._optimizer.update(NUMPY, gradient, memory, before)
            p[_NAMES[k]] = before + step
            self._m[k], self._v[k] = memory["m"], memory["v"]
        self._count = self._count + 1
        super().set_state(p)
        return float(np.sum(error**2) / len(x))

    def state(self):
        kept = [self._count, *self._m, *self._v, self._count]  # of Adam and of the loss
        return {**super().state(), **{f"autodiff/{k}": a for k, a in enumerate(kept)}}

    def set_state(self, state):
        kept = [state[f"autodiff/{k}"] for k in range(10)]
        self._count, self._m, self._v = kept[0], [*kept[1:5]], [*kept[5:9]]
        super().set_state({k: a for k, a in state.items() if not k.startswith("autodiff/")})


BY_HAND = Backend("by-hand", NengoSession, trainer=TrainerByHand)
