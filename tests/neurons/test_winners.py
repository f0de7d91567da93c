"""Neurons of which the k with the largest input fire."""

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError

import nengo_ngc as ngc
from nengo_ngc.namespace import NUMPY
from nengo_ngc.networks import AdaptiveWinners
from nengo_ngc.networks.adaptive_winners import threshold

from ..conftest import needs_dl, needs_jax

RNG = np.random.RandomState(0)
INPUTS = {
    "different": RNG.randn(7, 20),
    "ties": RNG.randint(3, size=(7, 20)).astype(float),
    "equal": np.ones((2, 20)),
    "one neuron": RNG.randn(3, 1),
}


def winners_by_hand(J, k):
    """The k largest of each row one after another, of equal ones the first."""
    y = np.zeros(J.shape)
    for row, won in zip(J, y):
        left = list(row)
        for _ in range(k):
            best = int(np.argmax(left))
            won[best], left[best] = 1, -np.inf
    return y


def soft_by_hand(J, k, hardness, hard):
    y = np.empty(J.shape)
    for row, out in zip(J, y):
        largest = sorted(row, reverse=True)
        theta = np.mean(largest[k - 1 : k + 1])
        for i, value in enumerate(row):
            x = hardness * (value - theta)
            out[i] = min(max(0.5 + x / 4, 0), 1) if hard else 1 / (1 + np.exp(-x))
    return y


def ensemble(J, neuron_type):
    """One ensemble that is given a row of currents in each timestep."""
    with nengo.Network() as model:
        stimulus = nengo.Node(nengo.processes.PresentInput(J, 0.001))
        neurons = nengo.Ensemble(J.shape[1], 1, neuron_type=neuron_type).neurons
        nengo.Connection(stimulus, neurons, synapse=None)
        model.probe = nengo.Probe(neurons)
    return model


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("sparsity", [0.05, 0.3, 1.0])
def test_winners(name, sparsity, simulate):
    J = INPUTS[name]
    k = {0.05: 1, 0.3: 6, 1.0: 20}[sparsity] if J.shape[1] > 1 else 1
    for neuron_type in (
        ngc.KWinnersTakeAll(sparsity),
        ngc.SoftKWinnersTakeAll(sparsity, hardness=3.0),
    ):
        model = ensemble(J, neuron_type)
        sim = simulate(model, 1, len(J))
        seen = np.reshape(sim.data[model.probe], J.shape)
        np.testing.assert_array_equal(seen, winners_by_hand(J, k))


def test_number_of_winners_is_rounded_up_once():
    assert ngc.KWinnersTakeAll(0.05).n_winners(512) == 26
    assert ngc.KWinnersTakeAll(0.07).n_winners(100) == 7
    assert ngc.KWinnersTakeAll(1e-6).n_winners(100) == 1


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("k", [1, 6, 20])
def test_soft_winners_and_threshold(k, hard):
    neuron_type = ngc.SoftKWinnersTakeAll(k / 20, hardness=2.5, hard=hard)
    J = INPUTS["different"]
    expected = soft_by_hand(J, k, 2.5, hard)
    np.testing.assert_allclose(neuron_type.soft_activity(NUMPY, J), expected, rtol=1e-12)


def test_winners_of_a_convolution_are_those_of_the_whole_image(simulate):
    image = RNG.rand(36)
    transform = nengo.Convolution(4, (6, 6, 1), init=nengo.dists.Uniform(-1, 1))
    with nengo.Network(seed=1) as model:
        stimulus = nengo.Node(image)
        currents = nengo.Node(size_in=64)
        neurons = nengo.Ensemble(64, 1, neuron_type=ngc.KWinnersTakeAll(0.1)).neurons
        for post in (currents, neurons):
            nengo.Connection(stimulus, post, transform=transform, synapse=None, seed=3)
        probes = nengo.Probe(currents), nengo.Probe(neurons)
    sim = simulate(model, 1, 1)
    J, seen = (np.reshape(sim.data[probe], (1, 64)) for probe in probes)
    np.testing.assert_array_equal(seen, winners_by_hand(J, 7))


@pytest.mark.parametrize("k", [1, 2])
def test_winners_of_groups(k, simulate):
    J = INPUTS["ties"] - 1
    for positive in (False, True):
        model = ensemble(J, ngc.KWinnersTakeAll(k / 5, group_size=5, positive=positive))
        seen = np.reshape(simulate(model, 1, len(J)).data[model.probe], J.shape)
        groups = np.hstack([winners_by_hand(part, k) for part in np.hsplit(J, 4)])
        np.testing.assert_array_equal(seen, groups * (J > 0) if positive else groups)
    soft = ngc.SoftKWinnersTakeAll(k / 5, group_size=5)
    np.testing.assert_array_equal(soft.activity(NUMPY, J), groups)
    with pytest.raises(ValidationError, match="must divide the number of neurons, 20, got 3"):
        simulate(ensemble(J, ngc.KWinnersTakeAll(0.3, group_size=3)), 1, 1)


