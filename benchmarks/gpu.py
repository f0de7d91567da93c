"""Training speed on a GPU, beside the processor of the same machine and NengoDL's own graph.

Checks the recorded numbers of the original programs on the GPU, and prints samples per
second, with the way of each batch from the host to the GPU, of

- PDH, 784-360-360-360 and 50 steps,
- predictive forward-forward, 784-2000-2000 and 12 steps,
- classifiers 784-256-256-10 by their rules,

on ``nengo_ngc.jax.Simulator``, the share of what the GPU reaches with a large product of
float32 in full precision, and samples per second on the processor. Where nengo-dl cannot be
installed, its own graph of PDH can still run: a machine that has TensorFlow and JAX writes
it to a file, and JAX compiles what is in it.

    python -m benchmarks.gpu --export nengo_dl.npz
    python -m benchmarks.gpu --exported nengo_dl.npz --output benchmarks/gpu

All of it takes less than ten minutes. It needs JAX, and of pure Python packages nengo, click
and this one.
"""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

import click
import numpy as np

import nengo_ngc as ngc
from nengo_ngc.backends import open_session
from nengo_ngc.networks import GNCN, PFF, FeedforwardClassifier, PredictiveCodingClassifier

from . import _stablehlo, pff_speed, throughput
from ._measure import seconds
from ._report import ROOT, benchmark

REFERENCE = ROOT / "tests" / "reference"
N_CLASSES = 10


