"""The circuits as Nengo networks."""

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError

import nengo_ngc as ngc
from nengo_ngc.backends import open_session
from nengo_ngc.namespace import NUMPY
from nengo_ngc.networks import GNCN
from nengo_ngc.networks.gncn import VARIANTS
from nengo_ngc.networks.gncn_parameters import lateral_inhibition

from ..conftest import needs_jax, simulator

X = (np.random.RandomState(0).rand(6, 10) < 0.4).astype(np.float32)


POSITIVE = {"E1": np.full((6, 10), 0.5), "E2": np.full((4, 6), 0.5)}


def build(shape=(10, 6, 4), schedule=None, **kwargs):
    schedule = schedule or ngc.Schedule(10, batch_size=3)
    return GNCN(shape, schedule=schedule, n_group=2, n_top_group=2, seed=5, **kwargs)


def learned(backend, learn=True, **kwargs):
    run = open_session(backend, lambda: build(**kwargs), 3, ["mu0", "e0"])
    before = run.net.parameters(run.sim)
    settled = run.present(X, learn=learn)
    after = run.net.parameters(run.sim)
    return settled, before, after


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("shape", [(10, 6), (10, 6, 4), (10, 6, 4, 4, 2)])
def test_every_variant_of_any_depth_learns(backend, variant, shape):
    if backend == "jax" and len(shape) < 5:
        pytest.skip("test_ten_updates has them")
    _, before, after = learned(backend, shape=shape, variant=variant)
    n_layers = len(shape) - 1
    expected = {f"W{level}" for level in range(1, n_layers + 1)}
    if variant in ("pdh", "t2-sigma"):
        expected |= {f"{name}{level}" for name in "EV" for level in range(1, n_layers + 1)}
    if variant == "pdh":
        expected |= {f"M{level}" for level in range(2, n_layers + 1)}
    if variant != "t1":
        expected |= {f"{n}{level}" for n in ("Sigma", "Prec") for level in range(1, n_layers)}
    assert set(after) == expected
    for name in expected:
        assert after[name].shape[1] == before[name].shape[1]
        changed = np.any(after[name] != before[name])
        assert changed == (not name.startswith("V")), name


def test_learning_off_changes_nothing(backend):
    settled, before, after = learned(backend, learn=False)
    for name, value in before.items():
        np.testing.assert_array_equal(after[name], value, err_msg=name)
    assert np.all(np.isfinite(settled["mu0"]))


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "identity"])
@pytest.mark.parametrize("tied", [False, True])
def test_activations_agree_with_nengo(at_once, activation, tied):
    if at_once == "jax" and tied and activation != "tanh":
        pytest.skip("one is enough")
    kwargs = {"activation": activation, "tied": tied}
    (a, _, p), (b, _, q) = (learned(name, **kwargs) for name in ("nengo", at_once))
    np.testing.assert_allclose(a["mu0"], b["mu0"], rtol=0, atol=1e-5)
    for name in p:
        np.testing.assert_allclose(p[name], q[name], rtol=0, atol=1e-5, err_msg=name)


def test_hidden_pixels_have_no_error_and_are_filled_in(backend):
    run = open_session(backend, build, 3, ["mu0", "e0"], inputs=("input", "mask"))
    mask = np.zeros_like(X)
    mask[:, 5:] = 1
    settled = run.present(X, mask=mask)
    np.testing.assert_array_equal(settled["e0"][:, 5:], 0)
    np.testing.assert_allclose(
        settled["e0"][:, :5], (X - settled["mu0"])[:, :5], rtol=0, atol=1e-6
    )
    garbage = np.where(mask, 1 - X, X)
    again = run.present(garbage, mask=mask)
    np.testing.assert_array_equal(again["mu0"], settled["mu0"])


@pytest.mark.parametrize(
    "neuron_type",
    [nengo.SpikingRectifiedLinear(), nengo.LIF(), nengo.PoissonSpiking(nengo.LIFRate())],
)
def test_spiking_activations_settle_near_the_rates(backend, neuron_type):
    if backend == "jax" and not isinstance(neuron_type, nengo.LIF):
        pytest.skip("one is enough; test_ten_updates has another")
    settings = {"learn": False, "schedule": ngc.Schedule(300, 3), "beta": 0.02}
    rate = learned(backend, **settings)[0]["mu0"]
    settings |= {"activation": neuron_type, "max_rate": 300, "synapse": 0.01}
    spikes = learned(backend, **settings)[0]["mu0"]
    assert np.abs(spikes - rate).mean() < 0.05
    assert np.any(spikes != rate)


