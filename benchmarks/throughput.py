"""Training speed and memory of PDH, side by side in one run.

Prints, for each batch size, samples per second of

- dl: ``nengo_ngc.dl.Simulator``,
- stock: ``nengo_dl.Simulator`` as it comes, on the same network,
- loop: the same circuit written by hand in TensorFlow, for this size only,

as medians over interleaved runs, since the machine's speed drifts; then the share of
the machine's float32 matrix-product peak that the loop reaches, the peak memory against the
batch size, and the reference simulator's steps per second with the share spent outside
NumPy's products. Our simulators can be faster than the loop, since they multiply by the
matrices of lateral inhibition group by group.

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

SHAPE, STEPS = (784, 360, 360, 360), 50
BETA, LEAK = 0.1, 0.001

BACKENDS = {"dl": "nengo-dl", "jax": "jax"}  # by the names of their columns


def images(n_samples):
    return (np.random.RandomState(0).rand(n_samples, SHAPE[0]) < 0.13).astype("f4")


def build():
    return ngc.networks.GNCN(SHAPE, schedule=ngc.Schedule(STEPS), seed=1)


def ours(x, backend):
    """Present one batch on a backend, learn from it."""
    from nengo_ngc.backends import open_session

    session = open_session(backend, build, len(x), ["mu0"])
    return lambda: session.present(x, learn=True), session.parameters


def stock(x):
    """The same network on NengoDL as it comes."""
    import nengo_dl

    with nengo.Network() as model:
        net = build()
        stimulus = nengo.Node(np.zeros(SHAPE[0]))
        nengo.Connection(stimulus, net.input, synapse=None)
    sim = nengo_dl.Simulator(model, minibatch_size=len(x), progress_bar=False)
    held = {stimulus: np.repeat(x[:, None], STEPS, axis=1)}
    return lambda: sim.run_steps(STEPS, data=held)


def loop(x, parameters):
    """The limit: the circuit written by hand in TensorFlow, with Adam and the norm bound.

    Its matrices are (pre, post), since a product with a transposed one takes longer.
    """
    import tensorflow as tf

    n = len(x)
    x = tf.constant(x)
    matrices = {
        name: (array if name.startswith("Sigma") else array.T).astype("f4")
        for name, array in parameters.items()
    }
    V1, V2, V3 = (tf.constant(matrices.pop(name)) for name in ("V1", "V2", "V3"))
    p = {name: tf.Variable(array) for name, array in matrices.items()}
    learned = [name for name in p if not name.startswith("Prec")]
    m = {name: tf.Variable(tf.zeros_like(p[name])) for name in learned}
    v = {name: tf.Variable(tf.zeros_like(p[name])) for name in learned}
    t = tf.Variable(0.0)

    def settle(i, z1, z2, z3, f1, f2, f3, e0, e1, e2):
        z1 += BETA * (e0 @ p["E1"] - e1 - LEAK * z1 - f1 @ V1)
        z2 += BETA * (e1 @ p["E2"] - e2 - LEAK * z2 - f2 @ V2)
        z3 += BETA * (e2 @ p["E3"] - LEAK * z3 - f3 @ V3)
        f1, f2, f3 = tf.nn.relu(z1), tf.nn.relu(z2), tf.nn.relu(z3)
        e0 = x - tf.sigmoid(f1 @ p["W1"] + f2 @ p["M2"])
        e1 = (f1 - tf.nn.relu(f2 @ p["W2"] + f3 @ p["M3"])) @ p["Prec1"]
        e2 = (f2 - tf.nn.relu(f3 @ p["W3"])) @ p["Prec2"]
        return i + 1, z1, z2, z3, f1, f2, f3, e0, e1, e2

    def outer(a, b):
        return tf.matmul(a, b, transpose_a=True) / n

    def updates(f1, f2, f3, e0, e1, e2):
        up = {"W1": outer(f1, e0), "W2": outer(f2, e1), "W3": outer(f3, e2)}
        up |= {"M2": outer(f2, e0), "M3": outer(f3, e1)}
        up |= {f"E{i}": tf.transpose(up[f"W{i}"]) for i in (1, 2, 3)}
        for i, e in (1, e1), (2, e2):
            up[f"Sigma{i}"] = 0.5 * (outer(e, e) - p[f"Prec{i}"] / n)
        return up

    @tf.function
    def train():
        e0, z1, z2, z3 = (tf.zeros((n, size)) for size in SHAPE)
        _, _, _, _, *settled = tf.while_loop(
            lambda i, *_: i < STEPS, settle, (0, z1, z2, z3, z1, z2, z3, e0, z1, z2)
        )
        t.assign_add(1.0)
        rate = 1e-3 * tf.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        for name, up in updates(*settled).items():
            m[name].assign(0.9 * m[name] - 0.1 * up)
            v[name].assign(0.999 * v[name] + 0.001 * up * up)
            new = p[name] - rate * m[name] / (tf.sqrt(v[name]) + 1e-7)
            if name.startswith("Sigma"):
                lack = tf.maximum(1 - tf.linalg.diag_part(new), 0)
                new += tf.linalg.diag(lack) + 2.5e-4
                root = tf.linalg.cholesky(new)
                p[f"Prec{name[5:]}"].assign(tf.linalg.inv(root, adjoint=True))
            p[name].assign(tf.clip_by_norm(new, 1.0, axes=[0]))
        return tf.reduce_sum(settled[3] ** 2)

    return lambda: train().numpy(), p


def gflop_per_sample(shape=SHAPE, steps=STEPS):
    """Products of one presentation: settling and one update of the weights."""
    a, b, c, d = shape
    predictions = a * b + b * c + c * d + a * c + b * d
    feedback, lateral, precision = a * b + b * c + c * d, b * b + c * c + d * d, b * b + c * c
    updates = predictions + feedback + precision
    return 2e-9 * (steps * (predictions + feedback + lateral + precision) + updates)


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
    """Samples per second of each program by its name, and of each backend by the loop's."""
    x = images(batch)
    programs = {}
    for name, backend in BACKENDS.items():
        programs[name], parameters = ours(x, backend)
    programs["loop"], _ = loop(x, parameters())
    times = in_turns(programs, repeats)
    run = stock(x)
    run()
    rates = {name: batch / np.median(t) for name, t in times.items()}
    ratios = {name: np.median(times["loop"] / times[name]) for name in BACKENDS}
    return {**rates, "stock": batch / seconds(run)}, ratios


def peak_memory(batch):
    """Peak resident memory in MB of a process that trains with this batch size."""
    code = f"from {__spec__.name} import own_peak_memory as m; print(m({batch}))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def own_peak_memory(batch):
    """Peak resident memory in MB of this process once it has trained."""
    present, _ = ours(images(batch), "nengo-dl")
    present()
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


@benchmark
@click.option("--repeats", default=15, help="Turns of each program.")
def main(report, repeats):
    """Print the tables."""
    report.seeds(0, 1)
    peak = peak_gflops()
    report.say(f"PDH {'-'.join(map(str, SHAPE))}, {STEPS} steps")
    table = report.table(
        "training, samples/s (medians of interleaved runs)",
        {
            "batch": ">6",
            **{name: ">8.0f" for name in (*BACKENDS, "loop", "stock")},
            **{f"{name}/loop": ">11.2f" for name in BACKENDS},
            "loop of peak": ">14.0%",
        },
    )
    for batch in (128, 512):
        rates, ratios = compare(batch, repeats)
        share = rates["loop"] * gflop_per_sample() / peak
        table.row(batch, *rates.values(), *ratios.values(), share)
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
