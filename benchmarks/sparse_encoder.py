"""Sparse codes of images that keep the class: how they learn, and what they stand.

Trains encoders images-64-512 with 5 % of winners by the triplet loss, in several ways, and a
twin that has rectified units instead, an output for each class, and learns by cross-entropy.
Prints how many test images are nearest to the mean code of their own class, what happens
to overlaid images, to noisy ones, and when units die. Draws how often each unit is active in
each class, the plane of information, and the curves of robustness.

    NENGO_NGC_DATA=... python -m benchmarks.sparse_encoder --output benchmarks/sparse_encoder
"""

from pathlib import Path

import click
import numpy as np

from nengo_ngc import RuleClassifier, SDREncoder, analysis, plots
from nengo_ngc.neurons import k_winners

from ._report import benchmark

_WAYS = {
    "from scratch": {},
    "5 % from the first epoch on": {"first_sparsity": None},
    "hardness grows from 1": {"first_hardness": 1.0},
    "contrastive loss, margin 0.5": {"loss": "contrastive", "margin": 0.5},
    "hidden layer of winners, too": {"hidden": "winners"},
    "synaptic scaling, step 0.001": {"scaling": 0.001},
    "5 % at once, scaling 0.001": {"first_sparsity": None, "scaling": 0.001},
    "5 % at once, scaling 0.01": {"first_sparsity": None, "scaling": 0.01},
}
_FIRST_SPARSITY = 0.2
_NOISE = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
_DEAD = (0.0, 0.25, 0.5, 0.75, 0.9, 0.95)
DISTURBANCES = {
    "standard deviation of noise on pixels": _NOISE,
    "fraction of dead units": _DEAD,
}


@benchmark
@click.argument("dataset", default="mnist")
@click.option("--epochs", default=15, help="Training epochs.")
@click.option("--seeds", default=2, help="How often each encoder is trained.")
@click.option(
    "--pictures", type=click.Path(path_type=Path), default="docs/images", help="Their folder."
)
def main(report, dataset, epochs, seeds, pictures):
    """Train, print tables, draw pictures."""
    report.seeds(*range(seeds))
    data = report.load(dataset, binarize=False)
    report.say(
        f"{data.X_train.shape[1]}-64-512, {len(data.X_train)} images, batch 100, {epochs} "
        "epochs, Adam 1e-3 falling to a twentieth,"
    )
    report.say(f"sparsity from {_FIRST_SPARSITY} by 0.7 an epoch to 0.05")
    model, twins = compare_ways(report, data, epochs, seeds)
    codes = model.transform(data.X_test)
    active = sorted(set(codes.sum(axis=1).astype(int).tolist()))
    report.say()
    report.say("active units of each test image: {active}", active=active)
    means = analysis.class_means(codes, data.y_test)
    plots.light_and_dark(
        lambda path: plots.class_codes(*means, path), pictures / "sparse_classes.png"
    )
    overlaid(report, model, data)
    robustness(report, model, twins[0], data, pictures / "sparse_robustness.png")
    information(report, data, epochs, pictures / "sparse_information.png")


def compare_ways(report, data, epochs, seeds):
    """Print a row for each way to learn and seed; returns an encoder and all twins."""
    table = report.table(
        "one row for each seed",
        {
            "way": "<34",
            "seed": ">4",
            "test accuracy (%)": ">19.2f",
            "silent units": ">14.0f",
            "entropy (bit)": ">15.3f",
        },
    )
    twins = [twin(data, epochs, seed) for seed in range(seeds)]
    for seed, model in enumerate(twins):
        table.row("twin with a softmax", seed, 100 * model.score(data.X_test, data.y_test))
    first = {}
    for name, changes in _WAYS.items():
        for seed in range(seeds):
            model = encoder(data, epochs, seed, **changes)
            first.setdefault(name, model)
            table.row(name, seed, *_measured(model, data))
    for seed, known in enumerate(twins):
        model = encoder(data, epochs, seed, parameters=_all_but_last(known))
        table.row("the twin's weights, then triplets", seed, *_measured(model, data))
    return first["from scratch"], twins


def encoder(data, epochs, seed, parameters=None, **changes):
    """An encoder that has learned."""
    settings = {"first_sparsity": _FIRST_SPARSITY, **changes}
    model = SDREncoder(max_epochs=epochs, random_state=seed, **settings)
    return model.fit(data.X_train, data.y_train, parameters=parameters)


def twin(data, epochs, seed):
    """A classifier of the same layers, that has learned."""
    model = RuleClassifier(
        (64, 512), "autodiff", batch_size=100, max_epochs=epochs, random_state=seed
    )
    return model.fit(data.X_train, data.y_train)


def overlaid(report, model, data):
    """What codes of two images at once have to do with those of each."""
    rng = np.random.RandomState(0)
    X, y, codes = data.X_test, data.y_test, model.transform(data.X_test)
    a, b, other = rng.randint(len(X), size=(3, 5 * len(X)))
    rows = (y[a] != y[b]) & (y[other] != y[a]) & (y[other] != y[b])
    a, b, other = (rows_of[rows][:5000] for rows_of in (a, b, other))
    both = model.transform(np.maximum(X[a], X[b]))
    shared = [np.mean(np.sum(both * codes[rows], axis=1)) for rows in (a, b, other)]
    report.say()
    report.say("two test images of different classes, laid over each other")
    report.say(
        "the code shares {a:.1f} and {b:.1f} units with those of the two, {other:.1f} with "
        "that of an image of a third class",
        **dict(zip(("a", "b", "other"), shared)),
    )
    for name, seen in (
        ("code", both),
        ("union of the codes", analysis.union(codes[a], codes[b])),
    ):
        nearest = np.argsort(-analysis.overlap(seen, model.centroids_), axis=1)[:, :2]
        found = np.sort(model.classes_[nearest], axis=1) == np.sort(np.c_[y[a], y[b]], axis=1)
        report.say(
            "{name}: the two nearest centroids are of both classes in {both:.1f} % (by chance "
            "2.2)",
            name=name,
            both=100 * np.mean(found.all(axis=1)),
        )


