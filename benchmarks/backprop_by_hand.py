"""Backprop rows of `pc-mnist` as a loop that is written by hand, by the published protocol.

The network, its initial weights, AdamW and its schedule are those of the public program, made
of JAX and optax alone: all 60,000 training images, the best epoch on test images, and the mean
of the best five of seven seeds. If it errs as often as the row of `nengo-ngc reproduce` by
`benchmarks.published_protocol`, a difference to the published number is not due to our
networks. No setting depends on what it prints.

    NENGO_NGC_DATA=... python -m benchmarks.backprop_by_hand \
        --output benchmarks/backprop_by_hand
"""

import click
import jax
import jax.numpy as jnp
import numpy as np
import optax

from ._report import benchmark
from .published_protocol import COLUMNS, summary

SIZES, BATCH = (784, 128, 128, 128, 10), 128
# the activation, the learning rate before the warm-up, and the weight decay
SETTINGS = {
    "mnist": (jax.nn.gelu, 2.749e-4, 5.12e-3),
    "fashion-mnist": (jax.nn.relu, 2.751e-4, 1.717e-4),
}
PUBLISHED = {"mnist": 1.54, "fashion-mnist": 10.17}


@benchmark
@click.option("--epochs", default=25, help="Passes over the training images.")
@click.option("--seeds", default=7, help="Number of seeds.")
@click.option("--kept", default=5, help="The best seeds that count.")
def main(report, epochs, seeds, kept):
    """Print the table."""
    report.seeds(*range(seeds))
    loaded = {name: report.load(name, binarize=False) for name in SETTINGS}
    table = report.table(
        f"test error (%) after {epochs} epochs",
        {"data": "<15", **COLUMNS},
    )
    for name, data in loaded.items():
        curves = np.array([errors(name, data, epochs, seed) for seed in range(seeds)])
        table.row(name, PUBLISHED[name], *summary(curves, kept))


def errors(name, data, epochs, seed):
    """Errors on test images after each epoch, in percent."""
    activation, rate, decay = SETTINGS[name]
    rng = np.random.RandomState(seed)
    n_updates = epochs * (len(data.X_train) // BATCH)
    schedule = optax.warmup_cosine_decay_schedule(
        rate, 1.1 * rate, int(0.1 * n_updates), n_updates, 0.1 * rate
    )
    optimizer = optax.adamw(schedule, weight_decay=decay)
    (X, Y), (X_test, y_test) = (
        (jnp.asarray(2 * images - 1, jnp.float32), jnp.asarray(labels, int))
        for images, labels in ((data.X_train, data.y_train), (data.X_test, data.y_test))
    )
    Y = jax.nn.one_hot(Y, SIZES[-1])

    def output(layers, x):
        *hidden, last = layers
        for W, b in hidden:
            x = activation(x @ W + b)
        return x @ last[0] + last[1]

    def loss(layers, rows):
        return jnp.mean(jnp.sum((output(layers, X[rows]) - Y[rows]) ** 2, axis=1))

    def update(state, rows):
        layers, memory = state
        changes, memory = optimizer.update(jax.grad(loss)(layers, rows), memory, layers)
        return (optax.apply_updates(layers, changes), memory), None

    @jax.jit
    def epoch(state, order):
        state, _ = jax.lax.scan(update, state, order)
        return state, 100 * jnp.mean(jnp.argmax(output(state[0], X_test), axis=1) != y_test)

    layers = [drawn(rng, n_pre, n_post) for n_pre, n_post in zip(SIZES, SIZES[1:])]
    state, curve = (layers, optimizer.init(layers)), []
    for _ in range(epochs):
        order = rng.permutation(len(X))[: len(X) // BATCH * BATCH].reshape(-1, BATCH)
        state, error = epoch(state, order)
        curve.append(float(error))
    return curve


def drawn(rng, n_pre, n_post):
    """Weights and biases, uniform up to the root of the number of inputs."""
    limit = 1 / np.sqrt(n_pre)
    W, b = rng.uniform(-limit, limit, (n_pre, n_post)), rng.uniform(-limit, limit, n_post)
    return jnp.asarray(W, jnp.float32), jnp.asarray(b, jnp.float32)


if __name__ == "__main__":
    main()
