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
@click.option(
    "--checkpoint",
    type=click.Path(path_type=Path),
    help="Model file to go on from, with pictures beside it.  [default: pff-DATASET.npz]",
)
def main(report, dataset, epochs, checkpoint):
    """Train, print the table, draw pictures."""
    report.seeds(0)
    checkpoint = checkpoint or Path(f"pff-{dataset}.npz")
    data = report.load(dataset, binarize=False)
    X, y = data.X_train[:50_000], data.y_train[:50_000]
    if checkpoint.exists():
        model = ngc.PFFClassifier.load(checkpoint).set_params(max_epochs=epochs)
    else:
        model = ngc.PFFClassifier(max_epochs=epochs, backend="nengo-dl", random_state=0)
    for _ in model.epochs(X, y, data.X_test, data.y_test, resume=True):
        model.save(checkpoint)
    if not hasattr(model, "mixtures_"):
        model.fit_prior(X, y).save(checkpoint)

    sizes = "-".join(map(str, model.n_hidden))
    table = report.table(
        f"{sizes} units, batch {model.batch_size} + {model.batch_size}",
        {
            "epoch": ">5",
            "test error (%)": ">16.2f",
            "goodness": ">10.2f",
            "of negatives": ">14.2f",
            "generative loss": ">17.2f",
            "images/s": ">10.0f",
        },
    )
    shown = ("epoch", "val_error", "positive_goodness", "negative_goodness", "generative_loss")
    for record in model.history_:
        table.row(*(record[key] for key in (*shown, "samples_per_second")))
    pictures = checkpoint.with_suffix("")
    pictures.mkdir(exist_ok=True)
    spec = MODELS["pff"]
    spec.draw(model, data, pictures)
    draw(model.history_, pictures / "curves.png")

    judge = KNeighborsClassifier(5).fit(X[:10_000], y[:10_000])
    labels = np.repeat(range(10), 30)
    recognised = judge.score(model.sample(len(labels), label=labels), labels)
    of_images = judge.score(data.X_test[:1000], data.y_test[:1000])
    model.set_params(scan=False)
    error = 100 * (1 - model.score(data.X_test, data.y_test))
    report.say()
    report.say("test error by one feedforward pass: {error:.1f} %", error=error)
    report.say(
        "samples that five nearest neighbours give their label: {samples:.0%}, "
        "test images: {images:.0%}",
        samples=recognised,
        images=of_images,
    )


def draw(history, path):
    """Draw learning curves."""
    plots.learning_curves(history, _PANELS, path)


if __name__ == "__main__":
    main()
