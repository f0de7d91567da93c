"""Images that are stored as they are, and read a batch at a time."""

import os
import pickle

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


def test_images_can_be_pickled():
    images = pickle.loads(pickle.dumps(Images(BYTES, 0.5, [3, 1])))
    np.testing.assert_array_equal(images[:], Images(BYTES, 0.5, [3, 1])[:])


# --- arrays that are mapped from a file

needs_preadv = pytest.mark.skipif(not hasattr(os, "preadv"), reason="needs os.preadv")


def mapped(path, array=BYTES, mode="r"):
    np.save(path, array)
    return np.load(path, mmap_mode=mode)


@pytest.fixture
def untouched(monkeypatch):
    """No row of a mapping may be looked at, since its pages would count as memory."""

    def touched(*_):
        raise AssertionError("the mapping was looked at")

    return lambda: monkeypatch.setattr(np.memmap, "__getitem__", touched)


VIEWS = {
    "all": lambda X: X,
    "a part": lambda X: X[3:17],
    "every third": lambda X: X[2::3],
    "flat": lambda X: X.reshape(20, 12),
}


@needs_preadv
@pytest.mark.parametrize(
    "rows",
    [slice(None), slice(1, 4), slice(4, 1, -1), [4, 0, 4, 1], 2, -1, [], np.arange(5) > 2],
)
@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_rows_are_read_from_the_file(view, rows, dtype, tmp_path, untouched):
    array = (BYTES / (255 if dtype == np.float64 else 1)).astype(dtype)
    expected = Images(np.array(view(array)))
    images = Images(view(mapped(tmp_path / "X.npy", array)))
    if isinstance(rows, np.ndarray):
        rows = np.resize(rows, len(images))
    untouched()
    np.testing.assert_array_equal(images[rows], expected[rows])
    with pytest.raises(IndexError):
        images[[99]]


@needs_preadv
def test_parts_and_blocks_are_read_from_the_file(tmp_path, untouched):
    images = Images(mapped(tmp_path / "X.npy"), rows=[7, 2, 3])
    some = images.take(slice(1, None)).binarized(0.4)
    untouched()
    assert [block.tolist() for block in images.blocks()] == [BYTES[[7, 2, 3]].tolist()]
    np.testing.assert_array_equal(some[:], BYTES[[2, 3]].reshape(2, 12) > 102)


@pytest.mark.parametrize("mode", ["r+", "c"])
def test_what_was_written_is_seen(mode, tmp_path):
    stored = mapped(tmp_path / "X.npy", mode=mode)
    stored[3] = 7  # with "c" in memory only
    np.testing.assert_array_equal(Images(stored)[3], np.full(12, np.float32(7) / 255))


def test_arrays_whose_rows_are_scattered(tmp_path):
    for order in (np.asfortranarray(BYTES), BYTES):
        stored = mapped(tmp_path / "X.npy", order)[::-1]
        np.testing.assert_array_equal(Images(stored)[:], Images(BYTES[::-1])[:])


def test_files_that_are_gone_or_replaced_after_they_were_mapped(tmp_path):
    stored = mapped(tmp_path / "X.npy")
    np.save(tmp_path / "other.npy", 255 - BYTES)
    os.replace(tmp_path / "other.npy", tmp_path / "X.npy")
    np.testing.assert_array_equal(Images(stored)[:], Images(BYTES)[:])
    os.unlink(tmp_path / "X.npy")
    np.testing.assert_array_equal(Images(stored)[:], Images(BYTES)[:])


def test_no_images_of_a_mapped_file(tmp_path):
    assert Images(mapped(tmp_path / "X.npy")[:0])[:].shape == (0, 12)


@needs_preadv
@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts in /proc")
def test_files_are_closed_with_their_images(tmp_path):
    before = len(os.listdir("/proc/self/fd"))
    images = [Images(mapped(tmp_path / "X.npy")) for _ in range(5)]
    assert len(os.listdir("/proc/self/fd")) > before
    del images
    assert len(os.listdir("/proc/self/fd")) == before


@needs_preadv
def test_a_file_that_becomes_shorter_is_an_error(tmp_path):
    images = Images(mapped(tmp_path / "X.npy"))
    os.truncate(tmp_path / "X.npy", 200)
    with pytest.raises(OSError, match="X.npy is shorter than the array that it holds"):
        images[:]
