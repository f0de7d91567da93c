"""Where states start: what it is worth in training and on images not seen before.

Trains PDH from different starts, with different numbers of steps and with or without momentum,
all else as published, and prints the cross-entropy of validation images after each epoch, both
by 50 steps from 0 and as the model itself infers. Then the speed of training, of all in turns.
Then, with each trained model that has recognition weights: unseen images by few steps from the
feedforward pass. Then, how long settling takes, from 0 and from the pass, with the published
circuit and with one that has a fixed point.

A start is written START-STEPS or START-STEPS-MOMENTUM. "switched" goes on from previous states
for two epochs and starts from the feedforward pass after that.

    NENGO_NGC_DATA=... python -m benchmarks.initial mnist --output benchmarks/initial
    NENGO_NGC_DATA=... python -m benchmarks.initial --speed
"""

from pathlib import Path

import click
import nengo
import numpy as np

import nengo_ngc as ngc
from nengo_ngc import metrics, plots
from nengo_ngc.backends import open_session
from nengo_ngc.networks import GNCN
from nengo_ngc.objects import PureNode

from ._report import benchmark

_STARTS = (
    "zero-50",
    "zero-25-0.5",
    "previous-10-0.5",
    "previous-5-0.5",
    "switched-10-0.5",
    "switched-5-0.5",
    "feedforward-10-0.5",
)
_BATCH = 512
_SETTLING = "previous-10-0.5"


@benchmark
@click.argument("dataset", default="mnist")
@click.option(
    "--starts", default=",".join(_STARTS), help="START-STEPS[-MOMENTUM],... to compare."
)
@click.option("--epochs", default=4, help="Training epochs.")
@click.option("--images", default=50_000, help="Training images.")
@click.option("--speed", is_flag=True, help="Measure nothing but the speed of training.")
@click.option(
    "--pictures", type=click.Path(path_type=Path), default="runs/initial", help="Their folder."
)
def main(report, dataset, starts, epochs, images, speed, pictures):
    """Train with each start, print four tables, draw a picture."""
    report.seeds(0)
    data = report.load(dataset)
    starts = starts.split(",")
    if speed:
        compare_speed(report, starts, data.X_train)
        return
    pictures.mkdir(parents=True, exist_ok=True)
    X, X_val = data.X_train[:images], data.X_train[50_000:]
    report.say(f"784-360-360-360, PDH, batch {_BATCH}, {images} images")
    models, curves = compare_training(report, starts, X, X_val, epochs)
    speeds = compare_speed(report, starts, X)
    settled = {start: curve[:, 0] for start, curve in curves.items()}
    draw(settled, speeds, pictures / "bce.png")
    compare_steps(report, models, data.X_test)
    compare_settling(report, models.get(_SETTLING), X, X_val, data.X_test, epochs)


def compare_training(report, starts, X, X_val, epochs):
    """Print the cross-entropy after each epoch; returns models and curves by start."""
    table = report.table(
        "validation BCE (nats) after each epoch, by 50 steps from 0 and as the model infers",
        {"start": "<20", "epoch": ">6", "from 0": ">8.1f", "as it infers": ">14.1f"},
    )
    models, curves = {}, {}
    for start in starts:
        models[start], curves[start] = train(start, X, X_val, epochs)
        for epoch, (settled, own) in enumerate(curves[start], start=1):
            table.row(start, epoch, settled, own)
    return models, curves


def compare_steps(report, models, X_test):
    """Print the cross-entropy after few steps from the feedforward pass."""
    few = (1, 5, 10, 50)
    columns = {f"{n} steps": ">10.1f" for n in few}
    table = report.table(
        "test images, BCE (nats) by steps from the feedforward pass, and by 50 steps from 0",
        {"start": "<20", **columns, "from 0": ">8.1f"},
    )
    for start, model in models.items():
        if "R1" in model.parameters_:
            values = [bce(model, X_test, "feedforward", n) for n in few]
            table.row(start, *values, settled_bce(model, X_test))


