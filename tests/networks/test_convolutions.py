"""Convolutional layers in networks and estimators."""

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError

import nengo_ngc as ngc
from nengo_ngc.networks import GNCN, FeedforwardClassifier, PredictiveCodingClassifier

from ..conftest import AT_ONCE, needs_trainer, simulator

SHAPE = ((7, 6, 2), ngc.Conv(4, 3, stride=2, padding="same"), "3c2", 5, 3)
IMAGE = np.random.RandomState(0).uniform(0, 1, 84)
NETWORKS = {
    "backprop": (FeedforwardClassifier, {"rule": "backprop"}),
    "feedback alignment": (FeedforwardClassifier, {"rule": "feedback-alignment"}),
    "sign symmetry": (FeedforwardClassifier, {"rule": "sign-symmetry"}),
    "predictive coding": (PredictiveCodingClassifier, {}),
    "activities": (PredictiveCodingClassifier, {"states": "activities"}),
    "GNCN": (GNCN, {"variant": "t1", "tied": False}),
    "GNCN, tied": (GNCN, {"variant": "t1", "initial": "feedforward"}),
}


def learned(network, arguments, backend, shape=SHAPE, n_steps=12, **more):
    """The parameters after some timesteps on one image."""
    arguments = {**arguments, **more}
    with nengo.Network(seed=2) as model:
        net = network(shape, seed=1, schedule=ngc.Schedule(4), **arguments)
        n_in = net.input.size_in
        nengo.Connection(nengo.Node(IMAGE[:n_in]), net.input, synapse=None)
        if hasattr(net, "target"):
            nengo.Connection(nengo.Node([0, 1, 0]), net.target, synapse=None)
    with simulator(backend, model) as sim:
        sim.run_steps(n_steps)
        return net.parameters(sim)


@pytest.mark.parametrize("backend", AT_ONCE)
@pytest.mark.parametrize("name", NETWORKS)
def test_simulators_agree(name, backend):
    expected = learned(*NETWORKS[name], "nengo")
    start = learned(*NETWORKS[name], "nengo", n_steps=1)
    for key, found in learned(*NETWORKS[name], backend).items():
        np.testing.assert_allclose(found, expected[key], atol=1e-5)
        # errors have not come to all layers of a GNCN yet
        assert np.any(expected[key] != start[key]) or name.startswith("GNCN") and key != "W1"


@pytest.mark.parametrize("name", ["backprop", "predictive coding", "GNCN"])
def test_one_pixel_is_a_layer_of_units(name):
    network, arguments = NETWORKS[name]
    convolutional, dense = ((1, 1, 6), ngc.Conv(4, 1), 3), (6, 4, 3)
    given = learned(network, arguments, "nengo", dense, n_steps=1)
    kernels = {
        key: array.T[None, None] if key in ("W1", "E1") else array
        for key, array in given.items()
    }
    expected = learned(network, arguments, "nengo", dense, parameters=given)
    found = learned(network, arguments, "nengo", convolutional, parameters=kernels)
    for key, array in expected.items():
        own = found[key][0, 0].T if key in ("W1", "E1") else found[key]
        np.testing.assert_allclose(own, array, atol=1e-12)


def test_biases_of_a_filter_are_the_same_at_all_places():
    b = learned(*NETWORKS["backprop"], "nengo")["b1"].reshape(-1, 4)
    assert np.ptp(b, axis=0).max() < 1e-12 < np.abs(b).max()


def test_a_pass_down_is_what_the_circuit_predicts():
    net = GNCN(SHAPE[:2], "t1", activation="relu", learning_rule_type=None, seed=1)
    z = np.random.RandomState(3).uniform(0, 1, (2, net.ensembles["z1"].n_neurons))
    with nengo.Network() as model:
        model.add(net)
    with nengo.Simulator(model, progress_bar=False) as sim:
        parameters = net.parameters(sim)
    down = net.connections["W1"].transform
    assert down.kernel_shape == (3, 3, 4, 2) == parameters["W1"].shape
    shapes = down.n_filters, down.input_shape, down.output_shape, down.kernel_size
    kernel = {"init": parameters["W1"]}
    with nengo.Network() as model:
        out = nengo.Node(size_in=84)
        same = nengo.ConvolutionTranspose(*shapes, down.strides, down.padding, **kernel)
        nengo.Connection(nengo.Node(z[0]), out, transform=same, synapse=None)
        probe = nengo.Probe(out)
    with nengo.Simulator(model, progress_bar=False) as sim:
        sim.run_steps(1)
    expected = 1 / (1 + np.exp(-sim.data[probe][0]))
    np.testing.assert_allclose(net.generate(parameters, z)[0], expected, atol=1e-12)


# --- how layers are written


@pytest.mark.parametrize(
    "text, layer",
    [
        ("32c5", ngc.Conv(32, 5)),
        ("32c5s2", ngc.Conv(32, 5, 2)),
        ("8c3p", ngc.Conv(8, 3, padding="same")),
        ("8c3s2p", ngc.Conv(8, 3, stride=2, padding="same")),
    ],
)
def test_a_layer_as_text(text, layer):
    assert ngc.Conv.of(text) == layer
    assert str(layer) == text


