"""Training speed and memory of PDH, side by side in one run.

Prints, for each batch size, samples per second of

- ours: ``nengo_ngc.dl.Simulator``,
- stock: ``nengo_dl.Simulator`` as it comes, on the same network,
- loop: the same circuit written by hand in TensorFlow, for this size only,

as medians over interleaved runs, since the machine's speed drifts; then the share of
the machine's float32 matrix-product peak, the peak memory against the batch size, and
the reference simulator's steps per second with the share spent outside NumPy's products.

    python -m benchmarks.throughput --output benchmarks/throughput
"""

import json
import math
import re
import subprocess
import sys
from pathlib import Path

import click
import nengo
import numpy as np

import nengo_ngc as ngc

from ._measure import in_turns, peak_gflops, seconds
from ._report import ROOT, benchmark

SHAPE, STEPS, N_PIXELS = (784, 360, 360, 360), 50, 784
BETA, LEAK = 0.1, 0.001


def images(n_samples):
    return (np.random.RandomState(0).rand(n_samples, N_PIXELS) < 0.13).astype("f4")


def build():
    return ngc.networks.GNCN(SHAPE, schedule=ngc.Schedule(STEPS), seed=1)


def ours(x):
    """Present one batch, learn from it."""
    from nengo_ngc.backends import open_session

    session = open_session("nengo-dl", build, len(x), ["mu0"])
    return lambda: session.present(x, learn=True), session.net.parameters(session.sim)


def stock(x):
    """The same network on NengoDL as it comes."""
    import nengo_dl

    with nengo.Network() as model:
        net = build()
        stimulus = nengo.Node(np.zeros(N_PIXELS))
        nengo.Connection(stimulus, net.input, synapse=None)
    sim = nengo_dl.Simulator(model, minibatch_size=len(x), progress_bar=False)
    held = {stimulus: np.repeat(x[:, None], STEPS, axis=1)}
    return lambda: sim.run_steps(STEPS, data=held)


def loop(x, parameters):
    """The circuit written by hand in TensorFlow, with Adam and the norm bound."""
    import tensorflow as tf

    n = len(x)
    x = tf.constant(x)
    p = {k: tf.Variable(v.astype("f4")) for k, v in parameters.items()}
    learned = [k for k in p if k[0] in "WEMS"]
    m = {k: tf.Variable(tf.zeros_like(p[k])) for k in learned}
    v = {k: tf.Variable(tf.zeros_like(p[k])) for k in learned}
    t = tf.Variable(0.0)

    def forward(a, w):
        return tf.matmul(a, w, transpose_b=True)

    def outer(a, b):
        return tf.matmul(a, b, transpose_a=True)

    def settle(i, z1, z2, z3, f1, f2, f3, e0, e1, e2):
        z1 = z1 + BETA * (forward(e0, p["E1"]) - e1 - LEAK * z1 - forward(f1, p["V1"]))
        z2 = z2 + BETA * (forward(e1, p["E2"]) - e2 - LEAK * z2 - forward(f2, p["V2"]))
        z3 = z3 + BETA * (forward(e2, p["E3"]) - LEAK * z3 - forward(f3, p["V3"]))
        f1, f2, f3 = tf.nn.relu(z1), tf.nn.relu(z2), tf.nn.relu(z3)
        mu0 = tf.sigmoid(forward(f1, p["W1"]) + forward(f2, p["M2"]))
        mu1 = tf.nn.relu(forward(f2, p["W2"]) + forward(f3, p["M3"]))
        mu2 = tf.nn.relu(forward(f3, p["W3"]))
        e0 = x - mu0
        e1 = forward(f1 - mu1, p["Prec1"])
        e2 = forward(f2 - mu2, p["Prec2"])
        return i + 1, z1, z2, z3, f1, f2, f3, e0, e1, e2

    @tf.function
    def train():
        hidden = [tf.zeros((n, 360))] * 6
        errors = [tf.zeros((n, N_PIXELS)), tf.zeros((n, 360)), tf.zeros((n, 360))]
        *_, f1, f2, f3, e0, e1, e2 = tf.while_loop(
            lambda i, *_: i < STEPS, settle, (0, *hidden, *errors)
        )
        up = {"W1": outer(e0, f1), "W2": outer(e1, f2), "W3": outer(e2, f3)}
        up |= {"M2": outer(e0, f2), "M3": outer(e1, f3)}
        up |= {f"E{i}": tf.transpose(up[f"W{i}"]) for i in (1, 2, 3)}
        up["Sigma1"] = 0.5 * (outer(e1, e1) - tf.transpose(p["Prec1"]))
        up["Sigma2"] = 0.5 * (outer(e2, e2) - tf.transpose(p["Prec2"]))
        t.assign_add(1.0)
        rate = 1e-3 * tf.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        for k in learned:
            g = -up[k] / n
            m[k].assign(0.9 * m[k] + 0.1 * g)
            v[k].assign(0.999 * v[k] + 0.001 * g * g)
            new = p[k] - rate * m[k] / (tf.sqrt(v[k]) + 1e-7)
            if k.startswith("Sigma"):
                lack = tf.maximum(1 - tf.linalg.diag_part(new), 0)
                new = new + tf.linalg.diag(lack) + 2.5e-4
                p[f"Prec{k[-1]}"].assign(tf.linalg.inv(tf.linalg.cholesky(new)))
            axis = 0 if k.startswith("Sigma") else 1
            p[k].assign(tf.clip_by_norm(new, 1.0, axes=[axis]))
        return tf.reduce_sum(e0 * e0)

    return lambda: train().numpy(), p