@pytest.mark.parametrize(
    "neuron_type",
    [nengo.SpikingRectifiedLinear(), nengo.LIF(), nengo.StochasticSpiking(nengo.Tanh())],
)
def test_errors_are_sent_back_by_the_slope_of_the_activity(neuron_type):
    """That of the rates by the state, where spiking neurons have a gain and a bias."""
    net = build(variant="t1", activation=neuron_type, max_rate=150.0)
    z, h = np.linspace(0.2, 1.2, 11)[None], 1e-5
    expected = (net._rates(z + h) - net._rates(z - h)) / (2 * h)
    np.testing.assert_allclose(net._slope(NUMPY, z), expected, rtol=0.02)


@pytest.mark.parametrize("base", [nengo.LIFRate(), nengo.Sigmoid()])
def test_activations_by_which_no_state_would_move(base):
    with pytest.raises(ValidationError, match="activation.*(slope above 0|silent at 0)"):
        build(variant="t1", activation=nengo.PoissonSpiking(base))


@pytest.mark.parametrize("variant", ["t1", "pdh"])
def test_presentations_that_take_turns_settle_as_one_after_another(variant):
    def states(interleave):
        with nengo.Network() as model:
            schedule = ngc.Schedule(10, interleave=interleave)
            net = build(variant=variant, schedule=schedule, learning_rule_type=None)
            turns = X.reshape(-1, interleave, 10)
            shown = np.repeat(turns, 10, axis=0).reshape(-1, 10)
            images = nengo.processes.PresentInput(shown, 0.001)
            nengo.Connection(nengo.Node(images), net.input, synapse=None)
            probe = net.probe("z1")
        with nengo.Simulator(model, progress_bar=False) as sim:
            sim.run_steps(60)
        found = sim.data[probe].reshape(-1, 10, interleave, 6)[:, -1]
        return found.reshape(-1, 6)

    one, three = states(1), states(3)
    assert np.any(one[0] != one[1])
    np.testing.assert_allclose(three, one, rtol=0, atol=1e-12)
    spiking = {"activation": nengo.SpikingRectifiedLinear()}
    with pytest.raises(ValidationError, match="activation.*must not be spiking.*interleave"):
        build(schedule=ngc.Schedule(10, interleave=2), **spiking)


def test_what_competes_within_a_sample_does_so_when_images_are_made():
    net = build(activation=ngc.KWinnersTakeAll(0.3))
    z = np.random.RandomState(0).randn(5, 6)
    expected = [net._rates(row[None])[0] for row in z]
    np.testing.assert_array_equal(net._rates(z), expected)
    np.testing.assert_array_equal(net._rates(z).sum(axis=1), 2)


@pytest.mark.parametrize(
    "rule", [ngc.ErrorDriven(biases=True), ngc.BackProp(biases=False)], ids=["biases", "sign"]
)
@pytest.mark.parametrize("name", ["learning_rule_type", "recognition_rule_type"])
def test_rules_that_a_circuit_cannot_serve(name, rule):
    with pytest.raises(ValidationError, match=f"{name}: must be a rule"):
        build(variant="t1", initial="feedforward", **{name: rule})


def test_parameters_are_taken_and_returned(backend):
    rng = np.random.RandomState(0)
    given = {"W1": rng.rand(10, 6), "V2": rng.rand(4, 4), "Prec1": np.eye(6) * 0.5}
    run = open_session(backend, lambda: build(parameters=given), 3, [])
    returned = run.net.parameters(run.sim)
    for name, value in given.items():
        np.testing.assert_allclose(returned[name], value, rtol=1e-6)
    np.testing.assert_allclose(returned["Sigma1"], np.eye(6) * 4, rtol=1e-6)
    run.net.set_parameters(run.sim, {"W2": np.ones((6, 4)), "Sigma1": np.eye(6) * 16})
    returned = run.net.parameters(run.sim)
    np.testing.assert_array_equal(returned["W2"], 1)
    np.testing.assert_allclose(returned["Prec1"], np.eye(6) * 0.25, rtol=1e-6)


def test_configurations_around_a_network_leave_it_alone():
    def parameters(configure):
        with nengo.Network(seed=2) as model:
            if configure:
                noise = nengo.processes.WhiteNoise(seed=1)
                model.config[nengo.Ensemble].noise = noise
                model.config[nengo.Connection].solver = nengo.solvers.LstsqL2(weights=True)
            net = ngc.networks.FeedforwardClassifier(
                (6, 5, 3), rule="backprop", optimizer=ngc.SGD(0.1), seed=0
            )
            for node in (net.input, net.target):
                nengo.Connection(nengo.Node(np.ones(node.size_in)), node, synapse=None)
        with nengo.Simulator(model, progress_bar=False) as sim:
            sim.run_steps(3)
            return net.parameters(sim)

    plain, configured = parameters(False), parameters(True)
    for name, value in plain.items():
        np.testing.assert_array_equal(configured[name], value, err_msg=name)


