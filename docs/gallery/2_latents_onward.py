"""
Wiring latent states onward
===========================

A network of neural generative coding is made of Nengo objects, so that its latent states can be
connected to anything else in a model. Here an ensemble of neurons receives the activities of
the top layer and learns by ``nengo.PES``, Nengo's own learning rule, to tell which digit the
network sees. The network itself learns without labels, before that.
"""

import nengo
import numpy as np

import nengo_ngc as ngc
from nengo_ngc import datasets, plots

digits = datasets.load("digits")

# %%
# First, a model of the images
# ----------------------------
# It sees no labels.

model = ngc.NGCModel((72, 72), batch_size=50, max_epochs=5, random_state=0)
model.fit(digits.X_train)

# %%
# Then, a network around it
# -------------------------
# Each digit is shown for 50 ms. ``net.connections["W2"]`` leads from the activities of the top
# layer down to the prediction of the layer below, so that its beginning, ``pre``, is where
# other connections may begin as well.

STEPS, N_SHOWN = 50, 600
answers = np.eye(10)[digits.y_train[:N_SHOWN]]

with nengo.Network(seed=0) as network:
    image = nengo.Node(nengo.processes.PresentInput(digits.X_train[:N_SHOWN], 0.05))
    answer = nengo.Node(nengo.processes.PresentInput(answers, 0.05))
    net = ngc.networks.GNCN(
        (64, 72, 72),
        schedule=ngc.Schedule(STEPS),
        parameters=model.parameters_,
        learning_rule_type=None,  # the network has learned enough
    )
    nengo.Connection(image, net.input, synapse=None)

    latents = net.connections["W2"].pre
    reader = nengo.Ensemble(400, 72, radius=4.0)
    nengo.Connection(latents, reader)
    guess = nengo.Node(size_in=10)
    learned = nengo.Connection(
        reader, guess, function=lambda x: np.zeros(10), learning_rule_type=nengo.PES(3e-4)
    )
    error = nengo.Node(size_in=10)
    nengo.Connection(guess, error)
    nengo.Connection(answer, error, transform=-1)
    nengo.Connection(error, learned.learning_rule)
    guesses = nengo.Probe(guess, synapse=0.01)

with nengo.Simulator(network, progress_bar=False) as sim:
    sim.run_steps(STEPS * N_SHOWN)

# %%
# What the ensemble says
# ----------------------
# While the first digits are shown the ensemble knows nothing. After some hundred of them the
# right answer lights up soon after a digit has appeared.

said = sim.data[guesses].reshape(N_SHOWN, STEPS, 10)
right = said[:, -1].argmax(axis=1) == digits.y_train[:N_SHOWN]
for start in range(0, N_SHOWN, 200):
    part = right[start : start + 200].mean()
    print(f"digits {start + 1} to {start + 200}: {part:.0%} recognised at first sight")

fig, axes = plots.figure(2, 2, figsize=(9.0, 4.2))
for (top, below), first in zip(axes.T, (0, N_SHOWN - 12)):
    shown = slice(first, first + 12)
    strip = digits.X_train[shown].reshape(12, 8, 8).transpose(1, 0, 2).reshape(8, 96)
    top.imshow(strip, cmap="gray")
    top.axis("off")
    top.set_title(f"digits {first + 1} to {first + 12}")
    below.imshow(
        said[shown].reshape(-1, 10).T,
        aspect="auto",
        cmap="magma",
        vmin=0,
        vmax=1,
        extent=(0, 12 * STEPS, 9.5, -0.5),
    )
    below.plot(
        (np.arange(12) + 0.5) * STEPS, digits.y_train[shown], "o", mfc="none", mec="white"
    )
    below.set(xlabel="time (ms)", yticks=range(10), ylabel="answer; circles: label")
fig.tight_layout()
fig
