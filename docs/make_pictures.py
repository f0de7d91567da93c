"""Draws the figures of the documentation that need no long run, for light and dark pages.

``circuit`` is a diagram, ``settling`` is computed in a minute, and all others are drawn from
the tables that benchmarks have left in ``benchmarks/``. Each is drawn as ``NAME.png`` and as
``NAME_dark.png``. Run in the root of the repository::

    python -m docs.make_pictures                 # all of them
    python -m docs.make_pictures initial_bce
"""

import json
import sys
from functools import cache
from pathlib import Path

import nengo
import numpy as np

import nengo_ngc as ngc
from benchmarks import initial, pff_images, sparse_encoder, willshaw
from benchmarks._recorded import curves, table
from nengo_ngc import datasets
from nengo_ngc.lab.compare import figures
from nengo_ngc.lab.plots import INK, WIDTH, figure, light_and_dark, whole_numbers

IMAGES = Path(__file__).parent / "images"
DOWN, UP = "C0", "C1"
LEFT, RIGHT, HEIGHT = 0.0, 3.0, 1.6
N_LAYERS = 3


def box(ax, x, y, text, colour):
    """Draw a box with a text in it."""
    frame = {"boxstyle": "round,pad=0.45", "edgecolor": colour}
    frame["facecolor"] = ax.get_facecolor()
    ax.text(x, y, text, ha="center", va="center", fontsize=15, color=colour, bbox=frame)


def arrow(ax, start, end, colour, bend=0.0):
    """Draw an arrow from the border of one box to that of another."""
    style = {"arrowstyle": "-|>", "color": colour, "lw": 1.6, "shrinkA": 19, "shrinkB": 19}
    style["connectionstyle"] = f"arc3,rad={bend}"
    ax.annotate("", end, start, arrowprops=style)


def circuit(path):
    """Draw a GNCN of three layers, in which predictions go down and errors go up."""
    with figure(path, size=(WIDTH, 4.9)) as (_, ((ax,),)):
        for level in range(N_LAYERS):
            y = HEIGHT * level
            state, above, error = (LEFT, y), (LEFT, y + HEIGHT), (RIGHT, y)
            box(ax, *state, f"$z_{level}$" if level else "image", INK)
            box(ax, *error, f"$e_{level}$", UP)
            if level == 0:
                arrow(ax, (LEFT + 0.25, y), error, INK)
            else:
                arrow(ax, state, error, INK, bend=-0.08)
                arrow(ax, error, state, UP, bend=-0.08)
            arrow(ax, above, error, DOWN, bend=0.07)
            arrow(ax, error, above, UP, bend=0.07)
            ax.text(0.62, y + 0.62, f"$W_{level + 1}$", color=DOWN, fontsize=14)
            ax.text(1.82, y + 0.88, f"$E_{level + 1}$", color=UP, fontsize=14)
        top = HEIGHT * N_LAYERS
        box(ax, LEFT, top, f"$z_{N_LAYERS}$", INK)
        heading = {"ha": "center", "fontsize": 12}
        ax.text(LEFT, top + 0.55, "latent states", **heading)
        ax.text(RIGHT, top - HEIGHT + 0.55, "errors", color=UP, **heading)
        notes = (
            (DOWN, "W: each layer predicts\nthe layer below"),
            (INK, "e: the state minus\nits prediction"),
            (UP, "E: errors move the states,\nand then change the weights"),
        )
        for row, (colour, text) in enumerate(notes):
            ax.text(RIGHT + 0.7, 3.5 - row, text, color=colour, fontsize=11, va="top")
        ax.set(xlim=(-0.8, 6.6), ylim=(-0.5, top + 0.9))
        ax.axis("off")


def settling(path):
    """Plot how an image settles in a trained network, and how another network learns."""
    steps = 50
    image, prediction, squares, learned = _settle(steps)
    moments = (1, 5, 10, 20, 50)
    with figure(path, 2, 6, (WIDTH, 3.9)) as (fig, axes):
        shown = [image, *(prediction[t - 1] for t in moments)]
        titles = ["image", *(f"after {t} ms" for t in moments)]
        for ax, pixels, title in zip(axes[0], shown, titles):
            ax.imshow(pixels.reshape(8, 8), cmap="gray", vmin=0, vmax=1)
            ax.set_title(title)
            ax.axis("off")
        grid = axes[1, 0].get_gridspec()
        for ax in axes[1]:
            ax.remove()
        left, right = fig.add_subplot(grid[1, :3]), fig.add_subplot(grid[1, 3:])
        for square, name, colour in zip(squares, ("e_0", "e_1"), (UP, DOWN)):
            times = np.arange(1, steps + 1)
            left.plot(times, square, color=colour, label=f"$|{name}|^2$")
        left.set(xlabel="timestep (ms)", title="one image settles", ylim=(0, None))
        left.legend()
        smooth = learned.reshape(-1, 50).mean(axis=1)
        counts = np.arange(len(smooth)) * 50 + 25
        right.plot(counts, smooth, color=UP, label="$|e_0|^2$, mean of 50 images")
        right.set(xlabel="images seen", title="a network learns", ylim=(0, None))
        right.legend()
        for ax in (left, right):
            whole_numbers(ax.yaxis)


