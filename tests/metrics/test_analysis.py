"""What binary sparse codes are like."""

import numpy as np
import pytest

from nengo_ngc import analysis

CODES = np.array([[1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 1], [1, 0, 0, 1]])
LABELS = np.array(["b", "b", "a", "a"])


def test_codes_and_units():
    np.testing.assert_array_equal(analysis.sparsity(CODES), [0.5] * 4)
    quarter = 0.25 * 2 + 0.75 * np.log2(4 / 3)
    np.testing.assert_allclose(analysis.unit_entropy(CODES), [0, quarter, quarter, 1])
    np.testing.assert_array_equal(
        analysis.overlap(CODES), [[2, 1, 1, 1], [1, 2, 1, 1], [1, 1, 2, 2], [1, 1, 2, 2]]
    )
    np.testing.assert_array_equal(analysis.overlap(CODES[:1], CODES[1:3]), [[1, 1]])


def test_sets():
    a, b = CODES[:1], CODES[1:2]
    np.testing.assert_array_equal(analysis.union(a, b), [[1, 1, 1, 0]])
    np.testing.assert_array_equal(analysis.intersection(a, b), [[1, 0, 0, 0]])
    np.testing.assert_array_equal(analysis.difference(a, b), [[0, 1, 0, 0]])


def test_classes():
    classes, means = analysis.class_means(CODES, LABELS)
    assert list(classes) == ["a", "b"]
    np.testing.assert_array_equal(means, [[1, 0, 0, 1], [1, 0.5, 0.5, 0]])
    classes, centroids = analysis.centroids(CODES, LABELS, 2)
    np.testing.assert_array_equal(centroids, [[1, 0, 0, 1], [1, 1, 0, 0]])
    found = analysis.nearest_centroid([[0, 0, 1, 1], [0, 1, 1, 0]], classes, centroids)
    assert list(found) == ["a", "b"]


def test_mutual_information_of_labels():
    rng = np.random.RandomState(0)
    a = rng.randint(4, size=5000)
    assert analysis.mutual_information(a, a) == pytest.approx(2, abs=0.01)
    # without the correction it would be 0.0013
    far = [analysis.mutual_information(a, rng.randint(4, size=5000)) for _ in range(20)]
    assert abs(np.mean(far)) < 4e-4


def test_mutual_information_of_vectors():
    rng = np.random.RandomState(0)
    a = rng.randint(4, size=3000)
    vectors = np.eye(4)[a] + 0.1 * rng.randn(3000, 4)
    assert analysis.mutual_information(vectors, a, n_clusters=4) == pytest.approx(2, abs=0.02)
    halves = analysis.mutual_information(vectors, a // 2, n_clusters=4)
    assert halves == pytest.approx(1, abs=0.02)
    noise = analysis.mutual_information(rng.randn(3000, 4), a, n_clusters=4)
    assert abs(noise) < 0.01


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: analysis.sparsity(0.5 * CODES), "a matrix of 0 and 1"),
        (lambda: analysis.sparsity(CODES * np.nan), "a matrix of 0 and 1"),
        (lambda: analysis.unit_entropy(CODES[0]), r"a matrix .*, got one of shape \(4,\)"),
        (
            lambda: analysis.overlap(CODES, CODES[:, :3]),
            r"others: must be as many as the units of codes \(4\), got 3",
        ),
        (
            lambda: analysis.nearest_centroid(CODES, LABELS, CODES[:, :3]),
            r"centroids: must be as many as the units of codes \(4\), got 3",
        ),
        (
            lambda: analysis.union(CODES, CODES[:3]),
            r"others: must have the shape of codes, \(4, 4\), got \(3, 4\)",
        ),
        (
            lambda: analysis.class_means(CODES, LABELS[:3]),
            r"labels: must be as many as codes \(4\), got 3",
        ),
        (
            lambda: analysis.mutual_information(LABELS, LABELS[:3]),
            r"b: must be as many as a \(4\), got 3",
        ),
    ],
)
def test_bad_codes(call, message):
    with pytest.raises(ValueError, match=message):
        call()
