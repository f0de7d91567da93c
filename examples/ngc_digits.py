"""A generative coding network fills in the hidden half of an image.

Press play. Every digit is shown for half a second, which is ten
presentations of 50 timesteps. At the end of each presentation the
pictures show the network's prediction of the image and the prediction
error, in which grey stands for an error of 0. squared_error is that of
the settled network, too: the value from the end of each presentation is
shown during the next one.

Try the sliders:

- hide: 1 hides the right half of the image. Hidden pixels make no
  error, and the prediction fills them in.
- learn: 1 lets the network continue to learn. The example
  learning_digits starts without having learned anything.
"""

from pathlib import Path

import nengo
import numpy as np

import nengo_ngc as ngc
from nengo_ngc import datasets
from nengo_ngc.gui import ImageDisplay

STEPS = 50  # timesteps in each presentation
digits = datasets.load("digits", binarize=False)
right_half = np.tile(np.arange(8) >= 4, 8)
with np.load(Path(__file__).with_suffix(".npz")) as file:  # written by make_weights.py
    parameters = dict(file)

with nengo.Network(label="digits", seed=0) as model:
    shown = nengo.processes.PresentInput(digits.X_test, presentation_time=0.5)
    image = nengo.Node(shown, label="image")
    hide = nengo.Node([0.0], label="hide")
    net = ngc.networks.GNCN(
        (64, 72, 72),
        schedule=ngc.Schedule(STEPS),
        parameters=parameters,
        label="GNCN",
    )
    net.learn.output = [0.0]
    nengo.Connection(image, net.input, synapse=None)
    nengo.Connection(hide, net.mask, transform=right_half[:, None], synapse=None)
    error = net.ensembles["e0"].neurons

    visible = nengo.Node(lambda t, x: x[:64] * (1 - x[64:]), size_in=128, label="visible")
    nengo.Connection(image, visible[:64], synapse=None)
    nengo.Connection(net.mask, visible[64:], synapse=None)
    show = ImageDisplay(
        (8, 8),
        grid=(1, 4),
        low=[0, 0, 0, -1],
        titles=("image", "visible", "prediction", "error"),
        every=STEPS,
    )
    pictures = nengo.Node(show, size_in=show.size_in, label="pictures")
    for k, what in enumerate((image, visible, net.output, error)):
        nengo.Connection(what, pictures[64 * k : 64 * (k + 1)], synapse=None)

    squared_error = nengo.Node(size_in=1, label="squared_error")
    nengo.Connection(net.settled("e0"), squared_error, function=lambda e: e @ e, synapse=None)
    probe = nengo.Probe(squared_error, sample_every=STEPS * 0.001)
