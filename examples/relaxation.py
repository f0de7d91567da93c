"""Two networks come to rest: one from a feedforward pass, one from zero.

Both are the same layered Hopfield network, with the same weights and the same image. Open
it in Nengo GUI (``nengo examples/relaxation.py``): the plot shows ``gradients``, the norm
of the energy's gradient, which is 0 at rest, from the feedforward pass (first value) and
from zero (second). Every image is shown for 40 timesteps. Run as a script, it learns the weights
anew from scikit-learn's digits, writes them beside this file and prints how both networks
relax.
"""

from pathlib import Path

import nengo
import numpy as np

import nengo_ngc as ngc
from nengo_ngc import datasets

STEPS = 40  # timesteps for which an image is shown
SHAPE = (64, 48, 48)
WEIGHTS = Path(__file__).with_suffix(".npz")
images = datasets.load("digits", binarize=False).X_test


def weights():
    """Those that were learned, by name."""
    with np.load(WEIGHTS) as file:
        return dict(file)


def learn(n_epochs=3):
    """Train the network's auto-encoders and write the weights into a file."""
    seen = np.tile(datasets.load("digits", binarize=False).X_train, (n_epochs, 1))
    with nengo.Network(seed=0) as training:
        schedule = ngc.Schedule(steps=10, batch_size=20)
        net = ngc.networks.LayeredHopfield(SHAPE, schedule=schedule)
        stimulus = nengo.Node(nengo.processes.PresentInput(seen, 0.01))
        nengo.Connection(stimulus, net.input, synapse=None)
    with nengo.Simulator(training) as sim:
        sim.run_steps(10 * len(seen))
        learned = net.parameters(sim)
    np.savez(WEIGHTS, **{k: v.astype(np.float32) for k, v in learned.items()})


with nengo.Network(label="relaxation", seed=0) as model:
    frames = nengo.processes.PresentInput(images, presentation_time=STEPS * 0.001)
    stimulus = nengo.Node(frames, label="image")
    gradients = nengo.Node(size_in=2, label="gradients")
    for row, initial in enumerate(("feedforward", "zero")):
        net = ngc.networks.LayeredHopfield(
            SHAPE,
            initial=initial,
            schedule=ngc.Schedule(STEPS),
            optimizer=None,
            parameters=weights() if WEIGHTS.exists() else None,
            label=f"from {initial}",
        )
        nengo.Connection(stimulus, net.input, synapse=None)
        nengo.Connection(net.gradient_norm, gradients[row], synapse=None)
    probe = nengo.Probe(gradients)

if __name__ == "__main__":
    learn()
    with nengo.Simulator(model) as sim:
        for net in model.networks:
            net.set_parameters(sim, weights())
        sim.run_steps(100 * STEPS)
    norms = sim.data[probe].reshape(100, STEPS, 2).mean(axis=0)
    print("timestep  norm of the gradient from the feedforward pass, and from zero")
    for step in (0, 1, 2, 5, 10, 20, 39):
        print(f"{step + 1:8d}{norms[step, 0]:12.5f}{norms[step, 1]:12.5f}")
