"""Measures of classifiers, and of how well classes can be read off latent states.

Every function raises a ValueError that names the argument if an array is of another type or
shape than described here.
"""

import numpy as np
from numpy.typing import NDArray

from ..namespace import NUMPY
from ..neurons import functions
from ..validation import (
    ArrayParam,
    LabelsParam,
    RandomStateParam,
    check_alike,
    check_as_many,
    checked,
)


@checked(ArrayParam("output", ndim=2, finite=False), ArrayParam("target", ndim=2))
def cross_entropy(output: NDArray, target: NDArray) -> NDArray:
    r"""Return the cross-entropy of the softmax of outputs for each image, in nats.

    Parameters
    ----------
    output : (n, n_classes) array
        Outputs of a classifier before the softmax.
    target : (n, n_classes) array
        1 for the right class and 0 for the others.

    Returns
    -------
    (n,) array
    """
    check_alike("target", target, "output", output)
    return functions.cross_entropy(NUMPY, np.asarray(output, dtype=np.float64), target)


@checked(
    ArrayParam("Z_train", ndim=2),
    LabelsParam("y_train"),
    ArrayParam("Z_test", ndim=2),
    LabelsParam("y_test"),
    RandomStateParam(),
)
def probe_error(
    Z_train: NDArray,
    y_train: NDArray,
    Z_test: NDArray,
    y_test: NDArray,
    random_state: int | np.random.RandomState | None = 0,
) -> float:
    """Return the test error, in percent, of a logistic regression on latent states.

    Each latent is shifted and scaled to a mean of 0 and a variance of 1 in the training
    images.

    Parameters
    ----------
    Z_train, Z_test : (n, n_latents) arrays
        Latent states of training and of test images.
    y_train, y_test : (n,) int arrays
        Their labels.
    random_state : int, RandomState or None, optional
        Seed of the logistic regression.

    Returns
    -------
    float
    """
    check_as_many("y_train", y_train, "Z_train", Z_train)
    check_as_many("y_test", y_test, "Z_test", Z_test)
    check_as_many("Z_test", Z_test[0], "the latents of Z_train", Z_train[0])
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    probe = make_pipeline(
        StandardScaler(), LogisticRegression(max_iter=200, random_state=random_state)
    )
    probe.fit(Z_train, y_train)
    return 100 * (1 - probe.score(Z_test, y_test))
