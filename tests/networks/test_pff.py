"""Predictive forward-forward, against the numbers of the original program."""

from pathlib import Path

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError
from sklearn.exceptions import NotFittedError

import nengo_ngc as ngc
from nengo_ngc import datasets
from nengo_ngc.backends import Backend, open_session
from nengo_ngc.models import PFFClassifier, pff
from nengo_ngc.models.tasks.pff import wrong_labels
from nengo_ngc.networks import PFF
from nengo_ngc.networks.normalization import Normalization

from ..conftest import needs_dl, simulator

# the original program's names; its matrices are (pre, post)
NAMES = {"V": "Vy", "W": "Wo", "b": "bo"}
BATCH, STEPS = 6, 3


@pytest.fixture(scope="module")
def recorded():
    with np.load(Path(__file__).parent.parent / "reference" / "pff.npz") as file:
        return dict(file)


def parameters(recorded, prefix):
    """Parameters in this package's names and orientation."""
    found = {}
    for key, array in recorded.items():
        head, _, name = key.rpartition("/")
        if head == prefix:
            array = array[0] if name.startswith("b") else array.T
            found[NAMES.get(name, name)] = array
    return found


def build(recorded, backend, steps=STEPS, **kwargs):
    """The recorded network and its inputs: a batch at once, or one after another."""
    interleave = BATCH if backend == "nengo" else 1
    schedule = ngc.Schedule(steps + 1, batch_size=BATCH, online=True, interleave=interleave)
    data = {"input": "x", "target": "y", "kind": "label"}
    with nengo.Network(seed=0) as model:
        net = PFF(
            (12, 20, 20),
            n_classes=4,
            g_units=6,
            schedule=schedule,
            threshold=1.0,
            n_group=10,
            # the original takes the step of the batch's mean
            latent_step=0.025 / BATCH,
            **{"parameters": parameters(recorded, "init"), **kwargs},
        )
        stimuli = {}
        for name, key in data.items():
            stimuli[name] = nengo.Node(_Turns(recorded[key]), size_out=recorded[key].shape[1])
            nengo.Connection(stimuli[name], getattr(net, name), synapse=None)
    fed = {stimuli[name]: recorded[key] for name, key in data.items()}
    return model, net, fed


class _Turns:
    """Samples, one in each timestep."""

    def __init__(self, samples):
        self._samples = samples

    def __call__(self, t):
        return self._samples[(int(round(t / 0.001)) - 1) % len(self._samples)]


class Simulation:
    """Runs the network iteration by iteration, on any simulator."""

    def __init__(self, backend, recorded, names=(), **kwargs):
        self.backend = backend
        self.model, self.net, self.fed = build(recorded, backend, **kwargs)
        self.probes = {name: self.net.probe(name) for name in names}
        self.sim = simulator(backend, self.model, BATCH)

    def iterate(self, n=1):
        if self.backend == "nengo":
            self.sim.run_steps(n * BATCH)
        else:
            data = {node: np.repeat(x[:, None], n, axis=1) for node, x in self.fed.items()}
            self.sim.run_steps(n, data=data)

    def seen(self, name):
        """(iterations, batch, size)"""
        data = self.sim.data[self.probes[name]]
        if self.backend == "nengo":
            return data.reshape(-1, BATCH, data.shape[-1])
        return np.swapaxes(data, 0, 1)


@pytest.fixture
def simulation(backend, recorded):
    made = []

    def make(names=(), **kwargs):
        made.append(Simulation(backend, recorded, names, **kwargs))
        return made[-1]

    yield make
    for one in made:
        one.sim.close()


