"""A network that learns digits while you watch.

Open it in Nengo GUI (``nengo examples/ngc_digits.py``) and plot ``quality``: the squared
error of the prediction of each image, which falls as the network learns. The node
``learn`` of the network is a slider that switches learning. Run as a script, it prints
the error of the first and the last hundred images.
"""

import nengo
import numpy as np

import nengo_ngc as ngc
from nengo_ngc import datasets

STEPS = 50  # timesteps for which an image is shown
images = datasets.load("digits").X_train

with nengo.Network(label="digits", seed=0) as model:
    frames = nengo.processes.PresentInput(images, presentation_time=STEPS * 0.001)
    stimulus = nengo.Node(frames, label="image")
    net = ngc.networks.GNCN(
        (64, 72, 72),
        variant="pdh",
        schedule=ngc.Schedule(STEPS, batch_size=4),
        learning_rule_type=ngc.ErrorDriven(ngc.Adam(2e-3), norm_bound=1.0),
        label="GNCN",
    )
    nengo.Connection(stimulus, net.input, synapse=None)
    quality = nengo.Node(lambda t, e: np.sum(e**2), size_in=64, label="quality")
    errors = net.connections["E1"].pre
    nengo.Connection(errors, quality, synapse=None)
    probe = nengo.Probe(quality, sample_every=STEPS * 0.001)

if __name__ == "__main__":
    with nengo.Simulator(model, optimize=False) as sim:
        sim.run(len(images) * STEPS * 0.001)
    squared = sim.data[probe][:, 0]
    print(f"first 100 images: {squared[:100].mean():.1f}")
    print(f"last 100 images: {squared[-100:].mean():.1f}")
