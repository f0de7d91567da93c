"""Backprop and feedback alignment as learning rules, on each simulator."""

import nengo
import numpy as np
import pytest
from nengo.exceptions import BuildError, ValidationError

import nengo_ngc as ngc

from ..conftest import needs_jax, simulator

RATES = {
    "relu": nengo.RectifiedLinear(amplitude=0.7),
    "sigmoid": nengo.Sigmoid(tau_ref=0.5),
    "tanh": nengo.Tanh(tau_ref=0.5),
    "lif": nengo.LIFRate(amplitude=0.01),
    "adaptive-lif": nengo.AdaptiveLIFRate(amplitude=0.01, tau_n=0.05, inc_n=0.5),
}

X = np.random.RandomState(5).uniform(-1, 1, size=(4, 3))
TARGET = np.array([0.3, -0.2])
SIZES = (7, 6, 5)
RATE = 0.25  # a power of two


class Chain:
    """A network of hidden layers, 3 values in and 2 out, that learns in one timestep.

    Parameters
    ----------
    depth : int
        Hidden layers.
    neuron_type : nengo.neurons.NeuronType
    direct : bool
        Whether layers are wired from neurons to neurons, or decoded.
    make_rule : callable
        ``make_rule(level, layer, output)``: the rule of the connection into a layer.
    """

    def __init__(self, depth, neuron_type, direct, make_rule, batch=1):
        rng = np.random.RandomState(1)
        self.direct, self.depth = direct, depth
        with nengo.Network(seed=2) as self.model:
            film = nengo.Node(lambda t: X[int(round(t / 0.001)) - 1], size_out=3)
            stimulus = nengo.Ensemble(3, 1, neuron_type=ngc.neurons.Identity()).neurons
            nengo.Connection(film, stimulus, synapse=None)
            self.hidden = [
                self.layer(n, 3 if direct or level == 0 else 2, neuron_type, rng)
                for level, n in enumerate(SIZES[:depth])
            ]
            output = nengo.Node(size_in=2)
            error = nengo.Node(size_in=2)
            nengo.Connection(output, error, synapse=None)
            nengo.Connection(nengo.Node(-TARGET), error, synapse=None)
            # from the top down: a rule is given the connection that leads on
            self.connections, after = [], output
            pres = [stimulus if direct else film, *self.hidden[:-1]]
            layer = self.connect(self.hidden[-1], output, rng)
            self.top = layer
            previous = None
            for level in reversed(range(depth)):
                rule = make_rule(level, layer, after)
                pre, post = pres[level], self.hidden[level]
                layer = self.connect(pre, post, rng, rule)
                if previous is None or isinstance(rule, ngc.DirectFeedbackAlignment):
                    told = error
                else:
                    told = ngc.LayerError(previous)
                nengo.Connection(told, layer.learning_rule, synapse=None)
                self.connections.insert(0, layer)
                previous, after = layer, post.neurons if direct else post
            self.error = nengo.Probe(error)

    def layer(self, n, dimensions, neuron_type, rng):
        # currents on both sides of the threshold, some of them far above
        return nengo.Ensemble(
            n,
            dimensions,
            neuron_type=neuron_type,
            gain=rng.uniform(0.5, 4, n),
            bias=rng.uniform(0.2, 2.5, n),
            radius=1.7,
        )

    def connect(self, pre, post, rng, rule=None):
        kwargs = {"synapse": None, "learning_rule_type": rule}
        if isinstance(pre, nengo.Node):
            return nengo.Connection(pre, post, **kwargs)
        if self.direct:
            pre = getattr(pre, "neurons", pre)
            post = getattr(post, "neurons", post)
            transform = rng.uniform(-1, 1, (post.size_in, pre.size_out))
            return nengo.Connection(pre, post, transform=transform, **kwargs)
        function = lambda x: [x[0] * x[-1], x[0]]  # noqa: E731
        return nengo.Connection(pre, post, function=function, **kwargs)

    def learned(self, sim):
        """Weights or scaled encoders, and biases, of each layer, from the bottom."""
        arrays = []
        for connection, hidden in zip(self.connections, self.hidden):
            sig = sim.model.sig
            S = sig[connection]["weights"] if self.direct else sig[hidden]["encoders"]
            arrays += [np.array(sim.signals[s]) for s in (S, sig[hidden.neurons]["bias"])]
        return arrays

    def forward(self, sim):
        """What leads on from each layer, and gains, as they are in a simulator."""
        onward = [*self.connections[1:], self.top]
        weights = [model_array(sim, sim.model.sig[c]["weights"]) for c in onward]
        gains = [sim.model.params[h].gain for h in self.hidden]
        return weights, gains


