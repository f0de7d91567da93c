"""Gradients through compiled timesteps."""

import nengo
import numpy as np
import pytest
from nengo.exceptions import BuildError

from nengo_ngc.backends import Loss
from nengo_ngc.namespace import NUMPY
from nengo_ngc.neurons.derivatives import derivative

from ..conftest import needs_jax

pytestmark = needs_jax
J = np.linspace(-2.0, 3.0, 41) + 0.01  # on either side of thresholds


def slopes(neuron_type, training, n_steps=1):
    """The derivatives of the outputs of neurons by their inputs, and the outputs."""
    import jax
    import jax.numpy as jnp

    from nengo_ngc.backends.jax.machine import JaxMachine
    from nengo_ngc.backends.jax.namespace import jax_namespace
    from nengo_ngc.program.lowering import Program

    with nengo.Network() as model:
        stimulus = nengo.Node(np.zeros(len(J)))
        neurons = nengo.Ensemble(
            len(J), 1, neuron_type=neuron_type, gain=np.ones(len(J)), bias=np.zeros(len(J))
        ).neurons
        nengo.Connection(stimulus, neurons, synapse=None)
        nengo.Probe(neurons)
    built = nengo.builder.Model()
    built.build(model)
    program = Program(built)
    shared = {k: jnp.asarray(x, jnp.float32) for k, x in program.shared.items()}
    state = {
        k: jnp.asarray(x, jnp.float32)[None if k in program.per_sample else ...]
        for k, x in program.state.items()
    }
    (node,), (probe,) = program.nodes.values(), program.probes.values()

    def total(x):
        key = jax.random.key(0)
        machine = JaxMachine(jax_namespace(training), np.float32, 1, key, [])
        done = program.timestep(machine, shared, state, {node: x})
        return done.probed[probe].sum(), (done.probed[probe][0], done.state)

    x = jnp.asarray(J, jnp.float32)[None]
    gradient, (output, after) = jax.grad(total, has_aux=True)(x)
    return np.asarray(gradient)[0], np.asarray(output), state, after


@pytest.mark.parametrize(
    "neuron_type, rate",
    [
        (nengo.LIF(amplitude=0.5), nengo.LIFRate(amplitude=0.5)),
        (nengo.AdaptiveLIF(), nengo.LIFRate()),
        (nengo.SpikingRectifiedLinear(amplitude=0.5), nengo.RectifiedLinear(amplitude=0.5)),
        (nengo.RegularSpiking(nengo.Tanh(), amplitude=0.5), nengo.Tanh()),
        (nengo.StochasticSpiking(nengo.Tanh(), amplitude=0.5), nengo.Tanh()),
        (nengo.PoissonSpiking(nengo.LIFRate(), amplitude=0.5), nengo.LIFRate()),
    ],
)
def test_spikes_have_the_gradient_of_their_rate(neuron_type, rate):
    scale = 0.5 if isinstance(neuron_type, nengo.neurons.RatesToSpikesNeuronType) else 1.0
    gradient, output, before, after = slopes(neuron_type, training=True)
    np.testing.assert_allclose(
        gradient, scale * derivative(rate)(NUMPY, J), rtol=2e-4, atol=1e-4
    )
    rates = scale * rate.rates(J[:, None], np.ones(1), np.zeros(1))[:, 0]
    np.testing.assert_allclose(output, rates, rtol=1e-4, atol=1e-4)
    # plain simulation has spikes: whole numbers of them
    _, output, *_ = slopes(neuron_type, training=False)
    n_spikes = output * 0.001 / neuron_type.amplitude
    np.testing.assert_allclose(n_spikes, np.round(n_spikes), atol=1e-5)


@pytest.mark.parametrize("neuron_type", [nengo.Sigmoid(), nengo.LIFRate(), nengo.Tanh()])
def test_rates_have_their_own_gradient(neuron_type):
    gradient, *_ = slopes(neuron_type, training=True)
    np.testing.assert_allclose(gradient, derivative(neuron_type)(NUMPY, J), rtol=2e-4)


def test_each_pair_of_codes_is_drawn_as_often():
    import jax

    from nengo_ngc.backends.jax.losses import measure
    from nengo_ngc.backends.jax.namespace import jax_namespace

    u = np.random.RandomState(0).randn(6, 4).astype(np.float32)
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    y = np.array([0, 0, 0, 1, 1, 1], np.float32)[:, None]
    loss = measure(Loss("triplet", {"margin": 2.0, "n_draws": 1, "seed": 3}))
    draw = jax.jit(lambda k: loss(jax_namespace(), u, y, k))
    seen = np.array([float(draw(k)) for k in range(400)])
    assert len(np.unique(seen.round(6))) > 200
    cosine = u @ u.T
    # above 0, whatever is drawn: the mean is that over all pairs of either sort
    same = (y == y.T) & ~np.eye(6, dtype=bool)
    mean = 2 - cosine[same].mean() + cosine[y != y.T].mean()
    assert seen.mean() == pytest.approx(mean, abs=0.03)
    assert float(draw(5)) == seen[5] != seen[6]


def test_spikes_without_a_rate_cannot_be_trained():
    with pytest.raises(BuildError, match="Izhikevich.* cannot be trained by gradients"):
        slopes(nengo.Izhikevich(), training=True)