def test_states_and_losses(simulation, recorded):
    names = ["z1", "z2", "output", "mu0", "z_g", "goodness1"]
    names += ["loss1", "loss2", *(f"generative_loss{k}" for k in range(3))]
    run = simulation(names)
    run.iterate(STEPS + 1)
    for name in ("z1", "z2"):
        expected = [recorded[f"forward/{name}"]]
        expected += [recorded[f"step{s}/{name}"] for s in (1, 2, 3)]
        np.testing.assert_allclose(run.seen(name), expected, atol=1e-5)
    e = np.exp(run.seen("output"))
    probabilities = e / e.sum(axis=-1, keepdims=True)
    for s in (1, 2, 3):
        np.testing.assert_allclose(probabilities[s], recorded[f"step{s}/z3"], atol=1e-5)
        np.testing.assert_allclose(run.seen("mu0")[s], recorded[f"step{s}/x_hat"], atol=1e-5)
        loss = sum(run.seen(f"loss{level}")[s].mean() for level in (1, 2))
        assert loss == pytest.approx(recorded[f"step{s}/loss"], abs=1e-5)
        loss = sum(run.seen(f"generative_loss{level}")[s].mean() for level in range(3))
        expected = recorded[f"step{s}/generative_loss"]
        assert loss == pytest.approx(expected, abs=1e-5, rel=2e-6)
        if s > 1:  # here they move at the start of the next iteration
            z_g = recorded[f"step{s - 1}/z_g"]
            np.testing.assert_allclose(run.seen("z_g")[s], z_g, rtol=1e-5)
    z1 = recorded["step3/z1"]
    np.testing.assert_allclose(run.seen("goodness1")[3, :, 0], (z1**2).sum(axis=1), rtol=1e-5)


def test_parameters_after_each_step(simulation, recorded):
    run = simulation()
    run.iterate()
    for s in (1, 2, 3):
        run.iterate()
        learned = run.net.parameters(run.sim)
        expected = parameters(recorded, f"after_step{s}")
        assert set(learned) == set(expected)
        for name, array in expected.items():
            np.testing.assert_allclose(learned[name], array, atol=1e-5, err_msg=name)


def test_gradients(simulation, recorded):
    run = simulation(optimizer=ngc.SGD(1.0))
    before = run.net.parameters(run.sim)
    run.iterate(2)
    after = run.net.parameters(run.sim)
    for name, gradient in parameters(recorded, "step1/gradient").items():
        np.testing.assert_allclose(
            before[name] - after[name], gradient, atol=1e-5, err_msg=name
        )


def test_gradients_are_clipped():
    clipped = ngc.Clipped(ngc.SGD(1.0), 0.5)
    gradient = np.array([-2.0, -0.5, 0.1, 3.0])
    step, _ = clipped.update(np, gradient, clipped.init(gradient), None)
    np.testing.assert_array_equal(step, [0.5, 0.5, -0.1, -0.5])
    with pytest.raises(ValidationError, match="limit"):
        ngc.Clipped(ngc.SGD(), 0)
    with pytest.raises(ValidationError, match="optimizer"):
        ngc.Clipped(0.1)


def test_goodness_of_each_label(simulation, recorded):
    """The mean over steps 6 and 7 of 12, summed over layers, divided by 3."""
    logits = []
    for label in range(4):
        scanned = {**recorded, "y": np.tile(np.eye(4)[label], (6, 1))}
        run = Simulation(
            simulation().backend,
            scanned,
            ["goodness1", "goodness2"],
            parameters=parameters(recorded, "after_step3"),
            optimizer=None,
            steps=12,
        )
        run.iterate(8)
        goodness = run.seen("goodness1") + run.seen("goodness2")
        logits.append(-goodness[6:8, :3, 0].mean(axis=0) / 3)
        run.sim.close()
    expected = recorded["goodness_logits"]
    np.testing.assert_allclose(np.transpose(logits), expected, atol=1e-4)


# --- settings of the network


def learned_by(backend, shape, n_steps=3, kind=(1, 1, 0, 0), **kwargs):
    """Parameters after one batch of random samples, and before."""
    rng = np.random.RandomState(0)
    x, y = rng.rand(4, shape[0]), np.eye(3)[[0, 1, 2, 0]]
    interleave = 4 if backend == "nengo" else 1
    schedule = ngc.Schedule(n_steps + 1, 4, online=True, interleave=interleave)
    run = open_session(
        backend,
        lambda: PFF(shape, n_classes=3, schedule=schedule, n_group=2, seed=1, **kwargs),
        4,
        ["goodness"],
        inputs=("input", "target", "kind"),
    )
    before = run.net.parameters(run.sim)
    seen = run.present(x, learn=True, target=y, kind=np.array(kind, float)[:, None])
    return before, run.net.parameters(run.sim), seen["goodness"]


def test_plain_forward_forward_is_a_layer_at_a_time():
    names = set(learned_by("nengo", (6, 5, 5), g_units=0, recurrent=False, carry=0.0)[0])
    assert names == {"W1", "b1", "W2", "b2", "Vy", "Wo", "bo"}