def compare_settling(report, trained, X, X_val, X_test, epochs):
    """Print how many steps settling takes, with the published circuit and a steady one."""
    report.say()
    report.say(
        "settling on 1,000 test images: median and 95th percentile of the steps until the"
    )
    report.say(
        "total discrepancy is, and stays, within 1 % of that after 200 steps (settled);"
    )
    report.say("until the BCE is as low as after 50 steps from 0 (as low); mean discrepancy")
    courses = (10, 50, 100, 200)
    table = report.table(
        "",
        {
            "circuit": "<32",
            "momentum": ">8",
            "start": ">13",
            "settled": ">9.0f",
            "settled, 95 %": ">15.0f",
            "as low": ">8.0f",
            "as low, 95 %": ">14.0f",
            **{f"after {n}": ">11.1f" for n in courses},
        },
    )
    steady = {"self_excitation": 0.0, "leak": 0.1}
    for title, changes in (("as published", {}), ("no self-excitation, leak 0.1", steady)):
        model = None if changes else trained
        model = model or train(_SETTLING, X, X_val, epochs, **changes)[0]
        for momentum in (0.0, model.momentum):
            goal = None
            for initial in ("zero", "feedforward"):
                total, loss = settle(model, X_test[:1000], initial, momentum)
                goal = loss[:, 49] if goal is None else goal
                counts = [steps_until_near(total), steps_until_below(loss, goal)]
                shown = [f(n) for n in counts for f in (np.median, _percentile_95)]
                course = [total[:, n - 1].mean() for n in courses]
                table.row(title, momentum, initial, *shown, *course)


def _percentile_95(n):
    return np.percentile(n, 95)


def compare_speed(report, starts, X, n_images=4096, rounds=6):
    """Print and return the median over rounds in which each start has its turn."""
    turns = {start: make(start, rounds).epochs(X[:n_images]) for start in starts}
    rates = {start: [] for start in starts}
    for _ in range(rounds):
        for start, epochs in turns.items():
            rates[start].append(next(epochs)["samples_per_second"])
    table = report.table(
        "training (medians of turns)",
        {"start": "<20", "samples/s": ">10.0f", "ratio": ">8.2f"},
    )
    medians = {start: np.median(rate[1:]) for start, rate in rates.items()}  # 1st: compiles
    for start, rate in medians.items():
        table.row(start, rate, rate / medians[starts[0]])
    return medians


def make(start, epochs, **kwargs):
    """A model that has learned nothing."""
    initial, steps, *momentum = start.split("-")
    return ngc.NGCModel(
        initial="previous" if initial == "switched" else initial,
        steps=int(steps),
        momentum=float(momentum[0]) if momentum else 0.0,
        batch_size=_BATCH,
        max_epochs=epochs,
        backend="nengo-dl",
        random_state=0,
        **kwargs,
    )


def train(start, X, X_val, epochs, **kwargs):
    """A model and its curve: BCE by 50 steps from 0, and its own."""
    switches = start.startswith("switched")
    model = make(start, 2 if switches else epochs, **kwargs)
    curve = []

    def learn(resume=False):
        for record in model.epochs(X, X_val, resume=resume):
            curve.append((settled_bce(model, X_val), record["val_bce"]))

    learn()
    if switches:
        model.set_params(initial="feedforward", max_epochs=epochs)
        learn(resume=True)
    return model, np.array(curve)


def circuit(model, initial, steps, momentum):
    """A model's circuit with another start, that does not learn."""
    recognizes = initial != "zero"
    return GNCN(
        (784, *model.n_hidden),
        leak=model.leak,
        self_excitation=model.self_excitation,
        momentum=momentum,
        schedule=ngc.Schedule(steps),
        learning_rule_type=None,
        parameters={k: v for k, v in model.parameters_.items() if recognizes or k[0] != "R"},
        initial=initial,
    )


def bce(model, X, initial, steps, momentum=None):
    """Mean cross-entropy of images after some steps."""
    momentum = model.momentum if momentum is None else momentum
    session = open_session(
        "nengo-dl", lambda: circuit(model, initial, steps, momentum), _BATCH, ["mu0"]
    )
    mu = session.present(X)["mu0"]
    session.close()
    return float(metrics.binary_cross_entropy(X, mu).mean())


