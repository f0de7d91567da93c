"""A generative coding network fills in what it does not see.

Press play. Every digit is shown for half a second, which is ten
presentations of 50 timesteps. The pictures show what the network has
settled on at the end of each presentation: its prediction of the
image, and what the prediction leaves unexplained (grey is nothing).

Try the sliders:

- hide: 1 hides the right half of the image. Nothing there counts as
  an error any more, and the prediction fills it in.
- learn: 1 lets the network go on learning. With parameters=None below
  it knows nothing to start with: then see squared_error fall.
"""

from pathlib import Path

import nengo
import numpy as np

import nengo_ngc as ngc
from nengo_ngc import datasets
from nengo_ngc.gui import ImageDisplay

STEPS = 50  # timesteps of a presentation
digits = datasets.load("digits", binarize=False)
right_half = np.tile(np.arange(8) >= 4, 8)
with np.load(Path(__file__).with_suffix(".npz")) as file:  # of make_weights.py
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
    error = net.connections["E1"].pre

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

    squared_error = nengo.Node(lambda t, e: e @ e, size_in=64, label="squared_error")
    nengo.Connection(error, squared_error, synapse=None)
    probe = nengo.Probe(squared_error, sample_every=STEPS * 0.001)