def test_plain_forward_forward_against_a_loop(backend):
    """In each timestep all layers see the layer below and learn, each by its goodness."""
    kwargs = {"g_units": 0, "recurrent": False, "carry": 0.0, "threshold": 0.5}
    kwargs["label_scale"] = 0.7
    before, after, _ = learned_by(
        backend, (6, 5, 4), 2, optimizer=ngc.SGD(0.1), weight_std=0.5, **kwargs
    )
    p = {name: array.astype(float) for name, array in before.items()}
    image, y = np.random.RandomState(0).rand(4, 6), np.eye(3)[[0, 1, 2, 0]]
    t = np.array([[1.0], [1], [0], [0]])
    for _ in range(2):
        change, x = {}, image
        for level in (1, 2):
            n = x / (np.linalg.norm(x, axis=1, keepdims=True) + 1e-8)
            label = 0.7 * y @ p["Vy"].T if level == 1 else 0
            x = np.maximum(n @ p[f"W{level}"].T + p[f"b{level}"] + label, 0)
            positive = 1 / (1 + np.exp(np.sum(x**2, axis=1, keepdims=True) - 0.5))
            e = 2 * (positive - t) * x
            change[f"W{level}"], change[f"b{level}"] = e.T @ n / 4, e.mean(axis=0)
            if level == 1:
                change["Vy"] = e.T @ (0.7 * y) / 4
        for name, gradient in change.items():
            p[name] = p[name] + 0.1 * gradient
    for name in change:
        np.testing.assert_allclose(after[name], p[name], atol=1e-5, err_msg=name)
        assert np.abs(after[name] - before[name]).max() > 1e-4


def test_without_lateral_connections_and_normalization():
    before, _, goodness = learned_by("nengo", (6, 5), n_steps=0, normalize=False)
    assert "L1" in before
    # one feedforward pass of images as they are
    x = np.random.RandomState(0).rand(4, 6)
    z = np.maximum(x @ before["W1"].T, 0)
    np.testing.assert_allclose(goodness[:, 0], np.sum(z**2, axis=1), rtol=1e-6)
    assert "L1" not in learned_by("nengo", (6, 5), lateral=False)[0]


def test_states_of_mean_square_1():
    """A layer sees numbers of the mean square 1."""
    before, _, goodness = learned_by("nengo", (6, 5, 4), n_steps=0, normalize="rms")
    x, total = np.random.RandomState(0).rand(4, 6), 0
    for level in (1, 2):
        seen = x / np.sqrt(np.mean(x**2, axis=1, keepdims=True))
        x = np.maximum(seen @ before[f"W{level}"].T, 0)
        total = total + np.sum(x**2, axis=1)
    np.testing.assert_allclose(goodness[:, 0], total, rtol=1e-6)


@pytest.mark.parametrize("kind", [True, False, "rms"])
def test_gradients_through_the_normalization(kind):
    """Against differences: the slope of u n(z) by each element of z."""
    n = Normalization(kind)
    z, u = np.random.RandomState(0).randn(2, 1, 5)
    shifted = np.concatenate([z + 1e-6 * np.eye(5), z - 1e-6 * np.eye(5)])
    above, below = np.split((n.of(np, shifted) @ u.T)[:, 0], 2)
    np.testing.assert_allclose(n.through(np, u, z)[0], (above - below) / 2e-6, atol=1e-8)


@pytest.mark.parametrize("low_is_positive", [True, False])
def test_goodness_parts_as_asked(low_is_positive):
    def gap(n_steps):
        goodness = learned_by(
            "nengo",
            (6, 8, 8),
            n_steps,
            g_units=0,
            threshold=1.0,
            low_is_positive=low_is_positive,
            optimizer=ngc.Adam(0.01),
        )[2]
        return goodness[2:].mean() - goodness[:2].mean()

    change = gap(60) - gap(2)
    assert change > 0.1 if low_is_positive else change < -0.1


def test_generative_circuit_learns_from_positives_if_so_asked():
    for positives_only in (True, False):
        before, after, _ = learned_by(
            "nengo", (6, 5), kind=(0,) * 4, g_units=3, positives_only=positives_only
        )
        changed = {name for name in after if np.any(after[name] != before[name])}
        assert {"W1", "L1"} < changed
        assert changed.isdisjoint({"G1", "Gy"}) == positives_only


