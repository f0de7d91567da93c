"""Speed of the simulator that XLA compiles, side by side with all others in one run.

Prints, as medians over interleaved runs, since the machine's speed drifts:

- training: samples per second of PDH, of classifiers and of predictive forward-forward on JAX
  and on NengoDL, and of the same circuits written by hand in TensorFlow; and of PDH that
  learns from one image at a time, on JAX and on Nengo,
- Nengo's own kind of models on Nengo, which merges operators for it, and on JAX with one
  sample and with many: seconds until the simulator is built and until the first timesteps
  have run, when everything is compiled; then microseconds of a timestep, and of one that is
  asked for by itself, as Nengo GUI does it,
- the time that the command line takes for a short training, with programs compiled and with
  programs found on disk.

    python -m benchmarks.xla --output benchmarks/xla
"""

import os
import subprocess
import sys
import tempfile
import time

import click
import nengo
import numpy as np

import nengo_ngc as ngc

from . import pff_speed, rules, throughput
from ._measure import in_turns
from ._report import benchmark

N_CLASSES, N_IMAGES = 10, 5120


# --- models of Nengo's own kind


def integrator(n_neurons):
    """An integrator with a constant input."""
    stimulus = nengo.Node(0.5)
    ensemble = nengo.Ensemble(n_neurons, 1)
    nengo.Connection(stimulus, ensemble, transform=0.1)
    nengo.Connection(ensemble, ensemble, synapse=0.1)
    nengo.Probe(ensemble, synapse=0.01)


def ensemble_arrays():
    """Two arrays of 50 ensembles with 100 neurons, one connected to the other."""
    stimulus = nengo.Node(lambda t: np.sin(t + np.arange(50.0)))
    a, b = (nengo.networks.EnsembleArray(100, 50) for _ in range(2))
    nengo.Connection(stimulus, a.input)
    nengo.Connection(a.output, b.input)
    nengo.Probe(b.output, synapse=0.01)


def convolution():
    """The circular convolution of two vectors of 64 dimensions."""
    rng = np.random.RandomState(0)
    network = nengo.networks.CircularConvolution(50, 64)
    for end in (network.input_a, network.input_b):
        nengo.Connection(nengo.Node(rng.randn(64) / 8), end)
    nengo.Probe(network.output, synapse=0.01)


def basal_ganglia():
    """Basal ganglia and thalamus that choose among twenty actions."""
    values = nengo.Node(lambda t: 0.5 + 0.5 * np.sin(t + np.arange(20.0)))
    ganglia, thalamus = nengo.networks.BasalGanglia(20), nengo.networks.Thalamus(20)
    nengo.Connection(values, ganglia.input)
    nengo.Connection(ganglia.output, thalamus.input)
    nengo.Probe(thalamus.output, synapse=0.01)


def pes():
    """A thousand neurons that learn a constant."""
    stimulus, output = nengo.Node(0.5), nengo.Node(size_in=1)
    ensemble = nengo.Ensemble(1000, 1)
    nengo.Connection(stimulus, ensemble)
    learned = nengo.Connection(
        ensemble, output, function=lambda x: 0, learning_rule_type=nengo.PES()
    )
    nengo.Connection(output, learned.learning_rule)
    nengo.Connection(stimulus, learned.learning_rule, transform=-1)
    nengo.Probe(output, synapse=0.01)


MODELS = {
    "integrator 100": lambda: integrator(100),
    "integrator 1000": lambda: integrator(1000),
    "ensemble arrays": ensemble_arrays,
    "convolution": convolution,
    "basal ganglia": basal_ganglia,
    "PES": pes,
}


# --- what is measured


def training_programs(batch):
    """Programs that train with minibatches of a size: (samples, {name: callable}) by model."""
    x = throughput.images(batch)
    rng = np.random.RandomState(0)
    X = (rng.rand(N_IMAGES, 784) < 0.13).astype("f4")
    y = rng.randint(N_CLASSES, size=N_IMAGES)

    def pdh():
        on_jax, parameters = throughput.ours(x, "jax")
        return {
            "JAX": on_jax,
            "NengoDL": throughput.ours(x, "nengo-dl")[0],
            "by hand": throughput.loop(x, parameters())[0],
        }

    def classifier(rule):
        backends = {"JAX": "jax", "NengoDL": "nengo-dl"}
        programs = {k: rules.trainer(rule, X, y, batch, b) for k, b in backends.items()}
        if rule == "backprop":
            programs["by hand"] = rules.loop(X, y, batch)
        return programs

    yield f"PDH, batch {batch}", batch, pdh
    for rule in ("backprop", "predictive-coding"):
        yield f"{rule}, batch {batch}", N_IMAGES, lambda rule=rule: classifier(rule)


def forward_forward_programs(batch=500):
    """Predictive forward-forward with 2 x 500 units."""
    rng = np.random.RandomState(0)
    x = (rng.rand(2 * batch, 784) < 0.13).astype("f4")
    y = np.eye(N_CLASSES, dtype="f4")[rng.randint(N_CLASSES, size=2 * batch)]
    kind = np.repeat([[1], [0]], batch, axis=0).astype("f4")

    def programs():
        return {
            "JAX": pff_speed.ours(x, y, kind, "jax"),
            "NengoDL": pff_speed.ours(x, y, kind),
            "by hand": pff_speed.tape(x, y, kind),
        }

    yield f"PFF, batch {batch} + {batch}", batch, programs


