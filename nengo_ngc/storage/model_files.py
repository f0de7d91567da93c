"""Model files hold arrays and JSON, and nothing that could be executed when they are read.

A file is an uncompressed zip archive as NumPy writes them. It holds ``header.json``, an array
``NAME.npy`` for each name, and ``sha256``, a hash of the header. The header lists the type,
the shape and a hash of every array, so that all can be checked before an array is read.
"""

import hashlib
import io
import json
import math
import os
import re
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import atomic, parsing, schema
from .schema import Field, List, Table, Text, Whole

# regular expressions of NumPy's names for types
FLOATS, WHOLES, LABELS = r"<f[48]", r"<i[48]", r"[<|][biufU]\d{1,6}"

_FORMAT = 2
_HEADER, _HASH = "header.json", "sha256"
_MAX_HEADER = 2**24
_MAX_OF_NUMPY = 4096  # bytes before the numbers of an array

REMEDY = "replace it by a copy, or train the model again"

_ARRAYS = Table(others=Table({"type": Text(), "shape": List(Whole(0)), "sha256": Text()}))


class DamagedError(ValueError):
    """The content of a file is not what was once written to it."""


@dataclass(frozen=True)
class Array:
    """The shape and type that an array in a file must have.

    Parameters
    ----------
    shape : tuple of (int or None)
        The shape, in which None stands for any size.
    types : str, optional
        A regular expression of NumPy's names for the accepted types, such as ``FLOATS``.
    """

    shape: tuple[int | None, ...]
    types: str = FLOATS

    def check(self, name: str, shape: tuple[int, ...], type_: str) -> None:
        """Raise ValueError unless an array has the right shape and type.

        Parameters
        ----------
        name : str
            Name of the array, for the message.
        shape : tuple of int
        type_ : str
            NumPy's name for the type, such as ``"<f8"``.
        """
        fits = len(shape) == len(self.shape) and all(
            wanted in (None, size) for wanted, size in zip(self.shape, shape)
        )
        if not fits:
            wanted = str(self.shape).replace("None", "any")
            raise ValueError(f"{name} must have shape {wanted}, got {shape}")
        if not re.fullmatch(self.types, type_):
            raise ValueError(f"{name} must be of a type like {self.types}, got {type_}")


def check(
    expected: Mapping[str, Array],
    shapes: Mapping[str, tuple[int, ...]],
    types: Mapping[str, str],
) -> None:
    """Raise ValueError unless arrays have the expected names, shapes and types.

    Parameters
    ----------
    expected : dict of {str: Array}
    shapes : dict of {str: tuple of int}
    types : dict of {str: str}
        NumPy's names for types, such as ``"<f8"``.
    """
    for what, names in (
        ("lacks", expected.keys() - shapes.keys()),
        ("has unknown", shapes.keys() - expected.keys()),
    ):
        if names:
            raise ValueError(f"it {what} {', '.join(sorted(names)[:5])}")
    for name, array in expected.items():
        array.check(name, shapes[name], types[name])


def save(
    path: str | os.PathLike, header: Mapping[str, Any], arrays: Mapping[str, ArrayLike]
) -> None:
    """Write a header and arrays to one file, either completely or not at all.

    Parameters
    ----------
    path : str or path
    header : dict
        Anything that JSON can represent. Its key ``"kind"`` names the class of the model.
    arrays : dict of {str: array}

    Raises
    ------
    ValueError
        If an array holds objects, NaN or infinity, or the header is too long.
    OSError
        If the file cannot be written. A file that was at ``path`` before is unchanged.
    """
    described = {}
    with atomic.replacing(path, "wb") as file, zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            array = _plain(name, array)
            stream = io.BytesIO()
            np.lib.format.write_array(stream, array, version=(1, 0), allow_pickle=False)
            content = stream.getvalue()
            _write(archive, f"{name}.npy", content)
            described[name] = {
                "type": array.dtype.str,
                "shape": [*array.shape],
                "sha256": _hash(content),
            }
        header = {"format": _FORMAT, **header, "arrays": described}
        text = json.dumps(header, allow_nan=False).encode()
        if len(text) > _MAX_HEADER:
            raise ValueError(
                f"what is not an array must take at most {_MAX_HEADER} bytes as JSON, got "
                f"{len(text)}"
            )
        _write(archive, _HEADER, text)
        _write(archive, _HASH, _hash(text).encode())


