"""Rules that remember, and that take several errors, on both simulators."""

from types import SimpleNamespace

import nengo
import numpy as np
import pytest
from nengo.exceptions import BuildError, ValidationError

import nengo_ngc as ngc
from nengo_ngc import Memory
from nengo_ngc.validation import PositiveParam

from ..conftest import simulator

DT = 0.001


class STDP(ngc.LocalRule):
    """The rule of the documentation: pair-based, with traces."""

    tau = PositiveParam("tau")
    ratio = PositiveParam("ratio")

    def __init__(self, tau=0.02, ratio=1.05, optimizer=None, **kwargs):
        super().__init__(optimizer, **kwargs)
        self.tau, self.ratio = tau, ratio

    def memory(self, n_pre, n_post):
        return {"x": Memory(n_pre), "y": Memory(n_post)}

    def remember(self, xp, pre, post, error, weights, memory, dt):
        keep = np.exp(-dt / self.tau)
        return {"x": keep * memory.x + dt * pre, "y": keep * memory.y + dt * post}

    def update(self, xp, pre, post, error, weights, memory):
        grow = xp.einsum("bi,bj->ij", post, memory.x)
        return grow - self.ratio * xp.einsum("bi,bj->ij", memory.y, pre)


class Reinforced(ngc.LocalRule):
    """The rule of the documentation: eligibility traces, and a third factor."""

    tau = PositiveParam("tau")
    errors = {"reward": 1, "expected": 1}

    def __init__(self, tau=0.5, optimizer=None, **kwargs):
        super().__init__(optimizer, **kwargs)
        self.tau = tau

    def memory(self, n_pre, n_post):
        return {"eligible": Memory((n_post, n_pre))}

    def remember(self, xp, pre, post, error, weights, memory, dt):
        hebbian = xp.einsum("bi,bj->bij", post, pre)
        return {"eligible": np.exp(-dt / self.tau) * memory.eligible + dt * hebbian}

    def update(self, xp, pre, post, error, weights, memory):
        surprise = (error.reward - error.expected)[:, 0]
        return xp.einsum("b,bij->ij", surprise, memory.eligible)


class SlidingThreshold(ngc.LocalRule):
    """Bienenstock, Cooper & Munro 1982: a threshold of each unit, shared by all samples."""

    def memory(self, n_pre, n_post):
        return {"theta": Memory(n_post, initial=0.5, shared=True)}

    def remember(self, xp, pre, post, error, weights, memory, dt):
        return {"theta": memory.theta + 0.1 * (xp.mean(post**2, axis=0) - memory.theta)}

    def update(self, xp, pre, post, error, weights, memory):
        return xp.einsum("bi,bj->ij", post * (post - memory.theta), pre)


def network(rule, neuron_type, n_pre=3, n_post=2, told=(), synapse=0.005):
    """Neurons driven by sines, and probes of their activities."""
    with nengo.Network(seed=1) as model:
        model.stimulus = nengo.Node(lambda t: 4 + 4 * np.sin(60 * t + np.arange(n_pre)))
        kwargs = {"neuron_type": neuron_type}
        pre, post = (
            nengo.Ensemble(n, 1, gain=np.ones(n), bias=np.zeros(n), **kwargs).neurons
            for n in (n_pre, n_post)
        )
        nengo.Connection(model.stimulus, pre, synapse=None)
        W = np.random.RandomState(2).uniform(0.02, 0.05, (n_post, n_pre))
        model.connection = nengo.Connection(
            pre, post, transform=W, synapse=synapse, learning_rule_type=rule
        )
        for name, node in told:
            signal = rule.signal(model.connection, name)
            nengo.Connection(node(), signal, synapse=None)
        model.pre, model.post = nengo.Probe(pre), nengo.Probe(post)
    return model


def learned(sim, model):
    return np.array(sim.signals[sim.model.sig[model.connection]["weights"]])


def activities(sim, model, n_steps):
    """(timesteps, batch, units) of both sides, whatever the simulator."""
    seen = (np.asarray(sim.data[probe], dtype=float) for probe in (model.pre, model.post))
    return [x.reshape(-1, n_steps, x.shape[-1]).swapaxes(0, 1) for x in seen]


