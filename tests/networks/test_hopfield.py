"""Layered Hopfield networks: energy, relaxation, feedforward start, learning."""

from types import SimpleNamespace

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError

import nengo_ngc as ngc
from nengo_ngc import datasets
from nengo_ngc.backends import open_session
from nengo_ngc.networks import LayeredHopfield
from nengo_ngc.rules import TiedAutoEncoder

from ..conftest import needs_dl

SHAPE, EPSILON = (6, 5, 4, 3), 0.4
BOUNDS = {
    "hard-sigmoid": (0, 1),
    "hard-tanh": (-1, 1),
    "relu": (0, np.inf),
    "identity": (-np.inf, np.inf),
}


def drawn(shape=SHAPE, scale=0.25, seed=0):
    """Parameters with biases, which drive some units beyond their bounds."""
    rng = np.random.RandomState(seed)
    W = {f"W{k}": scale * rng.randn(shape[k], shape[k - 1]) for k in range(1, len(shape))}
    return {**W, **{f"b{k}": 1.2 * rng.randn(n) for k, n in enumerate(shape)}}


def inputs_to(p, s, level):
    """Bottom-up and top-down input of a layer, written out."""
    bottom_up = p[f"W{level}"] @ s[level - 1] if level > 0 else 0
    top_down = p[f"W{level + 1}"].T @ s[level + 1] if level < len(s) - 1 else 0
    return bottom_up, top_down


def energy(p, s, bounds):
    r = [np.clip(one, *bounds) for one in s]
    E = sum(0.5 * one @ one for one in s)
    E -= sum(r[k] @ p[f"W{k}"] @ r[k - 1] for k in range(1, len(s)))
    return E - sum(p[f"b{k}"] @ r[k] for k in range(len(s)))


def feedforward(p, x, bounds=(0, 1)):
    """Start of a four-layer network: the middle layers have two branches."""
    s0 = np.clip(x, *bounds)
    s1 = np.clip(2 * p["W1"] @ s0 + p["b1"], *bounds)
    s2 = np.clip(2 * p["W2"] @ s1 + p["b2"], *bounds)
    return [s0, s1, s2, np.clip(p["W3"] @ s2 + p["b3"], *bounds)]


def relaxed(p, s, steps, clamped=(0,), bounds=(0, 1)):
    """States after each step, from ``s`` on."""
    trajectory = [s]
    for _ in range(steps):
        s = list(s)
        for level in set(range(len(s))) - set(clamped):
            drive = sum(inputs_to(p, trajectory[-1], level)) + p[f"b{level}"]
            moved = s[level] - EPSILON * (s[level] - drive)
            s[level] = np.clip(moved, *bounds)
        trajectory.append(s)
    return trajectory


def run(steps=6, presentations=1, x=None, names=(), **kwargs):
    """What is probed on Nengo, by name, (timesteps, size); and the network."""
    shape = kwargs.setdefault("shape", SHAPE)
    with nengo.Network(seed=1) as model:
        kwargs.setdefault("parameters", drawn(shape))
        kwargs.setdefault("optimizer", None)
        net = LayeredHopfield(schedule=ngc.Schedule(steps), epsilon=EPSILON, **kwargs)
        for level, node in net.inputs.items():
            nengo.Connection(nengo.Node(x[level]), node, synapse=None)
        probes = {name: net.probe(name) for name in names}
    with nengo.Simulator(model, progress_bar=False) as sim:
        sim.run_steps(steps * presentations)
    return {name: sim.data[probe] for name, probe in probes.items()}


STATES = [f"s{level}" for level in range(len(SHAPE))]
X = np.random.RandomState(1).rand(6)


