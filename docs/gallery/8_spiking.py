"""
The same network with spikes
============================

A network of neural generative coding can also consist of spiking neurons. This notebook trains
a network with rate neurons, replaces them by leaky integrate-and-fire neurons, and shows how
images settle while the neurons spike.
"""

import matplotlib.pyplot as plt
import nengo
import numpy as np

import nengo_ngc as ngc
from nengo_ngc import datasets, plots

plt.style.use(plots.STYLE)

# %%
# Training with rates
# -------------------

digits = datasets.load("digits", binarize=False)
model = ngc.NGCModel((72, 72), batch_size=50, max_epochs=5, random_state=0)
model.fit(digits.X_train)

# %%
# A network that spikes
# ---------------------
# ``activation`` can be any neuron type of Nengo. The neurons fire at ``max_rate`` where the
# activity is 1, and the filter ``synapse`` smooths their spikes on the way to predictions and
# errors. Four digits are shown for 100 ms each.

STEPS = 100
images = digits.X_test[:4]
with nengo.Network(seed=0) as network:
    image = nengo.Node(nengo.processes.PresentInput(images, STEPS * 0.001))
    net = ngc.networks.GNCN(
        (64, 72, 72),
        parameters=model.parameters_,
        activation=nengo.LIF(),
        max_rate=200.0,  # Hz
        synapse=0.005,  # s
        schedule=ngc.Schedule(STEPS),
        learning_rule_type=None,
    )
    nengo.Connection(image, net.input, synapse=None)
    spikes = nengo.Probe(net.ensembles["spikes1"].neurons)
    predictions, errors = net.probe("mu0"), net.probe("e0")
with nengo.Simulator(network, progress_bar=False) as sim:
    sim.run_steps(STEPS * len(images))

# %%
# Spikes, errors and predictions
# ------------------------------
# Whenever a new digit appears, the error jumps up. Within some twenty milliseconds, the spikes
# of the first layer move the prediction towards the image, and the error becomes small again.
# The lowest row shows the prediction at the end of each 100 ms, beside the image.

times = np.arange(STEPS * len(images)) + 1
fig = plt.figure(figsize=(9.0, 5.4), layout="constrained")
rows = fig.subfigures(2, 1, height_ratios=(3, 1))
raster, error = rows[0].subplots(2, 1, sharex=True, height_ratios=(2, 1))
steps, units = np.nonzero(sim.data[spikes])
raster.plot(times[steps], units, "|", ms=3, color="black")
raster.set(ylabel="neuron of layer 1")
error.plot(times, np.sum(sim.data[errors] ** 2, axis=1), color=plots.COLOURS[1])
error.set(xlabel="time (ms)", ylabel="squared error", xlim=(0, times[-1]), ylim=(0, None))
last = sim.data[predictions][STEPS - 1 :: STEPS]
pairs = rows[1].subplots(1, 2 * len(images))
for ax, pixels in zip(pairs, np.stack([images, last], axis=1).reshape(-1, 64)):
    ax.imshow(pixels.reshape(8, 8), cmap="gray", vmin=0, vmax=1)
    ax.axis("off")
plt.show()