def test_stdp_is_the_loop_over_spikes(simulate):
    model = network(STDP(optimizer=ngc.SGD(1e-5)), nengo.LIF())
    sim = simulate(model, 1, 300)
    pre, post = (a[:, 0] for a in activities(sim, model, 300))
    assert pre.any(axis=0).all() and post.any(axis=0).all()
    W, keep = model.connection.transform.init.copy(), np.exp(-DT / 0.02)
    x, y = np.zeros(3), np.zeros(2)
    for t in range(300):
        x, y = keep * x + DT * pre[t], keep * y + DT * post[t]
        for i in range(2):
            for j in range(3):
                W[i, j] += 1e-5 * (post[t, i] * x[j] - 1.05 * y[i] * pre[t, j])
    np.testing.assert_allclose(learned(sim, model), W, rtol=0, atol=1e-6)
    assert np.abs(W - model.connection.transform.init).max() > 0.01


def test_a_pair_of_spikes_changes_weights_by_the_window():
    """The exponential window of Song, Miller & Abbott 2000, from single pairs of spikes."""
    rule, n = STDP(tau=0.01, ratio=1.5), 30
    for first, second in ((3, 11), (11, 3)):
        spikes = np.zeros((2, n))
        spikes[0, first] = spikes[1, second] = 1 / DT
        memory, total = SimpleNamespace(x=np.zeros((1, 1)), y=np.zeros((1, 1))), 0
        for t in range(n):
            pre, post = spikes[:, None, t, None]
            memory = SimpleNamespace(**rule.remember(np, pre, post, None, None, memory, DT))
            total += DT * rule.update(np, pre, post, None, None, memory)[0, 0]
        window = np.exp(-8 * DT / 0.01)
        assert total == pytest.approx(window if second > first else -1.5 * window)


def reward():
    return nengo.Node(lambda t: np.cos(30 * t))


def expected():
    return nengo.Node(lambda t: 0.3 * np.sin(20 * t))


TOLD = (("reward", reward), ("expected", expected))


def test_eligibility_is_the_loop(simulate):
    model = network(Reinforced(0.05, ngc.SGD(1e-6)), nengo.LIF(), told=TOLD)
    sim = simulate(model, 1, 200)
    pre, post = (a[:, 0] for a in activities(sim, model, 200))
    W, e = model.connection.transform.init.copy(), np.zeros((2, 3))
    for t in range(200):
        now = DT * (t + 1)
        e = np.exp(-DT / 0.05) * e + DT * np.outer(post[t], pre[t])
        W += 1e-6 * (np.cos(30 * now) - 0.3 * np.sin(20 * now)) * e
    np.testing.assert_allclose(learned(sim, model), W, rtol=0, atol=1e-6)
    assert np.abs(W - model.connection.transform.init).max() > 0.01


# --- presentations and batches

STEPS, BATCH = 5, 4
IMAGES = np.random.RandomState(4).uniform(1, 6, (2, BATCH, 3))


