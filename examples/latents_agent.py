"""An agent that sees digits learns by reward which way to turn.

At each crossing of a maze the agent sees a digit. It has to turn left
at 0, 1 and 2, to go straight on at 3, 4 and 5, and to turn right at 6,
7, 8 and 9. Nobody tells it so. It only gets a reward of 1 if its turn
was right.

Its eye is a generative coding network (64-72-72) with parameters that
were learned in advance, without labels. An ensemble of spiking neurons
represents the network's latent states. PES learns the decoders that
say how much reward each way is worth. The basal ganglia choose the way
that is worth most, and the thalamus turns the choice into an action.

Press play. The agent is at a new crossing every fifth of a second. At
first one turn in three is right, and after a minute most turns are:
watch success, the part of right turns among the last 50.

Try the sliders:

- learn: 0 stops learning.
- explore: how much chance there is in the choice.
- new: 1 shows images from which nothing was ever learned.
"""

from pathlib import Path

import nengo
import numpy as np

import nengo_ngc as ngc
from nengo_ngc import datasets
from nengo_ngc.gui import ImageDisplay
from nengo_ngc.objects import Delay

STEPS = 50  # timesteps in each presentation
SHOWN = 200  # timesteps at each crossing
DECIDED = 100  # timesteps of each crossing until the choice counts
RIGHT_WAY = np.eye(3)[[0, 0, 0, 1, 1, 1, 2, 2, 2, 2]]  # of each digit
digits = datasets.load("digits", binarize=False)
chance = np.random.RandomState(0).rand(1000, 3)
with np.load(Path(__file__).with_name("ngc_digits.npz")) as file:  # see make_weights.py
    parameters = dict(file)


def crossing(t):
    """Return the number of a crossing, and how long the agent has been there."""
    return divmod(round(t / 0.001) - 1, SHOWN)


def image_and_way(t, new):
    """Return the pixels of an image, and 1 for the right way and 0 for others."""
    X, y = (digits.X_test, digits.y_test) if new > 0 else (digits.X_train, digits.y_train)
    k = crossing(t)[0] % len(y)
    return np.concatenate([X[k], RIGHT_WAY[y[k]]])


def surprise(t, x):
    """Return, for the chosen way, how much more was expected than the reward."""
    worth, chosen, right, learn = x[:3], x[3:6] > 0.5, x[6:9], x[9]
    decided = crossing(t)[1] >= DECIDED
    return (worth - right) * chosen * decided * (learn > 0)


class Success:
    """The part of crossings at which the turn was right, among the last ones."""

    def __init__(self, n_crossings=50):
        self.right = np.zeros(n_crossings)

    def __call__(self, t, x):
        k, step = crossing(t)
        if step == SHOWN - 1:
            self.right[k % len(self.right)] = np.argmax(x[:3]) == np.argmax(x[3:])
        return np.mean(self.right)


with nengo.Network(label="agent", seed=0) as model:
    new = nengo.Node([0.0], label="new")
    learn = nengo.Node([1.0], label="learn")
    explore = nengo.Node([0.2], label="explore")
    stimulus = nengo.Node(image_and_way, size_in=1, size_out=67, label="stimulus")
    nengo.Connection(new, stimulus, synapse=None)

    eye = ngc.networks.GNCN(
        (64, 72, 72),
        schedule=ngc.Schedule(STEPS),
        learning_rule_type=None,
        parameters=parameters,
        label="eye",
    )
    nengo.Connection(stimulus[:64], eye.input, synapse=None)
    features = nengo.Ensemble(
        500,
        72,
        intercepts=nengo.dists.Uniform(-0.1, 0.3),  # of 72 dimensions each is small
        label="features",
    )
    nengo.Connection(eye.settled("phi_z1"), features, transform=0.2, synapse=None)

    worth = nengo.Node(size_in=3, label="worth")
    learned = nengo.Connection(
        features,
        worth,
        function=lambda x: np.full(3, 0.5),
        learning_rule_type=nengo.PES(1e-3),
        synapse=0.01,
    )
    basal_ganglia = nengo.networks.BasalGanglia(3, label="basal ganglia")
    thalamus = nengo.networks.Thalamus(3, label="thalamus")
    trying = nengo.Node(
        lambda t, x: x * chance[crossing(t)[0] % len(chance)],
        size_in=1,
        size_out=3,
        label="trying",
    )
    nengo.Connection(explore, trying, synapse=None)
    nengo.Connection(worth, basal_ganglia.input, synapse=None)
    nengo.Connection(trying, basal_ganglia.input, synapse=None)
    nengo.Connection(basal_ganglia.output, thalamus.input)
    turn = nengo.Node(size_in=3, label="turn")
    nengo.Connection(thalamus.output, turn, synapse=0.01)

    right = nengo.Node(size_in=3, label="right way")
    # the latents are those of the presentation before
    nengo.Connection(stimulus[64:], right, synapse=Delay(STEPS))
    error = nengo.Node(surprise, size_in=10, size_out=3, label="surprise")
    for place, signal in ((slice(3), worth), (slice(3, 6), turn), (slice(6, 9), right)):
        nengo.Connection(signal, error[place], synapse=None)
    nengo.Connection(learn, error[9], synapse=None)
    nengo.Connection(error, learned.learning_rule, synapse=None)

    success = nengo.Node(Success(), size_in=6, size_out=1, label="success")
    nengo.Connection(turn, success[:3], synapse=None)
    nengo.Connection(right, success[3:], synapse=None)
    show = ImageDisplay((8, 8), grid=(1, 2), titles=("image", "prediction"), every=10)
    pictures = nengo.Node(show, size_in=show.size_in, label="pictures")
    nengo.Connection(stimulus[:64], pictures[:64], synapse=None)
    nengo.Connection(eye.settled("mu0"), pictures[64:], synapse=None)