@pytest.mark.parametrize("recurrent", [True, False])
@pytest.mark.parametrize("readout, levels", [("pass", [3]), ("layers", [2, 3])])
def test_an_output_that_learns_from_the_pass(backend, readout, levels, recurrent):
    """It does what a softmax regression on the states of one feedforward pass does."""
    shape, kwargs = (6, 5, 5, 4), {"g_units": 0, "recurrent": recurrent, "carry": 0.0}
    kwargs |= {"optimizer": ngc.SGD(0.1), "readout": readout}
    before, after, _ = learned_by(backend, shape, **kwargs)
    x, y = np.random.RandomState(0).rand(4, 6), np.eye(3)[[0, 1, 2, 0]]
    kind = np.array([[1.0], [1], [0], [0]])
    read = []
    for level in (1, 2, 3):
        n = x / (np.linalg.norm(x, axis=1, keepdims=True) + 1e-8)
        # without recurrence each of three labels is present a little, five times as strong
        label = 5 / 3 * before["Vy"].sum(axis=1) if level == 1 and not recurrent else 0
        x = np.maximum(n @ before[f"W{level}"].T + label, 0)
        if level in levels:
            read.append(x / (np.linalg.norm(x, axis=1, keepdims=True) + 1e-8))
    n = np.concatenate(read, axis=1)
    W, b = before["Wo"].astype(float), before["bo"].astype(float)
    for _ in range(3):
        p = np.exp(n @ W.T + b)
        e = 10 * kind * (y - p / p.sum(axis=1, keepdims=True))
        W, b = W + 0.1 * e.T @ n / 4, b + 0.1 * e.mean(axis=0)
    np.testing.assert_allclose(after["Wo"], W, atol=1e-5)
    np.testing.assert_allclose(after["bo"], b, atol=1e-5)
    of_states = learned_by(backend, shape, **{**kwargs, "readout": "states"})[1]
    top = W[:, -shape[-1] :]
    assert np.abs(of_states["Wo"] - top).max() > 1e-3


def test_of_one_hidden_layer_the_output_reads_this_layer():
    made = {readout: PFF((6, 5), readout=readout, seed=0) for readout in ("layers", "pass")}
    assert made["layers"].connections["Wo"].size_mid == 5
    assert made["pass"].connections["Wo"].size_mid == 5


def test_noise_moves_states():
    quiet = learned_by("nengo", (6, 5), g_units=0)[2]
    noisy = learned_by("nengo", (6, 5), g_units=0, noise=0.1)[2]
    assert np.abs(quiet - noisy).max() > 1e-3


def test_noise_of_what_the_generative_circuit_reads(backend):
    """It reads n(relu(z + noise)), and predicts z itself."""
    with nengo.Network(seed=0) as model:
        net = PFF((6, 5, 4), n_classes=3, g_units=2, g_noise=0.2, optimizer=None)
        nengo.Connection(nengo.Node(np.linspace(0, 1, 6)), net.input, synapse=None)
        probes = {
            name: nengo.Probe(net.nodes[name])
            for name in ("z1", "z2", "g_noise1", "g_noise2", "n_noisy1", "n_noisy2")
        }
        loss = net.probe("generative_loss1")
        mu = net.probe("mu1")
    with simulator(backend, model, 1) as sim:
        sim.run_steps(13)
        seen = {name: np.reshape(sim.data[probe], (13, -1)) for name, probe in probes.items()}
        of_mu, losses = np.reshape(sim.data[mu], (13, 5)), np.reshape(sim.data[loss], 13)
        G2 = net.parameters(sim)["G2"]
    for level in (1, 2):
        noise = seen[f"g_noise{level}"]
        assert 0.1 < noise.std() < 0.3
        z = np.maximum(seen[f"z{level}"] + noise, 0)
        assert (z == 0).any()
        n = z / (np.linalg.norm(z, axis=1, keepdims=True) + 1e-8)
        np.testing.assert_allclose(seen[f"n_noisy{level}"], n, atol=1e-6)
    np.testing.assert_allclose(of_mu, np.maximum(seen["n_noisy2"] @ G2.T, 0), atol=1e-6)
    np.testing.assert_allclose(losses, np.sum((seen["z1"] - of_mu) ** 2, axis=1), rtol=1e-5)