def presented(rule, backend):
    """Weights after two batches, whose samples Nengo is shown one after another."""
    model = network(rule, nengo.RectifiedLinear(), synapse=None)
    with model:
        for name, value in {"reward": 0.7, "expected": 0.2}.items():
            if name in rule.errors:
                signal = rule.signal(model.connection, name)
                nengo.Connection(nengo.Node([value]), signal, synapse=None)
    if backend == "nengo":
        rows = IMAGES.reshape(-1, 3)
        model.stimulus.output = lambda t: rows[int((t - DT / 2) / DT) // STEPS]
        with nengo.Simulator(model, progress_bar=False) as sim:
            sim.run_steps(STEPS * len(rows))
            return learned(sim, model), model
    model.stimulus.output = np.zeros(3)
    held = np.repeat(IMAGES.swapaxes(0, 1), STEPS, axis=1)
    with simulator(backend, model, BATCH) as sim:
        sim.run_steps(2 * STEPS, data={model.stimulus: held})
        return learned(sim, model), model


@pytest.mark.parametrize("make", [STDP, Reinforced])
def test_memory_of_each_sample_starts_afresh(at_once, make):
    """Presentations one after another are those of a minibatch, whatever came before."""
    rule = make(0.02, optimizer=ngc.SGD(2.0), schedule=ngc.Schedule(STEPS, BATCH))
    (one_by_one, model), (at_once, _) = (presented(rule, s) for s in ("nengo", at_once))
    np.testing.assert_allclose(at_once, one_by_one, rtol=1e-5)
    W = model.connection.transform.init.copy()
    for batch in IMAGES:
        total = 0
        for pre in batch[:, None]:
            memory = SimpleNamespace(**{k: 0.0 for k in rule.memory(3, 2)})
            post = pre @ W.T
            error = SimpleNamespace(reward=np.full((1, 1), 0.7), expected=np.full((1, 1), 0.2))
            for _ in range(STEPS):
                moved = rule.remember(np, pre, post, error, W, memory, DT)
                memory = SimpleNamespace(**moved)
            total = total + rule.update(np, pre, post, error, W, memory)
        W = W + 2.0 * total / BATCH
    np.testing.assert_allclose(one_by_one, W, rtol=1e-6)
    assert np.abs(W - model.connection.transform.init).max() > 1e-3


class Counter(ngc.LocalRule):
    """Counts the timesteps; weights become what it has counted."""

    def memory(self, n_pre, n_post):
        return {
            "own": Memory(n_pre),
            "kept": Memory((), initial=10, continues=True),
            "common": Memory(n_post, initial=np.full(n_post, 20), shared=True),
        }

    def remember(self, xp, pre, post, error, weights, memory, dt):
        return {name: getattr(memory, name) + 1 for name in ("own", "kept", "common")}

    def update(self, xp, pre, post, error, weights, memory):
        return xp.ones_like(weights) * xp.sum(memory.own)


def counted(simulate, n_steps, learn=1.0, minibatch_size=2, **kwargs):
    """What is remembered after each timestep, of the first sample; and the weights learned."""
    with nengo.Network() as switch:
        node = nengo.Node([learn])
    rule = Counter(ngc.SGD(1.0), learn=node, **kwargs)
    model = network(rule, nengo.RectifiedLinear())
    with model:
        model.add(switch)
        probes = {k: nengo.Probe(model.connection.learning_rule, k) for k in rule.memory(1, 1)}
    sim = simulate(model, minibatch_size, n_steps)
    shapes = {"own": (-1, n_steps, 3), "kept": (-1, n_steps), "common": (-1, n_steps, 2)}
    seen = {k: np.reshape(sim.data[p], shapes[k])[0].T.tolist() for k, p in probes.items()}
    return seen, learned(sim, model) - model.connection.transform.init


def test_memory_moves_at_every_timestep_and_weights_at_the_last(simulate):
    seen, change = counted(simulate, 7, schedule=ngc.Schedule(3))
    # probes see what is updated at the end of a timestep in the next one, on Nengo
    first = seen["own"][0][0]
    assert first in (0, 1)
    after = [1, 2, 3, 1, 2, 3, 1]
    expected = after if first else [0, *after[:-1]]
    assert seen["own"] == [expected] * 3
    assert seen["kept"] == [10 + first + k for k in range(7)]
    assert seen["common"] == [[20 + first + k for k in range(7)]] * 2
    np.testing.assert_allclose(change, 2 * 9, rtol=1e-6)  # two presentations, three units


def test_time_is_continuous_if_presentations_have_one_timestep(simulate):
    _, change = counted(simulate, 4)
    np.testing.assert_allclose(change, 3 * (1 + 2 + 3 + 4), rtol=1e-6)


def test_traces_move_while_learning_is_off_and_what_is_shared_does_not(simulate):
    seen, change = counted(simulate, 4, learn=0.0)
    first = seen["own"][0][0]
    assert seen["own"] == [[first + k for k in range(4)]] * 3
    assert seen["kept"] == [10 + first + k for k in range(4)]
    assert seen["common"] == [[20] * 4] * 2
    assert np.abs(change).max() < 1e-7


def test_reset_brings_the_memory_back(simulate):
    model = network(Counter(ngc.SGD(1.0)), nengo.RectifiedLinear())
    sim = simulate(model, 1, 3)
    first = learned(sim, model)
    sim.reset()
    sim.run_steps(3)
    np.testing.assert_array_equal(learned(sim, model), first)


def test_a_shared_threshold_is_the_loop(simulate):
    model = network(SlidingThreshold(ngc.SGD(1e-4)), nengo.RectifiedLinear(), synapse=None)
    sim = simulate(model, 1, 50)
    pre, post = (a[:, 0] for a in activities(sim, model, 50))
    W, theta = model.connection.transform.init.copy(), np.full(2, 0.5)
    for x, y in zip(pre, post):
        theta += 0.1 * (y**2 - theta)
        W += 1e-4 * np.outer(y * (y - theta), x)
    np.testing.assert_allclose(learned(sim, model), W, rtol=1e-5)
    theta_signal = sim.model.sig[model.connection.learning_rule]["theta"]
    np.testing.assert_allclose(sim.signals[theta_signal], theta, rtol=1e-5)
    assert np.abs(W - model.connection.transform.init).max() > 1e-3


class Echo(ngc.LocalRule):
    """Remembers the last timesteps; weights become the sum of what came two of them ago."""

    def memory(self, n_pre, n_post):
        return {"last": Memory(n_pre), "before": Memory(n_pre), "older": Memory(n_pre)}

    def remember(self, xp, pre, post, error, weights, memory, dt):
        return {"last": pre, "before": memory.last, "older": memory.before}

    def update(self, xp, pre, post, error, weights, memory):
        return xp.einsum("bi,bj->ij", xp.ones_like(post), memory.older)


def test_what_one_array_was_can_become_another(simulate):
    model = network(Echo(ngc.SGD(1.0)), nengo.RectifiedLinear(), synapse=None)
    sim = simulate(model, 1, 6)
    pre, _ = activities(sim, model, 6)
    change = learned(sim, model) - model.connection.transform.init
    np.testing.assert_allclose(change, np.tile(pre[:4, 0].sum(axis=0), (2, 1)), rtol=1e-6)


def test_biases_have_a_memory_of_their_own(simulate):
    model = network(STDP(optimizer=ngc.SGD(1e-3), biases=True), nengo.RectifiedLinear())
    sim = simulate(model, 1, 20)
    rule = sim.model.sig[model.connection.learning_rule]
    assert (rule["x"].shape, rule["bias_x"].shape) == ((3,), (1,))
    x, y, b, keep = 0.0, np.zeros(2), np.zeros(2), np.exp(-DT / 0.02)
    _, post = (a[:, 0] for a in activities(sim, model, 20))
    for now in post:
        x, y = keep * x + DT, keep * y + DT * now
        b += 1e-3 * (now * x - 1.05 * y)
    np.testing.assert_allclose(sim.signals[rule["bias"]], b, rtol=1e-4)
    assert np.abs(b).max() > 1e-5


class Surprised(ngc.ErrorDriven):
    """Learns only from errors that are larger than usual."""

    def memory(self, n_pre, n_post):
        return {"usual": Memory(n_post, shared=True)}

    def remember(self, xp, pre, post, error, weights, memory, dt):
        return {"usual": 0.9 * memory.usual + 0.1 * xp.mean(xp.abs(error), axis=0)}

    def update(self, xp, pre, post, error, weights, memory):
        larger = xp.maximum(xp.abs(error) - memory.usual, 0.0) * xp.sign(error)
        return super().update(xp, pre, post, larger, weights)


def test_networks_save_what_is_shared(simulate):
    def make():
        with nengo.Network(seed=0) as model:
            rule = Surprised(ngc.Adam(0.01), norm_bound=1.0)
            model.net = ngc.networks.GNCN(
                (5, 4, 3),
                variant="t1",
                schedule=ngc.Schedule(3),
                learning_rule_type=rule,
                seed=1,
            )
            nengo.Connection(nengo.Node(np.linspace(0, 1, 5)), model.net.input, synapse=None)
        return model

    model = make()
    sim = simulate(model, 1, 6)
    state = model.net.state(sim)
    assert {name: a.shape for name, a in state.items()} == model.net.state_shapes()
    assert np.all(state["W1/usual"] > 0) and state["W1/usual"].shape == (5,)
    other = make()
    again = simulate(other, 1, 1)
    other.net.set_state(again, state)
    for name, array in other.net.state(again).items():
        np.testing.assert_array_equal(array, state[name], err_msg=name)


# --- several errors


class Named(ngc.LocalRule):
    errors = {"up": "post", "gain": 1, "down": "pre"}

    def update(self, xp, pre, post, error, weights):
        both = xp.einsum("bi,bj->bij", error.up, error.down)
        return xp.sum(error.gain[:, :, None] * both, axis=0)


def test_errors_by_name(simulate):
    values = {"up": [1.0, -2.0], "gain": [0.5], "down": [3.0, 0.0, 4.0]}
    rule = Named(ngc.SGD(1.0), schedule=ngc.Schedule(2))
    model = network(rule, nengo.RectifiedLinear())
    assert model.connection.learning_rule.size_in == 6
    with model:
        for name in ("down", "up", "gain"):
            signal = rule.signal(model.connection, name)
            assert signal.size_in == len(values[name])
            nengo.Connection(nengo.Node(values[name]), signal, synapse=None)
    sim = simulate(model, 1, 2)
    change = learned(sim, model) - model.connection.transform.init
    expected = 0.5 * np.outer(values["up"], values["down"])
    np.testing.assert_allclose(change, expected, atol=1e-6)


def test_errors_that_are_not_there():
    model = network(Named(), nengo.LIF())
    rule = model.connection.learning_rule_type
    with pytest.raises(ValidationError, match="name: unknown error 'upp' .did you mean 'up'"):
        rule.signal(model.connection, "upp")
    with pytest.raises(ValidationError, match="connection: must be one that learns by"):
        Named(ngc.SGD(0.5)).signal(model.connection, "up")
    with pytest.raises(ValidationError, match="connection: must be a Connection, got None"):
        rule.signal(None, "up")

    class Misspelt(Named):
        errors = {"up": "posts"}

    with pytest.raises(ValidationError, match="errors: must be a whole number .* got 'posts'"):
        assert network(Misspelt(), nengo.LIF()).connection.learning_rule.size_in


# --- what cannot work is said before anything runs


def building(rule):
    return nengo.Simulator(network(rule, nengo.LIF()), progress_bar=False)


def test_memory_that_cannot_be():
    with pytest.raises(
        ValidationError, match=r"initial: must be one number, or numbers of shape \(3,\), got"
    ):
        Memory(3, initial=[1, 2])
    with pytest.raises(BuildError, match="'x' would be mixed up .* interleave=1, got 2"):
        building(STDP(schedule=ngc.Schedule(5, online=True, interleave=2)))

    class Named(STDP):
        def memory(self, n_pre, n_post):
            return {"error": Memory(1)}

    with pytest.raises(BuildError, match="needs another name than 'error'"):
        building(Named())


def test_memory_needs_remember():
    class Forgetful(STDP):
        remember = ngc.LocalRule.remember

    with pytest.raises(BuildError, match="remember.self, xp"):
        building(Forgetful())


class OfRows(ngc.rules.optimizers.Optimizer):
    """Steps that are divided by the size of all earlier ones of a unit."""

    def __init__(self, learning_rate=0.01):
        super().__init__(learning_rate)

    def init(self, parameter):
        return {"size": np.zeros(len(parameter), parameter.dtype)}

    def update(self, xp, change, state, parameter):
        axes = tuple(range(1, len(change.shape)))
        size = state["size"] + (xp.sum(xp.square(change), axis=axes) if axes else change**2)
        each = xp.reshape(xp.sqrt(size) + 1e-3, (-1,) + (1,) * len(axes))
        return self.learning_rate * change / each, {"size": size}


def test_shapes_of_an_optimizer_that_remembers_a_number_for_each_unit(simulate):
    with nengo.Network(seed=0) as model:
        model.net = ngc.networks.FeedforwardClassifier((5, 4, 3), optimizer=OfRows())
        nengo.Connection(nengo.Node(np.linspace(0, 1, 5)), model.net.input, synapse=None)
        nengo.Connection(nengo.Node([0, 1, 0]), model.net.target, synapse=None)
    sim = simulate(model, 1, 3)
    found = {name: array.shape for name, array in model.net.state(sim).items()}
    assert found == model.net.state_shapes()
    assert found["W1/optimizer_size"] == (4,)
