"""What limits the linear readout of sparse codes that are learned without gradients.

Learns 50,000 training images, and shows the error of logistic regression on the other 10,000:
on codes of `HebbianEncoder` with other settings, on what its second layer sees, and on the
input of the units of this layer before they compete. C is the inverse of the strength of
regularisation.

    NENGO_NGC_DATA=... python -m benchmarks.hebbian_readout \
        --output benchmarks/hebbian_readout
"""

import click
import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from nengo_ngc import HebbianEncoder
from nengo_ngc.backends import open_session
from nengo_ngc.networks import PatchEncoder

from ._report import benchmark

_N_UNITS, _BATCH = 2000, 100


@benchmark
@click.option("--train", default=50_000, help="Images that are learned; others are held out.")
@click.option("--seed", default=0, help="Seed of the encoder.")
@click.option("--backend", default="jax", help="The simulator.")
def main(report, train, seed, backend):
    """Print the table."""
    report.seeds(seed)
    data = report.load("mnist", binarize=False)
    X, y = data.X_train, data.y_train
    table = report.table(
        f"{_N_UNITS} units; errors of logistic regression (%)",
        {
            "features": "<44",
            "number": ">7",
            "C": ">6g",
            "training images": ">16.2f",
            "held out": ">9.2f",
        },
    )

    def encoder(**settings):
        model = HebbianEncoder(
            n_units=_N_UNITS, batch_size=_BATCH, random_state=seed, backend=backend, **settings
        )
        return model.fit(X[:train], y[:train])

    def row(name, features, *strengths):
        features = csr_matrix(features)
        for C in strengths:
            readout = LogisticRegression(max_iter=1000, C=C).fit(features[:train], y[:train])
            errors = (
                100 * (1 - readout.score(features[rows], y[rows]))
                for rows in (slice(train), slice(train, None))
            )
            table.row(name, features.shape[1], C, *errors)

    usual = encoder()
    row("codes, 5 % of units active", usual.transform(X), 1.0, 0.1, 0.03)
    row("codes, 10 % active", encoder(sparsity=0.1).transform(X), 1.0)
    row("codes, grid of 5 x 5 cells", encoder(grid=5).transform(X), 1.0)
    seen = cells(usual, X, backend)
    row("units of 3 x 3 cells, which the layer sees", seen, 1.0, 0.1)
    parameters = usual.parameters_
    drive = seen @ parameters["W2"].T + np.ravel(parameters["b2"])
    for share in (0.05, 0.2):
        row(f"positive part of the largest {share:.0%} of inputs", largest(drive, share), 1.0)


def cells(encoder, X, backend):
    """What the second layer of an encoder sees of images."""
    parameters, side = encoder.parameters_, int(round(X.shape[1] ** 0.5))
    session = open_session(
        backend,
        lambda: PatchEncoder(
            (side, side),
            parameters["W1"],
            np.ravel(parameters["b1"]),
            encoder.grid,
            n_units=1,
        ),
        500,
        ["cells"],
    )
    return session.present(X)["cells"]


def largest(drive, share):
    """By how much inputs are above the largest one of the others, at a norm of 10."""
    n = int(round(share * drive.shape[1]))
    above = np.maximum(drive - np.sort(drive, axis=1)[:, [-n - 1]], 0)
    return 10 * above / np.linalg.norm(above, axis=1, keepdims=True)


if __name__ == "__main__":
    main()