def test_decoders_are_solved_for_winners():
    with nengo.Network(seed=0) as model:
        stimulus = nengo.Node([0.5, -0.3])
        ensemble = nengo.Ensemble(400, 2, neuron_type=ngc.KWinnersTakeAll(0.2))
        nengo.Connection(stimulus, ensemble, synapse=None)
        probe = nengo.Probe(ensemble, synapse=None)
    with nengo.Simulator(model, progress_bar=False) as sim:
        sim.run_steps(3)
    # winners say where the input points to, not how far it reaches
    decoded = sim.data[probe][-1]
    direction = np.array([0.5, -0.3]) / np.hypot(0.5, 0.3)
    assert decoded @ direction / np.linalg.norm(decoded) > 0.99


@needs_dl
def test_gradients():
    import tensorflow as tf

    from nengo_ngc.backends.nengo_dl.namespace import tensorflow_namespace

    for name in ("different", "ties"):
        J = tf.constant(INPUTS[name])
        weights = RNG.randn(*J.shape)
        for training in (True, tf.constant(True)):
            xp = tensorflow_namespace(tf.float64, training)
            with tf.GradientTape() as tape:
                tape.watch(J)
                y = ngc.KWinnersTakeAll(0.3).activity(xp, J)
                loss = tf.reduce_sum(weights * y)
            np.testing.assert_array_equal(y, winners_by_hand(J.numpy(), 6))
            np.testing.assert_array_equal(tape.gradient(loss, J), weights)
    for hard in (False, True):
        soft = ngc.SoftKWinnersTakeAll(0.3, hardness=0.7, hard=hard)
        J = tf.constant(INPUTS["different"])
        weights = RNG.randn(*J.shape)
        with tf.GradientTape() as tape:
            tape.watch(J)
            loss = tf.reduce_sum(
                weights * soft.activity(tensorflow_namespace(tf.float64, True), J)
            )
        gradient = tape.gradient(loss, J).numpy()
        for index in np.ndindex(*J.shape):
            step = np.zeros(J.shape)
            step[index] = 1e-6
            ahead, behind = (
                np.sum(weights * soft_by_hand(J.numpy() + s * step, 6, 0.7, hard))
                for s in (1, -1)
            )
            assert gradient[index] == pytest.approx((ahead - behind) / 2e-6, abs=1e-6)


@needs_dl
def test_soft_while_nengo_dl_trains_only():
    import nengo_dl
    import tf_keras

    from nengo_ngc.dl import Simulator  # it prepares TensorFlow for what follows

    x = INPUTS["different"]
    soft = ngc.SoftKWinnersTakeAll(0.3, hardness=2.0)
    readout = RNG.randn(1, 20)
    with nengo.Network(seed=0) as model:
        stimulus = nengo.Node(np.zeros(20))
        ensemble = nengo.Ensemble(20, 1, neuron_type=soft)
        out = nengo.Node(size_in=1)
        W = nengo.Connection(stimulus, ensemble.neurons, transform=np.eye(20), synapse=None)
        fixed = nengo.Connection(ensemble.neurons, out, transform=readout, synapse=None)
        probe = nengo.Probe(out)
        nengo_dl.configure_settings(trainable=None)
        model.config[ensemble.neurons].trainable = False
        model.config[fixed].trainable = False

    def loss(weights):
        y = soft_by_hand(x @ weights.T, 6, 2.0, False) @ readout.T
        return np.mean(y**2)

    data = {stimulus: x[:, None]}
    with Simulator(model, minibatch_size=7, progress_bar=False, seed=0) as sim:
        expected = winners_by_hand(x, 6) @ readout.T
        np.testing.assert_allclose(sim.predict(data)[probe][:, 0], expected, atol=1e-5)
        sim.compile(tf_keras.optimizers.SGD(0.1), loss="mse")
        history = sim.fit(data, {probe: np.zeros((7, 1, 1))}, epochs=1, verbose=0).history
        assert history["loss"][-1] == pytest.approx(loss(np.eye(20)), rel=1e-4)
        change = sim.data[W].weights - np.eye(20)
    for index in ((0, 0), (3, 7), (19, 2)):
        step = np.zeros((20, 20))
        step[index] = 1e-6
        slope = (loss(np.eye(20) + step) - loss(np.eye(20) - step)) / 2e-6
        assert change[index] == pytest.approx(-0.1 * slope, rel=1e-3, abs=1e-6)


