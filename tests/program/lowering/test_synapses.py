"""Each synapse filters as on nengo.Simulator."""

import nengo
import numpy as np

from nengo_ngc.objects import Delay

SYNAPSES = {
    "Lowpass": nengo.Lowpass(0.01),
    "Lowpass of no time": nengo.Lowpass(0),
    "Alpha": nengo.Alpha(0.01),
    "Triangle": nengo.synapses.Triangle(0.006),
    "a gain": nengo.LinearFilter([2], [4]),
    "order 1, through": nengo.LinearFilter([0.01, 1], [0.02, 1]),
    "order 3": nengo.LinearFilter([1], [1e-6, 3e-4, 3e-2, 1]),
    "order 3, through": nengo.LinearFilter([1e-6, 0, 0, 1], [1e-6, 3e-4, 3e-2, 1]),
    "Euler": nengo.LinearFilter([1], [0.02, 1], method="euler"),
    "digital": nengo.LinearFilter([0.5, 0.1], [1, -0.4, 0.1], analog=False),
    "Delay": Delay(3),
}


class Mean(nengo.synapses.Synapse):
    """The mean of what came so far, which only NumPy computes."""

    def make_state(self, shape_in, shape_out, dt, dtype=None, y0=0):
        return {"total": np.zeros(shape_out), "n": np.zeros(())}

    def make_step(self, shape_in, shape_out, dt, rng, state):
        total, n = state["total"], state["n"]

        def step(t, x):
            total[...] += x
            n[...] += 1
            return total / n

        return step


def build(synapses):
    with nengo.Network(seed=0) as net:
        net.input = nengo.Node(lambda t: [np.sin(100 * t), np.cos(70 * t)])
        for label, synapse in synapses.items():
            node = nengo.Node(size_in=2, label=label)
            nengo.Connection(net.input, node, synapse=synapse)
            nengo.Probe(node, label=label)
            nengo.Probe(
                net.input, synapse=synapse, label=f"probe of {label}", sample_every=0.002
            )
    return net


def test_synapses(same):
    same(build(SYNAPSES))


def test_synapse_of_ones_own(same):
    same(build({"mean": Mean()}), 10)


def test_matrices_are_filtered_entry_by_entry(same):
    with nengo.Network(seed=0) as net:
        pre, post = nengo.Ensemble(5, 1), nengo.Ensemble(4, 1)
        error = nengo.Node([0.5])
        learned = nengo.Connection(pre, post, learning_rule_type=nengo.PES())
        nengo.Connection(error, learned.learning_rule)
        for synapse in (
            nengo.Lowpass(0.01),
            nengo.Alpha(0.01),
            nengo.synapses.Triangle(0.004),
        ):
            nengo.Probe(learned, "weights", synapse=synapse, label=str(synapse))
    same(net, 20)


def test_samples_are_kept_apart(compiled):
    net = build({**SYNAPSES, "mean": Mean()})
    inputs = np.random.RandomState(0).uniform(-1, 1, (3, 20, 2))
    sim = compiled(net, minibatch_size=3)
    sim.run_steps(20, data={net.input: inputs})
    single = compiled(net)
    for sample, x in enumerate(inputs):
        single.reset()
        single.run_steps(20, data={net.input: x})
        for probe in net.probes:
            np.testing.assert_allclose(
                sim.data[probe][sample], single.data[probe], atol=1e-12, err_msg=probe.label
            )
