"""Precision and memory of the programs that JAX compiles."""

import math
import re

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError

import nengo_ngc as ngc

from ..conftest import needs_jax

pytestmark = needs_jax


@pytest.fixture
def lowered(monkeypatch):
    """The programs that are given to XLA, as text."""
    from nengo_ngc.backends.jax import cache

    texts, compile = [], cache.Compiling._compile

    def noted(self, lowered):
        texts.append(lowered.as_text())
        return compile(self, lowered)

    monkeypatch.setattr(cache.Compiling, "_compile", noted)
    return texts


def layers():
    """A model with products and a convolution, and a probe of what they make."""
    image = nengo.transforms.Convolution(2, (4, 4, 1))
    with nengo.Network(seed=0) as model:
        x = nengo.Node(np.linspace(-1, 1, 16))
        filtered = nengo.Node(size_in=8)
        nengo.Connection(x, filtered, transform=image, synapse=None)
        neurons = nengo.Ensemble(20, 8, neuron_type=nengo.Tanh())
        nengo.Connection(filtered, neurons)
        probe = nengo.Probe(neurons.neurons)
    return model, probe


@pytest.mark.parametrize("precision", ["highest", "high", "default"])
def test_products_have_the_precision_that_was_asked_for(lowered, precision):
    model, _ = layers()
    with ngc.jax.Simulator(model, precision=precision, progress_bar=False) as sim:
        sim.run_steps(2)
    (text,) = lowered
    named = precision.upper()
    for product in ("dot_general", "convolution"):
        lines = [line for line in text.splitlines() if f"stablehlo.{product}" in line]
        assert lines
        for line in lines:
            found = re.findall(r"HIGHEST|HIGH|DEFAULT", line)
            assert {*found} <= {named} and (found or named == "DEFAULT")


def test_float32_by_default_and_float64_on_request():
    import jax
    import jax.numpy as jnp

    model, probe = layers()
    with nengo.Simulator(model, progress_bar=False, dt=0.001) as sim:
        sim.run_steps(20)
        expected = sim.data[probe]
    scale = np.abs(expected).max()
    for dtype, tolerance in (("float32", 1e-5), ("float64", 1e-13)):
        model, probe = layers()
        with ngc.jax.Simulator(model, dtype=dtype, progress_bar=False) as sim:
            sim.run_steps(20)
            assert sim.data[probe].dtype == dtype
            np.testing.assert_allclose(
                sim.data[probe], expected, rtol=0, atol=tolerance * scale
            )
            # what the user computes beside it has the user's settings
            assert jnp.arange(3.0).dtype == "float32" and not jax.config.jax_enable_x64
            assert jax.config.jax_default_matmul_precision is None


@pytest.mark.parametrize("argument", ["dtype", "precision"])
def test_unknown_types_and_precisions(argument):
    with pytest.raises(ValidationError, match=f"unknown {argument} 'float16'"):
        ngc.jax.Simulator(nengo.Network(), **{argument: "float16"})


# --- memory


def learning(shape=(200, 150, 100)):
    with nengo.Network(seed=0) as model:
        net = ngc.networks.FeedforwardClassifier(shape, seed=0)
        nodes = [nengo.Node(np.zeros(node.size_in)) for node in (net.input, net.target)]
        for node, to in zip(nodes, (net.input, net.target)):
            nengo.Connection(node, to, synapse=None)
    return model, net, nodes


def trained(n_samples):
    """A simulator after one update, and the memory of its only program."""
    model, net, nodes = learning()
    sim = ngc.jax.Simulator(model, minibatch_size=n_samples, progress_bar=False)
    before = dict(sim._shared)
    sim.run_steps(1, data={n: np.ones((n_samples, 1, n.size_out)) for n in nodes})
    (program,) = sim._loop.run.programs.values()
    return sim, net, before, program.memory_analysis()


def size(memory):
    return (
        memory.argument_size_in_bytes
        + memory.output_size_in_bytes
        + memory.temp_size_in_bytes
        - memory.alias_size_in_bytes
    )


def test_memory_does_not_grow_with_samples_times_weights():
    memory = {}
    for n in (64, 128):
        sim, net, _, found = trained(n)
        memory[n] = size(found)
        smallest = min(W.nbytes for k, W in net.parameters(sim).items() if k[0] == "W")
        sim.close()
    assert (memory[128] - memory[64]) / 64 < smallest / 2


def test_what_was_learned_takes_the_place_of_what_was_known():
    sim, net, before, memory = trained(16)
    learned = sim.program.learned
    assert learned and all(before[name].is_deleted() for name in learned)
    n_bytes = sum(4 * math.prod(before[name].shape) for name in learned)
    assert memory.alias_size_in_bytes >= n_bytes
    sim.close()


def test_probes_of_long_runs_come_in_parts(monkeypatch):
    from nengo_ngc.backends.jax import simulator

    monkeypatch.setattr(simulator, "_MAX_BYTES", 2**17)
    with nengo.Network() as model:
        node = nengo.Node(lambda t: np.full(50, t))
        probe = nengo.Probe(node, synapse=0.01)
    with ngc.jax.Simulator(model, minibatch_size=32, progress_bar=False) as sim:
        sim.run_steps(100)
        programs = sim._loop.run.programs.values()
        assert max(size(program.memory_analysis()) for program in programs) < 2**19
        recorded = sim.data[probe]
    assert recorded.shape == (32, 100, 50) and recorded.nbytes > 2**19
    times = 0.001 * np.arange(1, 101)[:, None]
    expected = nengo.Lowpass(0.01).filt(times, dt=0.001)[:, 0]
    # it shows what was filtered before this timestep
    np.testing.assert_allclose(recorded[3, 1:, 7], expected[:-1], atol=1e-6)
