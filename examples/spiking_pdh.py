"""Predictive coding with spiking neurons beside the same network with rates.

Both networks have the parameters of ngc_digits.py, which were learned
with rate neurons. The neurons of the second network spike, at 200 Hz
where the activity is 1. A lowpass filter of 5 ms smooths the spikes on
their way to predictions and errors.

Press play. Every digit is shown for half a second, which is five
presentations of 100 timesteps. The pictures show the predictions at the
end of each presentation, which are nearly the same for spikes as for
rates; compare their squared_error, too. "layer1" shows the activities
of the first hidden layer, with one pixel for each neuron.

Try the slider: hide = 1 hides the right half of the image, which both
networks then fill in. You can also try nengo.LIF() as the activation,
max_rate=50, or synapse=0.02.
"""

from pathlib import Path

import nengo
import numpy as np

import nengo_ngc as ngc
from nengo_ngc import datasets
from nengo_ngc.gui import ImageDisplay

STEPS = 100  # timesteps in each presentation
digits = datasets.load("digits", binarize=False)
right_half = np.tile(np.arange(8) >= 4, 8)
with np.load(Path(__file__).with_name("ngc_digits.npz")) as file:
    parameters = dict(file)


def build(**kwargs):
    """Return a network that does not learn."""
    return ngc.networks.GNCN(
        (64, 72, 72),
        schedule=ngc.Schedule(STEPS),
        learning_rule_type=None,
        parameters=parameters,
        **kwargs,
    )


with nengo.Network(label="spikes", seed=0) as model:
    shown = nengo.processes.PresentInput(digits.X_test, presentation_time=0.5)
    image = nengo.Node(shown, label="image")
    hide = nengo.Node([0.0], label="hide")
    rates = build(label="rates")
    spikes = build(
        activation=nengo.SpikingRectifiedLinear(),
        max_rate=200.0,
        synapse=0.005,
        label="spikes",
    )
    visible = nengo.Node(lambda t, x: x[:64] * (1 - x[64:]), size_in=128, label="visible")
    nengo.Connection(image, visible[:64], synapse=None)
    nengo.Connection(hide, visible[64:], transform=right_half[:, None], synapse=None)

    show = ImageDisplay(
        (8, 8), grid=(1, 4), titles=("image", "visible", "rates", "spikes"), every=STEPS
    )
    pictures = nengo.Node(show, size_in=show.size_in, label="predictions")
    squared_error = nengo.Node(size_in=2, label="squared_error")
    for k, net in enumerate((rates, spikes)):
        nengo.Connection(image, net.input, synapse=None)
        nengo.Connection(hide, net.mask, transform=right_half[:, None], synapse=None)
        nengo.Connection(
            net.settled("e0"), squared_error[k], function=lambda e: e @ e, synapse=None
        )
    for k, what in enumerate((image, visible, rates.output, spikes.output)):
        nengo.Connection(what, pictures[64 * k : 64 * (k + 1)], synapse=None)

    show = ImageDisplay((8, 9), grid=(1, 2), titles=("rates", "spikes"))
    layer1 = nengo.Node(show, size_in=show.size_in, label="layer1")
    for k, net in enumerate((rates, spikes)):
        activities = net.connections["W1"].pre
        nengo.Connection(activities, layer1[72 * k : 72 * (k + 1)], synapse=None)
    probe = nengo.Probe(squared_error, sample_every=STEPS * 0.001)
