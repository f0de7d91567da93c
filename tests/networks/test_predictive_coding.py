"""Modern predictive coding, against its equations in a loop of float64."""

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError
from scipy.special import expit, log_softmax, softmax

import nengo_ngc as ngc
from nengo_ngc.backends import open_session
from nengo_ngc.namespace import NUMPY
from nengo_ngc.networks import PredictiveCodingClassifier
from nengo_ngc.networks.classifiers import OUTPUT_LOSSES

SHAPE, BATCH, RATE = (7, 5, 5, 5, 3), 3, 0.3
RNG = np.random.RandomState(0)
X = RNG.randn(2 * BATCH, SHAPE[0])
Y = np.eye(3)[[0, 1, 2, 2, 0, 1]]
SIGNS = np.array([1.0, -1.0, 1.0, 1.0, -1.0, -1.0])[:, None]
PREDICTIONS = {
    "cross-entropy": lambda a: softmax(a, axis=1),
    "binary-cross-entropy": expit,
    "squared-error": lambda a: a,
}


class Loop:
    """States and weights of the network, changed one equation after another."""

    def __init__(
        self,
        parameters,
        beta,
        momentum=0.0,
        loss="cross-entropy",
        nudging=None,
        residual=False,
        scaling="standard",
        states="currents",
    ):
        self.W = [parameters[f"W{k}"].copy() for k in range(1, len(SHAPE))]
        self.b = [parameters[f"b{k}"].copy() for k in range(1, len(SHAPE))]
        self.beta, self.momentum, self.nudging = beta, momentum, nudging
        self.predict, self.residual = PREDICTIONS[loss], residual
        self.activities = states == "activities"
        self.a = [1.0] * len(self.W)
        if scaling == "mupc":
            hidden = SHAPE[1] * (len(self.W) if residual else 1)
            self.a = [SHAPE[0] ** -0.5, hidden**-0.5, hidden**-0.5, 1 / SHAPE[-2]]
        self.learns_biases = scaling == "standard"

    def predictions(self, x, z):
        """What each layer predicts of the next one, (W phi, then skip)."""
        self.pre = [x, *(z if self.activities else map(np.tanh, z))]
        mu = []
        for k, (W, b) in enumerate(zip(self.W, self.b)):
            mu.append(self.a[k] * self.pre[k] @ W.T + b)
            if self.residual and 0 < k < len(self.W) - 1:
                mu[-1] = mu[-1] + z[k - 1]
            if self.activities and k < len(self.W) - 1:
                mu[-1] = np.tanh(mu[-1])
        return mu

    def start(self, x, y, sign):
        """The feedforward pass, and the target."""
        z = []
        for _ in range(len(self.W) - 1):
            full = [*z, *(np.zeros((len(x), n)) for n in SHAPE[1 + len(z) : -1])]
            z.append(self.predictions(x, full)[len(z)])
        p = self.predict(self.predictions(x, z)[-1])
        self.strength = 1.0 if self.nudging is None else self.nudging * sign
        self.target = y if self.nudging is None else p + self.strength * (y - p)
        self.v = [0.0 for _ in z]
        return z

    def errors(self, x, z):
        mu = self.predictions(x, z)
        self.slopes = [1 - m**2 if self.activities else 1.0 for m in mu[:-1]] + [1.0]
        return [*(z[k] - mu[k] for k in range(len(z))), self.target - self.predict(mu[-1])]

    def moved(self, z, e):
        after = []
        for k in range(len(z)):
            slope = 1.0 if self.activities else 1 - np.tanh(z[k]) ** 2
            above = self.a[k + 1] * self.slopes[k + 1] * e[k + 1]
            force = slope * (above @ self.W[k + 1]) - e[k]
            if self.residual and k + 1 < len(z):
                force = force + e[k + 1]
            self.v[k] = self.momentum * self.v[k] + force
            after.append(z[k] + self.beta * self.v[k])
        return after

    def learn(self, e):
        for k, error in enumerate(e):
            error = self.slopes[k] * error / self.strength
            self.W[k] = self.W[k] + RATE * self.a[k] * error.T @ self.pre[k] / len(error)
            if self.learns_biases:
                self.b[k] = self.b[k] + RATE * error.mean(axis=0)

    def present(self, x, y, sign, n_moves, incremental):
        z = self.start(x, y, sign)
        for _ in range(n_moves):
            e = self.errors(x, z)
            new = self.moved(z, e)
            if incremental:
                self.learn(e)
            z = new
        e = self.errors(x, z)
        self.learn(e)
        return z, e


