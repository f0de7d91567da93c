"""
The same network with spikes
============================

A network of neural generative coding need not consist of rate neurons. This notebook trains a
network with rates, replaces its activation function by leaky integrate-and-fire neurons, and
watches how an image settles while the neurons spike.
"""

import nengo
import numpy as np

import nengo_ngc as ngc
from nengo_ngc import datasets, plots

digits = datasets.load("digits")
model = ngc.NGCModel((36, 36), batch_size=50, max_epochs=6, random_state=0)
model.fit(digits.X_train)

# %%
# A network that spikes
# ---------------------
# ``activation`` takes any neuron type of Nengo. The neurons fire at ``max_rate`` where the
# activity is 1, and ``synapse`` is the filter that smooths the spikes on their way to
# predictions and errors. Four digits are shown for 100 ms each.

STEPS = 100
images = digits.X_test[[3, 5, 7, 9]]
with nengo.Network(seed=0) as network:
    stimulus = nengo.Node(nengo.processes.PresentInput(images, STEPS * 0.001))
    net = ngc.networks.GNCN(
        (64, 36, 36),
        parameters=model.parameters_,
        activation=nengo.LIF(),
        max_rate=200.0,  # Hz
        synapse=0.01,  # s
        schedule=ngc.Schedule(STEPS),
        learning_rule_type=None,
    )
    nengo.Connection(stimulus, net.input, synapse=None)
    spikes = nengo.Probe(net.connections["W1"].pre)
    predictions, errors = net.probe("mu0"), net.probe("e0")

with nengo.Simulator(network, progress_bar=False) as sim:
    sim.run_steps(STEPS * len(images))
