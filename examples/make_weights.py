"""Learns the parameters of the examples and writes them into this folder.

Without arguments the script writes four files, which takes a few minutes; with the names of
examples it writes only theirs. NengoDL and Nengo SPA must be installed::

    python examples/make_weights.py
    python examples/make_weights.py pff_digits

The example ``relaxation.py`` learns its own parameters when it is run as a script.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import nengo
import numpy as np

import nengo_ngc as ngc
from nengo_ngc import analysis, datasets
from nengo_ngc.namespace import NUMPY

digits = datasets.load("digits", binarize=False)


def ngc_digits():
    """Train a generative coding network with layers of 64, 72 and 72 units."""
    model = ngc.NGCModel((72, 72), batch_size=50, max_epochs=40, n_mixture=1, random_state=0)
    learned = model.fit(digits.X_train).parameters_
    errors = digits.X_test - model.reconstruct(digits.X_test)
    print(f"ngc_digits: squared error {(errors**2).sum(axis=1).mean():.2f} per test image")
    # V is fixed, and Sigma can be computed from Prec
    return {name: array for name, array in learned.items() if name[0] in "WEMP"}


def pff_digits():
    """Train predictive forward-forward so that goodness is high for right labels."""
    model = ngc.PFFClassifier(
        (64, 64),
        batch_size=50,
        max_epochs=30,
        learning_rate=1e-3,
        low_is_positive=False,
        random_state=0,
    )
    model.fit(digits.X_train, digits.y_train)
    error = 1 - model.score(digits.X_test, digits.y_test)
    print(f"pff_digits: {100 * error:.1f} % test error")
    return model.parameters_


def k_winners(sizes=(64, 64, 128), n_epochs=100, batch_size=50):
    """Train an encoder with the triplet loss, and compute the codes of the classes."""
    import tf_keras

    from nengo_ngc.backends.nengo_dl.losses import TripletLoss

    winners = ngc.SoftKWinnersTakeAll(0.05, hardness=5.0)
    with nengo.Network(seed=0) as model:
        stimulus = nengo.Node(np.zeros(sizes[0]))
        layers = [stimulus]
        for n, neuron_type in zip(sizes[1:], (nengo.RectifiedLinear(), winners)):
            layer = nengo.Ensemble(
                n, 1, neuron_type=neuron_type, gain=np.ones(n), bias=np.zeros(n)
            )
            he = nengo.dists.Gaussian(0, np.sqrt(2 / layers[-1].size_out))
            nengo.Connection(
                layers[-1],
                layer.neurons,
                transform=nengo.Dense((n, layers[-1].size_out), init=he),
                synapse=None,
            )
            layers.append(layer.neurons)
        probe = nengo.Probe(layers[-1])
    rate = tf_keras.optimizers.schedules.PolynomialDecay(
        1e-3, n_epochs * len(digits.X_train) // batch_size, 2e-5
    )
    with ngc.dl.Simulator(model, batch_size, progress_bar=False, seed=0) as sim:
        sim.compile(tf_keras.optimizers.Adam(rate), loss=TripletLoss(0.3))
        n = len(digits.X_train) // batch_size * batch_size
        images, labels = digits.X_train[:n, None], digits.y_train[:n, None, None]
        sim.fit({stimulus: images}, {probe: labels}, epochs=n_epochs, verbose=0)
        learned = {}
        for level, connection in enumerate(model.connections, start=1):
            learned[f"W{level}"] = sim.signals[sim.model.sig[connection]["weights"]]
            learned[f"b{level}"] = sim.signals[sim.model.sig[connection.post]["bias"]]
    # units of the same class next to each other, units that are never active last
    codes = encode(digits.X_train, winners, learned)
    _, means = analysis.class_means(codes, digits.y_train)
    order = np.lexsort((-means.max(axis=0), means.argmax(axis=0), means.max(axis=0) == 0))
    learned["W2"], learned["b2"] = learned["W2"][order], learned["b2"][order]
    codes, new = codes[:, order], encode(digits.X_test, winners, learned)
    k = winners.n_winners(sizes[-1])
    classes, learned["class_codes"] = analysis.centroids(codes, digits.y_train, k)
    found = analysis.nearest_centroid(new, classes, learned["class_codes"])
    error, n_silent = np.mean(found != digits.y_test), np.sum(~codes.any(axis=0))
    print(f"k_winners: {100 * error:.1f} % test error, {n_silent} silent units")
    return learned


def latents_pointers(n_dimensions=32):
    """Fit the matrix that takes settled states of ``ngc_digits`` to semantic pointers."""
    import nengo_spa as spa
    from sklearn.linear_model import Ridge

    vocabulary = spa.Vocabulary(n_dimensions, pointer_gen=np.random.RandomState(0))
    names = "ZERO ONE TWO THREE FOUR FIVE SIX SEVEN EIGHT NINE".split()
    vocabulary.populate("; ".join(names))
    vectors = np.array([vocabulary[name].v for name in names])
    fit = Ridge(10.0).fit(settled(digits.X_train), vectors[digits.y_train])
    found = (fit.predict(settled(digits.X_test)) @ vectors.T).argmax(axis=1)
    error = 100 * np.mean(found != digits.y_test)
    print(f"latents_pointers: {error:.1f} % of test images are nearest to another digit")
    to_pointer = np.concatenate([fit.coef_, fit.intercept_[:, None]], axis=1)
    return {"to_pointer": to_pointer, "vectors": vectors}


def settled(X, steps=50):
    """Return the activities of the first layer of ``ngc_digits`` for images."""
    with np.load(Path(__file__).with_name("ngc_digits.npz")) as file:
        parameters = dict(file)
    with nengo.Network(seed=0) as model:
        image = nengo.Node(nengo.processes.PresentInput(X, steps * 0.001))
        net = ngc.networks.GNCN(
            (64, 72, 72),
            schedule=ngc.Schedule(steps),
            learning_rule_type=None,
            parameters=parameters,
        )
        nengo.Connection(image, net.input, synapse=None)
        probe = net.probe("phi_z1", sample_every=steps * 0.001)
    with nengo.Simulator(model, progress_bar=False) as sim:
        sim.run_steps(steps * len(X))
    return sim.data[probe]


def encode(X, winners, learned):
    """Return the codes of images."""
    hidden = np.maximum(X @ learned["W1"].T + learned["b1"], 0)
    return winners.activity(NUMPY, hidden @ learned["W2"].T + learned["b2"])


if __name__ == "__main__":
    makers = (ngc_digits, pff_digits, k_winners, latents_pointers)
    for make in makers:
        if make.__name__ in sys.argv[1:] or len(sys.argv) == 1:
            arrays = {name: np.float32(array) for name, array in make().items()}
            np.savez_compressed(Path(__file__).with_name(f"{make.__name__}.npz"), **arrays)