def test_soft_winners_are_positive_if_so_asked():
    J = np.array([[-1.0, -2.0, -3.0], [-1.0, 2.0, 1.0]])
    soft = ngc.SoftKWinnersTakeAll(1 / 3, hardness=2.0, positive=True)
    expected = 1 / (1 + np.exp(-2 * (J - [[0], [1.5]])))
    np.testing.assert_allclose(soft.soft_activity(NUMPY, J), expected)


# --- winners that show by how much they win


def graded_by_hand(J, k, positive=False):
    y = np.zeros(J.shape)
    for row, out in zip(J, y):
        theta = sorted(row, reverse=True)[min(k, len(row) - 1)]
        if positive:
            theta = max(theta, 0)
        above = [max(value - theta, 0) for value in row]
        if any(above):
            out[:] = np.array(above) * np.sqrt(k) / np.linalg.norm(above)
    return y


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("sparsity", [0.05, 0.3, 1.0])
def test_graded_winners(name, sparsity, simulate):
    J = INPUTS[name]
    k = ngc.KWinnersTakeAll(sparsity).n_winners(J.shape[1])
    seen = simulate(model := ensemble(J, ngc.GradedKWinners(sparsity)), 1, len(J))
    codes = np.reshape(seen.data[model.probe], J.shape)
    np.testing.assert_allclose(codes, graded_by_hand(J, k), atol=1e-6)
    if name == "different" and k < 20:
        np.testing.assert_array_equal(codes > 0, winners_by_hand(J, k))


def test_graded_winners_of_groups_and_of_any_size(simulate):
    J = INPUTS["different"]
    winners = ngc.GradedKWinners(0.4, group_size=5, positive=True)
    seen = simulate(model := ensemble(J, winners), 1, len(J)).data[model.probe]
    groups = np.hstack([graded_by_hand(part, 2, True) for part in np.hsplit(J, 4)])
    assert np.any(groups != np.hstack([graded_by_hand(p, 2) for p in np.hsplit(J, 4)]))
    np.testing.assert_allclose(np.reshape(seen, J.shape), groups, atol=1e-6)
    tiny, huge = (winners.activity(NUMPY, scale * J) for scale in (1e-200, 1e200))
    np.testing.assert_allclose(tiny, groups, rtol=1e-12)
    np.testing.assert_allclose(huge, groups, rtol=1e-12)


def test_graded_winners_of_equal_inputs_are_silent():
    """Also where the mean of equal numbers is rounded to another one."""
    for value in (0.1, 0.7, 1 / 3):
        sizes = range(2, 20)
        assert any(np.full(n, value).sum() / n < value for n in sizes)
        for n in sizes:
            J = np.full((2, n), value)
            np.testing.assert_array_equal(ngc.GradedKWinners(0.4).activity(NUMPY, J), 0)


@needs_jax
def test_gradients_of_graded_winners():
    import jax

    from nengo_ngc.backends.jax.namespace import jax_namespace

    J, weights = INPUTS["different"], RNG.randn(7, 20)

    def loss(J):
        activity = ngc.GradedKWinners(0.3).activity(jax_namespace(training=True), J)
        return (weights * activity).sum()

    with jax.enable_x64(True):
        gradient = np.asarray(jax.grad(loss)(J))
        of_zeros = np.asarray(jax.grad(loss)(0 * J))
    for index in np.ndindex(*J.shape):
        step = np.zeros(J.shape)
        step[index] = 1e-6
        ahead, behind = (
            np.sum(weights * graded_by_hand(J + sign * step, 6)) for sign in (1, -1)
        )
        assert gradient[index] == pytest.approx((ahead - behind) / 2e-6, abs=1e-6)
    assert np.all(np.isfinite(of_zeros))


# --- thresholds that are learned, numbers of winners that are predicted


def test_threshold_is_the_bias(simulate):
    J = INPUTS["different"]
    model = ensemble(J, ngc.SoftThreshold(3.0))
    model.ensembles[0].gain = np.ones(20)
    model.ensembles[0].bias = np.linspace(-1, 1, 20)
    seen = simulate(model, 1, len(J)).data[model.probe]
    np.testing.assert_array_equal(np.reshape(seen, J.shape), J + np.linspace(-1, 1, 20) > 0)


@needs_dl
def test_thresholds_learn():
    import tf_keras

    from nengo_ngc.dl import Simulator  # it prepares TensorFlow for what follows

    J = RNG.randn(200, 1, 20)
    with nengo.Network(seed=0) as model:
        stimulus = nengo.Node(np.zeros(20))
        units = nengo.Ensemble(
            20, 1, neuron_type=ngc.SoftThreshold(4.0), gain=np.ones(20), bias=np.zeros(20)
        ).neurons
        nengo.Connection(stimulus, units, synapse=None)
        probe = nengo.Probe(units)
    wanted = (J > 0.7).astype(float)
    with Simulator(model, minibatch_size=50, progress_bar=False, seed=0) as sim:
        sim.compile(tf_keras.optimizers.Adam(0.02), loss="mse")
        before = sim.predict({stimulus: J})[probe]
        sim.fit({stimulus: J}, {probe: wanted}, epochs=20, verbose=0)
        after = sim.predict({stimulus: J})[probe]
        thresholds = -sim.data[units.ensemble].bias
    np.testing.assert_array_equal(before, J > 0)
    np.testing.assert_allclose(thresholds, 0.75, atol=0.15)  # soft at its edges
    assert np.mean(after == wanted) > 0.95