def model_array(sim, signal):
    return np.array(sim.signals[signal])


def backprop(level, layer, output):
    return ngc.BackProp(layer, ngc.SGD(RATE))


def gradient(chain, sim, x, neuron_type, feedback=None):
    """Of the loss |output - target|**2 / 2, by automatic differentiation.

    With ``feedback`` each error goes back through that matrix.
    """
    import jax
    import jax.numpy as jnp

    weights, gains = chain.forward(sim)
    feedback = feedback or [None] * chain.depth
    fixed = jax.lax.stop_gradient

    def through(W, B, a):
        """W a, of which the gradient by a uses B instead of W."""
        return W @ a if B is None else W @ fixed(a) + B.T @ a - fixed(B.T @ a)

    def loss(learned):
        a = jnp.asarray(x)
        for level in range(chain.depth):
            S, b = learned[2 * level : 2 * level + 2]
            if chain.direct:
                back = feedback[level - 1] if level > 0 else None
                J = gains[level] * through(S, back, a) + b
            else:
                if level > 0:
                    a = through(weights[level - 1], feedback[level - 1], a)
                J = S @ a + b
            a = rates(neuron_type, J)
        y = through(weights[-1], feedback[-1], a)
        return jnp.sum((y - TARGET) ** 2) / 2

    with jax.enable_x64(True):
        learned = [jnp.asarray(a, float) for a in chain.learned(sim)]
        return [np.asarray(g) for g in jax.grad(loss)(learned)]


def rates(neuron_type, J):
    """Of the neurons in their first timestep, written anew in JAX."""
    import jax
    import jax.numpy as jnp

    if isinstance(neuron_type, nengo.RectifiedLinear):
        return neuron_type.amplitude * jax.nn.relu(J)
    if isinstance(neuron_type, nengo.Sigmoid):
        return jax.nn.sigmoid(J) / neuron_type.tau_ref
    if isinstance(neuron_type, nengo.Tanh):
        return jnp.tanh(J) / neuron_type.tau_ref
    j = jnp.where(J > 1, J - 1, 1.0)
    period = neuron_type.tau_ref + neuron_type.tau_rc * jnp.log1p(1 / j)
    return jnp.where(J > 1, neuron_type.amplitude / period, 0.0)


