"""What binary sparse codes are like, and what they keep of images and labels."""

import numpy as np

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


class CodesParam(ArrayParam):
    """Binary codes, a row for each."""

    expected = "a matrix of 0 and 1 with a row for each code"

    def __init__(self, name="codes", **kwargs):
        super().__init__(name, ndim=2, **kwargs)

    def convert(self, value):
        codes = np.asarray(super().convert(value), dtype=float)
        if np.any((codes != 0) & (codes != 1)):
            raise ValueError
        return codes


# --- single codes and neurons


@checked(CodesParam())
def sparsity(codes):
    """The part of units that are active, of each code.

    Parameters
    ----------
    codes : (n, n_units) array
        Of 0 and 1.

    Returns
    -------
    (n,) array

    Raises
    ------
    ValueError
        If codes are not a matrix of 0 and 1. All functions of this module raise it, naming
        the argument, if one is not what is described here.
    """
    return codes.mean(axis=1)


@checked(CodesParam())
def unit_entropy(codes):
    r"""How much each unit's activity varies, in bit.

    .. math:: H_i = -p_i \log_2 p_i - (1 - p_i) \log_2 (1 - p_i)

    of the part :math:`p_i` of codes in which unit i is active. Units that are always silent,
    or always active, have 0.

    Parameters
    ----------
    codes : (n, n_units) array

    Returns
    -------
    (n_units,) array
    """
    p = codes.mean(axis=0)
    return _plog2p(p) + _plog2p(1 - p)


@checked(CodesParam(), CodesParam("others"))
def overlap(codes, others=None):
    """The number of units that two codes have in common, for all pairs.

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


@checked(CodesParam(), CodesParam("others"))
def union(codes, others):
    """Units that are active in either code of a pair, (n, n_units) arrays."""
    check_alike("others", others, "codes", codes)
    return np.maximum(codes, others)


@checked(CodesParam(), CodesParam("others"))
def intersection(codes, others):
    """Units that are active in both codes of a pair, (n, n_units) arrays."""
    check_alike("others", others, "codes", codes)
    return codes * others


@checked(CodesParam(), CodesParam("others"))
def difference(codes, others):
    """Units that are active in the first code of a pair only, (n, n_units) arrays."""
    check_alike("others", others, "codes", codes)
    return codes * (1 - others)


# --- codes and classes


@checked(CodesParam(), LabelsParam("labels"))
def class_means(codes, labels):
    """How often each unit is active in each class.

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


@checked(CodesParam(), LabelsParam("labels"), WholeParam("n_winners"))
def centroids(codes, labels, n_winners):
    """The code of each class: the units that are active in it most often.

    Parameters
    ----------
    codes : (n, n_units) array
    labels : (n,) array
    n_winners : int
        Active units of a centroid.

    Returns
    -------
    classes : (n_classes,) array
    centroids : (n_classes, n_units) array
        Of 0 and 1.
    """
    if n_winners > codes.shape[1]:
        raise unfit("n_winners", f"at most the units of codes, {codes.shape[1]}", n_winners)
    classes, means = class_means(codes, labels)
    return classes, k_winners(np, means, n_winners)


@checked(CodesParam(), LabelsParam("classes"), CodesParam("centroids"))
def nearest_centroid(codes, classes, centroids):
    """The class whose centroid shares most units with a code; of equal ones the first.

    Parameters
    ----------
    codes : (n, n_units) array
    classes, centroids : arrays
        As ``centroids`` returns them.

    Returns
    -------
    (n,) array
        Of classes.
    """
    check_as_many("classes", classes, "centroids", centroids)
    return classes[overlap(codes, centroids).argmax(axis=1)]


def _samples(name):
    return EitherParam(name, LabelsParam(name), ArrayParam(name, ndim=2))


@checked(_samples("a"), _samples("b"), WholeParam("n_clusters"), RandomStateParam())
def mutual_information(a, b, n_clusters=50, random_state=0):
    r"""An estimate of the mutual information I(A; B), in bit.

    Rows of a matrix are sorted into clusters by k-means, and the information between
    clusters is that of their table of counts. Sorting can only lose information, so the
    estimate is too low by what is left within clusters; the table of n samples makes it too
    high, by about :math:`(K_A - 1)(K_B - 1) / (2 n \ln 2)` bit (Miller 1955), which is
    subtracted. It cannot exceed :math:`\log_2` of the number of clusters.

    Parameters
    ----------
    a, b : (n,) or (n, m) arrays
        Labels, which are taken as they are, or vectors.
    n_clusters : int, optional
    random_state : int, optional

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
