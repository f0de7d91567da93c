"""A network that is loaded does what the one that was saved did, on any simulator."""

import nengo
import numpy as np
import pytest

import nengo_ngc as ngc
from nengo_ngc.learned.addresses import addresses
from nengo_ngc.program.lowering.learning_rules import __name__ as _  # noqa: F401

from ..conftest import AT_ONCE, needs_jax, simulator
from .networks import MAKERS, alignment, channel, memory

STEPS = 60


@pytest.fixture(params=MAKERS)
def make(request):
    """Each network in turn."""
    return MAKERS[request.param]


def learn(net, backend="nengo", n_steps=150):
    """A simulator in which a network has learned something."""
    sim = simulator(backend, net, minibatch_size=None)
    sim.run_steps(n_steps)
    return sim


def begun_anew(sim, net):
    """The output of a simulator that begins at time 0 with what was learned in another."""
    with nengo.Simulator(None, model=sim.model, optimize=False, progress_bar=False) as new:
        for signal in net.learned(sim.model):
            assert not np.array_equal(sim.signals[signal], signal.initial_value)
            new.signals[signal] = sim.signals[signal]
        new.run_steps(STEPS)
        return new.data[net.output]


def output(net, backend):
    with simulator(backend, net, minibatch_size=None) as sim:
        sim.run_steps(STEPS)
        return sim.data[net.output]


def close(a, b, rtol):
    np.testing.assert_allclose(a, b, rtol=0, atol=rtol * np.abs(b).max())


def test_a_loaded_network_does_what_the_saved_one_did(make, tmp_path):
    net, copy = make(), make()
    with learn(net) as sim:
        expected = begun_anew(sim, net)
        ngc.save(tmp_path / "learned", net, sim)
    before = output(copy, "nengo")
    ngc.load(tmp_path / "learned", copy)
    close(output(copy, "nengo"), expected, 1e-9)
    assert np.abs(before - expected).max() > 1e-2 * np.abs(expected).max()


@needs_jax
@pytest.mark.parametrize("make", [channel, memory, alignment])
def test_what_nengo_learned_is_loaded_into_another_simulator(make, tmp_path):
    net, copy = make(), make()
    with learn(net) as sim:
        expected = begun_anew(sim, net)
        ngc.save(tmp_path / "learned", net, sim)
    ngc.load(tmp_path / "learned", copy)
    close(output(copy, "jax"), expected, 1e-3)
