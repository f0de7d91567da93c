"""
A learning rule of your own
===========================

A learning rule is a class with one method, ``update``. This notebook writes Sanger's rule
(Sanger 1989), by which eight linear units learn the eight largest principal components of
their input, and compares what they have learned with what linear algebra computes.
"""

import matplotlib.pyplot as plt
import nengo
import numpy as np

import nengo_ngc as ngc
from nengo_ngc import datasets, plots

plt.style.use(plots.STYLE)

# %%
# The rule
# --------
# With the input x, the output y and the weights W, Sanger's rule is
#
# .. math:: \Delta W = y x^\top - \operatorname{lower}(y y^\top)\, W
#
# where "lower" sets all entries above the diagonal to 0. The first unit learns by Oja's rule.
# Each further unit learns from what the units before it do not explain.
#
# ``update`` receives arrays with one row for each sample of a batch, and returns the sum of
# the directions in which the weights should grow. An optimiser determines the size of the
# step. ``xp`` is NumPy on Nengo. On JAX and NengoDL it has the same functions, so that the
# rule runs there, too.


class Sanger(ngc.LocalRule):
    def update(self, xp, pre, post, error, weights):
        number = xp.arange(post.shape[1])
        products = xp.einsum("bi,bj->ij", post, post)
        lower = xp.where(number[:, None] >= number, products, xp.zeros_like(products))
        return xp.einsum("bi,bj->ij", post, pre) - lower @ weights


# %%
# A network that learns by it
# ---------------------------
# Each digit is shown for one timestep, and the weights change after every 20 digits.

N_UNITS, N_EPOCHS = 8, 40
digits = datasets.load("digits", binarize=False).X_train[:1600]
centred = digits - digits.mean(axis=0)
rule = Sanger(ngc.SGD(0.1), schedule=ngc.Schedule(steps=1, batch_size=20))


def linear(n):
    """Return neurons whose activity is their input."""
    unchanged = {"gain": np.ones(n), "bias": np.zeros(n)}
    return nengo.Ensemble(n, 1, neuron_type=ngc.neurons.Identity(), **unchanged).neurons


with nengo.Network(seed=0) as network:
    image = nengo.Node(nengo.processes.PresentInput(centred, presentation_time=0.001))
    pre, post = linear(64), linear(N_UNITS)
    nengo.Connection(image, pre, synapse=None)
    first_weights = 0.1 * np.random.RandomState(0).randn(N_UNITS, 64)
    connection = nengo.Connection(
        pre, post, transform=first_weights, learning_rule_type=rule, synapse=None
    )
    weights = nengo.Probe(connection, "weights", sample_every=0.2)

with nengo.Simulator(network, progress_bar=False) as sim:
    sim.run_steps(N_EPOCHS * len(centred))

# %%
# What the units have learned
# ---------------------------
# The weights of each unit are a principal component of the digits, up to its sign.

components = np.linalg.eigh(centred.T @ centred)[1][:, ::-1].T[:N_UNITS]
history = sim.data[weights]
history = history / np.linalg.norm(history, axis=-1, keepdims=True)
cosines = np.einsum("tij,ij->ti", history, components)
learned = history[-1] * np.sign(cosines[-1])[:, None]
print("cosines between learned and computed components:", np.round(abs(cosines[-1]), 3))

fig, axes = plt.subplots(2, N_UNITS, figsize=(9.0, 2.4), layout="constrained")
for row, name, images in zip(axes, ("learned", "computed"), (learned, components)):
    row[0].text(-1, 3.5, name, ha="right", va="center")
    for ax, pixels in zip(row, images):
        ax.imshow(pixels.reshape(8, 8), cmap="RdBu", vmin=-0.35, vmax=0.35)
        ax.axis("off")
plt.show()

# %%
# Seven of the eight units have found their component after some 10,000 digits. The weights of
# the last unit become almost perpendicular to its component at first, and turn towards it
# slowly.

fig, ax = plt.subplots(figsize=(7.0, 3.4), layout="constrained")
for number, line in enumerate(abs(cosines).T):
    seen = 200 * (1 + np.arange(len(line)))
    colour = plots.COLOURS[number % len(plots.COLOURS)]
    ax.plot(seen, line, color=colour, label=f"component {number + 1}")
ax.set(xlabel="digits seen", ylabel="cosine to the computed component", ylim=(0, 1.02))
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %%
# The page "Writing your own rule" continues from here, with errors, parameters, values that a
# rule remembers, and tests.