@pytest.mark.parametrize(
    "kwargs, message",
    [
        ({"shape": (784,)}, "shape"),
        ({"n_classes": 0}, "n_classes: must be a whole number of at least 1, got 0"),
        ({"n_group": 0}, "n_group: must be a whole number of at least 1, got 0"),
        ({"g_units": 2.7}, "g_units: must be a whole number of at least 0, got 2.7"),
        ({"threshold": np.nan}, "threshold: must be a finite number"),
        ({"noise": np.nan}, "noise: must be a finite number of at least 0"),
        ({"noise": -0.1}, "noise: must be a finite number of at least 0"),
        ({"normalize": "l1"}, "unknown normalize 'l1'; expected one of rms, or True or False"),
        ({"g_noise": -0.1}, "g_noise: must be a finite number of at least 0"),
        ({"carry": 1.0}, "carry"),
        ({"latent_step": 0}, "latent_step"),
        ({"label_scale": 0}, "label_scale: must be a finite number above 0, got 0"),
        ({"optimizer": 0.1}, "optimizer"),
        ({"schedule": ngc.Schedule(13)}, "online"),
        ({"parameters": {"W9": [[1.0]]}}, "unknown parameter 'W9'"),
        ({"shape": (4, 3), "parameters": {"L1": np.eye(2)}}, r"L1 must have shape \(3, 3\)"),
    ],
)
def test_bad_network(kwargs, message):
    with pytest.raises(ValidationError, match=message):
        PFF(**kwargs)


def test_random_weights_follow_the_seed_around_the_network():
    def drawn():
        with nengo.Network(seed=3) as model:
            nets = [PFF((4, 3), n_classes=2, g_units=0) for _ in range(2)]
        with nengo.Simulator(model, progress_bar=False) as sim:
            return [net.parameters(sim) for net in nets]

    first, again = drawn(), drawn()
    for name in ("W1", "L1", "Vy", "Wo"):
        for one, other in zip(first, again):
            np.testing.assert_array_equal(one[name], other[name], err_msg=name)
        assert np.abs(first[0][name] - first[1][name]).max() > 1e-3, name


# --- the model

DIGITS = datasets.load("digits", binarize=False)
X, Y = DIGITS.X_train[:60], DIGITS.y_train[:60]


def model(backend="nengo", **kwargs):
    return PFFClassifier(
        **{
            "n_hidden": (12, 10),
            "g_units": 4,
            "steps": 4,
            "batch_size": 15,
            "max_epochs": 2,
            "n_mixture": 2,
            "backend": backend,
            "random_state": 3,
            **kwargs,
        }
    )


def optimizer_of(**kwargs):
    """The optimiser of a model that learns for two batches of two steps each."""
    learner = model(g_units=0, steps=2, batch_size=30, max_epochs=1, **kwargs).fit(X, Y)
    return learner._task.training.net.connections["W1"].learning_rule_type.optimizer


def test_the_optimizer_that_is_asked_for():
    assert optimizer_of().optimizer == ngc.Adam(2.5e-4)
    asked = optimizer_of(optimizer="momentum", learning_rate=0.1)
    assert isinstance(asked, ngc.Clipped) and asked.optimizer == ngc.Momentum(0.1)
    with pytest.raises(
        ValidationError, match="unknown optimizer 'lbfgs'; expected one of adam"
    ):
        model(optimizer="lbfgs").fit(X, Y)


def test_steps_shrink_if_so_asked():
    """Two batches of two steps each make four updates."""
    constant = optimizer_of(hold=0.5)
    for hold, expected in (
        (0.0, [1, 0.7625, 0.525, 0.2875, 0.05]),
        (0.5, [1, 1, 1, 0.525, 0.05]),
    ):
        shrinking = optimizer_of(anneal=True, hold=hold)
        state, gradient = shrinking.init(np.ones(1)), np.ones(1)
        sizes = []
        for _ in range(5):
            change, state = shrinking.update(np, gradient, state, np.ones(1))
            sizes.append(float(np.abs(change)[0]) / constant.learning_rate)
        np.testing.assert_allclose(sizes, expected, rtol=1e-4)


def test_scales_of_weights_and_of_the_label():
    still = {"g_units": 0, "max_epochs": 1, "learning_rate": 1e-9}
    learned = model(weight_std=0.7, **still).fit(X, Y)
    assert learned.parameters_["W1"].std() == pytest.approx(0.7, rel=0.1)
    assert np.ptp(learned.predict_proba(X), axis=1).max() > 0.1
    deaf = model(weight_std=0.7, label_scale=1e-9, **still).fit(X, Y)
    np.testing.assert_allclose(deaf.predict_proba(X), 0.1, atol=1e-6)


