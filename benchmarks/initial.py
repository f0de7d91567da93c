"""Where states start: what it is worth in training and on images not seen before.

Trains PDH with different starts and numbers of steps, all else as published, and prints the
cross-entropy of validation images after each epoch, both as the model itself infers and by 50
steps from 0, and the speed. Then, with each trained model that has recognition weights: unseen
images by few steps from the feedforward pass, and how long settling takes.

    NENGO_NGC_DATA=... python benchmarks/initial.py mnist --epochs 4
"""

import datetime
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import click
import nengo
import numpy as np

import nengo_ngc as ngc
from nengo_ngc import datasets, metrics, plots
from nengo_ngc.networks import GNCN
from nengo_ngc.runners import make_runner

_STARTS = ("zero-50", "zero-10", "previous-10", "previous-5", "feedforward-10", "feedforward-5")
_BATCH = 512
_TARGETS = ("mu0", "mu1", "mu2", "phi_z1", "phi_z2")


@click.command()
@click.argument("dataset", default="mnist")
@click.option("--starts", default=",".join(_STARTS), help="START-STEPS,... to compare.")
@click.option("--epochs", default=4)
@click.option("--images", default=50_000, help="Training images.")
@click.option("--output", type=click.Path(path_type=Path), default=Path("runs/initial"))
def main(dataset, starts, epochs, images, output):
    """Train with each start, print two tables, draw a picture."""
    output.mkdir(parents=True, exist_ok=True)
    data = datasets.load(dataset)
    X, X_val = data.X_train[:images], data.X_train[50_000:]
    command = f"python benchmarks/initial.py {dataset} --starts {starts} --epochs {epochs}"
    print(f"{datetime.date.today()}  {command}")
    print(f"784-360-360-360, PDH, batch {_BATCH}, {images} images, {os.cpu_count()} cores\n")
    print("validation BCE after each epoch (nats), 50 steps from 0 | as the model infers")
    models, curves, speeds = {}, {}, {}
    for start in starts.split(","):
        initial, steps = start.split("-")
        model = ngc.NGCModel(
            initial=initial,
            steps=int(steps),
            batch_size=_BATCH,
            max_epochs=epochs,
            backend="nengo-dl",
            random_state=0,
        )
        seconds, curve = 0.0, []
        for record in model.epochs(X, X_val):
            seconds += len(X) / record["samples_per_second"]
            curve.append((seconds, bce(model, X_val, "zero", 50), record["val_bce"]))
        models[start], curves[start] = model, np.array(curve)
        # the first epoch builds and compiles
        rates = [record["samples_per_second"] for record in model.history_]
        speeds[start] = np.median(rates[1:] or rates)
        settled, own = (" ".join(f"{v:6.1f}" for v in column) for column in curves[start].T[1:])
        ratio = speeds[start] / next(iter(speeds.values()))
        print(
            f"{start:16s}{settled} |{own}   {speeds[start]:6.0f} samples/s, ratio {ratio:.2f}",
            flush=True,
        )
    draw(curves, output / "bce.png")

    print("\ntest images, BCE by steps from the feedforward pass; from 0")
    print("and steps until the total discrepancy is within 1 % of that after 200: median, 95th percentile")
    for start, model in models.items():
        if "R1" in model.parameters_:
            few = [bce(model, data.X_test, "feedforward", n) for n in (5, 10, 50)]
            zero = [bce(model, data.X_test, "zero", n) for n in (10, 50)]
            shown = ", ".join(f"{n}: {v:.1f}" for n, v in zip((5, 10, 50), few))
            print(f"{start:16s}{shown}; 10: {zero[0]:.1f}, 50: {zero[1]:.1f}")
            for initial in ("feedforward", "zero"):
                n = settling(model, data.X_test[:1000], initial)
                print(
                    f"{'':16s}{initial:12s}{np.median(n):5.0f}{np.percentile(n, 95):5.0f}",
                    flush=True,
                )


def circuit(model, initial, steps):
    """A model's circuit with another start, that does not learn."""
    recognizes = initial != "zero"
    return GNCN(
        (784, *model.n_hidden),
        schedule=ngc.Schedule(steps),
        learning_rule_type=None,
        parameters={k: v for k, v in model.parameters_.items() if recognizes or k[0] != "R"},
        initial=initial,
    )


def bce(model, X, initial, steps):
    """Mean cross-entropy of images after some steps."""
    runner = make_runner(
        "nengo-dl", lambda: circuit(model, initial, steps), _BATCH, ["mu0"]
    )
    mu = runner.present(X)["mu0"]
    runner.close()
    return float(metrics.binary_cross_entropy(X, mu).mean())


def settling(model, X, initial, n_steps=200, batch=250):
    """Steps until the total discrepancy of each image is, and stays, near its last value."""
    with nengo.Network() as settled:
        net = circuit(model, initial, n_steps)
        stimulus = nengo.Node(np.zeros(784))
        nengo.Connection(stimulus, net.input, synapse=None)
    probes = {name: net.probe(name) for name in _TARGETS}
    counts = []
    with ngc.dl.Simulator(settled, minibatch_size=batch, progress_bar=False) as sim:
        for x in np.split(X, len(X) // batch):
            held = np.repeat(x[:, None], n_steps, axis=1)
            sim.run_steps(n_steps, data={stimulus: held})
            seen = {name: sim.data[probe][:, -n_steps:] for name, probe in probes.items()}
            total = np.sum((held - seen["mu0"]) ** 2, axis=2)
            for level in (1, 2):
                total += np.sum((seen[f"phi_z{level}"] - seen[f"mu{level}"]) ** 2, axis=2)
            near = np.abs(total - total[:, -1:]) <= 0.01 * total[:, -1:]
            # the step after the last one that is not near
            counts.append(n_steps - np.argmin(near[:, ::-1], axis=1) + 1)
    return np.concatenate(counts)


def draw(curves, path):
    """Cross-entropy against epochs and against time."""
    figure, ((left, right),) = plots.figure(1, 2, figsize=(10, 3.8))
    for row, (start, curve) in enumerate(curves.items()):
        style = {**plots.style(row), "markersize": 4}
        left.plot(range(1, len(curve) + 1), curve[:, 1], label=start, **style)
        right.plot(curve[:, 0] / 60, curve[:, 1], label=start, **style)
    left.set(xlabel="epoch", ylabel="validation BCE (nats), 50 steps from 0")
    right.set(xlabel="minutes of training")
    plots.whole_numbers(left.xaxis)
    right.legend(frameon=False, fontsize=9)
    plots.save(figure, path)


if __name__ == "__main__":
    main()
