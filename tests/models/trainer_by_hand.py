"""A backend whose automatic differentiation is a few lines of NumPy."""

import numpy as np

from nengo_ngc.backends import Backend
from nengo_ngc.backends.nengo import NengoSession


class TrainerByHand(NengoSession):
    """Trains the last layer so that currents follow a code that is drawn for each label.

    It stands in for NengoDL where what a model does is tested, and not how it learns: NengoDL
    builds a graph for each fit, which takes seconds.
    """

    def __init__(self, model, n_samples, device=None, *, optimizer, loss, measures=()):
        super().__init__(model, n_samples, device)
        self._rate, self._n_seen = optimizer.learning_rate, 0

    def train(self, X, y, order, report):
        """Learn from rows in an order; see `.AutodiffSession`."""
        total = 0.0
        for start in range(0, len(order), self.n_samples):
            rows = order[start : start + self.n_samples]
            self._n_seen += len(rows)
            p = self.parameters()
            hidden = np.maximum(X[rows] @ p["W1"].T + p["b1"], 0)
            currents = hidden @ p["W2"].T + p["b2"]
            codes = np.random.RandomState(0).randn(10, len(p["b2"]))
            error = codes[y[rows, 0].astype(int)] - currents
            p["W2"] = p["W2"] + self._rate * error.T @ hidden / len(rows)
            p["b2"] = p["b2"] + self._rate * error.mean(axis=0)
            self.set_state({**self.state(), **p})
            total += float(np.sum(error**2))
            report({"loss": total / self._n_seen})
        return {"loss": total / len(order)}

    def state(self):
        return {**super().state(), "autodiff/0": np.array(self._n_seen)}

    def set_state(self, state):
        own = {k: a for k, a in state.items() if not k.startswith("autodiff/")}
        super().set_state(own)
        self._n_seen = int(state.get("autodiff/0", self._n_seen))


BY_HAND = Backend("by-hand", NengoSession, trainer=TrainerByHand)
