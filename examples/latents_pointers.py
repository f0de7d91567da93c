"""Latent states become a semantic pointer, and Nengo SPA thinks of the next digit.

A generative coding network (64-72-72, with parameters that were learned
in advance, without labels) explains each image by latent states. A
matrix, which was fitted to training images, turns these into the
semantic pointer of the digit: a vector of 32 numbers that stands for
THREE, for example. An associative memory of Nengo SPA takes it to the
pointer of the next digit, FOUR, and the memory cleans up what was
unclear in the image.

Press play. Every digit of the test images is shown for half a second.
"guess" and "next" show how similar the two pointers are to those of all
digits, and the pictures show the mean images of the most similar ones.

Try the slider: hide = 1 hides the right half of the image, which the
network fills in. The pointers are then less certain.
"""

from pathlib import Path

import nengo
import nengo_spa as spa
import numpy as np

import nengo_ngc as ngc
from nengo_ngc import datasets
from nengo_ngc.gui import ImageDisplay

STEPS = 50  # timesteps in each presentation
NAMES = "ZERO ONE TWO THREE FOUR FIVE SIX SEVEN EIGHT NINE".split()
digits = datasets.load("digits", binarize=False)
right_half = np.tile(np.arange(8) >= 4, 8)
mean_images = np.array([digits.X_train[digits.y_train == k].mean(axis=0) for k in range(10)])
folder = Path(__file__).parent
with np.load(folder / "ngc_digits.npz") as file:  # both are made by make_weights.py
    parameters = dict(file)
with np.load(folder / "latents_pointers.npz") as file:
    to_pointer, vectors = file["to_pointer"], file["vectors"]
vocabulary = spa.Vocabulary(vectors.shape[1])
for name, vector in zip(NAMES, vectors):
    vocabulary.add(name, vector)


def likely_image(t, similarity):
    """Return the mean image of the most similar digit, or nothing if none is similar."""
    return mean_images[np.argmax(similarity)] * (np.max(similarity) > 0.3)


with spa.Network(label="latents and pointers", seed=0) as model:
    shown = nengo.processes.PresentInput(digits.X_test, presentation_time=0.5)
    image = nengo.Node(shown, label="image")
    hide = nengo.Node([0.0], label="hide")
    net = ngc.networks.GNCN(
        (64, 72, 72),
        schedule=ngc.Schedule(STEPS),
        learning_rule_type=None,
        parameters=parameters,
        label="GNCN",
    )
    nengo.Connection(image, net.input, synapse=None)
    nengo.Connection(hide, net.mask, transform=right_half[:, None], synapse=None)

    # a unit that is always 1 brings the constant part of the pointer
    always = nengo.Node([1.0], label="always")
    seen = spa.State(
        vocabulary, neurons_per_dimension=30, represent_cc_identity=False, label="seen"
    )
    latents = net.settled("phi_z1")
    nengo.Connection(latents, seen.input, transform=to_pointer[:, :-1], synapse=None)
    nengo.Connection(always, seen.input, transform=to_pointer[:, -1:], synapse=None)

    successor = spa.WTAAssocMem(
        threshold=0.3,
        input_vocab=vocabulary,
        mapping=dict(zip(NAMES, NAMES[1:] + NAMES[:1])),
        n_neurons=30,
        function=lambda x: x > 0,
        label="successor",
    )
    nengo.Connection(seen.output, successor.input, synapse=0.01)

    guess = nengo.Node(size_in=10, label="guess")
    following = nengo.Node(size_in=10, label="next")
    nengo.Connection(seen.output, guess, transform=vectors, synapse=0.02)
    nengo.Connection(successor.output, following, transform=vectors, synapse=0.02)
    guessed = nengo.Node(likely_image, size_in=10, label="guessed")
    imagined = nengo.Node(likely_image, size_in=10, label="imagined")
    nengo.Connection(guess, guessed, synapse=None)
    nengo.Connection(following, imagined, synapse=None)
    show = ImageDisplay(
        (8, 8), grid=(1, 4), titles=("image", "prediction", "guess", "next digit")
    )
    pictures = nengo.Node(show, size_in=show.size_in, label="pictures")
    for k, what in enumerate((image, net.settled("mu0"), guessed, imagined)):
        nengo.Connection(what, pictures[64 * k : 64 * (k + 1)], synapse=None)
