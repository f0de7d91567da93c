"""
A learning rule of your own
===========================

A learning rule is a class with one method, ``update``. This notebook writes Sanger's rule
(Sanger 1989), by which eight linear units find the eight principal components of their input,
and compares what they have learned with what linear algebra computes.
"""

import nengo
import numpy as np

import nengo_ngc as ngc
from nengo_ngc import datasets, plots

# %%
# The rule
# --------
# With the input x, the output y and the weights W, Sanger's rule is
#
# .. math:: \Delta W = y x^\top - \mathrm{lower}(y y^\top)\, W
#
# where "lower" sets everything above the diagonal to 0. The first unit learns by Oja's rule.
# Each further unit learns from what the units before it leave unexplained.
#
# ``update`` is given arrays with one row for each sample of a batch, and returns the sum of the
# directions in which the weights should grow. The learning rate belongs to the optimiser. ``xp``
# is NumPy on Nengo, and has the same functions on JAX and NengoDL, so that the rule runs on all
# of them.


class Sanger(ngc.LocalRule):
    def update(self, xp, pre, post, error, weights):
        order = xp.arange(post.shape[1])
        lower = order[:, None] >= order[None, :]
        products = xp.einsum("bi,bj->ij", post, post)
        explained = xp.where(lower, products, xp.zeros_like(products))
        return xp.einsum("bi,bj->ij", post, pre) - explained @ weights


# %%
# A network that learns by it
# ---------------------------
# Each digit is shown for one timestep, and the weights change after every 20 digits.

N_UNITS, N_TIMES = 8, 12
digits = datasets.load("digits", binarize=False).X_train[:1600]
centred = digits - digits.mean(axis=0)
rule = Sanger(ngc.SGD(0.02), schedule=ngc.Schedule(steps=1, batch_size=20))
first_weights = np.random.RandomState(0).randn(N_UNITS, 64) * 0.1


def linear(n):
    """Return the neurons of an ensemble whose activity is their input."""
    unchanged = {"gain": np.ones(n), "bias": np.zeros(n)}
    return nengo.Ensemble(n, 1, neuron_type=ngc.neurons.Identity(), **unchanged).neurons


with nengo.Network(seed=0) as network:
    image = nengo.Node(nengo.processes.PresentInput(centred, presentation_time=0.001))
    pre, post = linear(64), linear(N_UNITS)
    nengo.Connection(image, pre, synapse=None)
    connection = nengo.Connection(
        pre, post, transform=first_weights, learning_rule_type=rule, synapse=None
    )
    weights = nengo.Probe(connection, "weights", sample_every=0.2)

with nengo.Simulator(network, progress_bar=False) as sim:
    sim.run_steps(N_TIMES * len(centred))

# %%
# What the units have learned
# ---------------------------
# The rows of W are the principal components of the digits, from the largest variance on, but for
# their sign.

components = np.linalg.eigh(centred.T @ centred)[1][:, ::-1].T[:N_UNITS]
learned = sim.data[weights]
unit = learned / np.linalg.norm(learned, axis=-1, keepdims=True)
similarity = abs(np.einsum("tij,ij->ti", unit, components))
signs = np.sign(np.einsum("ij,ij->i", unit[-1], components))
print(np.round(similarity[-1], 3))

fig, axes = plots.figure(2, N_UNITS, figsize=(9.0, 2.6))
for row, images in zip(axes, (unit[-1] * signs[:, None], components)):
    for ax, pixels in zip(row, images):
        ax.imshow(pixels.reshape(8, 8), cmap="RdBu_r", vmin=-0.35, vmax=0.35)
        ax.axis("off")
axes[0, 0].text(-1, 3.5, "learned", ha="right", va="center")
axes[1, 0].text(-1, 3.5, "computed", ha="right", va="center")
fig.subplots_adjust(left=0.1, right=0.99, bottom=0.02, top=0.98, wspace=0.08, hspace=0.08)
fig

# %%
# The first components are found soon, and the later ones have to wait for those before them.

fig, ((ax,),) = plots.figure(1, 1, figsize=(7.0, 3.4))
for number, line in enumerate(similarity.T):
    ax.plot(np.arange(len(line)) * 200, line, color="#0072B2", alpha=1 - 0.1 * number)
ax.set(xlabel="digits seen", ylabel="similarity to the component (cosine)", ylim=(0, 1.02))
fig.tight_layout()
fig

# %%
# :doc:`/writing_rules` goes on from here: errors, parameters, memory, and how to test a rule.