VARIANTS = {
    "squared error with momentum": {"loss": "squared-error", "momentum": 0.6},
    "binary cross-entropy of a residual network": {
        "loss": "binary-cross-entropy",
        "residual": True,
    },
    "incremental": {"incremental": True, "momentum": 0.4, "loss": "squared-error"},
    "positive nudging": {"nudging": 0.4, "loss": "squared-error"},
    "negative nudging": {"nudging": -0.3},
    "centred nudging": {"nudging": 0.4, "signed": True, "momentum": 0.3},
    "incremental nudging": {"nudging": -0.5, "signed": True, "incremental": True},
    "activities": {"states": "activities", "momentum": 0.5},
    "incremental activities": {
        "states": "activities",
        "incremental": True,
        "nudging": 0.6,
        "loss": "squared-error",
    },
    "mupc": {"scaling": "mupc", "loss": "squared-error"},
    "mupc of a residual network": {"scaling": "mupc", "residual": True, "momentum": 0.2},
}


def given(scaling="standard"):
    """Weights of the usual size, or those that muPC scales."""
    rng, found = np.random.RandomState(1), {}
    for k, (pre, post) in enumerate(zip(SHAPE, SHAPE[1:]), start=1):
        size = 1 if scaling == "mupc" else 1.5 * pre**-0.5
        found[f"W{k}"] = size * rng.randn(post, pre)
        found[f"b{k}"] = 0.1 * rng.randn(post)
    return found


@pytest.mark.parametrize("name", VARIANTS)
def test_as_written(backend, name):
    settings = dict(VARIANTS[name])
    incremental, signed = settings.pop("incremental", False), settings.pop("signed", False)
    parameters, beta, n_moves = given(settings.get("scaling")), 0.3, 5
    together = BATCH if incremental and backend == "nengo" else 1
    schedule = ngc.Schedule(n_moves + 1, BATCH, incremental, together, from_start=True)
    run = open_session(
        backend,
        lambda: PredictiveCodingClassifier(
            SHAPE,
            "tanh",
            beta,
            schedule,
            ngc.SGD(RATE),
            parameters=parameters,
            **settings,
        ),
        BATCH,
        ["z1", "z2", "z3", "error", "prediction"],
        inputs=("input", "target", *(["sign"] if signed else [])),
    )
    loop = Loop(parameters, beta, **settings)
    signs = SIGNS if signed else np.ones((len(X), 1))
    fed = {"target": Y, **({"sign": signs} if signed else {})}
    run.present(X, **fed)  # which must leave no trace
    seen = run.present(X, learn=True, **fed)
    for part in (slice(0, BATCH), slice(BATCH, None)):
        start = loop.start(X[part], Y[part], signs[part])
        output = loop.predictions(X[part], start)[-1]
        np.testing.assert_allclose(seen["prediction"][part], output, atol=1e-5)
        z, e = loop.present(X[part], Y[part], signs[part], n_moves, incremental)
        for level in (1, 2, 3):
            np.testing.assert_allclose(seen[f"z{level}"][part], z[level - 1], atol=1e-5)
        np.testing.assert_allclose(seen["error"][part], e[-1], atol=1e-5)
    learned = run.parameters()
    run.close()
    for k in range(len(loop.W)):
        for array, start, found in (
            (loop.W[k], parameters[f"W{k + 1}"], learned[f"W{k + 1}"]),
            (loop.b[k], parameters[f"b{k + 1}"], learned[f"b{k + 1}"]),
        ):
            assert np.abs(array - start).max() > 1e-3 or not loop.learns_biases
            np.testing.assert_allclose(found, array, atol=1e-5)


