"""Speed of a convolutional classifier that learns on JAX, beside plain JAX.

Both have 32 filters of 5 x 5 pixels and 64 of 3 x 3, both with a stride of 2, 128 units and 10
outputs, and learn by Adam from the same batches of 28 x 28 pixels. "plain JAX" is the network
as a JAX programmer would write it, trained by automatic differentiation in one compiled
function. All are measured in turns, and the fastest round of each counts.

    python -m benchmarks.convolutions --output benchmarks/convolutions
"""

from functools import partial

import click
import jax
import jax.numpy as jnp
import nengo
import numpy as np
import optax

import nengo_ngc as ngc
from nengo_ngc.networks import FeedforwardClassifier, PredictiveCodingClassifier

from ._measure import in_turns
from ._report import benchmark

SHAPE = ((28, 28, 1), ngc.Conv(32, 5, stride=2), ngc.Conv(64, 3, stride=2), 128, 10)
RULES = "backprop", "feedback-alignment", "sign-symmetry", "direct-feedback-alignment"


@benchmark
@click.option("--batch", default=128, help="Samples in a batch.")
@click.option("--batches", default=10, help="Batches that are timed at once.")
@click.option("--rounds", default=7, help="How often each is timed.")
def main(report, batch, batches, rounds):
    """Print the table."""
    report.seeds(0)
    rng = np.random.RandomState(0)
    x = rng.uniform(size=(batch, 784)).astype(np.float32)
    y = np.eye(10, dtype=np.float32)[rng.randint(10, size=batch)]
    runs = {"plain JAX, automatic differentiation": plain(x, y)}
    for rule in RULES:
        runs[rule] = ours(FeedforwardClassifier, x, y, 1, rule=rule)
    runs["predictive coding, 5 timesteps"] = ours(PredictiveCodingClassifier, x, y, 5)
    timed = in_turns({name: partial(run, batches) for name, run in runs.items()}, rounds)
    seconds = {name: times.min() / batches for name, times in timed.items()}
    table = report.table(
        f"batches of {batch} samples",
        {
            "": "<40",
            "ms for a batch": ">14.1f",
            "samples/s": ">12.0f",
            "of plain JAX": ">14.2f",
        },
    )
    limit = next(iter(seconds.values()))
    for name, taken in seconds.items():
        table.row(name, 1e3 * taken, batch / taken, limit / taken)


def plain(x, y):
    """A function that trains the network in plain JAX on a number of batches."""
    rng = np.random.RandomState(0)
    shapes = (5, 5, 1, 32), (3, 3, 32, 64), (1600, 128), (128, 10)
    scales = [np.sqrt(2 / np.prod(shape[:-1])) for shape in shapes]
    W = [jnp.asarray(s * rng.randn(*shape), "float32") for s, shape in zip(scales, shapes)]
    parameters = [(w, jnp.zeros(w.shape[-1])) for w in W]
    adam = optax.adam(1e-3)

    def loss(parameters, x, y):
        h = x.reshape(-1, 28, 28, 1)
        how = {"dimension_numbers": ("NHWC", "HWIO", "NHWC")}
        for w, b in parameters[:2]:
            h = jax.nn.relu(jax.lax.conv_general_dilated(h, w, (2, 2), "VALID", **how) + b)
        h = h.reshape(len(x), -1)
        (w, b), (w_out, b_out) = parameters[2:]
        output = jax.nn.relu(h @ w + b) @ w_out + b_out
        return optax.softmax_cross_entropy(output, y).mean()

    @jax.jit
    def step(parameters, state, x, y):
        changes, state = adam.update(jax.grad(loss)(parameters, x, y), state)
        return optax.apply_updates(parameters, changes), state

    kept = [parameters, adam.init(parameters)]

    def run(n):
        for _ in range(n):
            kept[:] = step(*kept, x, y)
        jax.block_until_ready(kept)

    return run


def ours(network, x, y, steps, **how):
    """A function that trains one of our networks on a number of batches."""
    with nengo.Network(seed=0) as model:
        net = network(SHAPE, schedule=ngc.Schedule(steps, len(x)), **how)
        image, label = nengo.Node(np.zeros(784)), nengo.Node(np.zeros(10))
        nengo.Connection(image, net.input, synapse=None)
        nengo.Connection(label, net.target, synapse=None)
    sim = ngc.jax.Simulator(model, minibatch_size=len(x), progress_bar=False)
    shown = {image: np.repeat(x[:, None], steps, 1), label: np.repeat(y[:, None], steps, 1)}

    def run(n):
        for _ in range(n):
            sim.run_steps(steps, data=shown)
        net.parameters(sim)  # waits for the last batch

    return run


if __name__ == "__main__":
    main()
