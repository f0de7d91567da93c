"""Each neuron type moves as on nengo.Simulator."""

import nengo
import numpy as np

from nengo_ngc import neurons

TYPES = {
    "RectifiedLinear": nengo.RectifiedLinear(amplitude=0.5),
    "SpikingRectifiedLinear": nengo.SpikingRectifiedLinear(amplitude=2),
    "Sigmoid": nengo.Sigmoid(tau_ref=0.003),
    "Tanh": nengo.Tanh(tau_ref=0.003),
    "LIFRate": nengo.LIFRate(tau_rc=0.03, amplitude=0.5),
    "LIF": nengo.LIF(tau_ref=0.003, amplitude=0.5),
    "LIF that goes below 0": nengo.LIF(min_voltage=-1),
    "AdaptiveLIFRate": nengo.AdaptiveLIFRate(tau_n=0.1, inc_n=0.02),
    "AdaptiveLIF": nengo.AdaptiveLIF(tau_n=0.1, inc_n=0.02),
    "Izhikevich": nengo.Izhikevich(reset_recovery=6),
    "RegularSpiking": nengo.RegularSpiking(nengo.LIFRate(), amplitude=0.5),
    "RegularSpiking of Tanh": nengo.RegularSpiking(nengo.Tanh()),
    "Direct": nengo.Direct(),
}


class Inherits(nengo.LIF):
    """Moves as LIF does."""


class Leaky(nengo.neurons.NeuronType):
    """A neuron type that only NumPy knows."""

    state = {"memory": nengo.dists.Choice([0.25])}

    def gain_bias(self, max_rates, intercepts):
        return np.ones(len(max_rates)), np.linspace(-1, 1, len(max_rates))

    def rates(self, x, gain, bias):
        return 100 * np.maximum(self.current(x, gain, bias), 0) ** 2

    def step(self, dt, J, output, memory):
        memory[...] += dt / 0.01 * (np.maximum(J, 0) - memory)
        output[...] = 100 * memory**2


def build(types):
    with nengo.Network(seed=0) as net:
        net.input = nengo.Node(lambda t: [np.sin(100 * t), np.cos(70 * t)])
        for label, neurons in types.items():
            ensemble = nengo.Ensemble(
                12,
                2,
                neuron_type=neurons,
                max_rates=nengo.dists.Uniform(200, 300),
                intercepts=nengo.dists.Uniform(-0.5, 0.5),
                label=label,
            )
            nengo.Connection(net.input, ensemble, synapse=None)
            nengo.Probe(ensemble, label=label, synapse=0.01)
            if isinstance(neurons, nengo.Direct):
                continue
            for attribute in ("output", "input", *neurons.state):
                nengo.Probe(ensemble.neurons, attribute, label=f"{label}.{attribute}")
    return net


def test_types(same):
    same(build(TYPES), 100)


def test_types_of_ones_own(same):
    same(
        build(
            {"inherits": Inherits(), "NumPy": Leaky(), "both": nengo.RegularSpiking(Leaky())}
        )
    )


def test_neurons_in_numpy_keep_samples_apart(compiled):
    net = build({"NumPy": Leaky()})
    probe = net.probes[1]
    inputs = np.random.RandomState(0).uniform(-1, 1, (3, 20, 2))
    sim = compiled(net, minibatch_size=3)
    sim.run_steps(20, data={net.input: inputs})
    for sample, x in enumerate(inputs):
        single = compiled(net)
        single.run_steps(20, data={net.input: x})
        np.testing.assert_allclose(sim.data[probe][sample], single.data[probe], atol=1e-12)


def test_spikes_by_chance_have_the_rate_of_their_base(compiled):
    with nengo.Network(seed=0) as net:
        for by_chance in (nengo.StochasticSpiking, nengo.PoissonSpiking):
            for base in (nengo.RectifiedLinear(amplitude=700), nengo.Tanh(tau_ref=0.001)):
                ensemble = nengo.Ensemble(
                    500,
                    1,
                    neuron_type=by_chance(base),
                    gain=np.ones(500),
                    bias=np.linspace(-1, 2, 500),
                )
                nengo.Probe(ensemble.neurons)
                nengo.Probe(ensemble.neurons, "rate_out")
    sim = compiled(net)
    sim.run_steps(40)
    for spikes, rates in zip(net.probes[::2], net.probes[1::2]):
        counts, expected = sim.data[spikes] * sim.dt, sim.data[rates] * sim.dt
        np.testing.assert_allclose(counts, np.round(counts), atol=1e-9)
        assert np.all(counts[np.abs(expected) < 1e-9] == 0)
        error = np.sqrt(np.abs(expected).mean() / expected.size)
        assert abs(counts.mean() - expected.mean()) <= 4 * error
        assert len({row.tobytes() for row in counts}) == len(counts)


def test_our_activations_within_spiking_types_are_compiled(same, compiled):
    with nengo.Network(seed=0) as net:
        unbounded = neurons.GELU(), neurons.LeakyRectifiedLinear(0.1), neurons.Identity()
        for base in (*unbounded, neurons.HardTanh(), neurons.KWinnersTakeAll(0.5)):
            ensemble = nengo.Ensemble(
                12,
                2,
                neuron_type=nengo.RegularSpiking(base, amplitude=0.5),
                gain=np.full(12, 300.0),
                bias=np.linspace(-100, 400, 12),
            )
            nengo.Connection(nengo.Node(lambda t: [np.sin(90 * t), 0.5]), ensemble)
            if base in unbounded:  # others hardly fire once in a second
                nengo.Probe(ensemble.neurons)
            nengo.Probe(ensemble.neurons, "rate_out")
    same(net, 60)
    assert not compiled(net).program.host.is_called
