"""Networks in which different rules learn, without seeds unless one is given."""

import nengo
import numpy as np

import nengo_ngc as ngc


def channel(seed=None, n_neurons=40):
    """A communication channel that PES learns."""
    with nengo.Network(seed=seed) as net:
        stimulus = nengo.Node(lambda t: [np.sin(20 * t), np.cos(20 * t)])
        pre = nengo.Ensemble(n_neurons, 2, radius=1.2, label="pre")
        post = nengo.Ensemble(40, 2, max_rates=nengo.dists.Uniform(100, 150), label="post")
        error = nengo.Node(size_in=2)
        nengo.Connection(stimulus, pre)
        learned = nengo.Connection(
            pre, post, function=lambda x: [0, 0], learning_rule_type=nengo.PES(3e-4)
        )
        nengo.Connection(post, error)
        nengo.Connection(stimulus, error, transform=-1)
        nengo.Connection(error, learned.learning_rule)
        net.output = nengo.Probe(post, synapse=0.01)
    net.learned = lambda model: [model.sig[learned]["weights"]]
    return net


def memory():
    """An associative memory: Voja learns keys, and PES learns the values that they recall."""
    keys = nengo.dists.UniformHypersphere(surface=True).sample(3, 8, rng=np.random)
    with nengo.Network() as net:
        key = nengo.Node(nengo.processes.PresentInput(np.eye(3, 8), 0.05))
        value = nengo.Node(nengo.processes.PresentInput([[0.5], [-0.5], [0.9]], 0.05))
        units = nengo.Ensemble(
            50, 8, intercepts=[0.1] * 50, encoders=keys[np.arange(50) % 3] + np.eye(50, 8)
        )
        output, error, decoded = (nengo.Node(size_in=1) for _ in range(3))
        into = nengo.Connection(
            key, units, synapse=None, learning_rule_type=nengo.Voja(0.1, post_synapse=None)
        )
        out = nengo.Connection(
            units, output, function=lambda x: 0, learning_rule_type=nengo.PES(1e-3)
        )
        # its decoders are those of the encoders before Voja
        nengo.Connection(units, decoded, function=lambda x: x[0] ** 2)
        nengo.Connection(output, error)
        nengo.Connection(value, error, transform=-1)
        nengo.Connection(error, out.learning_rule)
        both = nengo.Node(size_in=2)
        nengo.Connection(output, both[0])
        nengo.Connection(decoded, both[1])
        net.output = nengo.Probe(both)
    net.learned = lambda model: [model.sig[out]["weights"], model.sig[units]["encoders"]]
    net.into = into
    return net


def alignment():
    """A hidden layer whose encoders and biases learn by feedback alignment."""
    with nengo.Network() as net:
        stimulus = nengo.Node(lambda t: [np.sin(30 * t), np.cos(50 * t)])
        hidden = nengo.Ensemble(30, 2, neuron_type=nengo.RectifiedLinear(), label="hidden")
        output, error = nengo.Node(size_in=1), nengo.Node(size_in=1)
        readout = nengo.Connection(
            hidden, output, function=lambda x: 0, learning_rule_type=nengo.PES(1e-4)
        )
        rule = ngc.FeedbackAlignment(output, optimizer=ngc.SGD(1e-2))
        encoding = nengo.Connection(stimulus, hidden, learning_rule_type=rule)
        nengo.Connection(output, error, synapse=None)
        nengo.Connection(stimulus, error, function=lambda x: -x[0] * x[1], synapse=None)
        nengo.Connection(error, readout.learning_rule)
        nengo.Connection(error, encoding.learning_rule)
        net.output = nengo.Probe(output)
    net.learned = lambda model: [
        model.sig[readout]["weights"],
        model.sig[hidden]["encoders"],
        model.sig[hidden.neurons]["bias"],
    ]
    net.encoding = encoding
    return net


def weights():
    """Weights between neurons, of a solver or drawn, that learn without a teacher."""
    with nengo.Network() as net:
        stimulus = nengo.Node(lambda t: [np.sin(20 * t)])
        a, b, c = (nengo.Ensemble(20 + n, 1) for n in range(3))
        nengo.Connection(stimulus, a)
        solved = nengo.Connection(
            a,
            b,
            transform=0.5,
            solver=nengo.solvers.LstsqL2(weights=True),
            learning_rule_type={"bcm": nengo.BCM(1e-9), "oja": nengo.Oja(1e-6)},
        )
        drawn = nengo.Connection(
            b.neurons,
            c.neurons,
            transform=nengo.dists.Gaussian(0, 1e-4),
            learning_rule_type=nengo.Oja(1e-6),
        )
        net.output = nengo.Probe(c.neurons)
    net.learned = lambda model: [model.sig[x]["weights"] for x in (solved, drawn)]
    return net


def resized():
    """Decoders of a function whose size is not that of what PES learns, in ensemble arrays."""
    with nengo.Network() as net:
        stimulus = nengo.Node(lambda t: [np.sin(20 * t), np.cos(20 * t)])
        array = nengo.networks.EnsembleArray(20, 2, ens_dimensions=1)
        output = nengo.Node(size_in=3)
        nengo.Connection(stimulus, array.input)
        learned = nengo.Connection(
            array.ea_ensembles[1],
            output[[2, 0]],
            function=np.square,
            transform=[[1], [-1]],
            learning_rule_type=nengo.RLS(1e-3),
        )
        nengo.Connection(array.output, output[:2])
        nengo.Connection(array.ea_ensembles[0], output[[1, 1]], function=lambda x: [x, x**2])
        nengo.Connection(output[1:], learned.learning_rule)
        net.output = nengo.Probe(output)
    net.learned = lambda model: [model.sig[learned]["weights"]]
    return net


MAKERS = {make.__name__: make for make in (channel, memory, alignment, weights, resized)}