@pytest.mark.parametrize(
    "shape, message",
    [
        ((784, ngc.Conv(8, 3), 10), "8c3 must follow an image"),
        (((28, 28), 64, "8c3", 10), "8c3 must follow an image.*layer 2 does not"),
        (((4, 4), "8c5", 10), "no larger than the layer below, which has 4 x 4 pixels"),
        (((28, 28), "8x3", 10), "'8x3' is no convolutional layer, such as 32c5s2"),
        (((28,), 8, 10), "first may be the shape of an image"),
        (((28, 28), 0, 10), "whole numbers of at least 1 or convolutional layers"),
    ],
)
def test_shapes_that_are_none(shape, message):
    with pytest.raises(ValidationError, match=message):
        FeedforwardClassifier(shape)


def test_layers_that_are_none():
    with pytest.raises(ValidationError, match="n_filters"):
        ngc.Conv(0, 3)
    with pytest.raises(ValidationError, match="padding"):
        ngc.Conv(8, 3, padding="full")
    with pytest.raises(ValidationError, match="must be 't1' with convolutional layers"):
        GNCN(((8, 8), "4c3", 5), "pdh")


# --- estimators


@needs_trainer
@pytest.mark.parametrize("rule", ["backprop", "autodiff", "predictive-coding"])
def test_a_classifier_of_images(rule, tmp_path):
    data = ngc.datasets.load("digits")
    X, y = data.X_train[:640], data.y_train[:640]
    how = {"batch_size": 32, "max_epochs": 3, "random_state": 0, "learning_rate": 0.01}
    how["rule"] = rule
    model = ngc.RuleClassifier((ngc.Conv(8, 3, padding="same"), "8c3s2", 32), **how)
    model.fit(X, y)
    assert model.score(data.X_test, data.y_test) > 0.6
    model.save(tmp_path / "model.npz")
    loaded = ngc.RuleClassifier.load(tmp_path / "model.npz")
    np.testing.assert_array_equal(
        loaded.predict_proba(data.X_test[:20]), model.predict_proba(data.X_test[:20])
    )
    shapes = {name: array.shape for name, array in loaded.parameters_.items()}
    assert shapes["W1"] == (3, 3, 1, 8) and shapes["W2"] == (3, 3, 8, 8)
    for again in (model, loaded):
        list(again.set_params(max_epochs=4).epochs(X, y, resume=True))
    np.testing.assert_array_equal(model.parameters_["W1"], loaded.parameters_["W1"])


def test_gradients_are_those_of_a_bias_for_each_filter(at_once):
    # no pixel is 0, since the slope of rectified linear neurons there is a convention
    X, y = np.random.RandomState(0).uniform(0.1, 1, (32, 64)), np.arange(32) % 3
    rate = 0.01
    # the first update of Adam has the sign of the gradient, whatever its size
    how = {"batch_size": 32, "max_epochs": 1, "random_state": 0, "anneal": False}
    layers = ("3c3", "2c2p", 5)
    found = [
        ngc.RuleClassifier(layers, rule=rule, learning_rate=rate, backend=at_once, **how)
        .fit(X, y)
        .parameters_
        for rule in ("backprop", "autodiff")
    ]
    for name, array in found[0].items():
        np.testing.assert_allclose(found[1][name], array, atol=1e-4 * rate)
    for name, n_filters in (("b1", 3), ("b2", 2)):
        biases = found[1][name].reshape(-1, n_filters)
        np.testing.assert_array_equal(biases, biases[:1].repeat(len(biases), axis=0))
        assert np.abs(biases).max() == pytest.approx(rate, rel=1e-3)


@needs_trainer
def test_a_generative_model_of_images(tmp_path):
    data = ngc.datasets.load("digits", binarize=True)
    how = {"variant": "t1", "batch_size": 50, "max_epochs": 2, "random_state": 0}
    model = ngc.NGCModel(("8c3s2", 20), steps=20, n_mixture=3, initial="previous", **how)
    model.fit(data.X_train[:500])
    assert model.history_[1]["bce"] < model.history_[0]["bce"]
    model.save(tmp_path / "model.npz")
    loaded = ngc.NGCModel.load(tmp_path / "model.npz")
    np.testing.assert_array_equal(loaded.sample(3), model.sample(3))
    assert model.sample(3).shape == (3, 64)


def test_images_of_an_unknown_shape():
    X, y = np.random.RandomState(0).uniform(size=(8, 12)), np.arange(8) % 2
    how = {"batch_size": 8, "max_epochs": 1, "backend": "nengo"}
    model = ngc.RuleClassifier(("2c2", 4), image_shape=(3, 5), **how)
    with pytest.raises(ValueError, match="image_shape must have 12 pixels, got \\(3, 5\\)"):
        model.fit(X, y)
    with pytest.warns(UserWarning):
        model.set_params(image_shape=(3, 4)).fit(X, y)
    assert model.parameters_["W1"].shape == (2, 2, 1, 2)