def online_programs(n_images=4):
    """PDH that learns from each image."""
    x = throughput.images(n_images)

    def build():
        schedule = ngc.Schedule(throughput.STEPS, 1)
        return ngc.networks.GNCN(throughput.SHAPE, schedule=schedule, seed=1)

    def programs():
        from nengo_ngc.backends import open_session

        sessions = {k: open_session(k.lower(), build, 1, ["mu0"]) for k in ("JAX", "Nengo")}
        return {
            name: lambda session=session: session.present(x, learn=True)
            for name, session in sessions.items()
        }

    yield "PDH, image by image", n_images, programs


def opened(simulator, build, n_steps, **options):
    """A simulator, the time for building it, and that until it has run."""
    with nengo.Network(seed=0) as model:
        build()
    start = time.perf_counter()
    sim = simulator(model, progress_bar=False, **options)
    built = time.perf_counter()
    sim.run_steps(n_steps)
    return sim, built - start, time.perf_counter() - start


def measure_models(report, rounds, n_steps, minibatch, only):
    """Print the table of Nengo's own kind of models."""
    from nengo_ngc.jax import Simulator

    table = report.table(
        "Nengo's own kind of models: seconds, microseconds of a timestep, and how many times "
        f"faster JAX is with one sample, and for each of {minibatch} samples",
        {
            "model": "<17",
            "Nengo built": ">12.2f",
            "JAX built": ">10.2f",
            "has run": ">8.2f",
            f"{minibatch} have run": ">12.2f",
            "Nengo us": ">9.0f",
            "JAX us": ">8.0f",
            "ratio": ">6.1f",
            f"{minibatch} us": ">8.0f",
            "ratio of one": ">13.1f",
            "Nengo's step us": ">16.0f",
            "JAX's step us": ">14.0f",
        },
    )
    for name, build in MODELS.items():
        if only is not None and only not in name:
            continue
        sims, built, first = {}, {}, {}
        for kind, simulator, options in (
            ("Nengo", nengo.Simulator, {"optimize": True}),
            ("JAX", Simulator, {}),
            ("many", Simulator, {"minibatch_size": minibatch}),
        ):
            found = opened(simulator, build, n_steps, **options)
            sims[kind], built[kind], first[kind] = found
        runs = {kind: lambda sim=sim: sim.run_steps(n_steps) for kind, sim in sims.items()}
        runs |= {
            f"{kind} by one": lambda sim=sims[kind]: [sim.step() for _ in range(100)]
            for kind in ("Nengo", "JAX")
        }
        us = {k: 1e6 * np.median(spent) for k, spent in in_turns(runs, rounds).items()}
        nengo_us, jax_us, many_us = (us[kind] / n_steps for kind in sims)
        table.row(
            name,
            built["Nengo"],
            built["JAX"],
            first["JAX"],
            first["many"],
            nengo_us,
            jax_us,
            nengo_us / jax_us,
            many_us,
            minibatch * nengo_us / many_us,
            us["Nengo by one"] / 100,
            us["JAX by one"] / 100,
        )
        for sim in sims.values():
            sim.close()


def measure_training(report, rounds, batches, only):
    """Print the table of samples per second."""
    table = report.table(
        "training, samples/s, and how many times faster JAX is",
        {
            "model": "<28",
            "JAX": ">9.0f",
            "NengoDL": ">9.0f",
            "by hand": ">9.0f",
            "Nengo": ">8.1f",
            "of by hand": ">12.2f",
            "of NengoDL": ">12.2f",
            "of Nengo": ">10.2f",
        },
    )
    sources = [training_programs(batch) for batch in batches]
    sources += [forward_forward_programs(), online_programs()]
    for source in sources:
        for name, n_samples, programs in source:
            if only is not None and only not in name:
                continue
            spent = in_turns(programs(), rounds)
            others = ("NengoDL", "by hand", "Nengo")
            rates = [n_samples / np.median(spent[k]) if k in spent else None for k in others]
            of = [
                np.median(spent[k] / spent["JAX"]) if k in spent else None
                for k in ("by hand", "NengoDL", "Nengo")
            ]
            table.row(name, n_samples / np.median(spent["JAX"]), *rates, *of)


def measure_command(report):
    """Print how long the shortest training takes."""
    with tempfile.TemporaryDirectory() as folder:
        for backend, when in (
            ("jax", "compiled"),
            ("jax", "programs found on disk"),
            ("nengo-dl", "compiled"),
        ):
            output = os.path.join(folder, f"{backend} {when}")
            command = [sys.executable, "-m", "nengo_ngc", "train", "digits", "--epochs", "1"]
            command += ["--backend", backend, "--output", output]
            cache = {"NENGO_NGC_CACHE": os.path.join(folder, "cache")}
            start = time.perf_counter()
            subprocess.run(
                command, env={**os.environ, **cache}, check=True, capture_output=True
            )
            report.say(
                "nengo-ngc train digits --epochs 1 on {backend}, {when}: {seconds:.1f} s",
                backend=backend,
                when=when,
                seconds=time.perf_counter() - start,
            )


@benchmark
@click.option("--rounds", default=7, help="Turns of each program.")
@click.option("--steps", default=500, help="Timesteps of a run of Nengo's own models.")
@click.option("--minibatch", default=64, help="Samples of Nengo's own models at once.")
@click.option("--batches", default="128,512", help="Sizes of minibatches in training.")
@click.option("--only", help="Part of the name of one model.")
def main(report, rounds, steps, minibatch, batches, only):
    """Print the tables."""
    report.seeds(0, 1)
    measure_training(report, rounds, [int(size) for size in batches.split(",")], only)
    measure_models(report, rounds, steps, minibatch, only)
    report.say()
    if only is None:
        measure_command(report)


if __name__ == "__main__":
    main()