@cache
def _settle(steps, n_learn=1000):
    """Return an image, its predictions, squared errors, and those of images learned from."""
    known = dict(np.load(IMAGES.parents[1] / "examples" / "ngc_digits.npz"))
    digits = datasets.load("digits", binarize=False)
    seen = digits.X_test[[3]]
    run = _run(seen, steps, known)
    squares = [np.sum(run[e] ** 2, axis=1) for e in ("e0", "e1")]
    runs = _run(digits.X_train[:n_learn], steps, None)
    learned = np.sum(runs["e0"] ** 2, axis=1)[steps - 1 :: steps]
    return seen[0], run["mu0"], squares, learned


def _run(images, steps, parameters):
    """Return the values of a network at each timestep; without parameters it learns."""
    with nengo.Network(seed=0) as model:
        stimulus = nengo.Node(nengo.processes.PresentInput(images, steps * 0.001))
        net = ngc.networks.GNCN(
            (64, 72, 72), schedule=ngc.Schedule(steps), parameters=parameters
        )
        net.learn.output = [float(parameters is None)]
        nengo.Connection(stimulus, net.input, synapse=None)
        probes = {name: net.probe(name) for name in ("mu0", "e0", "e1")}
    with nengo.Simulator(model, progress_bar=False) as sim:
        sim.run_steps(steps * len(images))
    return {name: sim.data[probe] for name, probe in probes.items()}


def initial_bce(path, name="initial"):
    """Cross-entropy in training from different starts, on MNIST."""
    rows, speeds = table(name, "validation BCE"), table("initial_speed", "training")
    initial.draw(
        {start: np.ravel(bce) for start, bce in curves(rows, "start", "from 0").items()},
        {row["start"]: row["samples/s"] for row in speeds},
        path,
    )


def initial_fashion_bce(path):
    """The same on Fashion-MNIST."""
    initial_bce(path, "initial_fashion")


def pff_curves(path):
    """Learning curves of predictive forward-forward on MNIST."""
    names = {
        "epoch": "epoch",
        "test error (%)": "val_error",
        "goodness": "positive_goodness",
        "of negatives": "negative_goodness",
        "generative loss": "generative_loss",
    }
    rows = [row for row in table("pff_mnist", "500-500 units") if row.get("seed", 0) == 0]
    pff_images.draw([{names[k]: row[k] for k in names} for row in rows], path)


def sparse_robustness(path):
    """Accuracy of codes with noise and dead units."""
    outputs = {}
    for title in sparse_encoder.DISTURBANCES:
        for row in table("sparse_encoder", f"test accuracy (%) by {title}"):
            outputs.setdefault(row.pop("output"), []).append(list(row.values()))
    sparse_encoder.draw_robustness(outputs, path)


def sparse_information(path):
    """Codes and hidden layers in the plane of information."""
    rows = table("sparse_encoder", "information")
    points = {
        "hidden layer": [(row["I(X; hidden)"], row["I(hidden; Y)"]) for row in rows],
        "code": [(row["I(X; code)"], row["I(code; Y)"]) for row in rows],
    }
    sparse_encoder.draw_information(points, path)


def memory(path):
    """Information in Willshaw's memory."""
    rows = {k: table("willshaw", f"k = {k},") for k in willshaw.ACTIVE}
    willshaw.draw(1024, rows, path)


def compare_curves(path, name="curves"):
    """Errors of learning rules on MNIST over epochs."""
    recorded = json.loads(
        (IMAGES.parents[1] / "benchmarks" / "compare_mnist.json").read_text("utf-8")
    )
    runs = {}
    for result in recorded["results"]:
        runs.setdefault(result["cell"]["rule"], []).append(result)
    figures.PICTURES[name](runs, path)


def compare_angles(path):
    """Angles to backprop of the same rules."""
    compare_curves(path, "angles")


PICTURES = {
    "circuit": circuit,
    "settling": settling,
    "initial_bce": initial_bce,
    "initial_fashion_bce": initial_fashion_bce,
    "pff_curves": pff_curves,
    "sparse_robustness": sparse_robustness,
    "sparse_information": sparse_information,
    "willshaw": memory,
    "compare_curves": compare_curves,
    "compare_angles": compare_angles,
}

if __name__ == "__main__":
    for name in sys.argv[1:] or PICTURES:
        light_and_dark(PICTURES[name], IMAGES / f"{name}.png")