def adaptive(J, u, **kwargs):
    with nengo.Network() as model:
        net = AdaptiveWinners(J.shape[1], **kwargs)
        both = nengo.Node(nengo.processes.PresentInput(np.hstack([J, u]), 0.001))
        nengo.Connection(both[:-1], net.input, synapse=None)
        nengo.Connection(both[-1], net.sparsity, synapse=None)
        model.probe = nengo.Probe(net.output)
    return model


def test_number_of_winners_is_predicted_for_each_sample(simulate):
    J, u = INPUTS["different"], np.array([[-50.0], [-2], [-1], [0], [1], [2], [50]])
    k = [1, 1, 3, 5, 7, 9, 10]  # 10 sigma(u), rounded
    model = adaptive(J, u, max_sparsity=0.5)
    seen = np.reshape(simulate(model, 1, 7).data[model.probe], J.shape)
    for row, n, code in zip(J, k, seen):
        np.testing.assert_array_equal(code, winners_by_hand(row[None], n)[0])


def test_threshold_of_a_predicted_number():
    J = INPUTS["different"]
    for k in (1, 6, 19):
        soft = ngc.SoftKWinnersTakeAll(k / 20)
        np.testing.assert_allclose(
            threshold(np, J, np.full((7, 1), float(k))), soft.threshold(NUMPY, J)
        )
    between = [threshold(np, J, np.full((7, 1), p)) for p in (6.0, 6.25, 7.0)]
    np.testing.assert_allclose(between[1], 0.75 * between[0] + 0.25 * between[2])


@needs_dl
def test_gradient_of_a_predicted_number():
    import tensorflow as tf

    from nengo_ngc.backends.nengo_dl.namespace import tensorflow_namespace

    class Training:
        training = True

        def __getattr__(self, name):
            return getattr(np, name)

    J, u = INPUTS["different"], RNG.randn(7, 1)
    net, weights = AdaptiveWinners(20, 0.5, hardness=3.0), RNG.randn(7, 20)
    code = net.output.function

    def loss(J, u):
        return np.sum(weights * code(Training(), J, u))

    variables = tf.constant(J), tf.constant(u)
    with tf.GradientTape() as tape:
        tape.watch(variables)
        y = code(tensorflow_namespace(tf.float64, True), *variables)
        total = tf.reduce_sum(weights * y)
    of_J, of_u = (g.numpy() for g in tape.gradient(total, variables))
    for row in range(7):
        step = np.zeros((7, 1))
        step[row] = 1e-6
        slope = (loss(J, u + step) - loss(J, u - step)) / 2e-6
        assert of_u[row, 0] == pytest.approx(slope, abs=1e-6)
        step = np.zeros((7, 20))
        step[row, 2 * row] = 1e-6
        slope = (loss(J + step, u) - loss(J - step, u)) / 2e-6
        assert of_J[row, 2 * row] == pytest.approx(slope, abs=1e-6)


def test_bad_number_of_neurons():
    for bad in (1, 2.5):
        with pytest.raises(ValidationError, match=f"n_neurons.*at least 2, got {bad}"):
            AdaptiveWinners(bad)
    assert AdaptiveWinners(np.int64(5)).output.size_out == 5


@pytest.mark.parametrize(
    "kind, kwargs, message",
    [
        ("KWinnersTakeAll", {"sparsity": 0}, "sparsity"),
        ("KWinnersTakeAll", {"sparsity": 1.1}, "sparsity"),
        ("KWinnersTakeAll", {"sparsity": np.nan}, "sparsity"),
        ("KWinnersTakeAll", {"group_size": 0}, "group_size"),
        ("SoftKWinnersTakeAll", {"hardness": 0}, "hardness"),
        ("SoftKWinnersTakeAll", {"hard": 3}, "hard"),
        ("GradedKWinners", {"sparsity": 0}, "sparsity"),
        ("SoftThreshold", {"hardness": 0}, "hardness"),
    ],
)
def test_bad_arguments(kind, kwargs, message):
    with pytest.raises(ValidationError, match=message):
        getattr(ngc, kind)(**kwargs)


def test_there_is_one_winner_at_least():
    assert ngc.neurons.KWinnersTakeAll(1e-11).n_winners(10) == 1