@dataclass
class Case:
    """One network that learns.

    Parameters
    ----------
    name : str
    build : callable
        Returns the network for a batch.
    inputs : dict of {str: int}
        Sizes of its inputs.
    output : str
        What is read out.
    gflop : float
        Products of one sample.
    batches : sequence of int
    """

    name: str
    build: object
    inputs: dict
    output: str
    gflop: float
    batches: tuple = field(default=(512, 8192))

    def start(self, batch, device):
        """A function that presents one batch and learns from it."""
        rng = np.random.RandomState(0)
        data = {key: rng.rand(batch, n).astype("f4") for key, n in self.inputs.items()}
        data["input"] = (data["input"] < 0.13).astype("f4")
        if "target" in data:
            data["target"] = np.eye(N_CLASSES, dtype="f4")[rng.randint(N_CLASSES, size=batch)]
        if "kind" in data:
            data["kind"] = np.repeat([[1], [0]], batch // 2, axis=0).astype("f4")
        session = open_session(
            "jax", lambda: self.build(batch), batch, [self.output], [*data], device
        )
        x = data.pop("input")
        return lambda: session.present(x, learn=True, **data)


def cases(small):
    """The networks, or small ones that show whether this program works."""
    sizes = (30, 12, 12, 12) if small else (784, 360, 360, 360)
    batches = (8, 16) if small else (512, 8192)
    yield Case(
        "PDH",
        lambda _: pdh(small),
        {"input": sizes[0]},
        "mu0",
        throughput.gflop_per_sample(sizes, 5 if small else 50),
        batches,
    )

    sizes, steps = ((30, 20, 20), 3) if small else ((784, 2000, 2000), 12)
    yield Case(
        "PFF",
        lambda batch: PFF(
            sizes, N_CLASSES, 20, ngc.Schedule(steps + 1, batch, online=True), seed=0
        ),
        {"input": sizes[0], "target": N_CLASSES, "kind": 1},
        "goodness",
        pff_speed.gflop_per_sample(sizes, steps),
        batches,
    )

    sizes = (30, 12, 12, N_CLASSES) if small else (784, 256, 256, N_CLASSES)
    for rule in ("backprop", "feedback-alignment", "direct-feedback-alignment"):
        yield classifier(rule, sizes, batches, FeedforwardClassifier, rule=rule)
    yield classifier("predictive-coding", sizes, batches, PredictiveCodingClassifier)


def pdh(small):
    if small:
        schedule = ngc.Schedule(5)
        return GNCN((30, 12, 12, 12), n_group=3, n_top_group=3, schedule=schedule, seed=1)
    return GNCN((784, 360, 360, 360), schedule=ngc.Schedule(50), seed=1)


def classifier(name, sizes, batches, network, **kwargs):
    steps = {} if "rule" in kwargs else {"schedule": ngc.Schedule(5)}
    return Case(
        name,
        lambda _: network(sizes, seed=0, **steps, **kwargs),
        {"input": sizes[0], "target": sizes[-1]},
        "output",
        gflop_classifier(name, sizes),
        batches,
    )


def gflop_classifier(rule, sizes):
    """Products forward, backward and for the update; nothing is carried back to the image."""
    weights = [n * m for n, m in zip(sizes, sizes[1:])]
    upper = sum(weights[1:])
    products = {
        "direct-feedback-alignment": 2 * sum(weights) + sizes[-1] * sum(sizes[1:-1]),
        "predictive-coding": 5 * (sum(weights) + upper) + sum(weights),
    }.get(rule, 2 * sum(weights) + upper)
    return 2e-9 * products


# --- what is measured


def peak_gflops(device, size, precision):
    """How fast a device multiplies matrices of float32, at its best of ten."""
    import jax

    a = jax.device_put(np.random.RandomState(0).rand(size, size).astype("f4"), device)
    multiply = jax.jit(lambda a: jax.numpy.matmul(a, a, precision=precision))
    multiply(a).block_until_ready()
    runs = [seconds(lambda: multiply(a).block_until_ready()) for _ in range(10)]
    return 2 * size**3 / 1e9 / min(runs)


def rate(run, batch, budget):
    """Samples per second, a median over at least three runs, and the seconds of the first."""
    first = seconds(run)
    spent = [seconds(run) for _ in range(3)]
    while sum(spent) < budget:
        spent.append(seconds(run))
    return batch / np.median(spent), first


def difference_of_gncn(variant, device):
    """The largest difference from parameters that were recorded after three updates."""
    with np.load(REFERENCE / f"gncn_{variant.replace('-', '_')}.npz") as file:
        arrays = dict(file)
    rule = ngc.ErrorDriven(ngc.Adam(1e-3), norm_bound=1.0)
    session = open_session(
        "jax",
        lambda: GNCN(
            (20, 12, 12, 12),
            variant,
            n_group=3,
            n_top_group=4,
            parameters={k[5:]: array for k, array in arrays.items() if k[:5] == "init/"},
            schedule=ngc.Schedule(50, batch_size=4),
            learning_rule_type=rule,
        ),
        4,
        [],
        device=device,
    )
    found = 0.0
    for number, x in enumerate(arrays["x"], start=1):
        session.present(x, learn=True)
        for name, value in session.parameters().items():
            expected = arrays[f"after_update{number}/{name}"]
            found = max(found, np.abs(value - expected).max())
    return found


def difference_of_pff(device):
    """The largest difference from states that were recorded while weights changed."""
    with np.load(REFERENCE / "pff.npz") as file:
        arrays = dict(file)
    names = {"V": "Vy", "W": "Wo", "b": "bo"}  # the original program's, with (pre, post)
    own = {
        names.get(key[5:], key[5:]): array[0] if key[5] == "b" else array.T
        for key, array in arrays.items()
        if key[:5] == "init/"
    }
    batch, steps, found = len(arrays["x"]), 3, 0.0
    for step in range(1, steps + 1):  # a presentation of each length, to look at its last step
        session = open_session(
            "jax",
            lambda step=step: PFF(
                (12, 20, 20),
                n_classes=4,
                g_units=6,
                schedule=ngc.Schedule(step + 1, batch_size=batch, online=True),
                threshold=1.0,
                n_group=10,
                latent_step=0.025 / batch,
                parameters=own,
                seed=0,
            ),
            batch,
            ["z1", "z2"],
            ["input", "target", "kind"],
            device,
        )
        kinds = {"target": arrays["y"], "kind": arrays["label"]}
        seen = session.present(arrays["x"], learn=True, **kinds)
        found = max(
            found, *(np.abs(seen[z] - arrays[f"step{step}/{z}"]).max() for z in ("z1", "z2"))
        )
    return found


# --- the tables


def check(report, device):
    """Print how far the recorded numbers are from those on this device."""
    table = report.table(
        "largest difference from the original programs' numbers",
        {"network": "<12", "difference": ">12.1e"},
    )
    for variant in ("pdh", "t1-sigma", "t1"):
        table.row(variant, difference_of_gncn(variant, device))
    table.row("pff", difference_of_pff(device))


def speeds(report, device, small, deadline):
    """Print how fast everything learns; what comes after the deadline is left out."""
    import jax

    size, other = (256, 256) if small else (8192, 4096)
    peak = peak_gflops(jax.devices(device)[0], size, "highest")
    report.say(
        "products of float32, {size} x {size}: {peak:.0f} GFLOP/s in full precision, "
        "{fast:.0f} in JAX's default; on the processor {cpu:.0f}",
        size=size,
        peak=peak,
        fast=peak_gflops(jax.devices(device)[0], size, "default"),
        cpu=peak_gflops(jax.devices("cpu")[0], other, "highest"),
    )
    table = report.table(
        "training, samples/s (medians; the processor at the smaller batch only)",
        {
            "network": "<28",
            "batch": ">6",
            device: ">12.0f",
            "of peak": ">9.1%",
            "processor": ">11.0f",
            "ratio": ">8.1f",
            "first run, s": ">14.1f",
        },
    )
    for case in cases(small):
        for batch in case.batches:
            if time.monotonic() > deadline:
                table.row(case.name, batch)
                continue
            fast, first = rate(case.start(batch, device), batch, 0.1 if small else 2)
            slow = None
            if batch == min(case.batches) and time.monotonic() < deadline:
                slow, _ = rate(case.start(batch, "cpu"), batch, 0.1)
            share = fast * case.gflop / peak
            table.row(case.name, batch, fast, share, slow, slow and fast / slow, first)


def exported_graph(report, path, device):
    """Print how fast NengoDL's own graph of PDH is, and whether it learns the same."""
    import jax

    batch, run, difference = _stablehlo.load(path, jax.devices(device)[0])
    for _ in range(_stablehlo.N_UPDATES):
        run()
    found = difference()
    speed, _ = rate(run, batch, 2)
    report.say()
    report.say(
        "NengoDL's graph of PDH, batch {batch}: {speed:.0f} samples/s with the batch in the "
        "device's memory; largest difference from TensorFlow's weights after {n} updates: "
        "{difference:.1e}",
        batch=batch,
        speed=speed,
        n=_stablehlo.N_UPDATES,
        difference=found,
    )


@benchmark
@click.option("--device", default="gpu", help="JAX's name of the platform.")
@click.option("--small", is_flag=True, help="Small networks, to see whether all of it works.")
@click.option("--minutes", default=8.0, help="No measurement begins after that.")
@click.option("--export", type=click.Path(path_type=Path), help="Write NengoDL's graph only.")
@click.option("--exported", type=click.Path(exists=True, path_type=Path), help="That graph.")
def main(report, device, small, minutes, export, exported):
    """Print the tables, or write the graph."""
    report.seeds(0, 1)
    os.environ["NENGO_NGC_CACHE"] = ""  # programs are compiled anew, and the time for it shown
    if export is not None:
        n, batch = (30, 8) if small else (784, 512)
        x = (np.random.RandomState(0).rand(batch, n) < 0.13).astype("f4")
        _stablehlo.export(export, lambda: pdh(small), x)
        report.say(f"NengoDL's graph of PDH, batch {batch}, was written to a file")
        return
    import jax

    deadline = time.monotonic() + 60 * minutes
    found = jax.devices(device)[0]
    report.say(f"{device}: {found.device_kind}; {os.cpu_count()} cores")
    check(report, device)
    report.say()
    if exported is not None:
        exported_graph(report, exported, device)
    speeds(report, device, small, deadline)


if __name__ == "__main__":
    main()
