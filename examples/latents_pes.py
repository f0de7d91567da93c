"""An ensemble learns by PES to name what a generative coding network sees.

The network (64-72-72, with parameters that were learned in advance,
without labels) explains each image by latent states. An ensemble of
spiking neurons represents the activities of its top layer, and PES
learns the decoders by which the ensemble names the digit.

Press play. Every digit is shown for a tenth of a second. At first the
guesses are wrong. Within half a minute most of them are right: watch
accuracy, the part of the last 100 images whose guess was right.

Try the sliders:

- learn: 0 stops learning.
- new images: 1 shows images from which nothing was ever learned.
"""

from pathlib import Path

import nengo
import numpy as np

import nengo_ngc as ngc
from nengo_ngc import datasets
from nengo_ngc.gui import ImageDisplay
from nengo_ngc.objects import Delay

STEPS = 50  # timesteps in each presentation
SHOWN = 100  # timesteps for which an image is shown
digits = datasets.load("digits", binarize=False)
mean_images = np.array([digits.X_train[digits.y_train == k].mean(axis=0) for k in range(10)])
with np.load(Path(__file__).with_name("ngc_digits.npz")) as file:  # from make_weights.py
    parameters = dict(file)


def image_and_label(t, new):
    """Return the pixels of an image, and 1 for its digit and 0 for the others."""
    X, y = (digits.X_test, digits.y_test) if new > 0 else (digits.X_train, digits.y_train)
    k = int(round(t / 0.001) - 1) // SHOWN % len(y)
    return np.concatenate([X[k], np.eye(10)[y[k]]])


class Accuracy:
    """The part of the last images whose guess was right in the end."""

    def __init__(self, n_images=100):
        self.right = np.zeros(n_images)
        self.step = 0

    def __call__(self, t, x):
        guess, target = x[:10], x[10:]
        self.step = int(round(t / 0.001))
        if self.step % SHOWN == 0:
            k = self.step // SHOWN % len(self.right)
            self.right[k] = np.argmax(guess) == np.argmax(target)
        return np.mean(self.right)


with nengo.Network(label="latents and PES", seed=0) as model:
    new = nengo.Node([0.0], label="new images")
    stimulus = nengo.Node(image_and_label, size_in=1, size_out=74, label="stimulus")
    nengo.Connection(new, stimulus, synapse=None)

    net = ngc.networks.GNCN(
        (64, 72, 72),
        schedule=ngc.Schedule(STEPS),
        learning_rule_type=None,
        parameters=parameters,
        label="GNCN",
    )
    nengo.Connection(stimulus[:64], net.input, synapse=None)
    latents = net.settled("phi_z2")
