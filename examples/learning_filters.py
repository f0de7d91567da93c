"""Filters of a convolutional layer learn by backprop, before your eyes.

Press play. A network with random weights sees a digit every 5 timesteps,
and its label. Each of 12 filters sees patches of 5 x 5 pixels, the same
weights at all places, and all of its places teach it. "filters" shows
these weights while they learn. Grey is a weight of 0. Within half a
minute the noise turns into edges and strokes, and "right" rises from a
tenth to about nine tenths: it is the part of the last digits that the
network has recognised before it learned from them.

Try the slider, with which learn = 0 stops learning, or choose another
RULE below: "feedback-alignment" and "sign-symmetry" send errors back
through random kernels, and "fixed" leaves the filters as they are.
"""

import nengo
import numpy as np

import nengo_ngc as ngc
from nengo_ngc import datasets
from nengo_ngc.gui import ImageDisplay, WeightDisplay

RULE = "backprop"
STEPS = 5  # timesteps in each presentation
N_FILTERS, SIZE = 12, 5
digits = datasets.load("digits", binarize=False)
order = np.random.RandomState(0).permutation(len(digits.X_train))
images, labels = digits.X_train[order], np.eye(10)[digits.y_train[order]]


def filters(sim):
    """Return the weights of each filter as one row."""
    return net.parameters(sim)["W1"].reshape(SIZE * SIZE, N_FILTERS).T


with nengo.Network(label="filters", seed=0) as model:
    seconds = STEPS * 0.001
    image = nengo.Node(nengo.processes.PresentInput(images, seconds), label="image")
    label = nengo.Node(nengo.processes.PresentInput(labels, seconds), label="label")
    layers = ((8, 8), ngc.Conv(N_FILTERS, SIZE, padding="same"), ngc.Conv(16, 3, stride=2), 10)
    net = ngc.networks.FeedforwardClassifier(
        layers,
        rule=RULE,
        schedule=ngc.Schedule(STEPS),
        optimizer=ngc.Adam(2e-3),
        # small ones, so that what is learned shows soon
        parameters={"W1": 0.03 * np.random.RandomState(1).randn(SIZE, SIZE, 1, N_FILTERS)},
        label="classifier",
    )
    nengo.Connection(image, net.input, synapse=None)
    nengo.Connection(label, net.target, synapse=None)

    show_image = ImageDisplay((8, 8), titles=("image",), every=STEPS)
    picture = nengo.Node(show_image, size_in=64, label="picture")
    nengo.Connection(image, picture, synapse=None)

    compare = nengo.Node(
        lambda t, x: float(np.argmax(x[:10]) == np.argmax(x[10:])), size_in=20, label="compare"
    )
    nengo.Connection(net.output, compare[:10], synapse=None)
    nengo.Connection(label, compare[10:], synapse=None)
    right = nengo.Node(size_in=1, label="right")
    nengo.Connection(compare, right, synapse=0.5)
    probe = nengo.Probe(right, sample_every=seconds)

    show_filters = WeightDisplay(filters, (SIZE, SIZE), grid=(3, 4), every=20 * STEPS)
    fields = nengo.Node(show_filters, label="filters")

on_step = show_filters.on_step  # Nengo GUI calls it after each timestep
