"""What binary sparse codes are like, and what they keep of images and labels."""

import numpy as np

from .winners import k_winners

# --- single codes and neurons


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
        If codes are not a matrix of 0 and 1; so do all functions of this module.
    """
    return _binary(codes).mean(axis=1)


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
    p = _binary(codes).mean(axis=0)
    return _plog2p(p) + _plog2p(1 - p)


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
    codes = _binary(codes)
    others = codes if others is None else _binary(others, codes.shape[1])
    return codes @ others.T


# --- codes as sets of active units


def union(codes, others):
    """Units that are active in either code of a pair, (n, n_units) arrays."""
    codes, others = _pairs(codes, others)
    return np.maximum(codes, others)


def intersection(codes, others):
    """Units that are active in both codes of a pair, (n, n_units) arrays."""
    codes, others = _pairs(codes, others)
    return codes * others


def difference(codes, others):
    """Units that are active in the first code of a pair only, (n, n_units) arrays."""
    codes, others = _pairs(codes, others)
    return codes * (1 - others)


# --- codes and classes


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
    codes, labels = _binary(codes), np.asarray(labels)
    if labels.shape != codes.shape[:1]:
        raise ValueError(
            f"labels must be one for each of {len(codes)} codes, got shape {labels.shape}"
        )
    classes = np.unique(labels)
    return classes, np.stack([codes[labels == name].mean(axis=0) for name in classes])


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
    classes, means = class_means(codes, labels)
    return classes, k_winners(np, means, n_winners)


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
    return np.asarray(classes)[overlap(codes, centroids).argmax(axis=1)]


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

    a, b = (_clusters(x, n_clusters, random_state) for x in (a, b))
    if len(a) != len(b):
        raise ValueError(f"a and b must be as many, got {len(a)} and {len(b)}")
    bias = (len(np.unique(a)) - 1) * (len(np.unique(b)) - 1) / (2 * len(a))
    return float((mutual_info_score(a, b) - bias) / np.log(2))


def _clusters(x, n_clusters, random_state):
    from sklearn.cluster import MiniBatchKMeans
    from threadpoolctl import threadpool_limits

    x = np.asarray(x)
    if x.ndim == 1:
        return x
    clusters = MiniBatchKMeans(n_clusters, n_init=3, random_state=random_state)
    with threadpool_limits(1):  # of small matrices threads make minutes out of seconds
        return clusters.fit_predict(x)


def _plog2p(p):
    return -p * np.log2(np.where(p > 0, p, 1))


def _pairs(codes, others):
    codes = _binary(codes)
    others = _binary(others, codes.shape[1])
    if len(codes) != len(others):
        raise ValueError(f"codes must be in pairs, got {len(codes)} and {len(others)}")
    return codes, others


def _binary(codes, n_units=None):
    codes = np.asarray(codes, dtype=float)
    if codes.ndim != 2 or 0 in codes.shape:
        raise ValueError(f"codes must be a matrix with a row for each, got {codes.shape}")
    if n_units is not None and codes.shape[1] != n_units:
        raise ValueError(f"codes must have {n_units} units, got {codes.shape[1]}")
    if np.any((codes != 0) & (codes != 1)):
        raise ValueError("codes must consist of 0 and 1")
    return codes
