"""A sparse code of images that tells which digit an image shows.

An encoder with layers of 64, 64 and 128 units, which was trained with
the triplet loss, represents every image by 7 of its 128 top units. The
7 units with the largest input are 1 and all others are 0. In the
picture, units that respond to the same class are next to each other,
and units that never respond come last.

Press play. Every digit is shown for half a second, with its code beside
it. "overlap" is the number of units that the code has in common with
the code of each class, and "guess" is the mean image of the class with
the largest overlap.

Try the slider: noise is the standard deviation of the noise that is
added to each pixel, and that changes every tenth of a second. Watch how
much noise the image can take before its code changes. You can also
change the sparsity in the script below.
"""

from pathlib import Path

import nengo
import numpy as np

import nengo_ngc as ngc
from nengo_ngc import datasets
from nengo_ngc.gui import ImageDisplay

digits = datasets.load("digits", binarize=False)
mean_images = np.array([digits.X_train[digits.y_train == k].mean(axis=0) for k in range(10)])
with np.load(Path(__file__).with_suffix(".npz")) as file:  # written by make_weights.py
    parameters = dict(file)


def blurred(t, x):
    """Add noise to an image; the inputs are pixels, noise level and normal noise."""
    return np.clip(x[:64] + x[64] * x[65:], 0, 1)


def mean_image(t, overlap):
    """Return the mean image of the class with the largest overlap."""
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
    class_codes = parameters["class_codes"]  # each of which has 7 units
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
