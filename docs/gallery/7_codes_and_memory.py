"""
Sparse codes and memory
=======================

Binary codes in which few units are 1 can be stored in binary synapses. This notebook turns
images of digits into codes of k winners, stores pairs of a code and an image in an associative
memory, and recalls the images from damaged codes.
"""

import matplotlib.pyplot as plt
import nengo
import numpy as np

import nengo_ngc as ngc
from nengo_ngc import analysis, datasets, plots

plt.style.use(plots.STYLE)

# %%
# Codes
# -----
# ``KWinnersTakeAll`` is a neuron type: of all neurons of an ensemble, the k with the largest
# input are 1, and all others are 0. Even with random weights, similar images have similar
# codes, and different images share few units. Here 25 of 500 neurons win.

N_UNITS, N_PAIRS = 500, 30
digits = datasets.load("digits")
images = digits.X_test[:N_PAIRS]

with nengo.Network(seed=0) as encoder:
    image = nengo.Node(nengo.processes.PresentInput(images - 0.5, presentation_time=0.001))
    winners = nengo.Ensemble(N_UNITS, 1, neuron_type=ngc.KWinnersTakeAll(0.05)).neurons
    random_weights = np.random.RandomState(0).randn(N_UNITS, 64)
    nengo.Connection(image, winners, transform=random_weights, synapse=None)
    probe = nengo.Probe(winners)
with nengo.Simulator(encoder, progress_bar=False) as sim:
    sim.run_steps(N_PAIRS)
codes = sim.data[probe]
shared = analysis.overlap(codes)[np.triu_indices(N_PAIRS, 1)]
print(
    f"two codes share {shared.mean():.1f} of 25 units on average, at most {shared.max():.0f}"
)

# %%
# Memory
# ------
# ``AssociativeMemory`` stores pairs of a cue and a target. A synapse becomes 1 if both of its
# units are active, and remains so. A unit of the target is recalled if it is connected to all
# active units of the cue. The memory learns in the first ``N_PAIRS`` timesteps. After that it
# sees the codes again, first whole, and then with more and more of their units missing.

KEPT = (25, 15, 8, 4, 2, 1)
rng = np.random.RandomState(1)
order = np.array([rng.permutation(np.flatnonzero(code)) for code in codes])
cues = np.zeros((len(KEPT), *codes.shape))
for cue, n_kept in zip(cues, KEPT):
    np.put_along_axis(cue, order[:, :n_kept], 1, axis=1)
presented = np.concatenate([codes, *cues])

with nengo.Network(seed=0) as network:
    memory = ngc.networks.AssociativeMemory(N_UNITS, n_out=64)
    memory.learn.output = lambda t: float(t < 0.001 * (N_PAIRS + 0.5))
    cue = nengo.Node(nengo.processes.PresentInput(presented, presentation_time=0.001))
    target = nengo.Node(nengo.processes.PresentInput(images, presentation_time=0.001))
    nengo.Connection(cue, memory.input, synapse=None)
    nengo.Connection(target, memory.target, synapse=None)
    recalled = nengo.Probe(memory.output)
with nengo.Simulator(network, progress_bar=False) as sim:
    sim.run_steps(len(presented))
recalled = sim.data[recalled][N_PAIRS:].reshape(len(KEPT), N_PAIRS, 64)

# %%
# What is recalled
# ----------------
# Each row shows the images that are recalled when so many units of their codes are presented.

wrong = abs(recalled - images).sum(axis=2).mean(axis=1)
for n_kept, n_wrong in zip(KEPT, wrong):
    print(f"{n_kept:2d} of 25 units presented: {n_wrong:4.1f} of 64 pixels are wrong")

n_shown = 10
fig, axes = plt.subplots(1 + len(KEPT), n_shown, figsize=(8.0, 5.4), layout="constrained")
names = ["stored", *(f"{n} of 25 units" for n in KEPT)]
for name, pictures, row in zip(names, [images, *recalled], axes):
    row[0].text(-1.5, 3.5, name, ha="right", va="center")
    for pixels, ax in zip(pictures, row):
        ax.imshow(pixels.reshape(8, 8), cmap="gray", vmin=0, vmax=1)
        ax.axis("off")
plt.show()