@pytest.mark.parametrize("activation", BOUNDS)
def test_energy_and_its_gradient(activation):
    bounds, p, h = BOUNDS[activation], drawn(), 1e-6
    names = [*STATES, "energy", "gradient_norm", *(f"gradient{k}" for k in (1, 2, 3))]
    seen = run(activation=activation, x=[X - 0.3], names=names)
    at_bounds = {bound: 0 for bound in bounds}
    for t in range(6):
        s = [seen[name][t] for name in STATES]
        E = energy(p, s, bounds)
        assert seen["energy"][t] == pytest.approx(E, abs=1e-12)
        squares = 0
        for level in (1, 2, 3):
            for unit in range(SHAPE[level]):
                up, down = [list(map(np.copy, s)) for _ in range(2)]
                up[level][unit] += h
                down[level][unit] -= h
                right = (energy(p, up, bounds) - E) / h
                left = (E - energy(p, down, bounds)) / h
                # 0 where E rises to both sides, at a kink
                expected = right if right < -1e-5 else left if left > 1e-5 else 0
                if abs(right - left) > 1e-3:
                    at_bounds[s[level][unit]] += 1
                found = seen[f"gradient{level}"][t, unit]
                assert found == pytest.approx(expected, abs=1e-4)
                squares += found**2
        assert seen["gradient_norm"][t] == pytest.approx(np.sqrt(squares))
    assert all((n > 0) == np.isfinite(bound) for bound, n in at_bounds.items())


@pytest.mark.parametrize("activation", BOUNDS)
@pytest.mark.parametrize("initial", ["feedforward", "zero"])
def test_states_follow_the_relaxation(activation, initial):
    bounds, p = BOUNDS[activation], drawn()
    x = 1.5 * X - 0.2  # some of it beyond the bounds
    start = feedforward(p, x, bounds)
    if initial == "zero":
        start = [start[0], *(np.zeros(n) for n in SHAPE[1:])]
    expected = relaxed(p, start, 5, bounds=bounds)
    branches = ["bottom_up2", "top_down2", "top_down0"]
    seen = run(
        activation=activation,
        initial=initial,
        x=[x],
        presentations=2,
        names=[*STATES, *branches],
    )
    for level, name in enumerate(STATES):
        states = [s[level] for s in expected]
        np.testing.assert_allclose(seen[name], states * 2, atol=1e-12)
    last = expected[-1]
    np.testing.assert_allclose(seen["bottom_up2"][-1], inputs_to(p, last, 2)[0], atol=1e-12)
    np.testing.assert_allclose(seen["top_down2"][-1], inputs_to(p, last, 2)[1], atol=1e-12)
    np.testing.assert_allclose(seen["top_down0"][-1], inputs_to(p, last, 0)[1], atol=1e-12)


def test_energy_falls_to_a_fixed_point():
    p, found = drawn(), []
    for initial in ("feedforward", "zero"):
        names = [*STATES, "energy", "gradient_norm"]
        seen = run(200, initial=initial, x=[X], names=names)
        E = seen["energy"][:, 0]
        assert np.all(np.diff(E) <= 1e-12) and E[0] - E[-1] > 0.01
        assert seen["gradient_norm"][0] > 0.1
        assert seen["gradient_norm"][-1] < 1e-9
        s = [seen[name][-1] for name in STATES]
        for level in (1, 2, 3):
            drive = sum(inputs_to(p, s, level)) + p[f"b{level}"]
            np.testing.assert_allclose(s[level], np.clip(drive, 0, 1), atol=1e-9)
        found.append(np.concatenate(s))
    np.testing.assert_allclose(*found, atol=1e-9)
    assert 0 < np.mean((found[0] > 0) & (found[0] < 1)) < 1


def test_clamped_layers():
    p, rng = drawn(), np.random.RandomState(2)
    x = {1: rng.rand(5), 3: 3 * rng.rand(3) - 1}
    seen = run(x=x, clamped=(3, 1), names=STATES)
    s1, s3 = x[1], np.clip(x[3], 0, 1)
    start = [np.clip(p["b0"], 0, 1), s1, np.clip(2 * p["W2"] @ s1 + p["b2"], 0, 1), s3]
    for t, s in enumerate(relaxed(p, start, 5, clamped=(1, 3))):
        for level, name in enumerate(STATES):
            np.testing.assert_allclose(seen[name][t], s[level], atol=1e-12)
    free = run(names=STATES, clamped=(), x=[])
    assert np.abs(free["s1"] - seen["s1"]).max() > 0.1


