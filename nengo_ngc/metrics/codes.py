"""Measures of binary sparse codes, and of what they preserve of images and labels.

Every function raises a ValueError that names the argument if an array is of another type or
shape than described here, for example if codes are not a matrix of 0 and 1.
"""

import numpy as np
from numpy.typing import NDArray

from ..neurons import k_winners
from ..validation import (
    ArrayParam,
    EitherParam,
    LabelsParam,
    RandomStateParam,
    WholeParam,
    check_alike,
    check_as_many,
    checked,
    unfit,
)


class _CodesParam(ArrayParam):
    """Binary codes, one in each row."""

    expected = "a matrix of 0 and 1 with a row for each code"

    def __init__(self, name="codes", **kwargs):
        super().__init__(name, ndim=2, **kwargs)

    def convert(self, value):
        codes = np.asarray(super().convert(value), dtype=float)
        if np.any((codes != 0) & (codes != 1)):
            raise ValueError
        return codes


# --- single codes and neurons


@checked(_CodesParam())
def sparsity(codes: NDArray) -> NDArray:
    """Return the part of the units that are active in each code.

    Parameters
    ----------
    codes : (n, n_units) array
        Entries are 0 or 1.

    Returns
    -------
    (n,) array
    """
    return codes.mean(axis=1)


@checked(_CodesParam())
def unit_entropy(codes: NDArray) -> NDArray:
    r"""Return the entropy of each unit's activity, in bit.

    .. math:: H_i = -p_i \log_2 p_i - (1 - p_i) \log_2 (1 - p_i)

    where :math:`p_i` is the part of the codes in which unit i is active. The entropy of units
    that are always silent, or always active, is 0.

    Parameters
    ----------
    codes : (n, n_units) array

    Returns
    -------
    (n_units,) array
    """
    p = codes.mean(axis=0)
    return _plog2p(p) + _plog2p(1 - p)


@checked(_CodesParam(), _CodesParam("others"))
def overlap(codes: NDArray, others: NDArray | None = None) -> NDArray:
    """Return the number of active units that two codes have in common, for all pairs.

    Parameters
    ----------
    codes : (n, n_units) array
    others : (m, n_units) array, optional
        Default: the codes themselves.

    Returns
    -------
    (n, m) array
    """
    others = codes if others is None else others
    check_as_many("others", others[0], "the units of codes", codes[0])
    return codes @ others.T


# --- codes as sets of active units


@checked(_CodesParam(), _CodesParam("others"))
def union(codes: NDArray, others: NDArray) -> NDArray:
    """Return the units that are active in either code of each pair, (n, n_units) arrays."""
    check_alike("others", others, "codes", codes)
    return np.maximum(codes, others)


@checked(_CodesParam(), _CodesParam("others"))
def intersection(codes: NDArray, others: NDArray) -> NDArray:
    """Return the units that are active in both codes of each pair, (n, n_units) arrays."""
    check_alike("others", others, "codes", codes)
    return codes * others


@checked(_CodesParam(), _CodesParam("others"))
def difference(codes: NDArray, others: NDArray) -> NDArray:
    """Return the units that are active in only the first code of each pair, (n, n_units)."""
    check_alike("others", others, "codes", codes)
    return codes * (1 - others)


# --- codes and classes


@checked(_CodesParam(), LabelsParam("labels"))
def class_means(codes: NDArray, labels: NDArray) -> tuple[NDArray, NDArray]:
    """Return the part of each class's codes in which each unit is active.

    Parameters
    ----------
    codes : (n, n_units) array
    labels : (n,) array

    Returns
    -------
    classes : (n_classes,) array
        In ascending order.
    means : (n_classes, n_units) array
    """
    check_as_many("labels", labels, "codes", codes)
    classes = np.unique(labels)
    return classes, np.stack([codes[labels == name].mean(axis=0) for name in classes])


@checked(_CodesParam(), LabelsParam("labels"), WholeParam("n_winners"))
def centroids(codes: NDArray, labels: NDArray, n_winners: int) -> tuple[NDArray, NDArray]:
    """Return a code for each class: the units that are active in it most often.

    Parameters
    ----------
    codes : (n, n_units) array
    labels : (n,) array
    n_winners : int
        Number of active units in a centroid.

    Returns
    -------
    classes : (n_classes,) array
    centroids : (n_classes, n_units) array
        Entries are 0 or 1.
    """
    if n_winners > codes.shape[1]:
        raise unfit("n_winners", f"at most the units of codes, {codes.shape[1]}", n_winners)
    classes, means = class_means(codes, labels)
    return classes, k_winners(np, means, n_winners)


@checked(_CodesParam(), LabelsParam("classes"), _CodesParam("centroids"))
def nearest_centroid(codes: NDArray, classes: NDArray, centroids: NDArray) -> NDArray:
    """Return the class whose centroid has most units in common with each code.

    Of equally near classes the first one is returned.

    Parameters
    ----------
    codes : (n, n_units) array
    classes, centroids : arrays
        As ``centroids`` returns them.

    Returns
    -------
    (n,) array
        Entries of ``classes``.
    """
    check_as_many("classes", classes, "centroids", centroids)
    check_as_many("centroids", centroids[0], "the units of codes", codes[0])
    return classes[overlap(codes, centroids).argmax(axis=1)]


def _samples(name):
    return EitherParam(name, LabelsParam(name), ArrayParam(name, ndim=2))


@checked(_samples("a"), _samples("b"), WholeParam("n_clusters"), RandomStateParam())
def mutual_information(
    a: NDArray,
    b: NDArray,
    n_clusters: int = 50,
    random_state: int | np.random.RandomState | None = 0,
) -> float:
    r"""Return an estimate of the mutual information I(A; B), in bit.

    Rows of a matrix are assigned to clusters by k-means, and the information between clusters
    is computed from the table of their joint counts. Clustering can only lose information, so
    the estimate lacks what distinguishes the members of a cluster. The finite number n of
    samples makes it too large by about :math:`(K_A - 1)(K_B - 1) / (2 n \ln 2)` bit (Miller
    1955), which is subtracted. It cannot exceed :math:`\log_2` of the number of clusters.

    Parameters
    ----------
    a, b : (n,) or (n, m) arrays
        Labels, which are used without clustering, or one vector in each row.
    n_clusters : int, optional
        Number of clusters of each argument that holds vectors.
    random_state : int, RandomState or None, optional
        Seed of k-means.

    Returns
    -------
    float
    """
    from sklearn.metrics import mutual_info_score

    check_as_many("b", b, "a", a)
    if n_clusters > len(a) and 2 in (a.ndim, b.ndim):
        raise unfit("n_clusters", f"at most the samples, {len(a)}", n_clusters)
    a, b = (_clusters(x, n_clusters, random_state) for x in (a, b))
    bias = (len(np.unique(a)) - 1) * (len(np.unique(b)) - 1) / (2 * len(a))
    return float((mutual_info_score(a, b) - bias) / np.log(2))


def _clusters(x, n_clusters, random_state):
    from sklearn.cluster import MiniBatchKMeans
    from threadpoolctl import threadpool_limits

    if x.ndim == 1:
        return x
    clusters = MiniBatchKMeans(n_clusters, n_init=3, random_state=random_state)
    with threadpool_limits(1):  # of small matrices threads make minutes out of seconds
        return clusters.fit_predict(x)


def _plog2p(p):
    return -p * np.log2(np.where(p > 0, p, 1))