@needs_dl
def test_learns_digits():
    learned = model(
        "nengo-dl",
        n_hidden=(60, 60),
        batch_size=50,
        max_epochs=6,
        steps=12,
        learning_rate=2e-3,
    )
    rows = slice(1200)
    learned.fit(DIGITS.X_train[rows], DIGITS.y_train[rows], DIGITS.X_test, DIGITS.y_test)
    last = learned.history_[-1]
    assert last["val_error"] < 40
    assert last["positive_goodness"] < last["negative_goodness"] - 2
    assert learned.score(DIGITS.X_test, DIGITS.y_test) == pytest.approx(
        1 - last["val_error"] / 100
    )
    # images of the generative circuit lie where digits do
    drawn, seen = learned.sample(50).mean(axis=0), DIGITS.X_train.mean(axis=0)
    assert np.corrcoef(drawn, seen)[0, 1] > 0.7


def test_model_learns_as_on_nengo(at_once):
    learned = [model(b, n_hidden=(8, 6), max_epochs=1).fit(X, Y) for b in ("nengo", at_once)]
    for name, array in learned[0].parameters_.items():
        np.testing.assert_allclose(learned[1].parameters_[name], array, atol=1e-4)
    np.testing.assert_allclose(*(m.predict_proba(X[:9]) for m in learned), atol=1e-3)
    np.testing.assert_allclose(*(m.transform(X[:9]) for m in learned), atol=1e-3)


def test_uses(backend):
    learned = model(backend, max_epochs=1).fit(X, Y)
    np.testing.assert_allclose(learned.predict_proba(X[:5]).sum(axis=1), 1, rtol=1e-5)
    assert learned.transform(X[:5]).shape == (5, 10)
    samples = learned.sample(7)
    assert samples.shape == (7, 64) and samples.min() >= 0 and samples.max() <= 1
    np.testing.assert_array_equal(learned.sample(7), samples)
    assert learned.sample(3, label=4).shape == (3, 64)
    mixed = learned.sample(2, label=[4, 7])
    assert np.abs(mixed - learned.sample(2, label=4)).max(axis=1)[1] > 0
    scanned = learned.predict_proba(X[:5])
    assert np.abs(learned.set_params(scan=False).predict_proba(X[:5]) - scanned).max() > 0


def test_a_prior_of_one_image():
    rows = np.concatenate([np.flatnonzero(Y == 9)[:1], np.flatnonzero(Y != 9)[:29]])
    learned = model(max_epochs=1).fit(X[rows], Y[rows])
    assert learned.mixtures_[9].n_components == 1
    assert np.all(np.isfinite(learned.sample(3, label=9)))


def test_a_prior_of_each_class(monkeypatch):
    learned = model(max_epochs=1).fit(X, Y)
    with pytest.raises(ValueError, match=r"y must have all classes, got none of \[9\]"):
        learned.fit_prior(X[Y < 9], Y[Y < 9])
    monkeypatch.setattr(pff, "_PRIOR_IMAGES", 3)  # fewer than classes
    assert len(learned.fit_prior(X, Y).mixtures_) == 10
    assert learned.sample(10).shape == (10, 64)


def test_sampling_changes_nothing(tmp_path):
    learned = model(max_epochs=1).fit(X, Y)
    before = [mixture.random_state for mixture in learned.mixtures_]
    learned.sample(10, random_state=np.random.RandomState(5))
    assert [mixture.random_state for mixture in learned.mixtures_] == before


def test_names_of_states():
    with pytest.raises(NotFittedError):
        model().get_feature_names_out()
    names = model(max_epochs=1).fit(X, Y).get_feature_names_out()
    assert names.tolist() == [f"pffclassifier{k}" for k in range(10)]