def settled_bce(model, X):
    """As the original program infers."""
    return bce(model, X, "zero", 50, momentum=0.0)


def settle(model, X, initial, momentum, n_steps=200, batch=250):
    """Total discrepancy and cross-entropy of each image after each step."""
    with nengo.Network() as settled:
        stimulus = nengo.Node(np.zeros(784))
        net = circuit(model, initial, n_steps, momentum)
        nengo.Connection(stimulus, net.input, synapse=None)
        names = "mu0", "phi_z1", "mu1", "phi_z2", "mu2"
        seen = [stimulus, *(net.ensembles[name].neurons for name in names)]
        with nengo.Network():  # built after the circuit
            probe = nengo.Probe(PureNode(_measures, 2, others=seen))
    measured = []
    for x in np.split(X, len(X) // batch):
        with ngc.dl.Simulator(settled, minibatch_size=batch, progress_bar=False) as sim:
            sim.run_steps(n_steps, data={stimulus: np.repeat(x[:, None], n_steps, axis=1)})
            measured.append(sim.data[probe])
    total, loss = np.moveaxis(np.concatenate(measured), 2, 0)
    return total, loss


def _measures(xp, _, x, mu0, *hidden):
    total = sum(
        xp.sum((target - mu) ** 2, axis=1, keepdims=True)
        for target, mu in zip((x, *hidden[::2]), (mu0, *hidden[1::2]))
    )
    p = xp.clip(mu0, 1e-7, 1 - 1e-7)
    loss = x * xp.log(p) + (1 - x) * xp.log(1 - p)
    return xp.concatenate([total, -xp.sum(loss, axis=1, keepdims=True)], axis=1)


def steps_until_near(values):
    """Steps after which each row stays within 1 % of its last value."""
    far = np.abs(values - values[:, -1:]) > 0.01 * np.abs(values[:, -1:])
    last_far = values.shape[1] - np.argmax(far[:, ::-1], axis=1)
    return np.where(far.any(axis=1), last_far, 0) + 1


def steps_until_below(values, goal):
    """Steps until each row is as low as its goal; one more than there are if it never is."""
    below = values <= goal[:, None]
    return np.where(below.any(axis=1), below.argmax(axis=1) + 1, values.shape[1] + 1)


def in_words(start):
    """A start as the documentation calls it, and the number of steps."""
    initial, steps, *_ = start.split("-")
    first = {
        "zero": "from 0",
        "previous": "from previous states",
        "feedforward": "from the feedforward pass",
        "switched": "two epochs previous states, then pass",
    }[initial]
    return f"{first}, {steps} steps"


def draw(curves, speeds, path):
    """Draw the cross-entropy against epochs, and against the time that they take.

    Parameters
    ----------
    curves : dict of {str: sequence of float}
        BCE after each epoch, by 50 steps from 0, by start.
    speeds : dict of {str: float}
        Samples per second by start, measured in turns. The time of a start that is not
        among them is not drawn.
    path : path
    """
    slowest = min(speeds, key=speeds.get)
    with plots.figure(path, 1, 2, (plots.WIDTH, 4.2), sharey=True) as (fig, axes):
        left, right = axes[0]
        for row, (start, curve) in enumerate(curves.items()):
            look, epochs = plots.look(row), np.arange(1, len(curve) + 1)
            left.plot(epochs, curve, label=in_words(start), **look)
            if start in speeds:
                right.plot(epochs * speeds[slowest] / speeds[start], curve, **look)
        left.set(xlabel="epoch", ylabel="validation BCE (nats),\nby 50 steps from 0")
        right.set(xlabel=f"training time (epochs {in_words(slowest)})", xlim=(0, None))
        plots.whole_numbers(left.xaxis)
        momentum = "momentum 0.5 with fewer than 50 steps, else none"
        plots.legend(fig, n_columns=2, title=momentum)


if __name__ == "__main__":
    main()
