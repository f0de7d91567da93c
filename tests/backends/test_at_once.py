"""What the simulators of minibatches have in common, and what their programs compute."""

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError

import nengo_ngc as ngc
from nengo_ngc.backends import open_session
from nengo_ngc.networks import GNCN, PFF, FeedforwardClassifier

from ..conftest import needs_jax, simulator

X = (np.random.RandomState(0).rand(3, 6) < 0.5).astype(float)


def circuit(**kwargs):
    with nengo.Network(seed=3) as model:
        model.net = GNCN((6, 4), n_top_group=2, **kwargs)
        model.stimulus = nengo.Node(np.eye(6)[2])
        nengo.Connection(model.stimulus, model.net.input, synapse=None)
    return model


def test_runs_can_be_cut_anywhere(at_once):
    learned = []
    for cuts in ([30], [7, 1, 15, 7]):
        model = circuit(schedule=ngc.Schedule(10, batch_size=6))
        with simulator(at_once, model, 3) as sim:
            for n in cuts:
                sim.run_steps(n, data={model.stimulus: np.repeat(X[:, None], n, axis=1)})
            learned.append(model.net.parameters(sim))
    for name, value in learned[0].items():
        np.testing.assert_array_equal(learned[1][name], value, err_msg=name)


def test_probed_weights_change_as_on_nengo(at_once):
    model = circuit(schedule=ngc.Schedule(5))
    with model:
        probes = [nengo.Probe(model.net.connections["W1"], "weights")]
        probes += [model.net.probe(name) for name in ("z1", "mu0")]
    with nengo.Simulator(model, progress_bar=False) as sim:
        sim.run_steps(10)
        expected = [sim.data[probe] for probe in probes]
    with simulator(at_once, model) as sim:
        sim.run_steps(10)
        for probe, values in zip(probes, expected):
            np.testing.assert_allclose(sim.data[probe][0], values, rtol=0, atol=1e-5)
    assert np.any(expected[0][-1] != expected[0][0])


def test_batches_are_whole_minibatches(at_once):
    model = circuit(schedule=ngc.Schedule(10, batch_size=8))
    with pytest.raises(ValidationError, match="multiple of minibatch_size.*3.*8"):
        simulator(at_once, model, 3)


def test_minibatches_add_up_to_a_batch(at_once):
    def learned(minibatch_size):
        session = open_session(
            at_once,
            lambda: GNCN((6, 4), n_top_group=2, schedule=ngc.Schedule(5, 6), seed=0),
            minibatch_size,
            [],
        )
        before = session.parameters()
        session.present(np.concatenate([X, 1 - X]), learn=True)
        return before, session.parameters()

    before, expected = learned(6)
    _, found = learned(2)
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, rtol=0, atol=1e-6, err_msg=name)
    assert np.any(expected["W1"] != before["W1"])


def test_reset_starts_afresh(at_once):
    model = circuit(schedule=ngc.Schedule(5))
    with simulator(at_once, model, 2) as sim:
        before = model.net.parameters(sim)
        sim.run_steps(5)
        after = model.net.parameters(sim)
        sim.reset()
        for name, value in before.items():
            np.testing.assert_array_equal(model.net.parameters(sim)[name], value)
        sim.run_steps(5)
        for name, value in after.items():
            np.testing.assert_array_equal(model.net.parameters(sim)[name], value)
    assert np.any(after["W1"] != before["W1"])


# --- compiled programs


@needs_jax
def test_a_long_presentation_is_simulated_in_parts(monkeypatch):
    """What is shown stays, and no timestep of the next part is passed over."""
    from nengo_ngc.backends.jax import simulator as module

    def settled(backend):
        schedule = ngc.Schedule(40, 3)
        session = open_session(
            backend,
            lambda: GNCN((6, 5, 4), schedule=schedule, tolerance=0.05, seed=0, beta=0.05),
            3,
            ["z1", "mu0", "iterations"],
        )
        seen = [session.present(X, learn=True) for _ in range(2)][-1]
        assert session.n_steps == session.sim.signals[session.sim.model.step]
        return seen

    expected = settled("nengo")
    assert expected["iterations"].max() < 40
    monkeypatch.setattr(module, "_CAPACITIES", (1, 16))
    for name, array in settled("jax").items():
        np.testing.assert_allclose(array, expected[name], atol=1e-5, err_msg=name)


BATCH, SIZES = 7, (40, 30, 20)
LARGEST = 40 * 30  # weights; of a whole minibatch the largest layer has 280 numbers
NETWORKS = {
    "gncn": (GNCN, ("input",)),
    "pff": (PFF, ("input", "target", "kind")),
    "backprop": (FeedforwardClassifier, ("input", "target")),
}


@needs_jax
@pytest.mark.parametrize("name", NETWORKS)
def test_no_array_is_as_large_as_the_weights_of_all_samples(name, monkeypatch):
    import jax

    make, inputs = NETWORKS[name]
    schedule = ngc.Schedule(5, online=make is PFF)
    session = open_session(
        "jax", lambda: make(SIZES, schedule=schedule, seed=0), BATCH, [], inputs
    )
    sizes = []

    def trace(*args):
        sizes.extend(_sizes(jax.make_jaxpr(session.sim._loop._run)(*args).jaxpr))
        raise InterruptedError  # all is known, without compiling it

    monkeypatch.setattr(session.sim._loop, "run", trace)
    fed = {name: np.zeros((BATCH, getattr(session.net, name).size_in)) for name in inputs}
    with pytest.raises(InterruptedError):
        session.present(fed.pop("input"), learn=True, **fed)
    assert max(sizes) == LARGEST


@needs_jax
def test_an_update_for_each_sample_would_be_seen():
    import jax

    def learn(error, pre):
        def one(k, total):
            return total + (error[:, :, None] * pre[:, None]).sum(axis=0)

        return jax.lax.fori_loop(0, 3, one, np.zeros((30, 40), np.float32))

    arrays = (np.zeros((BATCH, n), np.float32) for n in (30, 40))
    assert max(_sizes(jax.make_jaxpr(learn)(*arrays).jaxpr)) == BATCH * LARGEST


def _sizes(jaxpr):
    """Of all arrays that a program computes, those of its loops included."""
    for equation in jaxpr.eqns:
        yield from (variable.aval.size for variable in equation.outvars)
        for value in equation.params.values():
            for part in value if isinstance(value, tuple | list) else [value]:
                inner = getattr(part, "jaxpr", part)
                if hasattr(inner, "eqns"):
                    yield from _sizes(inner)