def test_saved_and_resumed_as_if_not_interrupted(tmp_path):
    whole = model().fit(X, Y)
    part = model()
    next(part.epochs(X, Y))
    part.save(tmp_path / "model.npz")
    resumed = PFFClassifier.load(tmp_path / "model.npz")
    list(resumed.epochs(X, Y, resume=True))
    resumed.fit_prior(X, Y).save(tmp_path / "model.npz")
    loaded = PFFClassifier.load(tmp_path / "model.npz")
    for name, array in whole.parameters_.items():
        np.testing.assert_array_equal(loaded.parameters_[name], array)
    np.testing.assert_array_equal(loaded.predict(X[:9]), whole.predict(X[:9]))
    np.testing.assert_array_equal(loaded.sample(5), whole.sample(5))


def test_negatives():
    target = np.eye(10)[Y]
    same, wrong = wrong_labels(np.random.RandomState(0), X, target)
    assert same is X
    np.testing.assert_array_equal(wrong.sum(axis=1), 1)
    assert not np.any(wrong.argmax(axis=1) == Y)
    assert len(np.unique((wrong.argmax(axis=1) - Y) % 10)) == 9

    def noise(random_state, x, target):
        return random_state.rand(*x.shape), target

    own = model(max_epochs=1, negatives=noise).fit(X, Y)
    usual = model(max_epochs=1).fit(X, Y)
    assert np.abs(own.parameters_["W1"] - usual.parameters_["W1"]).max() > 0
    with pytest.raises(ValueError, match="negatives=.*cannot be saved"):
        own.save("never written")


@pytest.mark.parametrize(
    "made, message",
    [
        (lambda x, target: x, "images and targets"),
        (lambda x, target: (x[:3], target), "finite images of shape"),
        (lambda x, target: (x, target[:, :2]), "finite targets of shape"),
        (lambda x, target: (np.nan * x, target), "finite images"),
    ],
)
def test_negatives_that_are_none(made, message):
    def negatives(random_state, x, target):
        return made(x, target)

    with pytest.raises(ValueError, match=f"negatives: must be a function .*{message}"):
        model(max_epochs=1, negatives=negatives).fit(X, Y)


def test_probabilities_are_of_the_mean_goodness_of_layers():
    learned = model(max_epochs=1, n_hidden=(8, 6)).fit(X, Y)
    task, target = learned._task, np.zeros((5, 10))
    target[:, 3] = 1
    seen = task.present("scan", learned.steps // 2 + 2, X[:5], target)
    sign = -1 if learned.low_is_positive else 1
    np.testing.assert_allclose(
        task.decide(X[:5])[:, 3], sign * seen["mean_goodness"][:, 0] / 2, rtol=1e-5
    )


@pytest.mark.parametrize("normalize", [True, False])
def test_the_prior_is_of_states_as_the_circuit_sees_them(normalize):
    learned = model(max_epochs=1, normalize=normalize, n_mixture=1).fit(X, Y)
    z_g = learned._task.latents(X[Y == 3], np.full(np.sum(Y == 3), 3))
    if normalize:
        z_g = z_g / np.linalg.norm(z_g, axis=1, keepdims=True)
    np.testing.assert_allclose(learned.mixtures_[3].means_[0], z_g.mean(axis=0), atol=1e-5)


@pytest.mark.parametrize(
    "kwargs, message",
    [
        ({"g_units": -1}, "g_units: must be"),
        ({"negatives": "wrong"}, "negatives: must be callable"),
        ({"steps": 0}, "steps: must be"),
        ({"learning_rate": -1}, "learning_rate"),
        ({"backend": "tf"}, "unknown backend"),
    ],
)
def test_bad_parameters(kwargs, message, monkeypatch):
    monkeypatch.setattr(Backend, "open", None)  # no work has begun
    with pytest.raises(ValueError, match=message):
        model(**kwargs).fit(X, Y)


def test_bad_use():
    with pytest.raises(ValueError, match="pixels of X"):
        model().fit(X * 255, Y)
    with pytest.raises(ValueError, match="59 labels"):
        model().fit(X, Y[:-1])
    learned = model(max_epochs=1)
    next(learned.epochs(X, Y))
    with pytest.raises(NotFittedError, match="prior"):
        learned.sample()
    learned.fit_prior(X, Y)
    with pytest.raises(ValueError, match="label must have the labels"):
        learned.sample(3, label=11)
    with pytest.raises(ValueError, match="one label or 3, got 2"):
        learned.sample(3, label=[1, 2])
    plain = model(max_epochs=1, g_units=0, recurrent=False, carry=0.0).fit(X, Y)
    with pytest.raises(ValueError, match="g_units"):
        plain.fit_prior(X, Y)