def robustness(report, model, twin, data, path):
    """Accuracy with noisy pixels, and with dead units in the last hidden layer."""
    rng = np.random.RandomState(0)
    curves = {"k winners": [[], []], "softmax": [[], []]}
    for sigma in _NOISE:
        X = np.clip(data.X_test + sigma * rng.randn(*data.X_test.shape), 0, 1)
        curves["k winners"][0].append(100 * model.score(X, data.y_test))
        curves["softmax"][0].append(100 * twin.score(X, data.y_test))
    for part in _DEAD:
        alive = rng.permutation(512) >= part * 512
        curves["k winners"][1].append(_score_by_winners(model, data, alive))
        curves["softmax"][1].append(_score_by_softmax(twin, data, alive))
    for k, (title, values) in enumerate(DISTURBANCES.items()):
        table = report.table(
            f"test accuracy (%) by {title}",
            {"output": "<24", **{f"{value:g}": ">8.2f" for value in values}},
        )
        for name, lines in curves.items():
            table.row(name, *lines[k])
    plots.light_and_dark(lambda file: draw_robustness(curves, file), path)


def draw_robustness(curves, path):
    """Draw accuracies by the strength of disturbances.

    Parameters
    ----------
    curves : dict of {str: sequence of sequences of float}
        For each output, accuracies in percent for each of ``DISTURBANCES``.
    path : path
    """
    with plots.figure(path, 1, 2, sharey=True) as (fig, axes):
        for k, (title, values) in enumerate(DISTURBANCES.items()):
            for number, (name, lines) in enumerate(curves.items()):
                axes[0, k].plot(values, lines[k], label=name, **plots.look(number))
            axes[0, k].set_xlabel(title)
        axes[0, 0].set_ylabel("test accuracy (%), one seed")
        plots.legend(fig)


def information(report, data, epochs, path):
    """The plane of information, epoch by epoch, on 10,000 training images."""
    rows = np.random.RandomState(0).permutation(len(data.X_train))[:10_000]
    X, y = data.X_train[rows], data.y_train[rows]
    model = SDREncoder(max_epochs=epochs, random_state=0, first_sparsity=_FIRST_SPARSITY)
    points = {"hidden layer": [], "code": []}
    columns = ("I(X; hidden)", "I(hidden; Y)", "I(X; code)", "I(code; Y)")
    table = report.table(
        "information (bit), of 50 clusters of each; H(Y) = log2 10 = 3.32",
        {"epoch": ">5", **{name: ">14.2f" for name in columns}},
    )
    for record in model.epochs(data.X_train, data.y_train):
        layers = {"hidden layer": _hidden(model, X), "code": model.transform(X)}
        for name, activity in layers.items():
            points[name].append(
                [analysis.mutual_information(activity, other) for other in (X, y)]
            )
        table.row(record["epoch"], *points["hidden layer"][-1], *points["code"][-1])
    plots.light_and_dark(lambda file: draw_information(points, file), path)


def draw_information(points, path):
    """Draw a line through the epochs in the plane of information.

    Parameters
    ----------
    points : dict of {str: sequence of (float, float)}
        For each activity T, the information I(X; T) and I(T; Y) in bits after each epoch.
    path : path
    """
    with plots.figure(path, size=(5.5, 3.4)) as (fig, ((ax,),)):
        for number, (name, line) in enumerate(points.items()):
            ax.plot(*np.transpose(line), label=name, **plots.look(number))
            for epoch, below in ((1, -14), (len(line), 8)):
                ax.annotate(
                    f"epoch {epoch}",
                    line[epoch - 1],
                    textcoords="offset points",
                    xytext=(-4, below),
                    ha="left",
                    fontsize="small",
                )
        ax.set(xlabel="I(X; T) (bits)", ylabel="I(T; Y) (bits)", title="activity T, one seed")
        ax.margins(0.12)
        plots.legend(fig)


def _hidden(model, X):
    p = model.parameters_
    return np.maximum(X @ p["W1"].T + p["b1"], 0)


def _score_by_winners(model, data, alive):
    """Dead units leave the competition to the others."""
    p = model.parameters_
    currents = _hidden(model, data.X_test) @ p["W2"].T + p["b2"]
    codes = k_winners(np, np.where(alive, currents, -np.inf), 26)
    means = model.mean_codes_ / np.linalg.norm(model.mean_codes_, axis=1, keepdims=True)
    found = model.classes_[(codes @ means.T).argmax(axis=1)]
    return 100 * np.mean(found == data.y_test)


def _score_by_softmax(twin, data, alive):
    p = twin.parameters_
    last = np.maximum(_hidden(twin, data.X_test) @ p["W2"].T + p["b2"], 0) * alive
    found = twin.classes_[(last @ p["W3"].T + p["b3"]).argmax(axis=1)]
    return 100 * np.mean(found == data.y_test)


def _measured(model, data):
    codes = model.transform(data.X_test)
    return (
        100 * model.score(data.X_test, data.y_test),
        model.history_[-1]["silent_units"],
        analysis.unit_entropy(codes).mean(),
    )


def _all_but_last(twin):
    return {name: twin.parameters_[name] for name in ("W1", "b1", "W2", "b2")}


if __name__ == "__main__":
    main()
