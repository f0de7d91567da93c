"""Predictive forward-forward tells whether a label fits an image.

The network receives an image and a label, which is drawn as the mean
image of its class. The goodness of a layer is the sum of its squared
activities. Each layer has learned to have a high goodness if the label
is right and a low goodness if it is wrong. A second circuit predicts
each layer from the layer above.

Press play. The label is right for half a second, wrong for the next
half second, and so on. Watch the goodness of both layers rise above and
fall below the threshold of 10, and watch the prediction of the image
change towards the digit that the label names.

Try the sliders:

- shift: 0 gives the right label, and 1 to 9 give the label of the
  digit that is so many classes further on.
- learn: 1 lets both circuits continue to learn, from right and from
  wrong labels.

In the original program goodness is low if the label is right, which
corresponds to low_is_positive=True.
"""

from pathlib import Path

import nengo
import numpy as np

import nengo_ngc as ngc
from nengo_ngc import datasets
from nengo_ngc.gui import ImageDisplay

STEPS = 13  # timesteps in each presentation: a feedforward pass and 12 steps
SECONDS = 40 * STEPS * 0.001  # during which one label is shown
digits = datasets.load("digits", binarize=False)
mean_images = np.array([digits.X_train[digits.y_train == k].mean(axis=0) for k in range(10)])
with np.load(Path(__file__).with_suffix(".npz")) as file:  # written by make_weights.py
    parameters = dict(file)


def shifted(t, x):
    """Return the label that is a number of classes further on."""
    return np.roll(x[:10], int(round(x[10])))


def is_right(t, shift):
    """Return 1 if the label is that of the image, and 0 otherwise."""
    return float(round(shift[0]) == 0)


with nengo.Network(label="PFF", seed=0) as model:
    shown = nengo.processes.PresentInput(digits.X_test, 2 * SECONDS)
    image = nengo.Node(shown, label="image")
    labels = nengo.processes.PresentInput(np.eye(10)[digits.y_test], 2 * SECONDS)
    right_label = nengo.Node(labels, label="right label")
    shifts = nengo.processes.PresentInput([[0], [3], [0], [5], [0], [8]], SECONDS)
    shift = nengo.Node(shifts, label="shift")
    label = nengo.Node(shifted, size_in=11, label="label")
    right = nengo.Node(is_right, size_in=1, label="right")
    nengo.Connection(right_label, label[:10], synapse=None)
    nengo.Connection(shift, label[10], synapse=None)
    nengo.Connection(shift, right, synapse=None)

    net = ngc.networks.PFF(
        (64, 64, 64),
        schedule=ngc.Schedule(STEPS, online=True),
        low_is_positive=False,
        positives_only=True,
        parameters=parameters,
        label="PFF",
    )
    net.learn.output = [0.0]
    nengo.Connection(image, net.input, synapse=None)
    nengo.Connection(label, net.target, synapse=None)
    nengo.Connection(right, net.kind, synapse=None)

    show = ImageDisplay(
        (8, 8), grid=(1, 3), titles=("image", "label", "prediction"), every=STEPS
    )
    pictures = nengo.Node(show, size_in=show.size_in, label="pictures")
    nengo.Connection(image, pictures[:64], synapse=None)
    nengo.Connection(label, pictures[64:128], transform=mean_images.T, synapse=None)
    nengo.Connection(net.connections["G1"].post, pictures[128:], synapse=None)

    goodness = nengo.Node(size_in=2, label="goodness")
    for k in range(2):
        nengo.Connection(net.settled(f"goodness{k + 1}"), goodness[k], synapse=None)
