"""IDX files, the format of MNIST: a magic number, the sizes of axes, and the values."""

import gzip
import math
import os
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...validation import PathParam, checked

_BYTES = 0x08
# types of values by the third byte of a file
_TYPES = {_BYTES: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}

_MOST_AXES = 4
_GZIP = b"\x1f\x8b"
_DENSEST = 1100  # gzip cannot make more of a byte


@checked(PathParam("path"))
def read_idx(path: str | os.PathLike) -> NDArray:
    """Read the array in one IDX file, the format of MNIST and its relatives.

    Parameters
    ----------
    path : str or path
        The file, packed by gzip or not, whatever it is called.

    Returns
    -------
    array
        As many axes, up to four, and as many values as the header says. The type is that of
        the file: uint8 for images and labels of MNIST, otherwise int8, int16, int32, float32
        or float64.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not an IDX file, is damaged, or has fewer or more values than its header
        says.

    References
    ----------
    LeCun, Cortes & Burges, "The MNIST database of handwritten digits", which describes the
    format.
    """
    try:
        packed = is_packed(path)
        with gzip.open(path) if packed else open(path, "rb") as file:
            head = file.read(header_size(_MOST_AXES))
            dtype, shape = _header(head, str(path))
            size = header_size(len(shape)) + math.prod(shape) * dtype.itemsize
            # one byte more tells whether there are too many; a header may say any number
            most = os.path.getsize(path) * (_DENSEST if packed else 1)
            content = head + file.read(max(0, min(size + 1, most) - len(head)))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is damaged or truncated: {error}") from error
    return _values(content, str(path), dtype, shape)


def is_packed(path: str | os.PathLike) -> bool:
    """Return whether a file is packed by gzip, whatever it is called."""
    with open(path, "rb") as file:
        return file.read(2) == _GZIP


def mapped(path: Path) -> NDArray:
    """Return the array in an uncompressed file, whose values are read only when needed.

    Raises
    ------
    ValueError
        As for `read_idx`, or if there are no values.
    """
    with open(path, "rb") as file:
        dtype, shape = _header(file.read(header_size(_MOST_AXES)), str(path))
    start, size = header_size(len(shape)), math.prod(shape) * dtype.itemsize
    there = path.stat().st_size - start
    if there != size or not size:
        raise ValueError(f"{path} must have {size} bytes as its header says, got {there}")
    return np.memmap(path, dtype, "r", offset=start, shape=shape)


def header_size(ndim: int) -> int:
    """Return the number of bytes before the values of an array with this number of axes."""
    return 4 + 4 * ndim


def parse(content: bytes, name: str, expected: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return the array of bytes in a file, which must have the expected shape."""
    dtype, shape = _header(content[: header_size(_MOST_AXES)], name)
    if (dtype, shape) != (np.dtype(np.uint8), expected):
        raise ValueError(
            f"{name} is not the IDX file expected: header {dtype} {shape}, expected uint8 "
            f"{expected}"
        )
    return _values(content, name, dtype, shape)


def _header(head, name):
    """Return the type of the values and the shape, from the first bytes of a file."""
    if len(head) < 8:
        raise ValueError(f"{name} is truncated: {len(head)} bytes")
    zero, kind, ndim = struct.unpack(">HBB", head[:4])
    if zero or kind not in _TYPES or not 1 <= ndim <= _MOST_AXES:
        raise ValueError(
            f"{name} is not an IDX file: it begins with {head[:4].hex(' ')}, expected 00 00, "
            f"a type ({', '.join(f'{key:02x}' for key in _TYPES)}) and 1 to {_MOST_AXES} axes"
        )
    if len(head) < header_size(ndim):
        raise ValueError(f"{name} is truncated: {len(head)} bytes")
    return np.dtype(_TYPES[kind]), struct.unpack(f">{ndim}I", head[4 : header_size(ndim)])


def _values(content, name, dtype, shape):
    """Return the values after a header, in the byte order of this machine."""
    start, size = header_size(len(shape)), math.prod(shape) * dtype.itemsize
    found = len(content) - start
    if found < size:
        raise ValueError(
            f"{name} is truncated: {found} bytes of values, expected {size} for {shape}"
        )
    if found > size:
        raise ValueError(f"{name} must have {size} bytes of values for {shape}, got more")
    values = np.frombuffer(content, dtype, offset=start).reshape(shape)
    return values.astype(dtype.newbyteorder("="), copy=False)
