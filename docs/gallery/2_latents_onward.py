"""
Wiring latent states onward
===========================

A network of neural generative coding is made of Nengo objects. Its latent states can therefore
be connected to any other part of a model. In this notebook, an ensemble of neurons receives
the activities of the top layer, and learns by ``nengo.PES``, Nengo's own learning rule, to
name the digit that the network sees.
"""

import matplotlib.pyplot as plt
import nengo
import numpy as np

import nengo_ngc as ngc
from nengo_ngc import datasets, plots

plt.style.use(plots.STYLE)

# %%
# A model of the images
# ---------------------
# First, a model learns to predict images, without labels. ``transform`` returns the states of
# its top layer after settling. Their activities are the positive parts of them.

digits = datasets.load("digits", binarize=False)
model = ngc.NGCModel((72, 72), batch_size=50, max_epochs=5, random_state=0)
model.fit(digits.X_train)
activities = np.maximum(model.transform(digits.X_train), 0)

# %%
# A network around it
# -------------------
# Now the same network becomes a part of a larger one. Each digit is shown for 50 ms. The
# layers of the network have names: ``net.ensembles["phi_z2"]`` has the activities of the top
# layer.
#
# An ensemble receives these 72 activities. Directions at random would tell little in so many
# dimensions. Therefore each neuron prefers the direction of the activities for one training
# image. The ensemble learns from 500 digits. After that its error is set to 0, and it is
# tested with 100 digits that are new to the whole network.

STEPS, N_LEARNED, N_TEST, N_NEURONS, RADIUS = 50, 500, 100, 300, 4.0
images = np.concatenate([digits.X_train[:N_LEARNED], digits.X_test[:N_TEST]])
labels = np.concatenate([digits.y_train[:N_LEARNED], digits.y_test[:N_TEST]])
end = N_LEARNED * STEPS * 0.001  # of learning, in seconds
preferred = activities[-N_NEURONS:]

with nengo.Network(seed=0) as network:
    image = nengo.Node(nengo.processes.PresentInput(images, 0.05))
    answer = nengo.Node(nengo.processes.PresentInput(np.eye(10)[labels], 0.05))
    net = ngc.networks.GNCN(
        (64, 72, 72),
        schedule=ngc.Schedule(STEPS),
        parameters=model.parameters_,
        learning_rule_type=None,  # it has learned before
    )
    nengo.Connection(image, net.input, synapse=None)

    reader = nengo.Ensemble(
        N_NEURONS,
        72,
        radius=RADIUS,
        encoders=preferred,
        eval_points=preferred / RADIUS,
        intercepts=nengo.dists.Uniform(0, 0.6),
    )
    nengo.Connection(net.ensembles["phi_z2"].neurons, reader, synapse=None)
    guess = nengo.Node(size_in=10)
    error = nengo.Node(lambda t, e: e * (t <= end), size_in=10)
    learned = nengo.Connection(
        reader, guess, function=lambda x: np.zeros(10), learning_rule_type=nengo.PES(3e-3)
    )
    nengo.Connection(guess, error)
    nengo.Connection(answer, error, transform=-1)
    nengo.Connection(error, learned.learning_rule)
    guesses = nengo.Probe(guess, synapse=0.01)

with nengo.Simulator(network, progress_bar=False) as sim:
    sim.run_steps(STEPS * len(images))

# %%
# The answers
# -----------
# At first the ensemble knows nothing, and learns the label of each digit while it sees the
# digit. At the end, the right answer lights up soon after a new digit has appeared.

answers = sim.data[guesses].reshape(-1, STEPS, 10)
is_right = answers[:, -1].argmax(axis=1) == labels
print(f"{is_right[N_LEARNED:].mean():.0%} of the test digits are named correctly")

fig, axes = plt.subplots(
    2, 2, figsize=(9.0, 4.0), height_ratios=(1, 3), layout="constrained", sharex=True
)
N_SHOWN = 12
middles = (np.arange(N_SHOWN) + 0.5) * STEPS
parts = ("the first digits", 0), ("digits of the test", N_LEARNED)
for (top, below), (name, first) in zip(axes.T, parts):
    shown, extent = slice(first, first + N_SHOWN), (0, N_SHOWN * STEPS)
    strip = np.hstack(images[shown].reshape(N_SHOWN, 8, 8))
    top.imshow(strip, cmap="gray", aspect="auto", extent=(*extent, 0, 1))
    top.set(title=name, yticks=[])
    top.grid(False)
    values = answers[shown].reshape(-1, 10).T
    options = {"aspect": "auto", "vmin": 0, "vmax": 1, "extent": (*extent, 9.5, -0.5)}
    below.imshow(values, cmap="magma", **options)
    below.grid(False)
    below.plot(middles, labels[shown], "o", ms=9, mfc="none", mec="white")
    below.set(xlabel="time (ms)", ylabel="answer (circle: label)", yticks=range(10))
plt.show()