def test_inputs_by_name():
    net = LayeredHopfield((3, 2, 2), clamped=(2, 0))
    assert net.input is net.inputs[0] is net.input0 and net.input2 is net.inputs[2]
    assert net.inputs[2].size_in == 2 and set(net.inputs) == {0, 2}
    assert LayeredHopfield((3, 2, 2), clamped=2).input.size_in == 2


def test_one_pass_is_enough_for_two_layers():
    seen = run(shape=(6, 5), x=[X], names=["s1"])["s1"]
    np.testing.assert_allclose(seen, np.tile(seen[-1], (6, 1)), atol=1e-12)
    assert np.ptp(seen[0]) > 0.1


def test_norm_of_drawn_weights():
    with nengo.Network(seed=0) as model:
        net = LayeredHopfield((300, 200, 150, 100))
        given = LayeredHopfield((300, 200), weight_std=0.1)
    with nengo.Simulator(model, progress_bar=False) as sim:
        p, W = net.parameters(sim), given.parameters(sim)["W1"]
    norms = [np.linalg.norm(p[f"W{k}"], 2) for k in (1, 2, 3)]
    np.testing.assert_allclose(norms, [0.5**0.5, 0.5, 0.5**0.5], rtol=0.05)
    assert np.std(W) == pytest.approx(0.1, rel=0.02)


# --- learning


def learned(backend, n_updates, optimizer, switch=1.0, shape=SHAPE, x=None, steps=6):
    """Parameters before and after, on minibatches of 4."""
    x = np.random.RandomState(3).rand(4, shape[0]) if x is None else x
    runner = open_session(
        backend,
        lambda: LayeredHopfield(
            shape,
            epsilon=EPSILON,
            schedule=ngc.Schedule(steps, batch_size=4),
            optimizer=optimizer,
            parameters=drawn(shape),
        ),
        4,
        [f"s{level}" for level in range(1, len(shape))],
    )
    before = runner.net.parameters(runner.sim)
    for _ in range(n_updates):
        runner.present(x, learn=bool(switch))
    after = runner.net.parameters(runner.sim)
    settled = runner.present(x)
    runner.close()
    return before, after, settled


def test_update_is_the_branches_errors():
    p = drawn()
    X4 = np.random.RandomState(3).rand(4, 6)
    expected = {f"W{k}": np.zeros_like(p[f"W{k}"]) for k in (1, 2, 3)}
    for x in X4:
        s = relaxed(p, feedforward(p, x), 5)[-1]
        for k in (1, 2, 3):
            up = s[k] - (1 if k == 3 else 2) * inputs_to(p, s, k)[0] - p[f"b{k}"]
            below = s[k - 1]
            down = below - (1 if k == 1 else 2) * inputs_to(p, s, k - 1)[1] - p[f"b{k - 1}"]
            expected[f"W{k}"] += (np.outer(up, below) + np.outer(s[k], down)) / 4
    before, after, _ = learned("nengo", 1, ngc.SGD(1.0))
    for name, array in after.items():
        np.testing.assert_array_equal(before[name], p[name])
        np.testing.assert_allclose(array - p[name], expected.get(name, 0), atol=1e-12)
        assert name.startswith("b") or np.abs(array - p[name]).max() > 0.05


def test_learning_is_switched():
    before, after, _ = learned("nengo", 1, ngc.SGD(1.0), switch=0.0)
    for name, array in after.items():
        np.testing.assert_array_equal(array, before[name])


def test_rule_by_itself():
    rule, rng = TiedAutoEncoder(3, 2), np.random.RandomState(0)
    pre, up, above, down = (rng.randn(5, n) for n in (2, 3, 3, 2))
    error = SimpleNamespace(up=up, above=above, down=down)
    update = rule.update(np, pre, np.zeros((5, 3)), error, np.zeros((3, 2)))
    np.testing.assert_allclose(update, up.T @ pre + above.T @ down)
    assert rule.size_in == 8 and rule.optimizer == ngc.Adam(1e-3)