def test_batches_of_several_minibatches():
    """Weights change after a batch, of which a simulator presents a part at once."""
    parameters = given()

    def learned(n_samples):
        run = open_session(
            "jax",
            lambda: PredictiveCodingClassifier(
                SHAPE,
                "gelu",
                schedule=ngc.Schedule(6, len(X)),
                optimizer=ngc.SGD(RATE),
                parameters=parameters,
                nudging=-0.2,
                momentum=0.5,
            ),
            n_samples,
            [],
            inputs=("input", "target"),
        )
        run.present(X, learn=True, target=Y)
        return run.parameters()

    pytest.importorskip("jax")
    whole, parts = learned(len(X)), learned(2)
    for name, array in whole.items():
        np.testing.assert_allclose(parts[name], array, atol=1e-6)
        assert np.abs(array - parameters[name]).max() > 1e-4


@pytest.mark.parametrize("nudging", [0.02, -0.02])
def test_weak_nudges_teach_what_backprop_does(nudging):
    """As the nudge and the steps become small, so does the angle between the updates."""
    updates = []
    for make, steps, kwargs in (
        (ngc.networks.FeedforwardClassifier, 1, {}),
        (PredictiveCodingClassifier, 4, {"nudging": nudging, "beta": 1e-3}),
    ):
        run = open_session(
            "nengo",
            lambda make=make, steps=steps, kwargs=kwargs: make(
                SHAPE,
                neuron_type="gelu",
                parameters=given(),
                loss="squared-error",
                schedule=ngc.Schedule(steps, 100),
                **kwargs,
            ),
            1,
            [],
            inputs=("input", "target"),
        )
        run.present(X, learn=True, target=Y)
        updates.append(run.net.pending(run.sim))
    exact, nudged = updates
    for name in ("W1", "W2", "W3", "W4"):
        assert ngc.metrics.angle(nudged[name], exact[name]) < 0.5


def test_predictions_are_gradients_of_losses():
    output, target = X[:, :3], Y
    for name, loss in OUTPUT_LOSSES.items():
        found = loss.prediction(np, output)
        np.testing.assert_allclose(found, PREDICTIONS[name](output), atol=1e-12)
        for c in range(3):
            step = 1e-6 * np.eye(3)[c]
            up, down = (
                loss.of(ngc.namespace.NUMPY, output + s, target) for s in (step, -step)
            )
            slope = (up - down) / 2e-6
            np.testing.assert_allclose(found[:, c] - target[:, c], slope, atol=1e-8)
    expected = -np.sum(target * log_softmax(output, axis=1), axis=1)
    of = OUTPUT_LOSSES["cross-entropy"].of(NUMPY, output, target)
    np.testing.assert_allclose(of, expected)


@pytest.mark.parametrize(
    "shape", [(400, 300, 300, 10), ((20, 20, 1), ngc.Conv(12, 10), 1452, 10)]
)
def test_initial_weights_of_mupc(shape):
    net = PredictiveCodingClassifier(shape, scaling="mupc", seed=0)
    for level in (1, 2, 3):
        W = net.connections[f"W{level}"].transform.sample()
        assert np.std(W) == pytest.approx(1, rel=0.05)


@pytest.mark.parametrize(
    "kwargs, message",
    [
        ({"loss": "hinge"}, "loss.*hinge"),
        ({"momentum": 1.0}, "momentum: must be a finite number of at least 0 and below 1"),
        ({"nudging": 0}, "nudging: must be .* at most 1, and not 0 or None, got 0"),
        ({"nudging": -1.5}, "nudging: must be a finite number of at least -1 and at most 1"),
        ({"residual": True}, r"shape: hidden layers must have the same size.*\(5, 4\)"),
        ({"scaling": "mupc"}, "shape: hidden layers must have the same size"),
        ({"scaling": "mu"}, "scaling.*'mu'"),
        ({"states": "z"}, "states.*'z'"),
        ({"states": "activities", "residual": True}, "states: must be 'currents' with"),
        ({"scaling": "mupc", "init": "uniform"}, "init: must be 'normal' with"),
    ],
)
def test_bad_network(kwargs, message):
    with pytest.raises(ValidationError, match=message):
        PredictiveCodingClassifier((6, 5, 4, 3), **kwargs)


