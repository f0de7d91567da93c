"""How close one feedforward pass brings a layered Hopfield network to its fixed point.

Trains networks on MNIST by layer-wise auto-encoders, then relaxes them on test images
from

- a: the feedforward pass, trained weights,
- b: the feedforward pass, random tied weights: as drawn, or the trained ones shuffled
     within each matrix, which leaves their distribution as it is,
- c: zero, trained weights,

and measures the distance to the fixed point, relative to its norm, and the norm of the
energy's gradient. The fixed point is where a relaxation of 1,000 steps ends. The rate is
the factor by which the distance shrinks in an iteration, from a fit of its logarithm over
all iterations with a distance between 1e-2 and 1e-5; R2 is that of the fit.

    NENGO_NGC_DATA=... python -m benchmarks.hopfield --output benchmarks/hopfield
"""

import time
from pathlib import Path

import click
import numpy as np

import nengo_ngc as ngc
from nengo_ngc import plots
from nengo_ngc.backends import open_session
from nengo_ngc.networks import LayeredHopfield

from ._report import benchmark

SHAPES = (
    (784, 500),
    (784, 1000),
    (784, 500, 500),
    (784, 1000, 1000),
    (784, 500, 500, 500),
)
SHOWN = (784, 500, 500)
STEPS, EPSILON, BATCH, N_TEST, N_TRACED, N_SETTLE = 11, 0.5, 100, 100, 121, 1001
STARTS = {
    "a: feedforward, trained": ("trained", "feedforward"),
    "b: feedforward, random": ("drawn", "feedforward"),
    "b: feedforward, shuffled": ("shuffled", "feedforward"),
    "c: zero, trained": ("trained", "zero"),
}


def train(shape, X, epochs):
    """Parameters before and after learning, and images per second."""
    session = open_session(
        "nengo-dl",
        lambda: LayeredHopfield(
            shape,
            epsilon=EPSILON,
            schedule=ngc.Schedule(STEPS, batch_size=BATCH),
            optimizer=ngc.Adam(1e-3),
            seed=0,
        ),
        BATCH,
        ["energy"],
    )
    drawn = session.net.parameters(session.sim)
    rng = np.random.RandomState(0)
    start = time.perf_counter()
    for _ in range(epochs):
        session.present(X[rng.permutation(len(X))], learn=True)
    rate = epochs * len(X) / (time.perf_counter() - start)
    trained = session.net.parameters(session.sim)
    session.close()
    shuffled = {
        name: rng.permutation(array.ravel()).reshape(array.shape)
        for name, array in trained.items()
    }
    return {"drawn": drawn, "trained": trained, "shuffled": shuffled}, rate


def network(shape, parameters, initial, steps):
    """A network that does not learn."""
    return LayeredHopfield(
        shape,
        initial=initial,
        epsilon=EPSILON,
        schedule=ngc.Schedule(steps),
        optimizer=None,
        parameters=parameters,
    )


def settled(shape, X, parameters, initial, names):
    """What is probed at the end of a long relaxation, by name."""
    session = open_session(
        "nengo-dl", lambda: network(shape, parameters, initial, N_SETTLE), len(X), names
    )
    rest = session.present(X)
    session.close()
    return rest


def traced(shape, X, parameters, initial, names):
    """What is probed at each iteration, (images, iterations, size), by name."""
    import nengo

    import nengo_ngc.dl

    with nengo.Network() as model:
        net = network(shape, parameters, initial, N_TRACED)
        stimulus = nengo.Node(np.zeros(shape[0]))
        nengo.Connection(stimulus, net.input, synapse=None)
        probes = {name: net.probe(name) for name in names}
    data = {stimulus: np.repeat(X[:, None], N_TRACED, axis=1).astype(np.float32)}
    with nengo_ngc.dl.Simulator(model, minibatch_size=len(X), progress_bar=False) as sim:
        sim.run_steps(N_TRACED, data=data)
        return {name: sim.data[probe] for name, probe in probes.items()}


def measure(shape, X, parameters, initial):
    """Relative distances and gradient norms, (iterations,), and the fixed point."""
    states = [f"s{level}" for level in range(1, len(shape))]
    branches = ["bottom_up1", "top_down1"] if len(shape) > 2 else []
    rest = settled(shape, X, parameters, initial, states + branches)
    seen = traced(shape, X, parameters, initial, [*states, "gradient_norm"])
    fixed = np.concatenate([rest[name] for name in states], axis=-1)
    s = np.concatenate([seen[name] for name in states], axis=-1)
    distance = np.linalg.norm(s - fixed[:, None], axis=-1)
    distance /= np.linalg.norm(fixed, axis=-1, keepdims=True)
    return {
        "distance": distance.mean(axis=0),
        "gradient": seen["gradient_norm"][..., 0].mean(axis=0),
        "linear": np.mean((fixed > 0) & (fixed < 1)),
        "fixed": fixed,
        "branches": [rest[name] for name in branches],
    }


