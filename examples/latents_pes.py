"""An ensemble learns by PES to name what a generative coding network sees.

The network (64-72-72) has parameters that were learned in advance,
without labels. It explains each image by latent states, and an ensemble
of spiking neurons represents the activities of its first layer. PES
learns the decoders by which this ensemble names the digit.

Press play. Every digit is shown for a tenth of a second. The guesses
are wrong at first, and soon most of them are right: watch accuracy,
which is the part of right guesses among the last 50. While the ensemble
learns, a guess counts after it has already learned from the image.

Try the sliders:

- learn: 0 stops learning.
- new: 1 shows images from which nothing was ever learned. With learn at
  0, accuracy is that of new images.
"""

from pathlib import Path

import nengo
import numpy as np

import nengo_ngc as ngc
from nengo_ngc import datasets
from nengo_ngc.gui import ImageDisplay
from nengo_ngc.objects import Delay

STEPS = 50  # timesteps in each presentation
SHOWN = 100  # timesteps for which each image is shown
digits = datasets.load("digits", binarize=False)
mean_images = np.array([digits.X_train[digits.y_train == k].mean(axis=0) for k in range(10)])
with np.load(Path(__file__).with_name("ngc_digits.npz")) as file:  # see make_weights.py
    parameters = dict(file)


def image_and_digit(t, new):
    """Return the pixels of an image, followed by 1 for its digit and 0 for the others."""
    X, y = (digits.X_test, digits.y_test) if new > 0 else (digits.X_train, digits.y_train)
    k = (round(t / 0.001) - 1) // SHOWN % len(y)
    return np.concatenate([X[k], np.eye(10)[y[k]]])


class Accuracy:
    """The part of guesses that were right, among the last ones; each counts at its end."""

    def __init__(self, n_images=50):
        self.right = np.zeros(n_images)

    def __call__(self, t, x):
        shown, step = divmod(round(t / 0.001), SHOWN)
        if step == 0:
            self.right[shown % len(self.right)] = np.argmax(x[:10]) == np.argmax(x[10:])
        return np.mean(self.right)


with nengo.Network(label="latents and PES", seed=0) as model:
    new = nengo.Node([0.0], label="new")
    learn = nengo.Node([1.0], label="learn")
    stimulus = nengo.Node(image_and_digit, size_in=1, size_out=74, label="stimulus")
    nengo.Connection(new, stimulus, synapse=None)

    net = ngc.networks.GNCN(
        (64, 72, 72),
        schedule=ngc.Schedule(STEPS),
        learning_rule_type=None,
        parameters=parameters,
        label="GNCN",
    )
    nengo.Connection(stimulus[:64], net.input, synapse=None)
    latents = net.settled("phi_z1")

    features = nengo.Ensemble(
        500,
        72,
        intercepts=nengo.dists.Uniform(-0.1, 0.3),  # of 72 dimensions each is small
        label="features",
    )
    nengo.Connection(latents, features, transform=0.2, synapse=None)
    guess = nengo.Node(size_in=10, label="guess")
    named = nengo.Connection(
        features,
        guess,
        function=lambda x: np.zeros(10),
        learning_rule_type=nengo.PES(1e-3),
        synapse=0.01,
    )

    digit = nengo.Node(size_in=10, label="digit")
    # the latents are those of the presentation before
    nengo.Connection(stimulus[64:], digit, synapse=Delay(STEPS))
    error = nengo.Node(lambda t, x: x[:10] * (x[10] > 0), size_in=11, label="error")
    nengo.Connection(guess, error[:10], synapse=None)
    nengo.Connection(digit, error[:10], transform=-1, synapse=None)
    nengo.Connection(learn, error[10], synapse=None)
    nengo.Connection(error, named.learning_rule, synapse=None)

    accuracy = nengo.Node(Accuracy(), size_in=20, size_out=1, label="accuracy")
    nengo.Connection(guess, accuracy[:10], synapse=None)
    nengo.Connection(digit, accuracy[10:], synapse=None)
    imagined = nengo.Node(lambda t, x: mean_images[np.argmax(x)], size_in=10, label="imagined")
    nengo.Connection(guess, imagined, synapse=None)
    show = ImageDisplay((8, 8), grid=(1, 3), titles=("image", "prediction", "guess"), every=10)
    pictures = nengo.Node(show, size_in=show.size_in, label="pictures")
    for k, what in enumerate((stimulus[:64], net.settled("mu0"), imagined)):
        nengo.Connection(what, pictures[64 * k : 64 * (k + 1)], synapse=None)