def test_connections_can_be_taken_out():
    net = build()
    first = net.connections[0]
    net.connections.remove(first)
    assert first not in net.all_connections and "W2" in net.connections


def test_state_takes_up_learning(backend):
    straight = open_session(backend, build, 3, [])
    straight.present(X, learn=True)
    first = open_session(backend, build, 3, [])
    first.present(X[:3], learn=True)
    second = open_session(backend, build, 3, [])
    second.set_state(first.state())
    second.present(X[3:], learn=True)
    for name, value in straight.state().items():
        np.testing.assert_array_equal(second.state()[name], value, err_msg=name)


def test_same_seed_same_bits(backend):
    random_spikes = nengo.PoissonSpiking(nengo.RectifiedLinear())
    runs = [
        learned(backend, parameters=POSITIVE, activation=random_spikes, max_rate=2000.0)
        for _ in range(2)
    ]
    for first, second in zip(*runs):
        for name in first:
            np.testing.assert_array_equal(first[name], second[name])
    assert np.any(runs[0][0]["mu0"] != 0.5)  # there are spikes


def test_random_spikes_repeat_in_calls_that_do_not_learn(backend):
    if backend == "nengo-dl":
        pytest.skip("TensorFlow's random numbers go on")
    noisy = {"activation": nengo.StochasticSpiking(nengo.RectifiedLinear()), "max_rate": 200.0}
    run = open_session(backend, lambda: build(parameters=POSITIVE, **noisy), 3, ["phi_z1"])
    first, again = (run.present(X)["phi_z1"] for _ in range(2))
    np.testing.assert_array_equal(first, again)
    learning = [run.present(X, learn=True)["phi_z1"] for _ in range(2)]
    assert np.any(learning[0] != first) and np.any(learning[0] != learning[1])


def test_generate_passes_predictions_down():
    with nengo.Network():
        net = build(variant="t1", shape=(3, 2, 2))
    parameters = {"W1": np.arange(6.0).reshape(3, 2) / 5, "W2": np.eye(2)[::-1]}
    z = np.array([[0.3, -0.7]])
    expected = 1 / (1 + np.exp(-np.tanh(np.tanh(z[:, ::-1])) @ parameters["W1"].T))
    np.testing.assert_allclose(net.generate(parameters, z), expected)
    whole = np.array([[2, -1]])
    expected = net.generate(parameters, whole.astype(float))
    np.testing.assert_array_equal(net.generate(parameters, whole), expected)
    as_float32 = {name: array.astype(np.float32) for name, array in parameters.items()}
    assert net.decoder(as_float32)(z.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("variant", VARIANTS)
def test_generate_is_the_prediction_of_settled_states(backend, variant):
    run = open_session(
        backend, lambda: build(shape=(10, 6), variant=variant), 3, ["z1", "mu0"]
    )
    settled = run.present(X, learn=True)  # the second batch with weights that changed
    again = run.present(X[3:])
    generated = run.net.generate(run.net.parameters(run.sim), again["z1"])
    np.testing.assert_allclose(generated, again["mu0"], rtol=0, atol=1e-6)
    assert np.any(again["mu0"] != settled["mu0"][3:])


def test_t2_sigma_is_pdh_without_m(backend):
    """Numbers of the authors' program are recorded for pdh only, of these two."""
    shape, names = (10, 8, 7, 6), ("z1", "z3", "mu0", "e2")
    run = open_session(backend, lambda: build(shape=shape, variant="t2-sigma"), 3, names)
    parameters = run.net.parameters(run.sim)
    without = {f"M{level}": np.zeros((shape[level - 2], shape[level])) for level in (2, 3)}
    twin = open_session(
        backend, lambda: build(shape=shape, parameters={**parameters, **without}), 3, names
    )
    found, expected = run.present(X[:3]), twin.present(X[:3])
    for name in names:
        np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=1e-6)
        assert np.any(found[name] != 0)


def test_generate_with_spiking_neurons_counts_in_their_rates():
    parameters = {"W1": np.arange(6.0).reshape(3, 2) / 5, "W2": np.eye(2)[::-1]}
    z = np.array([[0.3, 0.7]])
    found = []
    for activation in ("relu", nengo.SpikingRectifiedLinear()):
        with nengo.Network():
            net = build(variant="t1", shape=(3, 2, 2), activation=activation, max_rate=50.0)
        found.append(net.generate(parameters, z))
    np.testing.assert_allclose(*found)


