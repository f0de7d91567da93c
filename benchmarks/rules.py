"""Training speed of each learning rule, side by side in one run.

Prints samples per second on 784-256-256-10 with rate neurons, as medians over
interleaved rounds of 5,120 images each, since the machine's speed drifts:

- each rule of ``RuleClassifier`` on JAX and on NengoDL,
- autodiff: automatic differentiation, what a user would pick; on NengoDL this is its ``fit``,
- loop: backprop written by hand for this network only, by gradients of JAX and by a tape of
  TensorFlow,

the ratio of each to autodiff on the same backend, and the share of the machine's float32
matrix-product peak.

    python -m benchmarks.rules --output benchmarks/rules
"""

import itertools

import click
import numpy as np

import nengo_ngc as ngc
from nengo_ngc.models import RULES

from ._measure import peak_gflops, seconds
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
        "incremental-predictive-coding": steps * (2 * sum(_WEIGHTS) + _UPPER),
    }.get(rule, 2 * sum(_WEIGHTS) + _UPPER)
    return 2e-9 * products


def trainer(rule, X, y, batch, backend):
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


def in_batches(learn, X, y, batch):
    """A function that learns from all images once, which are in memory already."""
    rng, one_hot = np.random.RandomState(0), np.eye(10, dtype="f4")[y]

    def run():
        for rows in rng.permutation(len(X)).reshape(-1, batch):
            learn(X[rows], one_hot[rows])

    return lambda: seconds(run)


def initial_weights():
    """A matrix for each layer, (n, m)."""
    rng = np.random.RandomState(0)
    pairs = zip(SIZES, SIZES[1:])
    return [(rng.randn(n, m) * np.sqrt(2 / m)).astype("f4") for m, n in pairs]


def loop_in_jax(X, y, batch):
    """Backprop by gradients of JAX, with Adam."""
    import jax
    import jax.numpy as jnp
    from jax.example_libraries import optimizers

    begin, change, parameters_of = optimizers.adam(1e-3)
    state = begin([(jnp.array(w), jnp.zeros(len(w))) for w in initial_weights()])

    def loss(parameters, x, target):
        a = x
        for level, (w, bias) in enumerate(parameters):
            a = a @ w.T + bias
            a = a if level == len(parameters) - 1 else jax.nn.relu(a)
        return -(target * jax.nn.log_softmax(a)).sum(axis=1).mean(), a

    @jax.jit
    def update(k, state, x, target):
        gradient, a = jax.grad(loss, has_aux=True)(parameters_of(state), x, target)
        return change(k, gradient, state), a

    n_made = itertools.count()

    def learn(x, target):
        nonlocal state
        state, a = update(next(n_made), state, x, target)
        return np.asarray(a)

    return in_batches(learn, X, y, batch)


def loop_in_tensorflow(X, y, batch):
    """Backprop by a tape of TensorFlow, with Adam."""
    import tensorflow as tf

    W = [tf.Variable(w) for w in initial_weights()]
    b = [tf.Variable(tf.zeros(n)) for n in SIZES[1:]]
    parameters = [*W, *b]
    m = [tf.Variable(tf.zeros_like(p)) for p in parameters]
    v = [tf.Variable(tf.zeros_like(p)) for p in parameters]
    t = tf.Variable(0.0)

    @tf.function
    def update(x, target):
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

    return in_batches(lambda x, target: update(x, target).numpy(), X, y, batch)


LOOPS = {"jax": loop_in_jax, "nengo-dl": loop_in_tensorflow}


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
        runs = {}
        for backend, loop in LOOPS.items():
            for rule in RULES:
                runs[backend, rule] = trainer(rule, X, y, batch, backend)
            runs[backend, "loop"] = loop(X, y, batch)
        for run in runs.values():
            run()
        turns = [{name: run() for name, run in runs.items()} for _ in range(rounds)]
        table = report.table(
            f"{'-'.join(map(str, SIZES))}, relu, batch {batch}",
            {
                "backend": "<10",
                "rule": "<30",
                "samples/s": ">11.0f",
                "of autodiff": ">13.2f",
                "of peak": ">9.0%",
            },
        )
        for backend, rule in runs:
            spent = np.array([turn[backend, rule] for turn in turns])
            reference = np.array([turn[backend, "autodiff"] for turn in turns])
            rate = N_ROUND / np.median(spent)
            share = rate * gflop_per_sample("backprop" if rule == "loop" else rule) / peak
            table.row(backend, rule, rate, np.median(reference / spent), share)
    report.say()
    report.say("peak of the float32 matrix product: {peak:.0f} GFLOP/s", peak=peak)


if __name__ == "__main__":
    main()