def distance(parameters, x, initial="feedforward"):
    """To the fixed point, relative to its norm; and how well branches agree there."""

    def states(steps):
        runner = open_session(
            "nengo",
            lambda: LayeredHopfield(
                (64, 40, 40),
                initial=initial,
                schedule=ngc.Schedule(steps),
                optimizer=None,
                parameters=parameters,
            ),
            1,
            ["s1", "s2", "bottom_up1", "top_down1"],
        )
        seen = runner.present(x)
        return seen, np.hstack([seen["s1"], seen["s2"]])

    start, (seen, fixed) = states(1)[1], states(100)
    far = np.linalg.norm(start - fixed, axis=1) / np.linalg.norm(fixed, axis=1)
    agree = np.corrcoef(seen["bottom_up1"].ravel(), seen["top_down1"].ravel())
    return far.mean(), agree[0, 1]


@needs_dl
def test_learning_brings_the_start_closer_on_digits():
    digits = datasets.load("digits", binarize=False)
    runner = open_session(
        "nengo-dl",
        lambda: LayeredHopfield(
            (64, 40, 40),
            schedule=ngc.Schedule(11, batch_size=50),
            seed=0,
            optimizer=ngc.Adam(3e-3),
        ),
        50,
        ["energy"],
    )
    before = runner.net.parameters(runner.sim)
    for _ in range(8):
        runner.present(digits.X_train[:1000], learn=True)
    after = runner.net.parameters(runner.sim)
    runner.close()
    x = digits.X_test[:10]
    random, before_agree = distance(before, x)
    trained, after_agree = distance(after, x)
    zero, _ = distance(after, x, initial="zero")
    assert zero == 1
    assert trained < random / 4 and trained < zero / 4
    assert after_agree > 0.85 and after_agree > before_agree + 0.2


# --- bad input


def test_parameters_are_written_and_read():
    new = drawn((3, 2, 2), seed=5)
    with nengo.Network() as model:
        net = LayeredHopfield((3, 2, 2))
    with nengo.Simulator(model, progress_bar=False) as sim:
        net.set_parameters(sim, new)
        read = net.parameters(sim)
        assert set(read) == {"W1", "W2", "b0", "b1", "b2"}
        for name, array in new.items():
            np.testing.assert_array_equal(read[name], array)
        assert set(net.state(sim)) > {"W1/optimizer_m", "W2/optimizer_t"}


@pytest.mark.parametrize(
    "kwargs, name, message",
    [
        ({"shape": (784,)}, "shape", "2 or more whole numbers"),
        ({"clamped": (3,)}, "clamped", "0 to 2"),
        ({"clamped": (0, 0)}, "clamped", "different"),
        ({"clamped": (0, 1, 2)}, "clamped", "leave one layer free"),
        ({"clamped": (-1,)}, "clamped", "at least 0"),
        ({"clamped": "input"}, "clamped", "'input'"),
        ({"activation": "hard sigmoid"}, "activation", "did you mean 'hard-sigmoid'"),
        ({"initial": "random"}, "initial", "expected one of feedforward, zero"),
        ({"initial": 0}, "initial", "'feedforward', 'zero', got 0"),
        ({"epsilon": 0}, "epsilon", "above 0"),
        ({"epsilon": np.nan}, "epsilon", "finite"),
        ({"weight_std": -1}, "weight_std", "above 0"),
        ({"weight_std": 0}, "weight_std", "above 0"),
        ({"optimizer": 0.1}, "optimizer", "Optimizer"),
        ({"parameters": {"W3": [[1.0]]}}, "parameters", "unknown parameter 'W3'"),
        ({"parameters": {"b1": np.ones(3)}}, "parameters", r"b1 must have shape \(2,\), got"),
    ],
)
def test_bad_arguments(kwargs, name, message):
    with pytest.raises(ValidationError, match=message) as info:
        LayeredHopfield(**{"shape": (3, 2, 2), **kwargs})
    assert info.value.attr == name


def test_unknown_probe():
    net = LayeredHopfield((3, 2, 2))
    with pytest.raises(ValidationError, match="unknown name 's9'"):
        net.probe("s9")
    with pytest.raises(ValidationError, match="gradient0"):
        net.probe("gradient0")