def fit(distance):
    """Factor per iteration, and the share of variance that the fit explains."""
    t = np.flatnonzero((distance < 1e-2) & (distance > 1e-5))
    if len(t) < 3:
        return np.nan, np.nan
    log = np.log(distance[t])
    slope, offset = np.polyfit(t, log, 1)
    return np.exp(slope), 1 - np.var(log - slope * t - offset) / np.var(log)


def draw_distances(results, path):
    """Distance and gradient against iterations, one row for each network."""
    deep = {shape: rows for shape, rows in results.items() if len(shape) > 2}
    size = (plots.WIDTH, 1.9 * len(deep) + 0.5)
    with plots.figure(path, len(deep), 2, size, sharex=True) as (fig, axes):
        for row, (shape, rows) in zip(axes, deep.items()):
            for number, (name, r) in enumerate(rows.items()):
                for ax, key in zip(row, ("distance", "gradient")):
                    ax.semilogy(r[key], markevery=10, label=name, **plots.look(number))
            row[0].set(ylabel="distance / norm", title="-".join(map(str, shape)))
            row[0].set_ylim(1e-6, 2)
            row[1].set(ylabel="norm of the gradient")
            row[1].set_ylim(1e-5)
        for ax in axes[-1]:
            ax.set_xlabel("iteration")
        plots.legend(fig)


def draw_branches(before, after, path):
    """Top-down against bottom-up input of units, before and after learning."""
    with plots.figure(path, 1, 2, (plots.WIDTH, 3.4)) as (fig, axes):
        for ax, branches, title in zip(axes[0], (before, after), ("before", "after learning")):
            B, T = (np.ravel(branch) for branch in branches)
            some = np.random.RandomState(0).choice(len(B), 3000, replace=False)
            ax.plot(B[some], T[some], ".", ms=2, alpha=0.5, color="C0")
            ends = np.percentile(B, [0.2, 99.8])
            ax.plot(ends, ends, lw=1, color="C1", label="equal")
            ax.set(title=f"{title}: correlation {correlation((B, T)):.2f}")
            ax.set(xlabel="bottom-up input", ylabel="top-down input")
        plots.legend(fig)


@benchmark
@click.option("--images", default=10_000, help="Training images.")
@click.option("--epochs", default=5, help="Training epochs.")
@click.option(
    "--pictures", type=click.Path(path_type=Path), default="docs/images", help="Their folder."
)
def main(report, images, epochs, pictures):
    """Print the table, draw the pictures."""
    report.seeds(0)
    data = report.load("mnist", binarize=False)
    X, X_test = data.X_train[:images], data.X_test[:N_TEST]
    report.say(
        f"MNIST, {epochs} epochs of {images} images, batch {BATCH}, {STEPS - 1} steps of "
        f"{EPSILON}; {N_TEST} test images"
    )
    results = {}
    for shape in SHAPES:
        parameters, rate = train(shape, X, epochs)
        results[shape] = {
            name: measure(shape, X_test, parameters[weights], initial)
            for name, (weights, initial) in STARTS.items()
        }
        tell(report, shape, results[shape], rate)
    pictures.mkdir(parents=True, exist_ok=True)
    plots.light_and_dark(
        lambda path: draw_distances(results, path), pictures / "hopfield_distance.png"
    )
    drawn, trained = (results[SHOWN][n]["branches"] for n in list(STARTS)[1::-1])
    plots.light_and_dark(
        lambda path: draw_branches(drawn, trained, path), pictures / "hopfield_branches.png"
    )


def correlation(branches):
    """Of bottom-up and top-down input, if there are both."""
    return np.corrcoef(*map(np.ravel, branches))[0, 1] if branches else np.nan


def tell(report, shape, rows, rate):
    """Print what was measured of one network."""
    table = report.table(
        f"{'-'.join(map(str, shape))}, learned at {rate:.0f} images/s",
        {
            "start, weights": "<26",
            "distance": ">10.2g",
            "of a": ">8.1f",
            "gradient": ">10.2g",
            "after 10": ">10.1e",
            "rate": ">7.3f",
            "R2": ">7.3f",
            "linear": ">8.0%",
            "corr.": ">7.2f",
        },
    )
    a, c = (rows[name] for name in list(STARTS)[::3])
    for name, r in rows.items():
        first, nearest = r["distance"][0], a["distance"][0]
        factor, r2 = fit(r["distance"])
        table.row(
            name,
            first,
            first / nearest if nearest > 1e-6 else None,
            r["gradient"][0],
            r["distance"][10],
            factor,
            r2,
            r["linear"],
            correlation(r["branches"]),
        )
    apart = np.linalg.norm(a["fixed"] - c["fixed"]) / np.linalg.norm(a["fixed"])
    report.say("fixed points reached in a and c differ by {apart:.1e}", apart=apart)


if __name__ == "__main__":
    main()
