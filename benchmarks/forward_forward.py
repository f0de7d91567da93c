"""Forward-forward by a loop that is written by hand, with settings of public programs.

The network has 784-1000-1000-1000 units, and labels are the first ten pixels of an image. It
learns 50,000 training images by gradient descent with momentum; halfway, the learning rate
begins to fall to zero. The table shows, for each setting, the error on the other 10,000 images
if all labels are tried, that of a linear readout of the second and third layer in one pass in
which all labels are equally present, and how many units of these layers are silent in that
pass for all images. "peer" is the strength of peer normalisation, and "decay" that of weight
decay.

    NENGO_NGC_DATA=... python -m benchmarks.forward_forward --epochs 100 --setting public \
        --output benchmarks/forward_forward
"""

import time
from dataclasses import dataclass
from functools import partial

import click
import jax
import jax.numpy as jnp
import numpy as np

from ._report import benchmark

SIZES, N_CLASSES, BATCH, N_TRAIN = (784, 1000, 1000, 1000), 10, 100, 50_000
LEVELS = range(1, len(SIZES))
RATE, READOUT_RATE, READOUT_DECAY, MOMENTUM = 1e-3, 1e-2, 3e-3, 0.9


@dataclass(frozen=True)
class Setting:
    """What differs from run to run: ``label`` is the pixel of a label that is present."""

    peer: float = 0.0
    decay: float = 0.0
    label: float = 1.0
    bias_rate: float = 1.0  # of the learning rate of weights


SETTINGS = {
    "public": Setting(peer=0.03, decay=3e-4),
    "plain": Setting(),
    "strong labels": Setting(label=4.6),
    "fast biases": Setting(bias_rate=1000.0),
    "both": Setting(label=4.6, bias_rate=1000.0),
}


@benchmark
@click.option("--epochs", default=20, help="Passes over the training images.")
@click.option("--seed", default=0, help="Seed of weights, and of the order of images.")
@click.option(
    "--setting",
    "names",
    type=click.Choice([*SETTINGS]),
    multiple=True,
    default=[*SETTINGS],
    help="A setting; may be given several times.",
)
def main(report, epochs, seed, names):
    """Print the table."""
    report.seeds(seed)
    data = report.load("mnist", binarize=False)
    X, y = jnp.asarray(data.X_train, jnp.float32), jnp.asarray(data.y_train)
    table = report.table(
        f"{epochs} epochs; errors on held-out images (%)",
        {
            "setting": "<14",
            "all labels tried": ">18.2f",
            "readout of one pass": ">21.2f",
            "silent units (%)": ">18.1f",
            "images/s": ">10.0f",
        },
    )
    for name in names:
        network = Network(SETTINGS[name], np.random.RandomState(seed))
        start = time.perf_counter()
        for epoch in range(epochs):
            network.learn(X[:N_TRAIN], y[:N_TRAIN], min(1.0, 2 * (1 - epoch / epochs)))
        speed = epochs * N_TRAIN / (time.perf_counter() - start)
        table.row(name, *network.measured(X[N_TRAIN:], y[N_TRAIN:]), speed)


class Network:
    """Layers that learn by their goodness, and a readout.

    Parameters
    ----------
    setting : Setting
    rng : numpy.random.RandomState
    """

    def __init__(self, setting, rng):
        self._setting, self._rng = setting, rng
        weights = {
            f"W{k}": rng.randn(SIZES[k - 1], SIZES[k]) / np.sqrt(SIZES[k]) for k in LEVELS
        }
        biases = {f"b{k}": np.zeros(SIZES[k]) for k in LEVELS}
        readout = {"Wo": np.zeros((sum(SIZES[2:]), N_CLASSES))}
        parameters = {**weights, **biases, **readout}
        self._parameters = {k: jnp.asarray(v, jnp.float32) for k, v in parameters.items()}
        self._velocity = {k: jnp.zeros_like(v) for k, v in self._parameters.items()}
        self._means = [jnp.full(SIZES[k], 0.5) for k in LEVELS]

    def learn(self, X, y, rate):
        """Learn for an epoch, with this part of the learning rates."""
        order = self._rng.permutation(len(X)).reshape(-1, BATCH)
        shift = self._rng.randint(1, N_CLASSES, size=order.shape)
        state = self._parameters, self._velocity, self._means
        state = _epoch(self._setting, state, X, y, order, shift, rate)
        self._parameters, self._velocity, self._means = jax.block_until_ready(state)

    def measured(self, X, y):
        """Both errors, and the part of units that are silent, in percent."""
        label = self._setting.label
        goodness = [
            sum(jnp.sum(z**2, axis=1) for z in _states(self._parameters, labelled(X, k)))
            for k in label * jnp.eye(N_CLASSES)
        ]
        read = _read(self._parameters, labelled(X, label / N_CLASSES))
        output = read @ self._parameters["Wo"]
        wrong = [
            100 * float(jnp.mean(jnp.argmax(e, axis=-1) != y))
            for e in (jnp.stack(goodness, axis=-1), output)
        ]
        return *wrong, 100 * float(jnp.mean(jnp.max(read, axis=0) == 0))


