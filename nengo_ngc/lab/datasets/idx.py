"""IDX files, the format of MNIST: a magic number, sizes, unsigned bytes."""

import math
import struct

import numpy as np
from numpy.typing import NDArray

_BYTES = 0x0800  # the magic number of an array of bytes, but for its number of axes


def header_size(ndim: int) -> int:
    """Bytes before the values of an array with so many axes."""
    return 4 + 4 * ndim


def shape_of(header: bytes, name: str) -> tuple[int, ...]:
    """The sizes that a header says, from the first bytes of a file.

    Raises
    ------
    ValueError
        If they are not those of an IDX file of bytes.
    """
    if len(header) < 8:
        raise ValueError(f"{name} is truncated: {len(header)} bytes")
    (magic,) = struct.unpack(">I", header[:4])
    ndim = magic - _BYTES
    if not 1 <= ndim <= 4:
        raise ValueError(f"{name} is not an IDX file of bytes: it begins with {magic:#x}")
    if len(header) < header_size(ndim):
        raise ValueError(f"{name} is truncated: {len(header)} bytes")
    return struct.unpack(f">{ndim}I", header[4 : header_size(ndim)])


def parse(content: bytes, name: str, expected: tuple[int, ...]) -> NDArray[np.uint8]:
    """The array in a file, which must have the expected shape."""
    magic, start = _BYTES + len(expected), header_size(len(expected))
    if len(content) < start:
        raise ValueError(f"{name} is truncated: {len(content)} bytes")
    found = struct.unpack(f">{1 + len(expected)}I", content[:start])
    if found != (magic, *expected):
        raise ValueError(
            f"{name} is not the IDX file expected: header {found}, expected "
            f"{(magic, *expected)}"
        )
    values = np.frombuffer(content, np.uint8, offset=start)
    if values.size != math.prod(expected):
        raise ValueError(
            f"{name} is truncated: {values.size} values, expected {math.prod(expected)}"
        )
    return values.reshape(expected)
