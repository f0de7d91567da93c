"""Predictive forward-forward on images of 28 x 28 pixels, 2 x 500 units.

Trains on the first 50,000 images, keeps a checkpoint after each epoch and goes on from it,
prints the test error by label scanning and by one pass, and how many samples a classifier
recognises; draws curves, samples of each class and latents.

    NENGO_NGC_DATA=... python benchmarks/pff_images.py mnist --epochs 5
"""

import datetime
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import click
import numpy as np
from sklearn.neighbors import KNeighborsClassifier

import nengo_ngc as ngc
from nengo_ngc import datasets, plots
from nengo_ngc.lab.specs import KINDS


@click.command()
@click.argument("dataset", default="mnist")
@click.option("--epochs", default=5)
@click.option("--checkpoint", type=click.Path(path_type=Path))
def main(dataset, epochs, checkpoint):
    """Train, print the table, draw pictures."""
    checkpoint = checkpoint or Path(f"pff-{dataset}.npz")
    data = datasets.load(dataset, binarize=False)
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
    command = f"python benchmarks/pff_images.py {dataset} --epochs {epochs}"
    print(f"{datetime.date.today()}  {command}")
    print(
        f"{sizes} units, batch {model.batch_size} + {model.batch_size}, {os.cpu_count()} cores"
    )
    print(
        f"\n{'epoch':>5}{'test error (%)':>16}{'goodness':>10}{'of negatives':>14}"
        f"{'generative loss':>17}{'images/s':>10}"
    )
    for r in model.history_:
        print(
            f"{r['epoch']:>5}{r['val_error']:>16.2f}{r['positive_goodness']:>10.2f}"
            f"{r['negative_goodness']:>14.2f}{r['generative_loss']:>17.2f}"
            f"{r['samples_per_second']:>10.0f}"
        )
    pictures = checkpoint.with_suffix("")
    pictures.mkdir(exist_ok=True)
    kind = KINDS["pff"]
    kind.draw(model, data, pictures)
    plots.learning_curves(model.history_, kind.panels, pictures / "curves.png")

    judge = KNeighborsClassifier(5).fit(X[:10_000], y[:10_000])
    labels = np.repeat(range(10), 30)
    recognised = judge.score(model.sample(len(labels), label=labels), labels)
    of_images = judge.score(data.X_test[:1000], data.y_test[:1000])
    model.set_params(scan=False)
    error = 100 * (1 - model.score(data.X_test, data.y_test))
    print(f"\ntest error by one feedforward pass: {error:.1f} %")
    print(
        f"samples that five nearest neighbours give their label: {100 * recognised:.0f} %, "
        f"test images: {100 * of_images:.0f} %"
    )


if __name__ == "__main__":
    main()
