"""Predictive forward-forward on images of 28 x 28 pixels, 2 x 500 units.

Trains on the first 50,000 images, keeps a checkpoint after each epoch and goes on from it,
prints the test error by label scanning and by one pass, and how many samples a classifier
recognises; draws curves, samples of each class and latents.

    NENGO_NGC_DATA=... python -m benchmarks.pff_images --output benchmarks/pff_mnist
"""

from pathlib import Path

import click
import numpy as np
from sklearn.neighbors import KNeighborsClassifier

import nengo_ngc as ngc
from nengo_ngc import plots
from nengo_ngc.lab.specs import MODELS

from ._report import benchmark

# the test set takes the place of validation images: no choice depends on it
_PANELS = (("test error (%)", {"val_error": "labels tried"}), *MODELS["pff"].panels[1:])


@benchmark
@click.argument("dataset", default="mnist")
@click.option("--epochs", default=5, help="Training epochs.")
@click.option("--seeds", default=1, help="How often the network is trained.")
@click.option(
    "--checkpoints",
    type=click.Path(path_type=Path),
    help="Folder of model files to go on from, and of pictures.  [default: pff-DATASET]",
)
def main(report, dataset, epochs, seeds, checkpoints):
    """Train, print the tables, draw pictures."""
    report.seeds(*range(seeds))
    folder = checkpoints or Path(f"pff-{dataset}")
    folder.mkdir(parents=True, exist_ok=True)
    data = report.load(dataset, binarize=False)
    models = [trained(data, epochs, seed, folder / f"{seed}.npz") for seed in range(seeds)]
    tabulate(report, models)
    spec = MODELS["pff"]
    spec.draw(models[0], data, folder)
    draw(models[0].history_, folder / "curves.png")

    judge = KNeighborsClassifier(5).fit(data.X_train[:10_000], data.y_train[:10_000])
    table = report.table(
        "after the last epoch; samples that five nearest neighbours give their label",
        {
            "seed": ">4",
            "test error (%)": ">16.2f",
            "of one pass (%)": ">17.2f",
            "of a probe (%)": ">16.2f",
            "samples (%)": ">13.0f",
            "test images (%)": ">17.0f",
        },
    )
    of_images = 100 * judge.score(data.X_test[:1000], data.y_test[:1000])
    for seed, model in enumerate(models):
        found = spec.evaluate(model, data, n_log_p=0, n_samples=0)
        labels = np.repeat(range(10), 30)
        samples = 100 * judge.score(model.sample(len(labels), label=labels), labels)
        errors = (found[name] for name in ("error", "pass_error", "probe_error"))
        table.row(seed, *errors, samples, of_images)


def trained(data, epochs, seed, checkpoint):
    """A model that has learned for a number of epochs, from a checkpoint if there is one."""
    X, y = data.X_train[:50_000], data.y_train[:50_000]
    if checkpoint.exists():
        model = ngc.PFFClassifier.load(checkpoint).set_params(max_epochs=epochs)
    else:
        model = ngc.PFFClassifier(max_epochs=epochs, random_state=seed)
    for _ in model.epochs(X, y, data.X_test, data.y_test, resume=True):
        model.save(checkpoint)
    if not hasattr(model, "mixtures_"):
        model.fit_prior(X, y).save(checkpoint)
    return model


def tabulate(report, models):
    """Print what was measured in each epoch with each seed."""
    sizes = "-".join(map(str, models[0].n_hidden))
    table = report.table(
        f"{sizes} units, batch {models[0].batch_size} + {models[0].batch_size}",
        {
            "seed": ">4",
            "epoch": ">7",
            "test error (%)": ">16.2f",
            "goodness": ">10.2f",
            "of negatives": ">14.2f",
            "generative loss": ">17.2f",
            "images/s": ">10.0f",
        },
    )
    shown = ("epoch", "val_error", "positive_goodness", "negative_goodness", "generative_loss")
    for seed, model in enumerate(models):
        for record in model.history_:
            table.row(seed, *(record[key] for key in (*shown, "samples_per_second")))


def draw(history, path):
    """Draw learning curves."""
    plots.learning_curves(history, _PANELS, path)


if __name__ == "__main__":
    main()
