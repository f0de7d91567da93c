"""Single IDX files."""

import gzip
import struct

import numpy as np
import pytest

from nengo_ngc import datasets

X = np.random.RandomState(0).randint(0, 256, (4, 3, 2)).astype(np.uint8)


def content(array=X, kind=0x08):
    big = array.astype(array.dtype.newbyteorder(">"))
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes([0, 0, kind, array.ndim]) + sizes + big.tobytes()


def written(tmp_path, data, name="images"):
    path = tmp_path / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", ["images", "images.gz"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_read_whatever_its_name_is(name, pack, tmp_path):
    found = datasets.read_idx(written(tmp_path, pack(content()), name))
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, X)


@pytest.mark.parametrize(
    "kind, dtype", [(9, "i1"), (0x0B, "i2"), (0x0C, "i4"), (0x0D, "f4"), (0x0E, "f8")]
)
def test_types(kind, dtype, tmp_path):
    array = (X.astype(float) - 128).clip(-128, 127).astype(dtype)
    found = datasets.read_idx(str(written(tmp_path, content(array, kind))))
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(
    "change, message",
    [
        (lambda c: c[:-1], r"images is truncated: 23 bytes of values, expected 24 for \(4, 3"),
        (lambda c: c + b"x", "images must have 24 bytes of values .*, got more"),
        (lambda c: c[:6], "images is truncated: 6 bytes"),
        (lambda c: c[:10], "images is truncated: 10 bytes"),
        (lambda c: b"text" + c, "images is not an IDX file: it begins with 74 65 78 74, exp"),
        (lambda c: b"\0\0\x0a" + c[3:], "is not an IDX file: it begins with 00 00 0a 03"),
        (lambda c: b"\0\0\x08\x09" + 40 * b"\0", "is not an IDX file"),
        (lambda c: c[:4] + 12 * b"\xff" + c[16:], "is truncated: 24 bytes of values"),
    ],
)
def test_damaged(pack, change, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        datasets.read_idx(written(tmp_path, pack(change(content()))))


def test_damaged_by_gzip(tmp_path):
    with pytest.raises(ValueError, match="images is damaged or truncated"):
        datasets.read_idx(written(tmp_path, gzip.compress(content())[:-9]))


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        datasets.read_idx(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="path: must be"):
        datasets.read_idx(3)
