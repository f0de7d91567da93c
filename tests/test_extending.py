"""New kinds of things are added from outside the package: each is a few lines, in one place.

Data sets, models of the command line and rules of comparisons are in
``tests/lab/test_registration.py``, a backend in ``tests/models/conftest.py``.
"""

import nengo
import numpy as np
import pytest

import nengo_ngc as ngc
from nengo_ngc.backends import open_session
from nengo_ngc.networks import classifiers
from nengo_ngc.networks.base import LearningNetwork
from nengo_ngc.networks.parts import neurons
from nengo_ngc.neurons import Identity, Pointwise, register_derivative

X = np.random.RandomState(0).rand(30, 4).astype(np.float32)
Y = (X[:, 0] > X[:, 1]).astype(int)


# a learning rule
class Oja(ngc.LocalRule):
    def update(self, xp, pre, post, error, weights):
        growth = xp.einsum("bi,bj->ij", post, pre)
        return growth - xp.sum(post**2, axis=0)[:, None] * weights


# a neuron type, and its derivative for rules that need one
class Softplus(Pointwise):
    def activity(self, xp, J):
        return xp.maximum(J, 0.0) + xp.log1p(xp.exp(-xp.abs(J)))


def logistic(xp, J, neuron_type):
    return 0.5 * (1 + xp.tanh(0.5 * J))


# a network
class Linear(LearningNetwork):
    def __init__(self, n_in, n_out, rule, schedule, seed=None):
        super().__init__(schedule, seed=seed)
        self._shapes = {"W": (n_out, n_in)}
        with self:
            self.input = nengo.Node(size_in=n_in)
            self.learn = nengo.Node([1.0])
            x, self.output = (neurons(n, Identity(), "") for n in (n_in, n_out))
            nengo.Connection(self.input, x, synapse=None)
            start = np.random.RandomState(seed).rand(n_out, n_in)
            rule = rule.replace(schedule=schedule, learn=self.learn)
            nengo.Connection(
                x,
                self.output,
                transform=start,
                learning_rule_type=rule,
                synapse=None,
                label="W",
            )
        self._visible = {"output": self.output}

    def _parameter_signals(self, model):
        return {"W": model.sig[self.connections["W"]]["weights"]}


@pytest.fixture
def softplus(monkeypatch):
    monkeypatch.setitem(classifiers.NEURONS, "softplus", Softplus())
    register_derivative(Softplus, logistic)


def test_rule_and_network(backend):
    schedule = ngc.Schedule(1, batch_size=10)
    session = open_session(
        backend, lambda: Linear(4, 2, Oja(ngc.SGD(0.1)), schedule, seed=1), 10, ["output"]
    )
    W = session.parameters()["W"]
    seen = session.present(X, learn=True)["output"]
    for k in range(3):
        x = X[10 * k : 10 * k + 10]
        y = x @ W.T
        np.testing.assert_allclose(seen[10 * k : 10 * k + 10], y, atol=1e-5)
        W = W + 0.01 * (y.T @ x - np.sum(y**2, axis=0)[:, None] * W)
    np.testing.assert_allclose(session.parameters()["W"], W, atol=1e-5)


def test_neuron_type(backend, softplus):
    model = ngc.RuleClassifier(
        (5,), "backprop", "softplus", batch_size=30, max_epochs=1, backend=backend
    )
    model.set_params(random_state=0, anneal=False).fit(X, Y)
    other = ngc.RuleClassifier(
        (5,), "autodiff", "softplus", batch_size=30, max_epochs=1, random_state=0, anneal=False
    )
    if backend in ("nengo-dl", "jax"):
        other.set_params(backend=backend).fit(X, Y)
        for name, array in other.parameters_.items():
            np.testing.assert_allclose(model.parameters_[name], array, atol=1e-5)
    a = model.parameters_
    hidden = np.logaddexp(0, X @ a["W1"].T + a["b1"])
    output = hidden @ a["W2"].T + a["b2"]
    expected = np.exp(output) / np.exp(output).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(X), expected, atol=1e-5)


def test_neuron_type_that_is_not_registered():
    with pytest.raises(ValueError, match="unknown neuron type 'softplus'"):
        ngc.RuleClassifier((5,), neuron_type="softplus").fit(X, Y)
