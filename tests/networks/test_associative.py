"""Willshaw's associative memory: storing, recall in one step and iterated, ties."""

from functools import cache

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError

import nengo_ngc as ngc
from nengo_ngc.backends import open_session
from nengo_ngc.networks import AssociativeMemory
from nengo_ngc.neurons import Identity
from nengo_ngc.rules import ClippedHebbian

N_IN, N_OUT, K, M = 30, 20, 4, 24


def patterns(n_patterns, n, k, seed):
    """Rows with k units of n active."""
    rng = np.random.RandomState(seed)
    X = np.zeros((n_patterns, n))
    for x in X:
        x[rng.choice(n, k, replace=False)] = 1
    return X


def partial(X, n_left):
    """Cues with the first so many active units of each pattern."""
    return X * (np.cumsum(X, axis=1) <= n_left)


def stored_weights(X, Y):
    W = np.zeros((Y.shape[1], X.shape[1]))
    for x, y in zip(X, Y):
        for i in np.flatnonzero(y):
            for j in np.flatnonzero(x):
                W[i, j] = 1
    return W


def recalled(W, x, n_winners=None):
    """Recall in one step, written out."""
    sums = [sum(row[j] for j in np.flatnonzero(x)) for row in W]
    units = [i for i in range(len(sums)) if sums[i] > 0]
    if n_winners is None:
        winners = [i for i in units if sums[i] >= np.count_nonzero(x)]
    else:
        winners = sorted(units, key=lambda i: (-sums[i], i))[:n_winners]
    y = np.zeros(len(W))
    y[winners] = 1
    return y


X, Y = patterns(M, N_IN, K, 0), patterns(M, N_OUT, K, 1)
CUES = np.vstack([X, partial(X, 2), X[:4] + X[4:8] > 0, np.zeros((1, N_IN))])


def runner_of(backend, minibatch_size, inputs=("input",), **kwargs):
    return open_session(
        backend,
        lambda: AssociativeMemory(**kwargs),
        minibatch_size,
        ["output", "sums"],
        inputs=inputs,
    )


@cache
def pairs_on(backend):
    """What becomes of the weights, and what is recalled, of pairs."""
    runner = runner_of(backend, 6, ("input", "target"), n_in=N_IN, n_out=N_OUT)
    seen, blank = {}, np.zeros((len(CUES), N_OUT))

    def weights(name):
        seen[name] = runner.net.parameters(runner.sim)["W"]

    weights("start")
    runner.present(X, target=Y, learn=False)
    weights("off")
    runner.present(X[:12], target=Y[:12], learn=True)
    weights("half")
    runner.present(X[12:], target=Y[12:], learn=True)
    weights("stored")
    runner.present(X[::-1], target=Y[::-1], learn=True)
    weights("twice")
    # what counts is whether units are above 0.5
    seen.update(runner.present(0.2 + 0.7 * CUES, target=blank))
    weights("recalled")
    runner.close()
    return seen


# --- storing


def test_pairs_are_stored(backend):
    seen = pairs_on(backend)
    half = stored_weights(X[:12], Y[:12])
    np.testing.assert_array_equal(seen["half"], half)
    np.testing.assert_array_equal(seen["stored"], stored_weights(X, Y))
    assert 0.2 < half.mean() < seen["stored"].mean() < 0.9


def test_storing_twice_changes_nothing(backend):
    seen = pairs_on(backend)
    np.testing.assert_array_equal(seen["twice"], seen["stored"])


def test_learning_is_switched(backend):
    seen = pairs_on(backend)
    assert not np.any(seen["start"]) and not np.any(seen["off"])
    np.testing.assert_array_equal(seen["recalled"], seen["twice"])


def test_minibatches_store_as_single_pairs_do(at_once):
    one_by_one, batches = pairs_on("nengo"), pairs_on(at_once)
    for name, array in one_by_one.items():
        np.testing.assert_array_equal(batches[name], array, err_msg=name)


