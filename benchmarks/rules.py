"""Training speed of each learning rule, side by side in one run.

Prints samples per second on 784-256-256-10 with rate neurons, as medians over
interleaved rounds of 5,120 images each, since the machine's speed drifts:

- each rule of ``RuleClassifier`` on NengoDL,
- autodiff: NengoDL's own ``fit``, what a user would pick,
- loop: backprop written by hand in TensorFlow with a tape, for this network only,

the ratio of each to autodiff, and the share of the machine's float32 matrix-product peak.

    python -m benchmarks.rules --output benchmarks/rules
"""

import time

import click
import numpy as np

import nengo_ngc as ngc
from nengo_ngc.models import RULES

from ._measure import peak_gflops
from ._report import benchmark

SIZES, N_ROUND = (784, 256, 256, 10), 5120

# passes of the data through the weights in one presentation, forward, backward and for
# the update; weights of the first layer carry nothing back
_WEIGHTS = [a * b for a, b in zip(SIZES, SIZES[1:])]
_UPPER = sum(_WEIGHTS[1:])


def gflop_per_sample(rule):
    """Products that the rule needs for one image."""
    steps = RULES[rule].steps
    products = {
        "pes": sum(_WEIGHTS) + _WEIGHTS[-1],
        "direct-feedback-alignment": 2 * sum(_WEIGHTS) + 10 * sum(SIZES[1:-1]),
        "predictive-coding": steps * (sum(_WEIGHTS) + _UPPER) + sum(_WEIGHTS),
    }.get(rule, 2 * sum(_WEIGHTS) + _UPPER)
    return 2e-9 * products


def trainer(rule, X, y, batch, backend="nengo-dl"):
    """A function that learns from all images once."""
    model = ngc.RuleClassifier(
        SIZES[1:-1],
        rule=rule,
        backend=backend,
        batch_size=batch,
        max_epochs=10**6,
        random_state=0,
    )
    epochs = model.epochs(X, y)
    return lambda: len(X) / next(epochs)["samples_per_second"]


def loop(X, y, batch):
    """Backprop by a tape, with Adam, on arrays that are in memory already."""
    import tensorflow as tf

    rng = np.random.RandomState(0)
    W = [
        tf.Variable(rng.randn(n, m).astype("f4") * np.float32(np.sqrt(2 / m)))
        for m, n in zip(SIZES, SIZES[1:])
    ]
    b = [tf.Variable(tf.zeros(n)) for n in SIZES[1:]]
    parameters = [*W, *b]
    m = [tf.Variable(tf.zeros_like(p)) for p in parameters]
    v = [tf.Variable(tf.zeros_like(p)) for p in parameters]
    t = tf.Variable(0.0)
    one_hot = np.eye(10, dtype="f4")[y]

    @tf.function
    def learn(x, target):
        with tf.GradientTape() as tape:
            a = x
            for level, (w, bias) in enumerate(zip(W, b)):
                a = tf.matmul(a, w, transpose_b=True) + bias
                a = a if level == len(W) - 1 else tf.nn.relu(a)
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(target, a))
        t.assign_add(1.0)
        rate = 1e-3 * tf.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        for p, m_, v_, g in zip(parameters, m, v, tape.gradient(loss, parameters)):
            m_.assign(0.9 * m_ + 0.1 * g)
            v_.assign(0.999 * v_ + 0.001 * g * g)
            p.assign_sub(rate * m_ / (tf.sqrt(v_) + 1e-7))
        return a

    def run():
        start = time.perf_counter()
        order = rng.permutation(len(X))
        for rows in order.reshape(-1, batch):
            learn(X[rows], one_hot[rows]).numpy()
        return time.perf_counter() - start

    return run


@benchmark
@click.option("--rounds", default=9, help="Turns of each rule.")
def main(report, rounds):
    """Print the table."""
    report.seeds(0)
    rng = np.random.RandomState(0)
    X = (rng.rand(N_ROUND, SIZES[0]) < 0.13).astype("f4")
    y = rng.randint(10, size=N_ROUND)
    peak = peak_gflops()
    for batch in (128, 512):
        runs = {rule: trainer(rule, X, y, batch) for rule in RULES}
        runs["loop"] = loop(X, y, batch)
        for run in runs.values():
            run()
        seconds = {name: [] for name in runs}
        for _ in range(rounds):
            for name, run in runs.items():
                seconds[name].append(run())
        table = report.table(
            f"{'-'.join(map(str, SIZES))}, relu, batch {batch}",
            {
                "rule": "<28",
                "samples/s": ">11.0f",
                "of autodiff": ">13.2f",
                "of peak": ">9.0%",
            },
        )
        reference = np.array(seconds["autodiff"])
        for name, spent in seconds.items():
            rate = N_ROUND / np.median(spent)
            ratio = np.median(reference / np.array(spent))
            rule = "backprop" if name == "loop" else name
            share = rate * gflop_per_sample(rule) / peak
            table.row(name, rate, ratio, share)
    report.say()
    report.say("peak of the float32 matrix product: {peak:.0f} GFLOP/s", peak=peak)


if __name__ == "__main__":
    main()
