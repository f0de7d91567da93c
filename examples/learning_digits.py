"""A generative coding network learns digits from nothing, before your eyes.

Press play. The network starts with random weights, and every digit is
shown for one presentation of 20 timesteps. At first the prediction is a
grey blur. Within half a minute it becomes the digit, and squared_error
falls from 9 to 1.3. That plot shows the error at the end of each
presentation, smoothed by a lowpass filter of 0.1 s, which begins at 0.

"receptive fields" are the weights W1, while they learn: what each unit
of the first hidden layer predicts if it is active. Grey is a weight of
0.

Try the sliders:

- learn: 0 stops learning.
- hide: 1 hides the right half of the image. How well does the network
  fill it in after five seconds, and after thirty?
"""

import nengo
import numpy as np

import nengo_ngc as ngc
from nengo_ngc import datasets
from nengo_ngc.gui import ImageDisplay, WeightDisplay

STEPS = 20  # timesteps in each presentation
digits = datasets.load("digits", binarize=False)
images = digits.X_train[np.random.RandomState(0).permutation(len(digits.X_train))]
right_half = np.tile(np.arange(8) >= 4, 8)

with nengo.Network(label="learning", seed=0) as model:
    shown = nengo.processes.PresentInput(images, presentation_time=STEPS * 0.001)
    image = nengo.Node(shown, label="image")
    hide = nengo.Node([0.0], label="hide")
    net = ngc.networks.GNCN(
        (64, 48, 48),
        schedule=ngc.Schedule(STEPS),
        momentum=0.5,
        self_excitation=0.0,  # units that do not compete learn faster
        cross_inhibition=0.0,
        learning_rule_type=ngc.ErrorDriven(ngc.Adam(2e-3), norm_bound=1.0),
        label="GNCN",
    )
    nengo.Connection(image, net.input, synapse=None)
    nengo.Connection(hide, net.mask, transform=right_half[:, None], synapse=None)

    show = ImageDisplay((8, 8), grid=(1, 2), titles=("image", "prediction"), every=STEPS)
    pictures = nengo.Node(show, size_in=show.size_in, label="pictures")
    nengo.Connection(image, pictures[:64], synapse=None)
    nengo.Connection(net.output, pictures[64:], synapse=None)

    squared_error = nengo.Node(size_in=1, label="squared_error")
    nengo.Connection(net.settled("e0"), squared_error, function=lambda e: e @ e, synapse=0.1)
    probe = nengo.Probe(squared_error, sample_every=STEPS * 0.001)

    show_fields = WeightDisplay(
        lambda sim: net.parameters(sim)["W1"].T, (8, 8), grid=(4, 12), every=10 * STEPS
    )
    fields = nengo.Node(show_fields, label="receptive fields")

on_step = show_fields.on_step  # Nengo GUI calls it after each timestep
