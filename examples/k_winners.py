"""A sparse code of images that says which digit it is.

An encoder of 64-64-128 units, trained by the triplet loss, codes every
image by 7 of 128 units: those with the largest input are 1, all others
0. (Those of the same class are drawn side by side, and what is never
active comes last.)

Press play. Every digit is shown for half a second, its code beside it.
"overlap" counts the units that the code has in common with the code of
each class, and "guess" is the mean image of the class that has most.

Try the slider: noise is the standard deviation of what is added to
each pixel, anew every tenth of a second. See how much the image
changes before the code does. Try another sparsity below, too.
"""

from pathlib import Path

import nengo
import numpy as np

import nengo_ngc as ngc
from nengo_ngc import datasets
from nengo_ngc.gui import ImageDisplay

digits = datasets.load("digits", binarize=False)
mean_images = np.array([digits.X_train[digits.y_train == k].mean(axis=0) for k in range(10)])
with np.load(Path(__file__).with_suffix(".npz")) as file:  # of make_weights.py
    parameters = dict(file)


def blurred(t, x):
    """Pixels of the image, then the noise's size, then the noise itself."""
    return np.clip(x[:64] + x[64] * x[65:], 0, 1)


def mean_image(t, overlap):
    """That of the class whose code has most units in common with this one."""
    return mean_images[np.argmax(overlap)]


with nengo.Network(label="k winners", seed=0) as model:
    shown = nengo.processes.PresentInput(digits.X_test, presentation_time=0.5)
    digit = nengo.Node(shown, label="digit")
    normal = np.random.RandomState(0).randn(100, 64)
    disturbance = nengo.Node(nengo.processes.PresentInput(normal, 0.1), label="disturbance")
    noise = nengo.Node([0.0], label="noise")
    image = nengo.Node(blurred, size_in=129, label="image")
    nengo.Connection(digit, image[:64], synapse=None)
    nengo.Connection(noise, image[64], synapse=None)
    nengo.Connection(disturbance, image[65:], synapse=None)

    hidden = nengo.Ensemble(
        64,
        1,
        neuron_type=nengo.RectifiedLinear(),
        gain=np.ones(64),
        bias=parameters["b1"],
        label="hidden",
    )
    code = nengo.Ensemble(
        128,
        1,
        neuron_type=ngc.KWinnersTakeAll(sparsity=0.05),
        gain=np.ones(128),
        bias=parameters["b2"],
        label="code",
    )
    nengo.Connection(image, hidden.neurons, transform=parameters["W1"], synapse=None)
    nengo.Connection(hidden.neurons, code.neurons, transform=parameters["W2"], synapse=None)

    overlap = nengo.Node(size_in=10, label="overlap")
    class_codes = parameters["class_codes"]  # of 7 units each
    nengo.Connection(code.neurons, overlap, transform=class_codes, synapse=None)
    guess = nengo.Node(mean_image, size_in=10, label="guess")
    nengo.Connection(overlap, guess, synapse=None)

    show_images = ImageDisplay((8, 8), grid=(1, 2), titles=("image", "guess"))
    pictures = nengo.Node(show_images, size_in=show_images.size_in, label="pictures")
    nengo.Connection(image, pictures[:64], synapse=None)
    nengo.Connection(guess, pictures[64:], synapse=None)
    show_code = ImageDisplay((8, 16), titles=("7 of 128 units",))
    units = nengo.Node(show_code, size_in=show_code.size_in, label="units")
    nengo.Connection(code.neurons, units, synapse=None)
