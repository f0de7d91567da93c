"""Sparse codes of images without gradients and without labels.

Trains `HebbianEncoder` and takes parts of it away, beside winners of a random projection and
of principal components, all with 512 units of which 26 are active. Prints how many test images
are nearest to the centroid of their own class: to the binary one, k winners of the class's
mean code, and to the mean code itself, scaled to unit length. Labels make the centroids,
nothing else.

    NENGO_NGC_DATA=... python benchmarks/gradient_free.py > benchmarks/gradient_free.txt
"""

import datetime
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import click
import numpy as np
from sklearn.decomposition import PCA

from nengo_ngc import HebbianEncoder, analysis, datasets
from nengo_ngc.neurons import k_winners

_UNITS, _WINNERS = 512, 26


@click.command()
@click.argument("dataset", default="mnist")
@click.option("--seeds", default=2)
def main(dataset, seeds):
    """Learn, and print a table."""
    data = datasets.load(dataset, binarize=False)
    print(
        f"{datetime.date.today()}  python benchmarks/gradient_free.py {' '.join(sys.argv[1:])}"
    )
    print(
        f"{len(data.X_train)} images, {_UNITS} units, {_WINNERS} active; one number for each "
        "seed\n"
    )
    header = "binary centroids (%)", "mean codes (%)", "silent units"
    print(f"{'':38s}" + "  ".join(header) + "  learning (s)")
    ways = {
        "random projection": lambda seed: _fixed(data, _random(data, seed), equal=False),
        "random projection, equally active": lambda seed: _fixed(data, _random(data, seed)),
        "principal components": lambda seed: _fixed(data, _components(data), equal=False),
        "principal components, equally active": lambda seed: _fixed(data, _components(data)),
        "filters and units as they start": lambda seed: _encoder(
            data, seed, learning_rate=1e-9
        ),
        "learned, thresholds stay": lambda seed: _encoder(data, seed, homeostasis=0.0),
        "learned": lambda seed: _encoder(data, seed),
        "learned, 2,000 units, 100 active": lambda seed: _encoder(data, seed, n_units=2000),
    }
    for name, way in ways.items():
        n_seeds = 1 if name.startswith("principal") else seeds
        measured = []
        for seed in range(n_seeds):
            start = time.perf_counter()
            known, new = way(seed)
            measured.append((*_scores(known, new, data), time.perf_counter() - start))
        columns = zip(("{:.2f}", "{:.2f}", "{:.0f}", "{:.0f}"), zip(*measured))
        texts = [" ".join(form.format(v) for v in values) for form, values in columns]
        widths = [*map(len, header), len("learning (s)")]
        print(
            f"{name:38s}" + "  ".join(f"{t:>{w}s}" for t, w in zip(texts, widths)), flush=True
        )


def _encoder(data, seed, **changes):
    model = HebbianEncoder(random_state=seed, **changes)
    model.fit(data.X_train, data.y_train)
    return model.transform(data.X_train), model.transform(data.X_test)


def _random(data, seed):
    weights = np.random.RandomState(seed).randn(data.X_train.shape[1], _UNITS)
    return lambda X: X @ weights


def _components(data):
    """Each component twice, with either sign."""
    pca = PCA(_UNITS // 2, whiten=True, random_state=0).fit(data.X_train)
    return lambda X: np.hstack([pca.transform(X), -pca.transform(X)])


def _fixed(data, currents, equal=True):
    """Winners, with thresholds above which each unit is in as many training images or not."""
    known, new = currents(data.X_train), currents(data.X_test)
    if equal:
        thresholds = np.quantile(known[:10_000], 1 - _WINNERS / _UNITS, axis=0)
        known, new = known - thresholds, new - thresholds
    return k_winners(np, known, _WINNERS), k_winners(np, new, _WINNERS)


def _scores(known, new, data):
    k = int(known[0].sum())
    binary = analysis.nearest_centroid(new, *analysis.centroids(known, data.y_train, k))
    classes, means = analysis.class_means(known, data.y_train)
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    real = classes[(new @ means.T).argmax(axis=1)]
    right = [100 * np.mean(found == data.y_test) for found in (binary, real)]
    return (*right, np.sum(~known.any(axis=0)))


if __name__ == "__main__":
    main()
