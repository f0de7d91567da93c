"""Spiking neurons that race: the first k to spike win, presentation after presentation."""

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError

import nengo_ngc as ngc
from nengo_ngc.networks import SpikingWinners

from ..conftest import simulator

N, STEPS, DT = 20, 40, 0.001

NEURONS = {
    # type, scale, timesteps of rest
    "lif": (nengo.LIF(), 1.0, 2),
    "long refractory": (nengo.LIF(tau_ref=0.0035), 1.0, 4),
    "hardly any leak": (nengo.LIF(tau_rc=1.0, tau_ref=0, amplitude=0.5), 16.0, 1),
}


def current_of(n_steps, tau_rc=0.02):
    """The current at which a neuron spikes in the midst of a timestep of the race."""
    return -1 / np.expm1(-(n_steps - 0.5) * DT / tau_rc)


def images(neuron_type, scale, n_rest):
    """Inputs of six presentations; some leave voltages high or refractory periods open."""
    rng = np.random.RandomState(0)
    spaced = np.linspace(0.2, 4, N)
    X = np.array([rng.permutation(spaced) for _ in range(6)])
    # these spike in the last two timesteps of one presentation, and first in the next one
    last = current_of(STEPS - n_rest - np.arange(2), neuron_type.tau_rc) / scale
    X[1] = 0.97 * last.min()
    X[1, :2], X[2, :2] = last, (5.0, 4.5)
    X[4] = -X[4]
    return X


def raced(X, k, neuron_type, scale, n_rest, dt=DT, steps=STEPS):
    """The code at each timestep of each presentation, from the formula for first spikes."""
    code = np.zeros((len(X), steps, X.shape[1]))
    for x, y in zip(X, code):
        spiking = [i for i in range(len(x)) if scale * x[i] > 1]
        t = {i: -neuron_type.tau_rc * np.log1p(-1 / (scale * x[i])) for i in spiking}
        first = {i: n_rest + int(np.floor(t[i] / dt)) for i in spiking}
        for i in sorted(spiking, key=lambda i: (first[i], -x[i], i))[:k]:
            y[first[i] :, i] = 1
    return code


def racing(X, k, neuron_type=nengo.LIF(), scale=1.0, steps=STEPS, dt=DT, **kwargs):
    with nengo.Network(seed=0) as model:
        net = SpikingWinners(
            X.shape[1], k / X.shape[1], neuron_type, ngc.Schedule(steps), scale, **kwargs
        )
        model.stimulus = nengo.Node(nengo.processes.PresentInput(X, steps * dt))
        nengo.Connection(model.stimulus, net.input, synapse=None)
        model.code = nengo.Probe(net.output)
        model.spikes = nengo.Probe(net.ensemble.neurons)
    return model


def seen_in(sim, model, X, steps=STEPS):
    """Codes and spikes, each (presentation, timestep, neuron)."""
    shape = len(X), steps, X.shape[1]
    return (sim.data[probe].reshape(shape) for probe in (model.code, model.spikes))


@pytest.mark.parametrize("name", NEURONS)
@pytest.mark.parametrize("k", [1, 6, N])
def test_every_timestep_of_the_race(name, k, simulate):
    X = images(*NEURONS[name])
    model = racing(X, k, *NEURONS[name][:2])
    code, spikes = seen_in(simulate(model, 1, STEPS * len(X)), model, X)
    np.testing.assert_array_equal(code, raced(X, k, *NEURONS[name]))
    # those that have won are inhibited like all others
    decided = code.sum(axis=2) == k
    after = decided[:, :-1]
    assert not np.any(spikes[:, 1:][after]) and np.any(spikes)
    # some have all their winners early, and negative input none
    assert np.any(decided[0]) == (k < N) and not np.any(code[4])


@pytest.mark.parametrize("k", [1, 5, 13, N])
def test_same_winners_as_by_currents(k, simulate):
    X = np.array([np.random.RandomState(i).permutation(N) for i in range(5)]) / 8 + 1.2
    model = racing(X, k)
    code, _ = seen_in(simulate(model, 1, STEPS * len(X)), model, X)
    np.testing.assert_array_equal(code[:, -1], ngc.neurons.k_winners(np, X, k))
    # the larger its current, the earlier a neuron wins
    for x, y in zip(X, code):
        won_at = y[:, np.argsort(-x)[:k]].argmax(axis=0)
        assert np.all(np.diff(won_at) >= 0)
        assert k < 5 or won_at[-1] > won_at[0]


def test_ties(simulate):
    X = np.full((4, N), 2.0)
    X[1, 10:] = 2.001  # spike in the same timestep
    X[2, ::3] = 2.002
    X[2, 1::3] = 2.001
    X[3] = np.arange(N)[::-1] // 4 + 2
    k = 9
    model = racing(X, k)
    code, spikes = seen_in(simulate(model, 1, STEPS * len(X)), model, X)
    assert np.all(code.sum(axis=2).max(axis=1) == k)
    for y, x, fired in zip(code[:3], X, spikes):
        at = np.flatnonzero(fired.any(axis=1))
        assert len(at) == 1 and np.all(fired[at] > 0)  # all at once
        winners = sorted(range(N), key=lambda i: (-x[i], i))[:k]
        assert sorted(np.flatnonzero(y[at[0]])) == sorted(winners)
        np.testing.assert_array_equal(y[-1], y[at[0]])
    assert list(np.flatnonzero(code[3, -1])) == list(range(k))