def labelled(X, label):
    """Images whose first pixels are a label."""
    return X.at[:, :N_CLASSES].set(label)


def normalized(z):
    """States of the mean square 1."""
    return z / (jnp.sqrt(jnp.mean(z**2, axis=-1, keepdims=True)) + 1e-8)


@jax.custom_vjp
def relu(x):
    """The rectifier, whose derivative counts as 1 everywhere."""
    return jnp.maximum(x, 0)


relu.defvjp(lambda x: (relu(x), None), lambda _, gradient: (gradient,))


def _states(parameters, z):
    """States of all layers, through which no gradient passes from layer to layer."""
    for k in LEVELS:
        below = normalized(jax.lax.stop_gradient(z))
        z = relu(below @ parameters[f"W{k}"] + parameters[f"b{k}"])
        yield z


def _read(parameters, images):
    _, *upper = _states(parameters, images)
    return jnp.concatenate([normalized(z) for z in upper], axis=-1)


def _loss(parameters, setting, x, y, shift, means):
    right = setting.label * jax.nn.one_hot(y, N_CLASSES)
    wrong = setting.label * jax.nn.one_hot((y + shift) % N_CLASSES, N_CLASSES)
    images = labelled(jnp.concatenate([x, x]), jnp.concatenate([right, wrong]))
    kind = jnp.repeat(jnp.array([1.0, 0.0]), len(x))
    total, new_means = 0.0, []
    for z, mean in zip(_states(parameters, images), means, strict=True):
        odds = jnp.sum(z**2, axis=1) - z.shape[1]
        total += jnp.mean(jax.nn.softplus(odds) - odds * kind)
        mean = 0.9 * mean + 0.1 * jnp.mean(z[: len(x)], axis=0)
        total += setting.peer * jnp.var(mean)
        new_means.append(jax.lax.stop_gradient(mean))
    read = jax.lax.stop_gradient(_read(parameters, labelled(x, setting.label / N_CLASSES)))
    log_p = jax.nn.log_softmax(read @ parameters["Wo"])
    return total - jnp.mean(jnp.take_along_axis(log_p, y[:, None], axis=1)), new_means


@partial(jax.jit, static_argnums=0)
def _epoch(setting, state, X, y, order, shift, rate):
    rates = {"W": RATE, "b": setting.bias_rate * RATE, "Wo": READOUT_RATE}
    decays = {"W": setting.decay, "b": setting.decay, "Wo": READOUT_DECAY}

    def batch(state, drawn):
        (parameters, velocity, means), (rows, shift) = state, drawn
        gradients, means = jax.grad(_loss, has_aux=True)(
            parameters, setting, X[rows], y[rows], shift, means
        )
        new_velocity, moved = {}, {}
        for name, parameter in parameters.items():
            kind = name if name in rates else name[0]
            gradient = gradients[name] + decays[kind] * parameter
            new_velocity[name] = MOMENTUM * velocity[name] + gradient
            moved[name] = parameter - rate * rates[kind] * new_velocity[name]
        return (moved, new_velocity, means), None

    return jax.lax.scan(batch, state, (order, shift))[0]


if __name__ == "__main__":
    main()
