"""Two networks relax to equilibrium, from a feedforward pass and from zero.

Both are the same layered Hopfield network, with the same weights and
the same image, which is presented again every 40 timesteps. The
pictures show the image that each first hidden layer predicts, and
"gradients" is the norm of the gradient of the energy, which is 0 at
equilibrium.

Press play, and move the slider above "Speed", at the bottom left, far
to the left. The picture that starts from zero takes many timesteps to
appear, whereas the one that starts from the feedforward pass is almost
complete from the beginning.

Run as a script, this file learns the weights again from scikit-learn's
digits, writes them into this folder, and prints how both networks
relax.
"""

from pathlib import Path

import nengo
import numpy as np

import nengo_ngc as ngc
from nengo_ngc import datasets
from nengo_ngc.gui import ImageDisplay

STEPS = 40  # timesteps in each presentation
SHAPE = (64, 48, 48)
WEIGHTS = Path(__file__).with_suffix(".npz")
images = datasets.load("digits", binarize=False).X_test


def weights():
    """Return the learned weights by name."""
    with np.load(WEIGHTS) as file:
        return dict(file)


def learn(n_epochs=8):
    """Train the auto-encoders of the network and write the weights into a file."""
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
    # ten presentations of each image
    frames = nengo.processes.PresentInput(images, presentation_time=10 * STEPS * 0.001)
    stimulus = nengo.Node(frames, label="image")
    gradients = nengo.Node(size_in=2, label="gradients")
    show = ImageDisplay(
        (8, 8), grid=(1, 3), titles=("image", "from the pass", "from zero"), every=1
    )
    pictures = nengo.Node(show, size_in=show.size_in, label="pictures")
    nengo.Connection(stimulus, pictures[:64], synapse=None)
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
        first = 64 * (row + 1)
        prediction = net.probe("top_down0", sample_every=1.0).target
        nengo.Connection(prediction, pictures[first : first + 64], synapse=None)
    probe = nengo.Probe(gradients)

if __name__ == "__main__":
    learn()
    with nengo.Simulator(model) as sim:
        for net in model.networks:
            net.set_parameters(sim, weights())
        sim.run_steps(1000 * STEPS)
    norms = sim.data[probe].reshape(1000, STEPS, 2).mean(axis=0)
    print("timestep  norm of the gradient from the feedforward pass, and from zero")
    for step in (0, 1, 2, 5, 10, 20, 39):
        print(f"{step + 1:8d}{norms[step, 0]:12.5f}{norms[step, 1]:12.5f}")