def test_changes_wait_for_the_batch():
    rng = np.random.RandomState(0)
    W = (rng.rand(N_OUT, N_IN) < 0.1).astype(float)
    with nengo.Network() as model:
        x, y = (nengo.Node(nengo.processes.PresentInput(0.9 * Z, 0.001)) for Z in (X, Y))
        pre, post = (
            nengo.Ensemble(
                n, 1, neuron_type=Identity(), gain=np.ones(n), bias=np.zeros(n)
            ).neurons
            for n in (N_IN, N_OUT)
        )
        nengo.Connection(x, pre, synapse=None)
        rule = ClippedHebbian(schedule=ngc.Schedule(1, batch_size=8))
        connection = nengo.Connection(
            pre, post, transform=W, learning_rule_type=rule, synapse=None
        )
        nengo.Connection(y, connection.learning_rule, synapse=None)
    with nengo.Simulator(model, progress_bar=False) as sim:
        for n_seen in (7, 8, 15, 16):
            sim.run_steps(n_seen - sim.n_steps)
            n = 8 * (n_seen // 8)
            expected = np.maximum(W, stored_weights(X[:n], Y[:n]))
            found = sim.signals[sim.model.sig[connection]["weights"]]
            np.testing.assert_array_equal(found, expected)


def test_schedule_of_the_network():
    runner = runner_of("nengo", 1, n_in=N_IN, schedule=ngc.Schedule(2, batch_size=4))
    for shown, n in ((X[:3], 0), (X[3:4], 4), (X[4:9], 8)):
        runner.present(shown, learn=True)
        W = runner.net.parameters(runner.sim)["W"]
        np.testing.assert_array_equal(W, stored_weights(X[:n], X[:n]))


def test_rule_by_itself():
    rule = ClippedHebbian()
    # what is not active counts as 0, whatever its sign: nothing cancels
    pre, error = np.array([[0.9, 0.4], [-3.0, 2.0]]), np.array([[1.0, -1.0], [-1.0, 1.0]])
    update = rule.update(np, pre, None, error, None)
    np.testing.assert_array_equal(update, [[1, 0], [0, 1]])
    parameter, weights = rule.constrain(np, np.array([[1e-6, 0.0], [1.0, 2.0]]))
    np.testing.assert_array_equal(weights, [[1, 0], [1, 1]])
    np.testing.assert_array_equal(parameter, weights)


def test_rule_refuses_other_weights():
    with nengo.Network() as model:
        a = nengo.Ensemble(3, 1)
        connection = nengo.Connection(
            a.neurons,
            a.neurons,
            transform=np.full((3, 3), 0.25),
            learning_rule_type=ClippedHebbian(),
        )
        nengo.Connection(nengo.Node(np.ones(3)), connection.learning_rule)
    with pytest.raises(ValidationError, match="must be 0 or 1, got 0.25"):
        nengo.Simulator(model, progress_bar=False)


# --- recall


def test_recall_by_the_threshold(backend):
    seen, W = pairs_on(backend), stored_weights(X, Y)
    np.testing.assert_array_equal(seen["sums"], CUES @ W.T)
    expected = np.array([recalled(W, cue) for cue in CUES])
    np.testing.assert_array_equal(seen["output"], expected)
    # nothing is missing for whole and partial cues, units besides are there
    for found in (seen["output"][:M], seen["output"][M : 2 * M]):
        assert np.all(found >= Y) and np.any(found > Y) and np.any(found < 1)
    assert not np.any(seen["output"][-1])


def test_winners_and_ties(backend):
    n, k = 12, 3
    W = (np.random.RandomState(0).rand(n, 8) < 0.4).astype(float)
    W[[2, 5, 9]] = W[0]
    W[4] = 0
    W[:, 7] = np.arange(n) % 6 == 3  # two units get something from the last input
    cues = np.vstack([patterns(9, 8, 4, 2), np.eye(8)[5:], np.zeros((1, 8)), 1 - W[:2]])
    runner = runner_of(
        backend, 5, ("input", "target"), n_in=8, n_out=n, n_winners=k, parameters={"W": W}
    )
    found = runner.present(cues, target=np.zeros((len(cues), n)))["output"]
    runner.close()
    expected = np.array([recalled(W, cue, k) for cue in cues])
    np.testing.assert_array_equal(found, expected)
    sums = np.sort(cues @ W.T, axis=1)[:, ::-1]
    assert np.sum((sums[:, k - 1] == sums[:, k]) & (sums[:, k] > 0)) > 5
    assert np.any((found.sum(axis=1) < k) & (found.sum(axis=1) > 0))


N_AUTO, K_AUTO, STEPS = 40, 4, 4
STORED = patterns(30, N_AUTO, K_AUTO, 3)
NOISY = np.maximum(partial(STORED, 2), patterns(30, N_AUTO, 1, 4))


def iterated(W, x, n_winners, steps):
    for _ in range(steps):
        x = recalled(W, x, n_winners)
    return x


def test_iterated_recall(backend):
    runner = runner_of(
        backend,
        10,
        n_in=N_AUTO,
        n_winners=K_AUTO,
        iterated=True,
        schedule=ngc.Schedule(STEPS),
    )
    runner.present(STORED, learn=True)
    W = runner.net.parameters(runner.sim)["W"]
    found = runner.present(NOISY)["output"]
    again = runner.present(NOISY[::-1])["output"][::-1]
    runner.close()
    # the cue that is stored is the input, not what has been recalled meanwhile
    np.testing.assert_array_equal(W, stored_weights(STORED, STORED))
    steps = [
        np.array([iterated(W, x, K_AUTO, n) for x in NOISY]) for n in (1, STEPS - 1, STEPS)
    ]
    np.testing.assert_array_equal(found, steps[-1])
    np.testing.assert_array_equal(again, found)
    for before in steps[:-1]:
        assert np.any(before != steps[-1])
    errors = [np.mean(np.any(Y != STORED, axis=1)) for Y in (steps[0], found)]
    assert errors[1] < errors[0]


@pytest.mark.parametrize("interleave", [1, 3])
def test_every_step_of_an_iterated_recall(interleave):
    W, cues = stored_weights(STORED, STORED), partial(STORED, 2)[:6]
    schedule = ngc.Schedule(STEPS, interleave=interleave)
    frames = cues.reshape(-1, 1, interleave, N_AUTO).repeat(STEPS, axis=1)
    with nengo.Network() as model:
        net = AssociativeMemory(N_AUTO, iterated=True, schedule=schedule, parameters={"W": W})
        shown = nengo.processes.PresentInput(frames.reshape(-1, N_AUTO), 0.001)
        nengo.Connection(nengo.Node(shown), net.input, synapse=None)
        net.learn.output = [0.0]
        probes = [net.probe("cue"), net.probe("output")]
    with nengo.Simulator(model, progress_bar=False) as sim:
        sim.run_steps(STEPS * len(cues))
        found = [sim.data[probe].reshape(frames.shape) for probe in probes]
    expected = np.array([[iterated(W, x, None, n) for x in cues] for n in range(STEPS + 1)])
    for n in range(STEPS):
        for array, at in zip(found, (n, n + 1)):
            np.testing.assert_array_equal(array[:, n].reshape(-1, N_AUTO), expected[at])
    assert np.any(expected[2] != expected[1])


def test_cue_stays_without_iteration():
    runner = runner_of("nengo", 1, n_in=N_AUTO, n_winners=K_AUTO, schedule=ngc.Schedule(3))
    runner.present(STORED, learn=True)
    found = runner.present(NOISY)["output"]
    W = stored_weights(STORED, STORED)
    np.testing.assert_array_equal(found, [recalled(W, x, K_AUTO) for x in NOISY])
    assert np.any(found != [iterated(W, x, K_AUTO, 3) for x in NOISY])


# --- parts of the network


def test_nodes():
    net = AssociativeMemory(7, 5)
    assert (net.input.size_in, net.target.size_in, net.output.size_out) == (7, 5, 5)
    net = AssociativeMemory(7)
    assert net.target is net.input and net.output.size_out == 7
    assert net.schedule.steps == 1
    assert AssociativeMemory(7, iterated=True).schedule.steps == 10


def test_input_without_connection_is_silent():
    with nengo.Network() as model:
        probe = AssociativeMemory(7, parameters={"W": np.ones((7, 7))}).probe("output")
    with nengo.Simulator(model, progress_bar=False) as sim:
        sim.run_steps(2)
    assert sim.data[probe].shape == (2, 7) and not np.any(sim.data[probe])


def test_parameters_are_written_and_read():
    W = stored_weights(X, Y)
    with nengo.Network() as model:
        net = AssociativeMemory(N_IN, N_OUT, parameters={"W": W})
    with nengo.Simulator(model, progress_bar=False) as sim:
        np.testing.assert_array_equal(net.parameters(sim)["W"], W)
        net.set_state(sim, {"W": 1 - W})
        np.testing.assert_array_equal(net.state(sim)["W"], 1 - W)
        with pytest.raises(ValidationError, match="must be 0 or 1, got 2"):
            net.set_parameters(sim, {"W": 2 * W})
        np.testing.assert_array_equal(net.state(sim)["W"], 1 - W)


@pytest.mark.parametrize(
    "kwargs, name, message",
    [
        ({"n_in": 0}, "n_in", "at least 1, got 0"),
        ({"n_in": 2.0}, "n_in", "whole number of at least 1, got 2.0"),
        ({"n_in": None}, "n_in", "got None"),
        ({"n_in": True}, "n_in", "got True"),
        ({"n_out": -1}, "n_out", "at least 1 or None, got -1"),
        ({"n_out": "4"}, "n_out", "got '4'"),
        ({"n_winners": 0}, "n_winners", "at least 1 or None, got 0"),
        ({"n_winners": 7}, "n_winners", "got 7"),
        ({"n_winners": 5, "n_out": 4}, "n_winners", "at most 4, n_out, got 5"),
        ({"n_winners": 2.5}, "n_winners", "got 2.5"),
        ({"iterated": 3}, "iterated", "True or False, got 3"),
        ({"iterated": True, "n_out": 6}, "iterated", "False for pairs .*got True"),
        ({"iterated": True, "schedule": ngc.Schedule(1)}, "schedule", "at least 2 steps"),
        ({"schedule": 5}, "schedule", "a Schedule or None, got 5"),
        ({"parameters": 3}, "parameters", "a mapping of names to arrays or None, got 3"),
        ({"parameters": {"V": np.ones((6, 6))}}, "parameters", "unknown parameter 'V'"),
        ({"parameters": {"W": np.ones((6, 5))}}, "parameters", r"shape \(6, 6\)"),
        ({"parameters": {"W": np.eye(6) / 2}}, "parameters", "0 or 1, got 0.5"),
    ],
)
def test_bad_arguments(kwargs, name, message):
    with pytest.raises(ValidationError, match=message) as info:
        AssociativeMemory(**{"n_in": 6, **kwargs})
    assert info.value.attr == name


def test_unknown_probe():
    with pytest.raises(ValidationError, match="unknown name 'sum'.*did you mean 'sums'"):
        AssociativeMemory(6).probe("sum")
