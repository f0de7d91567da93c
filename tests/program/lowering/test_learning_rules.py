"""Nengo's learning rules; a minibatch shares the weights, and the changes are averaged."""

import nengo
import numpy as np

RULES = {
    "PES": nengo.PES(1e-3),
    "PES of neurons": nengo.PES(1e-3),
    "BCM": nengo.BCM(1e-8),
    "Oja": nengo.Oja(1e-5, beta=2.0),
    "Voja": nengo.Voja(1e-1),
    "modulated Voja": nengo.Voja(1e-1),
    "RLS": nengo.RLS(1e-3),
}


def build(rules):
    with nengo.Network(seed=0) as net:
        net.input = nengo.Node(lambda t: [np.sin(100 * t), np.cos(70 * t)])
        net.error = nengo.Node(lambda t: [np.sin(90 * t), 0.5])
        for name, rule in rules.items():
            options = {"neuron_type": nengo.RectifiedLinear()}
            pre, post = (nengo.Ensemble(9, 2, **options) for _ in range(2))
            nengo.Connection(net.input, pre, synapse=None)
            if name in ("BCM", "Oja") or "neurons" in name:
                weights = np.random.RandomState(0).uniform(0, 1e-3, (9, 9))
                connection = nengo.Connection(
                    pre.neurons, post.neurons, transform=weights, learning_rule_type=rule
                )
            else:
                connection = nengo.Connection(pre, post, learning_rule_type=rule)
            into = connection.learning_rule
            if "PES" in name or "RLS" in name:
                ones = np.ones((into.size_in, 2))
                nengo.Connection(net.error, into, transform=ones, synapse=None)
            elif "modulated" in name:
                nengo.Connection(net.error[:1], into, synapse=None)
            learned = post if isinstance(rule, nengo.Voja) else connection
            attribute = "scaled_encoders" if isinstance(rule, nengo.Voja) else "weights"
            nengo.Probe(learned, attribute, label=name)
            nengo.Probe(into, "delta", label=f"delta of {name}")
    return net


def test_rules_of_one_sample_are_nengos(same):
    same(build(RULES), 30)


def test_first_update_of_a_minibatch_is_the_mean_over_its_samples(compiled):
    net, n_steps = build(RULES), 2  # the second timestep applies what the first has learned
    rng = np.random.RandomState(0)
    data = {node: rng.uniform(-1, 1, (3, n_steps, 2)) for node in (net.input, net.error)}
    batch, single = compiled(net, minibatch_size=3), compiled(net)
    batch.run_steps(n_steps, data=data)
    alone = []
    for sample in range(3):
        single.reset()
        single.run_steps(n_steps, data={node: x[sample] for node, x in data.items()})
        alone.append({probe: single.data[probe][1] for probe in net.probes[::2]})
    for probe in net.probes[::2]:
        values = batch.data[probe]
        assert len(values) == 1  # one array for all samples
        expected = np.mean([each[probe] for each in alone], axis=0)
        assert np.any(expected != single.data[probe][0])
        np.testing.assert_allclose(values[0, 1], expected, 1e-9, err_msg=probe.label)
