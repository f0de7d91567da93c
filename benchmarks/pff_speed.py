"""Training speed of predictive forward-forward, side by side in one run.

Prints images per second (each with its negative) of 2 x 500 units on 784 pixels, 12 steps:

- ours: the network on NengoDL, whose updates are local and in closed form,
- tape: the original program's equations as a plain TensorFlow loop, gradients by
  automatic differentiation,

as medians over interleaved runs, their ratio, and the share of the machine's float32
matrix-product peak.

    python -m benchmarks.pff_speed --output benchmarks/pff_speed
"""

import click
import numpy as np

import nengo_ngc as ngc
from nengo_ngc.networks import PFF

from ._measure import in_turns, peak_gflops
from ._report import benchmark

SIZES, N_CLASSES, G_UNITS, STEPS = (784, 500, 500), 10, 20, 12
THRESHOLD, CARRY, RATE, LATENT_STEP = 10.0, 0.3, 2.5e-4, 0.025


def ours(x, y, kind, backend="nengo-dl"):
    """Present a batch, learn from it."""
    from nengo_ngc.backends import open_session

    schedule = ngc.Schedule(STEPS + 1, len(x), online=True)
    session = open_session(
        backend,
        lambda: PFF(SIZES, N_CLASSES, G_UNITS, schedule, THRESHOLD, seed=0),
        len(x),
        ["goodness"],
        inputs=("input", "target", "kind"),
    )
    return lambda: session.present(x, learn=True, target=y, kind=kind)


def tape(x, y, kind):
    """The same written by hand, with a tape."""
    import tensorflow as tf

    rng = np.random.RandomState(0)

    def weights(*shape):
        return tf.Variable(0.05 * rng.randn(*shape).astype("f4"))

    n0, n1, n2 = SIZES
    W1, W2, V2, Vy = weights(n0, n1), weights(n1, n2), weights(n2, n1), weights(N_CLASSES, n2)
    b1, b2, Wo, bo = weights(1, n1), weights(1, n2), weights(n2, N_CLASSES), weights(1, 10)
    L1, L2 = weights(n1, n1), weights(n2, n2)
    G1, G2, Gy = weights(n1, n0), weights(n2, n1), weights(G_UNITS, n2)
    group = np.arange(n1) // 10
    eye = np.eye(n1)
    mask = tf.constant(((group[:, None] == group) * (1 - eye) - eye).astype("f4"))
    seen = [W1, W2, V2, Vy, b1, b2, Wo, bo, L1, L2]
    made = [G1, G2, Gy]
    every = seen + made
    m = [tf.Variable(tf.zeros_like(p)) for p in every]
    v = [tf.Variable(tf.zeros_like(p)) for p in every]
    t = tf.Variable(0.0)
    x, y, kind = tf.constant(x), tf.constant(y), tf.constant(kind)

    @tf.custom_gradient
    def relu(a):
        return tf.nn.relu(a), lambda upstream: upstream

    def n(z):
        return z / (tf.norm(z, axis=1, keepdims=True) + 1e-8)

    def adam(gradients):
        t.assign_add(1.0)
        rate = RATE * tf.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        for p, m_, v_, g in zip(every, m, v, gradients):
            g = tf.clip_by_value(g, -1.0, 1.0)
            m_.assign(0.9 * m_ + 0.1 * g)
            v_.assign(0.999 * v_ + 0.001 * g * g)
            p.assign_sub(rate * m_ / (tf.sqrt(v_) + 1e-7))

    @tf.function
    def start():
        z1 = tf.nn.relu(n(x) @ W1 + b1)
        return z1, tf.nn.relu(n(z1) @ W2 + b2)

    @tf.function
    def step(z1, z2, z_g):
        with tf.GradientTape() as learning:
            a1 = n(x) @ W1 + n(z2) @ V2 + b1 - z1 @ (relu(L1) * mask)
            a2 = n(z1) @ W2 + 5 * y @ Vy + b2 - z2 @ (relu(L2) * mask)
            new1 = (1 - CARRY) * relu(a1) + CARRY * z1
            new2 = (1 - CARRY) * relu(a2) + CARRY * z2
            loss = 0.0
            for z in (new1, new2):
                odds = THRESHOLD - tf.reduce_sum(z * z, axis=1, keepdims=True)
                loss += tf.reduce_mean(
                    tf.nn.sigmoid_cross_entropy_with_logits(labels=kind, logits=odds)
                )
            right = tf.nn.softmax_cross_entropy_with_logits(y, n(z2) @ Wo + bo)
            loss += 10 * tf.reduce_mean(right[:, None] * kind)
        gradients = learning.gradient(loss, seen)
        with tf.GradientTape() as predicting:
            predicting.watch(z_g)
            errors = (
                relu(n(new1) @ G1) - x,
                relu(n(new2) @ G2) - new1,
                relu(n(z_g) @ Gy) - new2,
            )
            loss = sum(tf.reduce_mean(tf.reduce_sum(e * e, axis=1)) for e in errors)
        *of_made, of_latent = predicting.gradient(loss, [*made, z_g])
        adam(gradients + of_made)
        return new1, new2, z_g - LATENT_STEP * of_latent

    def run():
        z1, z2 = start()
        z_g = 1e-3 * tf.ones((len(x), G_UNITS))
        for _ in range(STEPS):
            z1, z2, z_g = step(z1, z2, z_g)
        return z1.numpy()

    return run


def gflop_per_sample(sizes=SIZES, steps=STEPS):
    """Products of one presentation: states, predictions, and their updates."""
    n0, n1, n2 = sizes
    states = n0 * n1 + 2 * n1 * n2 + n1 * n1 + n2 * n2 + N_CLASSES * n2 * 2
    generative = n1 * n0 + n2 * n1 + 2 * G_UNITS * n2
    return 2e-9 * steps * (2 * states + 2 * generative)


@benchmark
@click.option("--repeats", default=7, help="Turns of each program.")
@click.option("--batch", default=500, help="Images presented at once, each with a negative.")
def main(report, repeats, batch):
    """Print the table."""
    report.seeds(0)
    rng = np.random.RandomState(0)
    x = (rng.rand(2 * batch, SIZES[0]) < 0.13).astype("f4")
    y = np.eye(N_CLASSES, dtype="f4")[rng.randint(N_CLASSES, size=2 * batch)]
    kind = np.repeat([[1], [0]], batch, axis=0).astype("f4")
    seconds = in_turns({"ours": ours(x, y, kind), "tape": tape(x, y, kind)}, repeats)
    rates = {name: batch / np.median(spent) for name, spent in seconds.items()}
    peak = peak_gflops()
    report.say(f"{'-'.join(map(str, SIZES))}, batch {batch} + {batch}")
    report.say(
        "ours {ours:.0f} images/s, tape {tape:.0f}: ratio {ratio:.2f}",
        **rates,
        ratio=np.median(seconds["tape"] / seconds["ours"]),
    )
    report.say(
        "ours: {share:.0%} of the matrix product's peak of {peak:.0f} GFLOP/s",
        share=2 * rates["ours"] * gflop_per_sample() / peak,
        peak=peak,
    )


if __name__ == "__main__":
    main()