class Reader:
    """An open model file, whose header has been checked and whose arrays are not read yet.

    Parameters
    ----------
    path : str or path
    model : str
        The expected class of the model, which the header names as its ``"kind"``.
    fields : dict of {str: schema.Field}
        The entries of the header besides those that every header has.
    absent : sequence of str, optional
        Entries of ``fields`` that a header may lack.

    Attributes
    ----------
    header : dict
        The content of the header.
    shapes : dict of {str: tuple of int}
        The shape of each array.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, has another format, or holds another model.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        model: str,
        fields: Mapping[str, Field],
        absent: Sequence[str] = (),
    ) -> None:
        self._path = Path(path)
        try:
            self._file = open(path, "rb")
        except FileNotFoundError:
            raise FileNotFoundError(f"no model file {path}") from None
        try:
            with self._damaged():
                self._archive = zipfile.ZipFile(self._file)
                self._members = self._listed()
                header = self._read_header()
            self._check_model(header, model)
            self.header = self._checked(header, fields, absent)
            self._described = header["arrays"]
            self.shapes = {k: tuple(a["shape"]) for k, a in self._described.items()}
            with self._damaged():
                self._check_members()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, expected: Mapping[str, Array]) -> dict[str, NDArray]:
        """Read all arrays after checking their names, shapes and types.

        Parameters
        ----------
        expected : dict of {str: Array}

        Returns
        -------
        dict of {str: array}

        Raises
        ------
        ValueError
            If names, shapes or types are not the expected ones, if a number is not
            finite, or if the file is damaged.
        """
        types = {name: described["type"] for name, described in self._described.items()}
        check(expected, self.shapes, types)
        with self._damaged():
            return {name: self._array(name) for name in expected}

    @contextmanager
    def _damaged(self):
        """Turn any error of a parser, which a damaged archive may cause, into one error."""
        try:
            yield
        except Exception as error:
            what = str(error) or type(error).__name__
            raise DamagedError(
                f"{self._path} is damaged or not a model file: {what}; {REMEDY}"
            ) from error

    def _listed(self):
        """The members of the archive, which together are not larger than the file."""
        members = self._archive.infolist()
        found = {member.filename: member for member in members}
        if len(found) < len(members):
            raise ValueError("a name occurs twice")
        for member in members:
            if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1:
                raise ValueError(f"{member.filename} is compressed or encrypted")
        size = os.fstat(self._file.fileno()).st_size
        if sum(member.file_size for member in members) > size:
            raise ValueError("its parts are larger than the file")
        return found

    def _read_header(self):
        size = self._members[_HEADER].file_size
        if size > _MAX_HEADER:
            raise ValueError(f"its header of {size} bytes is too large")
        text = self._archive.read(_HEADER)
        if self._archive.read(_HASH) != _hash(text).encode():
            raise ValueError("its header is not what was written")
        return parsing.parse_json(text.decode())

    def _check_model(self, header, model):
        known = header if isinstance(header, dict) else {}
        found = known.get("kind"), known.get("format")
        if found != (model, _FORMAT):
            raise ValueError(
                f"{self._path} holds a {found[0]!s:.50} (format {found[1]!s:.50}), expected "
                f"a {model} (format {_FORMAT}); {REMEDY}"
            )

    def _checked(self, header, fields, absent):
        every = {"format": Whole(), "kind": Text(), "arrays": _ARRAYS}
        try:
            return schema.check(self._path, header, Table({**every, **fields}, tuple(absent)))
        except ValueError as error:
            raise ValueError(f"{error}; {REMEDY}") from error

    def _check_members(self):
        names = {f"{name}.npy" for name in self._described}
        if names | {_HEADER, _HASH} != self._members.keys():
            raise ValueError("arrays are missing, or there are additional ones")
        for name, described in self._described.items():
            if not re.fullmatch(LABELS, described["type"]):
                raise ValueError(f"{name} is of the unknown type {described['type']!r:.50}")
            size = math.prod(described["shape"]) * np.dtype(described["type"]).itemsize
            before = self._members[f"{name}.npy"].file_size - size
            if not 0 < before <= _MAX_OF_NUMPY:
                raise ValueError(f"{name} is not as large as its shape says")

    def _array(self, name):
        described, content = self._described[name], self._archive.read(f"{name}.npy")
        if _hash(content) != described["sha256"]:
            raise ValueError(f"{name} is not what was written")
        stream = io.BytesIO(content)
        version = np.lib.format.read_magic(stream)
        found = np.lib.format.read_array_header_1_0(stream)
        shape, dtype = self.shapes[name], np.dtype(described["type"])
        if version != (1, 0) or found != (shape, False, dtype):
            raise ValueError(f"{name} is not of the shape and type that the header says")
        array = np.frombuffer(content, dtype, offset=stream.tell()).reshape(shape).copy()
        _check_finite(name, array)
        return array


def within(prefix: str, arrays: Mapping[str, NDArray]) -> dict[str, NDArray]:
    """Return the arrays whose names start with ``prefix/``, by their names without it."""
    start = len(prefix) + 1
    return {k[start:]: v for k, v in arrays.items() if k.startswith(f"{prefix}/")}


def _plain(name, array):
    """The array in the byte order and layout of files, or an error."""
    array = np.asarray(array)
    if array.dtype.kind not in "biufU":
        raise ValueError(f"{name} must be an array of numbers, got one of {array.dtype}")
    _check_finite(name, array)
    return np.asarray(array, dtype=array.dtype.newbyteorder("<"), order="C")


def _check_finite(name, array):
    if array.dtype.kind == "f" and not np.all(np.isfinite(array)):
        raise ValueError(f"{name} must be finite, got NaN or infinity")


def _write(archive, name, content):
    # with the archive's earliest date, so that the same content has the same bytes
    archive.writestr(zipfile.ZipInfo(name), content)


def _hash(content):
    return hashlib.sha256(content).hexdigest()