# --- a deep network, whose updates are derivatives of one energy

DEPTH, WIDTH = 30, 8
DEEP = (5, *(DEPTH - 1) * [WIDTH], 3)
LOSSES = {
    "squared-error": lambda output, t: np.sum((t - output) ** 2, axis=-1) / 2,
    "cross-entropy": lambda output, t: np.log(np.exp(output).sum(axis=-1)) - output @ t,
}


def energy(z, W, x, t, loss):
    """What the states z of muPC and its weights lower, with residual connections.

    Innocenti, Achour & Buckley 2025, arXiv 2505.13124: half of the squared errors of all
    layers, whose inputs are scaled by 1 / sqrt(inputs), 1 / sqrt(width depth) and 1 / width.
    """
    found = squared(z[0] - times(W[0], x) / np.sqrt(len(x)))
    for below, above, weights in zip(z, z[1:], W[1:]):
        mu = times(weights, np.tanh(below)) / np.sqrt(WIDTH * DEPTH) + below
        found = found + squared(above - mu)
    return found + loss(times(W[-1], np.tanh(z[-1])) / WIDTH, t)


def times(W, a):
    return np.squeeze(W @ a[..., None], -1)


def squared(error):
    return np.sum(error**2, axis=-1) / 2


def derivative(function, arrays, level):
    """The derivative by one of several arrays, as exact as float64 is.

    An analytic function grows by i h f' along a step of i h, and its imaginary part has
    nothing else, so that h may be tiny and no digits are lost. All steps are in one batch.
    """
    shape, h = arrays[level].shape, 1e-30
    steps = 1j * h * np.eye(arrays[level].size).reshape(-1, *shape)
    moved = [*arrays[:level], arrays[level] + steps, *arrays[level + 1 :]]
    return function(moved).imag.reshape(shape) / h


def assert_close(found, exact):
    """Compare with the exact derivative to 1e-5 of its size."""
    assert np.linalg.norm(found - exact) < 1e-5 * np.linalg.norm(exact)


@pytest.mark.parametrize("n_moves, name", [(1, "squared-error"), (70, "cross-entropy")])
def test_a_deep_network_descends_the_energy_of_mupc(n_moves, name):
    x, t, beta = X[0, :5], Y[0], 0.3
    with nengo.Network(seed=0) as model:
        net = PredictiveCodingClassifier(
            *(DEEP, "tanh", beta, ngc.Schedule(n_moves + 1), ngc.SGD(RATE)),
            **{"loss": name, "residual": True, "scaling": "mupc"},
        )
        probes = [net.probe(f"z{level}") for level in range(1, DEPTH)]
        for value, node in ((x, net.input), (t, net.target)):
            nengo.Connection(nengo.Node(value), node, synapse=None)
        net.learn.output = [1.0]
    with nengo.Simulator(model, progress_bar=False, optimize=False) as sim:
        before = net.parameters(sim)
        sim.run_steps(n_moves + 1)
        after = net.parameters(sim)
    W = [before[f"W{level}"] for level in range(1, DEPTH + 1)]
    z = np.stack([sim.data[probe] for probe in probes], axis=1)  # (timesteps, levels, units)
    for step in {0, n_moves - 1}:
        moved = z[step + 1] - z[step]
        for level in range(DEPTH - 1):
            exact = derivative(lambda z: energy(z, W, x, t, LOSSES[name]), z[step], level)
            if step == 0 and level < DEPTH - 2:  # the error begins at the output
                assert np.abs(exact).max() < 1e-12 and np.abs(moved[level]).max() < 1e-12
            else:
                assert_close(moved[level], -beta * exact)
    for level in range(DEPTH):
        change = after[f"W{level + 1}"] - W[level]
        exact = derivative(lambda W: energy(z[-1], W, x, t, LOSSES[name]), W, level)
        if n_moves < DEPTH and level < DEPTH - 2:
            assert np.abs(exact).max() < 1e-12 and np.abs(change).max() < 1e-12
        else:
            assert_close(change, -RATE * exact)
        assert not np.any(after[f"b{level + 1}"])