def test_winners_stay_whatever_comes_after(simulate):
    # inputs change within a presentation: who spiked counts, not who has more now
    X = np.zeros((4, 6))
    X[0, [1, 4]] = 8.0
    X[1] = [9.0, 0, 0, 9.5, 0, 9.2]
    X[3, 2] = 2.0
    model = racing(X, 3, steps=20)
    model.stimulus.output = nengo.processes.PresentInput(X, 10 * DT)
    code, _ = seen_in(simulate(model, 1, 40), model, X[::2], 20)
    assert list(np.flatnonzero(code[0, 9])) == [1, 4]
    assert list(np.flatnonzero(code[0, -1])) == [1, 3, 4]
    assert not np.any(code[1])


def test_minibatches_race_as_single_inputs_do(at_once):
    X = images(*NEURONS["lif"])
    model = racing(X, 6)
    with simulator(at_once, model, len(X)) as sim:
        shown = np.repeat(X[:, None], STEPS, axis=1)
        sim.run_steps(STEPS, data={model.stimulus: shown})
        code = sim.data[model.code]
    np.testing.assert_array_equal(code, raced(X, 6, *NEURONS["lif"]))


def test_smaller_timesteps():
    X, steps, dt = images(*NEURONS["lif"])[[0, 3, 4, 5]], 4 * STEPS, DT / 4
    model = racing(X, 6, steps=steps, dt=dt)
    with nengo.Simulator(model, dt=dt, progress_bar=False) as sim:
        sim.run_steps(steps * len(X))
        code, _ = seen_in(sim, model, X, steps)
    expected = raced(X, 6, nengo.LIF(), 1.0, 8, dt, steps)
    np.testing.assert_array_equal(code, expected)


def test_rest_lasts_as_long_as_refractory_periods():
    for tau_ref, dt, n_rest in ((0.002, 0.001, 2), (0.0021, 0.001, 3), (0.003, 0.0003, 10)):
        with nengo.Network() as model:
            net = SpikingWinners(3, neuron_type=nengo.LIF(tau_ref=tau_ref))
            probe = nengo.Probe(net.rest)
        with nengo.Simulator(model, dt=dt, progress_bar=False) as sim:
            sim.run_steps(100)
        assert list(sim.data[probe][:, 0]) == 2 * (n_rest * [1] + (50 - n_rest) * [0])


def test_inhibition_is_as_strong_as_asked_for():
    X = np.append(60.0, np.full(N - 1, 50.0))[None]
    for inhibition, spike_on in ((30.0, True), (49.5, False)):
        model = racing(X, 1, inhibition=inhibition, steps=20)
        with nengo.Simulator(model, progress_bar=False) as sim:
            sim.run_steps(20)
            code, spikes = seen_in(sim, model, X, 20)
        assert np.any(spikes[0, -8:, 1:]) == spike_on
        assert code[0, -1].sum() == 1


def test_adaptation_puts_winners_at_a_disadvantage(simulate):
    X = np.tile([2.0, 1.8, 1.6, 0.5], (3, 1))
    neuron_type = nengo.AdaptiveLIF(tau_n=1.0, inc_n=0.6)
    model = racing(X, 1, neuron_type)
    code, _ = seen_in(simulate(model, 1, STEPS * len(X)), model, X)
    assert list(code[:, -1].argmax(axis=1)) == [0, 1, 2]


def test_input_without_connection_is_silent(simulate):
    with nengo.Network() as model:
        probe = nengo.Probe(SpikingWinners(5).output)
    sim = simulate(model, 1, 20)
    assert sim.data[probe].shape[-1] == 5 and not np.any(sim.data[probe])


def test_parts():
    net = SpikingWinners(512)
    assert net.n_winners == 26 and net.schedule.steps == 50
    assert (net.input.size_in, net.output.size_out, net.rest.size_out) == (512, 512, 1)
    assert (net.ensemble.n_neurons, net.inhibitor.n_neurons) == (512, 1)


@pytest.mark.parametrize(
    "kwargs, name, message",
    [
        ({"n_neurons": 0}, "n_neurons", "at least 1, got 0"),
        ({"n_neurons": 2.5}, "n_neurons", "a whole number.*got 2.5"),
        ({"n_neurons": None}, "n_neurons", "None"),
        ({"sparsity": 0}, "sparsity", "got 0"),
        ({"sparsity": 1.2}, "sparsity", "got 1.2"),
        ({"neuron_type": nengo.LIFRate()}, "neuron_type", "a LIF, got LIFRate"),
        (
            {"neuron_type": nengo.SpikingRectifiedLinear()},
            "neuron_type",
            "a LIF, got SpikingRectifiedLinear",
        ),
        ({"neuron_type": None}, "neuron_type", "None"),
        ({"neuron_type": nengo.LIF(min_voltage=-1)}, "neuron_type", "min_voltage 0"),
        ({"schedule": 50}, "schedule", "a Schedule or None, got 50"),
        ({"schedule": ngc.Schedule(9, interleave=2)}, "schedule", "interleave 1"),
        ({"scale": 0.0}, "scale", "above 0, got 0"),
        ({"scale": np.nan}, "scale", "finite number above 0, got nan"),
        ({"scale": "2"}, "scale", "number"),
        ({"inhibition": -1.0}, "inhibition", "above 0, got -1"),
        ({"inhibition": None}, "inhibition", "None"),
    ],
)
def test_bad_arguments(kwargs, name, message):
    with pytest.raises(ValidationError, match=message) as info:
        SpikingWinners(**{"n_neurons": 6, **kwargs})
    assert info.value.attr == name


def test_presentations_that_are_all_rest(simulate):
    X = np.ones((1, 4))
    simulate(racing(X, 1, steps=3), 1, 3)
    with pytest.raises(ValidationError, match="longer than 2 timesteps.*got 2") as info:
        simulate(racing(X, 1, steps=2), 1, 2)
    assert info.value.attr == "schedule"
