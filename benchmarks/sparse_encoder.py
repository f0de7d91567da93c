"""Sparse codes of images, learned by the triplet loss through NengoDL.

Trains images-64-512 with soft k winners, 5 % of them active, and prints how many test images
have the nearest class centroid of their own class (centroids are binary, from the training
images), how many units are silent, and the entropy of units. Then its twin, which has rectified
units instead, an output for each class, and learns by cross-entropy. Draws how often
each unit is active in each class.

    NENGO_NGC_DATA=... python benchmarks/sparse_encoder.py > benchmarks/sparse_encoder.txt
"""

import datetime
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import click
import nengo
import numpy as np

import nengo_ngc as ngc
from nengo_ngc import analysis, datasets, plots
from nengo_ngc.dl import losses

_BATCH, _UNITS, _SPARSITY = 100, 512, 0.05


@click.command()
@click.argument("dataset", default="mnist")
@click.option("--epochs", default=15)
@click.option("--hardness", default=5.0)
@click.option("--margin", default=0.3)
@click.option("--output", type=click.Path(path_type=Path), default=Path("docs/images"))
def main(dataset, epochs, hardness, margin, output):
    """Train, print a table, draw the classes' codes."""
    data = datasets.load(dataset, binarize=False)
    X, y = data.X_train, data.y_train
    print(f"{datetime.date.today()}  python benchmarks/sparse_encoder.py {dataset}")
    print(
        f"{X.shape[1]}-64-{_UNITS}, sparsity {_SPARSITY}, {len(X)} images, batch {_BATCH}, "
        f"hardness {hardness}, margin {margin}, Adam 1e-3 falling to 2e-5\n"
    )
    print("epoch  test accuracy (%)  silent units  mean entropy (bit)  images/s")
    winners = ngc.SoftKWinnersTakeAll(_SPARSITY, hardness)
    n_winners = winners.n_winners(_UNITS)
    encoder = build(X.shape[1], winners)
    for epoch, speed, outputs in train(encoder, losses.TripletLoss(margin), X, y, epochs):
        known, new = outputs(X), outputs(data.X_test)
        found = analysis.nearest_centroid(new, *analysis.centroids(known, y, n_winners))
        silent = np.sum(known.sum(axis=0) == 0)
        print(
            f"{epoch:5d}{100 * np.mean(found == data.y_test):19.2f}{silent:14d}"
            f"{analysis.unit_entropy(known).mean():20.3f}{speed:10.0f}",
            flush=True,
        )
    assert np.all(new.sum(axis=1) == n_winners)
    print(f"\nevery test image has {n_winners} of {_UNITS} units active")
    draw(*analysis.class_means(new, data.y_test), output / "sparse_classes.png")

    print("\nthe twin with a softmax")
    n_classes = len(np.unique(y))
    twin = build(X.shape[1], nengo.RectifiedLinear(), n_classes)
    for epoch, speed, outputs in train(twin, cross_entropy, X, y, epochs):
        found = outputs(data.X_test).argmax(axis=1)
        print(f"{epoch:5d}{100 * np.mean(found == data.y_test):19.2f}{speed:44.0f}", flush=True)


def train(encoder, loss, X, y, epochs):
    """Yield epoch, images per second and a function from images to outputs now and then."""
    import tf_keras

    stimulus, probe, model = encoder
    rate = tf_keras.optimizers.schedules.PolynomialDecay(
        1e-3, epochs * len(X) // _BATCH, 2e-5
    )
    with ngc.dl.Simulator(model, minibatch_size=_BATCH, progress_bar=False, seed=0) as sim:
        sim.compile(tf_keras.optimizers.Adam(rate), loss=loss)

        def outputs(images):
            return sim.predict({stimulus: images[:, None]}, verbose=0)[probe][:, 0]

        targets = {probe: y[:, None, None]}
        for epoch in range(1, epochs + 1):
            start = time.perf_counter()
            sim.fit({stimulus: X[:, None]}, targets, epochs=1, verbose=0)
            if epoch % 5 == 1 or epoch == epochs:
                yield epoch, len(X) / (time.perf_counter() - start), outputs


def cross_entropy(labels, outputs):
    """Of the softmax of outputs."""
    import tensorflow as tf

    labels = tf.cast(labels[:, -1, 0], tf.int32)
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, outputs[:, -1])


def build(n_pixels, neuron_type, n_classes=None):
    """Input, probe and network of an encoder, with an output of its own or not."""
    with nengo.Network(seed=0) as model:
        stimulus = nengo.Node(np.zeros(n_pixels))
        layers = [stimulus, units(64, nengo.RectifiedLinear()), units(_UNITS, neuron_type)]
        if n_classes is not None:
            layers.append(nengo.Node(size_in=n_classes))
        for pre, post in zip(layers, layers[1:]):
            he = nengo.Dense(
                (post.size_in, pre.size_out),
                init=nengo.dists.Gaussian(0, np.sqrt(2 / pre.size_out)),
            )
            nengo.Connection(pre, post, transform=he, synapse=None)
        probe = nengo.Probe(layers[-1])
    return stimulus, probe, model


def units(n, neuron_type):
    """Neurons that take their input as it is; biases are learned."""
    return nengo.Ensemble(
        n, 1, neuron_type=neuron_type, gain=np.ones(n), bias=np.zeros(n)
    ).neurons


def draw(classes, means, path):
    """How often each unit is active in each class; units in the order of their classes."""
    order = np.lexsort((-means.max(axis=0), means.argmax(axis=0)))
    order = order[means.max(axis=0)[order] > 0]
    figure, ((axes,),) = plots.figure(1, 1, figsize=(9, 3))
    image = axes.imshow(means[:, order], aspect="auto", cmap="viridis", vmin=0, vmax=1)
    axes.set(xlabel="units that are ever active", ylabel="class")
    axes.set_yticks(range(len(classes)), classes)
    figure.colorbar(image, label="part of images in which it is active")
    plots.save(figure, path)


if __name__ == "__main__":
    main()
