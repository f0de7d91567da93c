"""Sparse codes of images without gradients and without labels.

Trains `HebbianEncoder` and takes parts of it away, beside winners of a random projection and
of principal components, all with 512 units of which 26 are active. Prints how many test images
are nearest to the centroid of their own class: to the binary one, k winners of the class's
mean code, and to the mean code itself, scaled to unit length. Labels make the centroids,
nothing else.

    NENGO_NGC_DATA=... python -m benchmarks.gradient_free --output benchmarks/gradient_free
"""

import time

import click
import numpy as np
from sklearn.decomposition import PCA

from nengo_ngc import HebbianEncoder, analysis
from nengo_ngc.neurons import k_winners

from ._report import benchmark

_UNITS, _WINNERS = 512, 26


@benchmark
@click.argument("dataset", default="mnist")
@click.option("--seeds", default=2, help="How often each code is learned.")
def main(report, dataset, seeds):
    """Learn, and print a table."""
    report.seeds(*range(seeds))
    data = report.load(dataset, binarize=False)
    table = report.table(
        f"{len(data.X_train)} images, {_UNITS} units, {_WINNERS} active; a row for each seed",
        {
            "code": "<38",
            "seed": ">4",
            "binary centroids (%)": ">22.2f",
            "mean codes (%)": ">16.2f",
            "silent units": ">14.0f",
            "learning (s)": ">14.0f",
        },
    )
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
        for seed in range(n_seeds):
            start = time.perf_counter()
            known, new = way(seed)
            scores = _scores(known, new, data)
            table.row(name, seed, *scores, time.perf_counter() - start)


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