def gflop_per_sample():
    """Products of one presentation: settling and one update of the weights."""
    a, b, c, d = SHAPE
    predictions = a * b + b * c + c * d + a * c + b * d
    feedback, lateral, precision = a * b + b * c + c * d, b * b + c * c + d * d, b * b + c * c
    updates = predictions + feedback + precision
    return 2e-9 * (STEPS * (predictions + feedback + lateral + precision) + updates)


def reference_simulator(n_steps=2000):
    """Steps per second, and the share of time outside NumPy's products."""
    with nengo.Network(seed=1) as model:
        net = ngc.networks.GNCN(SHAPE, schedule=ngc.Schedule(STEPS, batch_size=512))
        stimulus = nengo.Node(images(1)[0])
        nengo.Connection(stimulus, net.input, synapse=None)
    with nengo.Simulator(model, optimize=False, progress_bar=False) as sim:
        weights = [w for w in net.parameters(sim).items() if not w[0].startswith("Sigma")]
        inputs = [(w, np.ones(w.shape[1])) for _, w in weights]
        sim.run_steps(100)
        total = min(seconds(lambda: sim.run_steps(n_steps)) for _ in range(3))

    def products():
        for _ in range(n_steps):
            for w, x in inputs:
                w @ x

    alone = min(seconds(products) for _ in range(3))
    return n_steps / total, 1 - alone / total


def compare(batch, repeats):
    """Samples per second of each program by its name, and the ratio of ours to the loop."""
    x = images(batch)
    present, parameters = ours(x)
    train, _ = loop(x, parameters)
    times = in_turns({"ours": present, "loop": train}, repeats)
    run = stock(x)
    run()
    rates = {name: batch / np.median(t) for name, t in times.items()}
    return {**rates, "stock": batch / seconds(run)}, np.median(times["loop"] / times["ours"])


def peak_memory(batch):
    """Peak resident memory in MB of a process that trains with this batch size."""
    code = f"from {__spec__.name} import own_peak_memory as m; print(m({batch}))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def own_peak_memory(batch):
    """Peak resident memory in MB of this process once it has trained."""
    present, _ = ours(images(batch))
    present()
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


@benchmark
@click.option("--repeats", default=15, help="Turns of each program.")
def main(report, repeats):
    """Print the tables."""
    peak = peak_gflops()
    report.say(f"PDH {'-'.join(map(str, SHAPE))}, {STEPS} steps")
    table = report.table(
        "training, samples/s (medians of interleaved runs)",
        {
            "batch": ">6",
            "ours": ">8.0f",
            "loop": ">8.0f",
            "stock": ">8.0f",
            "ours/loop": ">11.2f",
            "of peak": ">9.0%",
        },
    )
    for batch in (128, 512):
        rates, ratio = compare(batch, repeats)
        share = rates["ours"] * gflop_per_sample() / peak
        table.row(batch, rates["ours"], rates["loop"], rates["stock"], ratio, share)
    report.say("peak of the float32 matrix product: {peak:.0f} GFLOP/s", peak=peak)
    table = report.table("peak memory of the training process", {"batch": ">6", "MB": ">8.0f"})
    memories = {batch: peak_memory(batch) for batch in (64, 128, 256, 512, 1024)}
    for batch, megabytes in memories.items():
        table.row(batch, megabytes)
    slope = (memories[1024] - memories[64]) / (1024 - 64)
    with nengo.Network():
        shapes = build()._shapes.values()
    weights = 4 * sum(map(math.prod, shapes)) / 2**20
    report.say(
        "{slope:.3f} MB for each further sample; one copy of the parameters: {weights:.1f} MB",
        slope=slope,
        weights=weights,
    )
    steps, outside = reference_simulator()
    report.say()
    report.say(
        "reference simulator: {steps:.0f} steps/s, {outside:.0%} of the time outside NumPy's "
        "products",
        steps=steps,
        outside=outside,
    )


if __name__ == "__main__":
    main()
