"""Images that are stored as they are, and read a batch at a time."""

import mmap

import numpy as np
import pytest

from nengo_ngc.training.images import Images, part

BYTES = np.random.RandomState(0).randint(256, size=(20, 4, 3), dtype=np.uint8)


@pytest.mark.parametrize("rows", [slice(3), slice(None), [4, 2, 2], np.arange(5), 7, -1])
@pytest.mark.parametrize(
    "stored, grey",
    [
        (BYTES, BYTES / 255),
        (BYTES.astype(int), BYTES / 255),
        (BYTES / 255, BYTES / 255),
        (BYTES > 99, BYTES > 99),
    ],
    ids=["bytes", "whole numbers", "floats", "flags"],
)
def test_what_is_stored_becomes_numbers(stored, grey, rows):
    images, flat = Images(stored), grey.reshape(20, 12)
    assert images.shape == (20, 12) and len(images) == 20
    found = images[rows]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, flat[rows], rtol=1e-6)
    np.testing.assert_array_equal(images.binarized()[rows], flat[rows] > 0.5)


def test_bytes_become_what_they_always_did():
    np.testing.assert_array_equal(Images(BYTES)[:], BYTES.reshape(20, 12) / np.float32(255))


def test_a_part_of_a_part():
    order = np.random.RandomState(1).permutation(20)
    for images in (Images(BYTES), Images(BYTES, rows=np.arange(20)), BYTES.reshape(20, 12)):
        some = part(part(part(images, slice(2, None)), order[order < 18]), slice(5))
        expected = BYTES.reshape(20, 12)[2:][order[order < 18]][:5]
        if isinstance(some, Images):
            assert some.stored.base is not None or some.stored is BYTES  # nothing is copied
            expected = expected / np.float32(255)
        np.testing.assert_array_equal(some[:], expected)


def test_functions_that_know_arrays_only():
    assert np.asarray(Images(BYTES), dtype=float).dtype == float
    np.testing.assert_array_equal(np.asarray(Images(BYTES)), Images(BYTES)[:])


@pytest.mark.skipif(not hasattr(mmap, "MADV_DONTNEED"), reason="needs madvise")
@pytest.mark.parametrize("mode, is_given_back", [("r", True), ("r+", True), ("c", False)])
def test_memory_of_a_mapped_file_is_given_back(mode, is_given_back, tmp_path):
    np.save(tmp_path / "X.npy", BYTES)
    stored = np.load(tmp_path / "X.npy", mmap_mode=mode)
    if mode != "r":
        stored[3] = 7  # nothing that was written may be lost
    images = Images(stored, rows=[3, 4])
    expected = np.array(stored[[3, 4]])
    assert (images._file is not None) == is_given_back
    for _ in range(2):
        np.testing.assert_array_equal(images[:], expected.reshape(2, 12) / np.float32(255))
    assert [block.shape for block in images.blocks()] == [(2, 4, 3)]
    assert images.take(slice(1))._file is images._file