def test_lateral_inhibition():
    V = lateral_inhibition(5, 2, self_excitation=0.3, cross_inhibition=0.2)
    expected = 0.2 * np.kron(np.eye(3), np.ones((2, 2)))[:5, :5]
    np.fill_diagonal(expected, -0.3)
    np.testing.assert_allclose(V, expected)


def test_made_of_nengo_objects():
    with nengo.Network():
        net = build()
    assert net.connections["W1"] in list(net.connections)
    assert isinstance(net.connections["W1"].learning_rule_type, ngc.ErrorDriven)
    assert net.connections["W1"].learning_rule_type.learn is net.learn
    assert isinstance(net.probe("phi_z1"), nengo.Probe)
    assert net.input.size_in == 10
    labels = {e.label for e in net.ensembles}
    assert {"z1", "phi_z1", "mu0", "e0", "d1", "e1", "z2"} <= labels


@pytest.mark.parametrize("backend", ["nengo", pytest.param("jax", marks=needs_jax)])
def test_settled_states_are_kept_for_the_next_presentation(backend):
    with nengo.Network(seed=0) as model:
        net = build(schedule=ngc.Schedule(4))
        nengo.Connection(nengo.Node(X[0]), net.input, synapse=None)
        node, states = net.settled("z1"), net.probe("z1")
        assert net.settled("z1") is node is net.nodes["settled_z1"]
        kept = nengo.Probe(node)
        with pytest.raises(ValidationError, match="unknown name 'z9'"):
            net.settled("z9")
    with simulator(backend, model) as sim:
        sim.run_steps(12)
        kept, z = (np.reshape(sim.data[p], (3, 4, -1)) for p in (kept, states))
    assert not kept[0].any() and z[0, -1].any()
    for now, before in zip(kept[1:], z):
        np.testing.assert_array_equal(now, np.tile(before[-1], (4, 1)))


def test_in_a_larger_model_with_other_learning(simulate):
    with nengo.Network(seed=0) as model:
        nengo.Connection(nengo.Node(X[0]), build().input, synapse=None)
        a, b = nengo.Ensemble(10, 1), nengo.Ensemble(10, 1)
        c = nengo.Connection(a, b, learning_rule_type=nengo.PES())
        nengo.Connection(b, c.learning_rule)
    sim = simulate(model, 1, 20)
    assert sim.n_steps == 20


@pytest.mark.parametrize(
    "kwargs, message",
    [
        ({"variant": "phd"}, "did you mean 'pdh'"),
        ({"shape": (10,)}, "shape"),
        ({"shape": (10, 0)}, "shape"),
        ({"shape": (10, 2.5)}, "shape"),
        ({"beta": 0}, "beta"),
        ({"leak": -1}, "leak"),
        ({"n_group": 0}, "n_group"),
        ({"activation": "rely"}, "did you mean 'relu'"),
        ({"parameters": {"W9": np.ones((2, 2))}}, "unknown parameter 'W9'"),
        ({"parameters": {"W1": np.ones((6, 10))}}, r"W1 .*\(10, 6\).*got \(6, 10\)"),
        ({"parameters": {"W1": np.full((10, 6), np.nan)}}, "W1 must be finite"),
        (
            {"parameters": {"W1": np.full((10, 6), 1j)}},
            "W1 must be .* got an array of complex128",
        ),
        ({"parameters": {"W1": np.full((10, 6), "1")}}, "W1 must be .* got an array of <U1"),
        (
            {"parameters": {"W1": [[1.0], [1.0, 2.0]]}},
            r"mapping of names to arrays .* got \{'W1'",
        ),
        ({"parameters": {"W1": np.full((10, 6), True)}}, "W1 must be .* got an array of bool"),
        ({"parameters": {"Sigma1": -np.eye(6)}}, "Sigma1 must be positive definite"),
        ({"learning_rule_type": nengo.PES()}, "learning_rule_type"),
        ({"learning_rule_type": ngc.Homeostasis(0.1)}, "learning_rule_type: .*one error"),
        ({"learning_rule_type": ngc.Precision()}, "learning_rule_type: .*one error"),
        ({"recognition_rule_type": ngc.ErrorDriven(size_in=1)}, "recognition.*one error"),
        ({"max_rate": 0}, "max_rate"),
        ({"weight_std": -1}, "weight_std"),
    ],
)
def test_bad_arguments(kwargs, message):
    arguments = {"shape": (10, 6, 4), "n_group": 2, "n_top_group": 2, **kwargs}
    with pytest.raises(ValidationError, match=message):
        with nengo.Network():
            GNCN(**arguments)


def test_unknown_names():
    with nengo.Network():
        net = build()
    with pytest.raises(ValidationError, match="z3"):
        net.probe("z3")
    with pytest.raises(KeyError, match="did you mean 'W1'"):
        net.connections["w1"]