def relative_error(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


@pytest.fixture
def build(backend):
    """A simulator in double precision, so that rounding does not hide mistakes."""
    simulators = []

    def make(model):
        simulators.append(simulator(backend, model, None, "float64"))
        return simulators[-1]

    yield make
    for sim in simulators:
        sim.close()


@needs_jax
@pytest.mark.parametrize("direct", [False, True], ids=["encoders", "weights"])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_backprop_is_the_gradient(build, depth, direct):
    chains = {n: Chain(depth, RATES[n], direct, backprop) for n in RATES}
    with nengo.Network() as together:  # one simulator for all is quicker to make
        for chain in chains.values():
            together.add(chain.model)
    sim = build(together)
    before = {n: chain.learned(sim) for n, chain in chains.items()}
    expected = {n: gradient(chains[n], sim, X[0], RATES[n]) for n in RATES}
    sim.run_steps(1)
    for n, chain in chains.items():
        for old, new, g in zip(before[n], chain.learned(sim), expected[n]):
            assert np.linalg.norm(g) > 1e-4, n
            assert relative_error((old - new) / RATE, g) < 1e-5, n


@needs_jax
@pytest.mark.parametrize("direct", [False, True], ids=["encoders", "weights"])
@pytest.mark.parametrize("depth", [1, 3])
def test_feedback_alignment_is_the_gradient_with_other_matrices(build, depth, direct):
    rng = np.random.RandomState(8)
    neuron_type = RATES["tanh"]
    back = [2, *([2, 2] if not direct else [SIZES[2], SIZES[1]])]
    matrices = {}

    def alignment(level, layer, output):
        B = rng.randn(SIZES[level], output.size_in)
        matrices[level] = B
        return ngc.FeedbackAlignment(output, feedback=B, optimizer=ngc.SGD(RATE))

    chain = Chain(depth, neuron_type, direct, alignment)
    assert [matrices[k].shape[1] for k in reversed(range(depth))] == (
        back[:1] if depth == 1 else [2, *((SIZES[2], SIZES[1]) if direct else (2, 2))]
    )
    sim = build(chain.model)
    feedback = [matrices[level] for level in range(depth)]
    before = chain.learned(sim)
    expected = gradient(chain, sim, X[0], neuron_type, feedback)
    plain = gradient(chain, sim, X[0], neuron_type)
    sim.run_steps(1)
    for old, new, g, other in zip(before, chain.learned(sim), expected, plain):
        assert relative_error((old - new) / RATE, g) < 1e-5
        assert relative_error(other, g) > 0.1


def test_direct_feedback_alignment_reaches_every_layer(build):
    rng = np.random.RandomState(8)
    matrices = [rng.randn(n, 2) for n in SIZES]

    def direct(level, layer, output):
        return ngc.DirectFeedbackAlignment(
            nengo.Node(size_in=2), feedback=matrices[level], optimizer=ngc.SGD(RATE)
        )

    chain = Chain(3, RATES["tanh"], True, direct)
    currents = []
    with chain.model:
        currents = [nengo.Probe(h.neurons, "input") for h in chain.hidden]
    sim = build(chain.model)
    before = chain.learned(sim)
    sim.run_steps(1)
    for level, (J, B) in enumerate(zip(currents, matrices)):
        slope = (1 - np.tanh(sim.data[J][0]) ** 2) / 0.5
        delta = slope * (B @ sim.data[chain.error][0])
        change = before[2 * level + 1] - chain.learned(sim)[2 * level + 1]
        np.testing.assert_allclose(change / RATE, delta, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("direct", [False, True], ids=["encoders", "weights"])
def test_adaptation_is_taken_off_the_current(build, direct):
    # in its second timestep an adaptive neuron sees less than what comes in
    neuron_type = nengo.AdaptiveLIFRate(amplitude=0.01, tau_n=0.005, inc_n=2.0)
    chain = Chain(1, neuron_type, direct, backprop)
    with chain.model:
        currents = nengo.Probe(chain.hidden[0].neurons, "input")
        activities = nengo.Probe(chain.hidden[0].neurons)
    sim = build(chain.model)
    sim.run_steps(1)
    n = 0.001 / 0.005 * 2.0 * sim.data[activities][0]
    before = chain.learned(sim)
    sim.run_steps(1)
    slope = ngc.neurons.derivative(nengo.LIFRate(amplitude=0.01))
    D = chain.forward(sim)[0][0]
    arrived = D.T @ sim.data[chain.error][1]
    delta = slope(np, sim.data[currents][1] - n) * arrived
    assert np.abs(n).max() > 0.05
    assert relative_error((before[1] - chain.learned(sim)[1]) / RATE, delta) < 1e-6


def test_encoders_see_all_that_comes_in(build):
    with nengo.Network(seed=0) as model:
        hidden = nengo.Ensemble(6, 2, neuron_type=nengo.Tanh(), radius=2)
        output = nengo.Node(size_in=1)
        rule = ngc.FeedbackAlignment(output, optimizer=ngc.SGD(RATE))
        learned = nengo.Connection(
            nengo.Node([0.5]), hidden[0], synapse=None, learning_rule_type=rule
        )
        for other in ([0.2, 0.7], [-0.1, 0.4]):
            nengo.Connection(nengo.Node(other), hidden, synapse=None)
        nengo.Connection(nengo.Node([1.0]), learned.learning_rule, synapse=None)
        delta = nengo.Probe(learned.learning_rule, "delta")
    sim = build(model)
    model.hidden = hidden
    before, _ = encoders_and_biases(sim, model)
    sim.run_steps(1)
    after, _ = encoders_and_biases(sim, model)
    expected = -RATE * np.outer(sim.data[delta][0], [0.6, 1.1])
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(after - before, expected, rtol=1e-6)


@pytest.mark.parametrize("kind", ["relu", "sigmoid", "tanh", "lif"])
def test_derivative_is_the_slope_of_rates(kind):
    neuron_type, h = RATES[kind], 1e-6
    J = np.array([-1.3, 0.4, 0.9, 1.002, 1.2, 4.0])
    slope = ngc.neurons.derivative(neuron_type)(np, J)

    def rate(J):
        return neuron_type.rates(J[:, None], np.ones(1), np.zeros(1))[:, 0]

    np.testing.assert_allclose(slope, (rate(J + h) - rate(J - h)) / (2 * h), rtol=1e-4)


@pytest.mark.parametrize(
    "spiking, rate",
    [
        (nengo.SpikingRectifiedLinear(0.5), nengo.RectifiedLinear(0.5)),
        (nengo.RegularSpiking(nengo.Sigmoid(0.5)), nengo.Sigmoid(0.5)),
        (nengo.PoissonSpiking(nengo.LIFRate(amplitude=2)), nengo.LIFRate(amplitude=2)),
        (nengo.StochasticSpiking(nengo.Tanh(), amplitude=3), nengo.Tanh(1 / 300)),
    ],
)
def test_surrogate_is_the_derivative_of_rates(spiking, rate):
    if isinstance(spiking, nengo.StochasticSpiking):
        rate = nengo.Tanh(tau_ref=nengo.Tanh().tau_ref / 3)
    J = np.array([-1.0, 0.3, 1.5, 6.0])
    np.testing.assert_allclose(
        ngc.neurons.derivative(spiking)(np, J), ngc.neurons.derivative(rate)(np, J)
    )


@pytest.mark.parametrize("kind", [nengo.LIF, nengo.AdaptiveLIF])
def test_smooth_lif(kind):
    slope = ngc.neurons.derivative(kind(amplitude=0.1))
    exact = ngc.neurons.derivative(nengo.LIFRate(amplitude=0.1))
    J = np.array([1.3, 2.0, 9.0])
    np.testing.assert_allclose(slope(np, J), exact(np, J), rtol=1e-4)
    with np.errstate(all="raise", under="ignore"):
        far = slope(np, np.array([-1e4, -5.0, 0.5, 0.99, 1.0], dtype=np.float32))
    assert np.all(np.isfinite(far)) and np.all(np.diff(far) >= 0) and far[-1] > 0


class Square(nengo.neurons.NeuronType):
    """A neuron type of a user's own."""

    negative = False

    def gain_bias(self, max_rates, intercepts):
        return np.ones_like(max_rates), np.zeros_like(max_rates)

    def step(self, dt, J, output):
        output[...] = np.maximum(J, 0) ** 2


class SquareToo(Square):
    pass


def test_own_neuron_type():
    with nengo.Network():
        hidden = nengo.Ensemble(5, 1, neuron_type=Square())
        output = nengo.Node(size_in=1)
        with pytest.raises(ValidationError, match="Square.*register_derivative"):
            nengo.Connection(
                nengo.Node([1.0]),
                hidden,
                learning_rule_type=ngc.FeedbackAlignment(output),
            )
        try:
            ngc.neurons.register_derivative(
                Square, lambda xp, J, neurons: 2 * xp.maximum(J, 0)
            )
            slope = ngc.neurons.derivative(SquareToo())
            np.testing.assert_array_equal(slope(np, np.array([-1.0, 3.0])), [0, 6])
        finally:
            ngc.neurons.derivatives._DERIVATIVES.pop(Square, None)
    with pytest.raises(ValidationError, match="kind"):
        ngc.neurons.register_derivative("relu", lambda xp, J, neurons: J)


# --- as part of a network


def test_a_class_that_computes_another_function_needs_its_own_derivative():
    class Softplus(nengo.RectifiedLinear):
        def step(self, dt, J, output):
            output[...] = np.log1p(np.exp(J))

    class Renamed(nengo.RectifiedLinear):
        pass

    class Faster(nengo.SpikingRectifiedLinear):
        def step(self, dt, J, output, voltage):
            super().step(dt, 2 * J, output, voltage)

    with pytest.raises(ValidationError, match="no derivative is known for Softplus"):
        ngc.neurons.derivative(Softplus())
    for neurons in (Renamed(), Faster()):  # a surrogate is that of another function anyway
        assert ngc.neurons.derivative(neurons)(np, np.ones(2)).tolist() == [1, 1]


def two_layers(make_rule, neuron_type=nengo.LIF(), learn=None, n=20):
    """The network of the documentation: the product of two inputs."""
    with nengo.Network(seed=3) as model:
        stimulus = nengo.Node(lambda t: [np.sin(9 * t), np.cos(5 * t)])
        model.hidden = nengo.Ensemble(n, 2, neuron_type=neuron_type, radius=1.4)
        output, error = nengo.Node(size_in=1), nengo.Node(size_in=1)
        layer2 = nengo.Connection(
            model.hidden, output, function=lambda x: 0, learning_rule_type=nengo.PES()
        )
        layer1 = nengo.Connection(
            stimulus, model.hidden, learning_rule_type=make_rule(layer2, output)
        )
        nengo.Connection(output, error, synapse=None)
        nengo.Connection(stimulus, error, function=lambda x: -x[0] * x[1], synapse=None)
        nengo.Connection(error, layer1.learning_rule)
        nengo.Connection(error, layer2.learning_rule)
        model.layer1 = layer1
        model.delta = nengo.Probe(layer1.learning_rule, "delta")
    return model


def encoders_and_biases(sim, model):
    sig = sim.model.sig
    signals = sig[model.hidden]["encoders"], sig[model.hidden.neurons]["bias"]
    return [np.array(sim.signals[s]) for s in signals]


MAKE = {
    "backprop": lambda layer, output: ngc.BackProp(layer),
    "fa": lambda layer, output: ngc.FeedbackAlignment(output),
    "dfa": lambda layer, output: ngc.DirectFeedbackAlignment(output),
}


SPIKING = (
    nengo.LIF(),
    nengo.AdaptiveLIF(),
    nengo.SpikingRectifiedLinear(),
    nengo.RegularSpiking(nengo.Sigmoid()),
    nengo.PoissonSpiking(nengo.LIFRate()),
)


@pytest.mark.parametrize("rule", MAKE)
def test_spiking_neurons_learn(simulate, rule):
    models = [two_layers(MAKE[rule], neuron_type) for neuron_type in SPIKING]
    with nengo.Network() as together:
        for model in models:
            together.add(model)
    sim = simulate(together, 1, 60)
    for model, neuron_type in zip(models, SPIKING):
        S, b = encoders_and_biases(sim, model)
        built = sim.model.params[model.hidden]
        for new, old in ((S, built.scaled_encoders), (b, built.bias)):
            assert np.all(np.isfinite(new)), neuron_type
            assert np.abs(new - old).max() > 1e-3, neuron_type
        assert np.abs(sim.data[model.delta][-1]).max() > 0, neuron_type


@pytest.mark.parametrize("rule", [*MAKE, "filtered"])
def test_learns_as_on_nengo(at_once, rule):
    learned = []
    synapses = {"pre_synapse": 0.01, "post_synapse": 0.02}
    make = {**MAKE, "filtered": lambda layer, output: ngc.BackProp(layer, **synapses)}
    for backend in ("nengo", at_once):
        model = two_layers(make[rule], nengo.LIFRate())
        with simulator(backend, model, None) as sim:
            sim.run_steps(100)
            learned.append(encoders_and_biases(sim, model))
            built = sim.model.params[model.hidden]
            moved = np.abs(learned[-1][0] - built.scaled_encoders)
        assert moved.max() > 0.01
    for ours, theirs in zip(*learned):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3)


def test_learning_off_is_exactly_no_change(simulate):
    model = two_layers(lambda layer, output: ngc.BackProp(layer, learn=nengo.Node([0.0])))
    sim = simulate(model, 1, 30)
    S, b = encoders_and_biases(sim, model)
    built = sim.model.params[model.hidden]
    np.testing.assert_array_equal(S, built.scaled_encoders.astype(S.dtype))
    np.testing.assert_array_equal(b, built.bias.astype(b.dtype))


def test_biases_can_stay(simulate):
    model = two_layers(lambda layer, output: ngc.FeedbackAlignment(output, biases=False))
    sim = simulate(model, 1, 30)
    S, b = encoders_and_biases(sim, model)
    built = sim.model.params[model.hidden]
    np.testing.assert_array_equal(b, built.bias.astype(b.dtype))
    assert np.abs(S - built.scaled_encoders).max() > 1e-3


def test_minibatch_shares_encoders_and_averages(at_once):
    def chain(batch_size):
        schedule = ngc.Schedule(steps=1, batch_size=batch_size)
        return Chain(
            2,
            nengo.Tanh(tau_ref=1),
            False,
            lambda level, layer, output: ngc.BackProp(layer, ngc.SGD(RATE), schedule=schedule),
        )

    one_by_one = chain(4)
    with nengo.Simulator(one_by_one.model, progress_bar=False) as sim:
        sim.run_steps(4)
        expected = one_by_one.learned(sim)
    together = chain(None)
    film = next(n for n in together.model.all_nodes if n.size_out == 3)
    film.output = np.zeros(3)
    with simulator(at_once, together.model, 4) as sim:
        sim.run_steps(1, data={film: X[:, None]})
        for array, other in zip(together.learned(sim), expected):
            np.testing.assert_allclose(array, other, rtol=1e-4, atol=1e-6)


def test_filters_are_seen():
    learned = []
    for synapses in ({}, {"pre_synapse": 0.05}, {"post_synapse": 0.05}):
        model = two_layers(lambda layer, output, how=synapses: ngc.BackProp(layer, **how))
        with nengo.Simulator(model, progress_bar=False) as sim:
            sim.run_steps(50)
            learned.append(encoders_and_biases(sim, model))
    plain, pre, post = learned
    assert np.abs(plain[0] - pre[0]).max() > 1e-3
    assert np.abs(plain[0] - post[0]).max() > 1e-3
    np.testing.assert_allclose(plain[1], pre[1], atol=0.02)  # biases see no pre


def test_decoders_that_may_be_kept_for_each_sample(at_once):
    learned = []
    for minibatch_size in (1, 3):
        model = two_layers(MAKE["backprop"], nengo.LIFRate())
        with simulator(at_once, model, minibatch_size) as sim:
            sim.run_steps(30)
            learned.append(encoders_and_biases(sim, model))
    for one, many in zip(*learned):
        assert one.shape == many.shape
        np.testing.assert_allclose(one, many, rtol=1e-4, atol=1e-4)


def test_feedback_is_seeded():
    def feedback(seed):
        model = two_layers(lambda layer, output: ngc.FeedbackAlignment(output, seed=seed))
        with nengo.Simulator(model, progress_bar=False) as sim:
            rule = model.layer1.learning_rule
            return np.array(sim.signals[sim.model.sig[rule]["feedback"]])

    np.testing.assert_array_equal(feedback(None), feedback(None))
    np.testing.assert_array_equal(feedback(4), feedback(4))
    assert np.abs(feedback(4) - feedback(5)).max() > 0.1


def test_delta_rule_learns_its_own_layer(simulate):
    with nengo.Network(seed=0) as model:
        identity = {"neuron_type": ngc.neurons.Identity()}
        pre, post = (nengo.Ensemble(2, 1, **identity).neurons for _ in range(2))
        nengo.Connection(nengo.Node([1.0, -2.0]), pre, synapse=None)
        connection = nengo.Connection(
            pre,
            post,
            transform=np.zeros((2, 2)),
            synapse=None,
            learning_rule_type=ngc.BackProp(optimizer=ngc.SGD(0.1)),
        )
        error = nengo.Node(size_in=2)
        nengo.Connection(post, error, synapse=None)
        nengo.Connection(nengo.Node([-1.0, 0.5]), error, synapse=None)
        nengo.Connection(error, connection.learning_rule, synapse=None)
        probe = nengo.Probe(error)
    sim = simulate(model, 1, 100)
    np.testing.assert_allclose(sim.data[probe].reshape(-1, 2)[-1], 0, atol=1e-3)


def test_error_driven_learns_decoders(simulate):
    with nengo.Network(seed=0) as model:
        ensemble = nengo.Ensemble(30, 1, neuron_type=nengo.RectifiedLinear())
        output = nengo.Node(size_in=1)
        nengo.Connection(nengo.Node([0.5]), ensemble, synapse=None)
        connection = nengo.Connection(
            ensemble,
            output,
            function=lambda x: 0,
            synapse=None,
            learning_rule_type=ngc.ErrorDriven(ngc.SGD(1e-6)),
        )
        nengo.Connection(output, connection.learning_rule, transform=-1, synapse=None)
        nengo.Connection(nengo.Node([0.8]), connection.learning_rule, synapse=None)
        probe = nengo.Probe(output)
    sim = simulate(model, 1, 100)
    np.testing.assert_allclose(sim.data[probe].ravel()[-1], 0.8, atol=0.01)


# --- what cannot work is said before anything runs


def connect(make_rule, **kwargs):
    with nengo.Network() as model:
        stimulus = nengo.Node([0.0, 0.0])
        hidden = nengo.Ensemble(10, 2, **kwargs)
        output = nengo.Node(size_in=3)
        layer2 = nengo.Connection(hidden, output, function=lambda x: [0, 0, 0])
        return model, nengo.Connection(
            stimulus, hidden, learning_rule_type=make_rule(layer2, output)
        )


def test_error_of_the_wrong_size():
    model, connection = connect(lambda layer, output: ngc.BackProp(layer))
    with model, pytest.raises(ValidationError, match="size"):
        nengo.Connection(nengo.Node([0.0, 0.0]), connection.learning_rule)


@pytest.mark.parametrize(
    "make_rule, message",
    [
        (lambda layer, output: ngc.BackProp(output), "layer: must be a Connection"),
        (
            lambda layer, output: ngc.BackProp(nengo.Connection(output, output)),
            "must lead on from",
        ),
        (
            lambda layer, output: ngc.BackProp(
                nengo.Connection(layer.pre_obj.neurons[:4], output[0], transform=[[1] * 4])
            ),
            "all the neurons",
        ),
        (
            lambda layer, output: ngc.BackProp(
                nengo.Connection(
                    layer.pre_obj.neurons, output, transform=nengo.Sparse((3, 10), [[0, 1]], 1)
                )
            ),
            "a weight matrix",
        ),
        (
            lambda layer, output: ngc.FeedbackAlignment(output, np.zeros((3, 10))),
            r"feedback: must have shape \(10, 3\).*got \(3, 10\)",
        ),
        (
            lambda layer, output: ngc.DirectFeedbackAlignment(
                output, np.full((10, 3), np.nan)
            ),
            "feedback: must be .* finite numbers",
        ),
        (lambda layer, output: ngc.FeedbackAlignment(layer), "output: must be"),
        (
            lambda layer, output: ngc.FeedbackAlignment(nengo.Node([1.0])),
            "output: must be",
        ),
    ],
)
def test_unfit_rule(make_rule, message):
    with pytest.raises(ValidationError, match=message):
        connect(make_rule)


def test_output_without_decoders():
    with pytest.raises(ValidationError, match="Direct|decoders"):
        connect(lambda layer, output: ngc.BackProp(layer), neuron_type=nengo.Direct())


def test_connection_that_it_cannot_serve():
    with nengo.Network():
        nodes = nengo.Node([0.0]), nengo.Node(size_in=1)
        rule = ngc.FeedbackAlignment(nodes[1])
        with pytest.raises(ValidationError, match="into an Ensemble"):
            nengo.Connection(*nodes, learning_rule_type=rule)
        pre, post = nengo.Ensemble(3, 1).neurons, nengo.Ensemble(3, 1).neurons
        with pytest.raises(ValidationError, match="all of its neurons"):
            nengo.Connection(pre[:2], post[:2], transform=np.eye(2), learning_rule_type=rule)
        with pytest.raises(ValidationError, match="LayerError|learns by"):
            ngc.LayerError(nengo.Connection(*nodes))


def test_layer_that_is_built_later(build):
    with nengo.Network() as model:
        hidden = nengo.Ensemble(10, 1)
        output = nengo.Node(size_in=1)
        layer2 = nengo.Connection(hidden, output)
        with nengo.Network():
            nengo.Connection(
                nengo.Node([0.0]), hidden, learning_rule_type=ngc.BackProp(layer2)
            )
    with pytest.raises(BuildError, match="built later"):
        build(model)


def test_two_rules_cannot_have_the_same_biases(build):
    with nengo.Network() as model:
        hidden = nengo.Ensemble(10, 1)
        output = nengo.Node(size_in=1)
        pre = nengo.Ensemble(4, 1, neuron_type=ngc.neurons.Identity()).neurons
        for _ in range(2):
            connection = nengo.Connection(
                pre,
                hidden.neurons,
                transform=np.zeros((10, 4)),
                learning_rule_type=ngc.FeedbackAlignment(output),
            )
            nengo.Connection(nengo.Node(1.0), connection.learning_rule)
    with pytest.raises(BuildError, match="biases=False"):
        build(model)


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("neurons", [False, True])
def test_the_error_of_a_layer_in_a_network_before(apart, neurons):
    """Nengo builds the connections of a network before the nodes of the next one."""
    with nengo.Network(seed=0) as model:
        output, error = nengo.Node(size_in=1), nengo.Node([1.0])
        upper, lower = (nengo.Ensemble(5, 1, seed=seed) for seed in (1, 2))
        with nengo.Network() as first:
            layer = nengo.Connection(upper, output)
            learned = nengo.Connection(lower, upper, learning_rule_type=ngc.BackProp(layer))
            nengo.Connection(error, learned.learning_rule, synapse=None)
        with nengo.Network() if apart else first:
            below = ngc.LayerError(learned, neurons=neurons)
        probe = nengo.Probe(below)
    with nengo.Simulator(model, progress_bar=False) as sim:
        sim.run_steps(3)
        delta = np.array(sim.signals[sim.model.sig[learned.learning_rule]["delta"]])
        encoders = np.array(sim.signals[sim.model.sig[upper]["encoders"]])
        expected = delta if neurons else delta @ encoders
        assert np.abs(expected).max() > 1e-3
        np.testing.assert_allclose(sim.data[probe][-1], expected, rtol=1e-3)


@pytest.mark.parametrize("spiking", [nengo.RegularSpiking, nengo.PoissonSpiking])
def test_spikes_of_adaptive_rates_adapt_as_the_rates_do(spiking, build):
    rates = nengo.AdaptiveLIFRate(tau_n=0.05, inc_n=0.02)
    deltas = []
    for neuron_type in (rates, spiking(rates)):
        with nengo.Network(seed=0) as model:
            stimulus = nengo.Node(lambda t: [np.sin(20 * t), 0.7])
            hidden = nengo.Ensemble(20, 2, neuron_type=neuron_type)
            output = nengo.Node(size_in=1)
            nengo.Connection(hidden, output, function=lambda x: 0)
            rule = ngc.FeedbackAlignment(output, optimizer=ngc.SGD(1e-12), seed=3)
            learned = nengo.Connection(stimulus, hidden, learning_rule_type=rule)
            nengo.Connection(nengo.Node([1.0]), learned.learning_rule, synapse=None)
            delta = nengo.Probe(learned.learning_rule, "delta")
        sim = build(model)
        sim.run_steps(50)
        deltas.append(np.asarray(sim.data[delta]))
    np.testing.assert_allclose(deltas[1], deltas[0], rtol=1e-4, atol=1e-9)
    assert np.abs(np.diff(deltas[0], axis=0)).max() > 1e-6  # they do adapt
