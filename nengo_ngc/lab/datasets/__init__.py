"""Images for training: data sets that are known by name, and data of users."""

import os
from collections.abc import Mapping
from typing import Any

from nengo.exceptions import ValidationError

from ...validation import FlagParam, PathParam, checked, shown, unknown
from ..registry import Registry
from .base import Dataset, Source
from .digits import Digits
from .idx import read_idx
from .own import GivenArrays, OwnData
from .published import DATA_VARIABLE, PUBLISHED, Published

__all__ = [
    "DATA_VARIABLE",
    "SOURCES",
    "Dataset",
    "GivenArrays",
    "OwnData",
    "Published",
    "Source",
    "called",
    "find",
    "load",
    "read_idx",
]

# data sets by name; one line registers another: SOURCES["name"] = MySource()
SOURCES = Registry("data set", Source, "nengo_ngc.datasets")
SOURCES["digits"] = Digits()
SOURCES.update(PUBLISHED)


@checked(PathParam("data_dir"), FlagParam("binarize"), FlagParam("download"))
def load(
    name: Any,
    data_dir: str | os.PathLike | None = None,
    binarize: bool | None = None,
    download: bool = True,
) -> Dataset:
    """Load a data set by its name, or your own data.

    MNIST and its relatives are read from ``data_dir``, or the directory that the environment
    variable ``NENGO_NGC_DATA`` names, from a folder of the data set's name
    (``fashion_mnist`` for ``"fashion-mnist"``) or the directory itself, packed (.gz) or not.
    Files found nowhere are downloaded once into the user's cache; one that is damaged there is
    downloaded once more. Files are known by their SHA-256, but for the unpacked ones of
    KMNIST, of which only sizes and labels can be checked.

    Data of one's own are a path or arrays. A path names one of these:

    - an .npz file with the arrays X and y, perhaps X_test and y_test
    - a folder with X.npy and y.npy, perhaps X_test.npy and y_test.npy, whose images are read
      from the file when they are needed
    - a folder of IDX files: train-images..., train-labels..., perhaps t10k-... or test-...,
      packed or not
    - a folder with a folder of images for each class, perhaps in folders train and test

    X has the shape (n, height, width) for grey images, (n, height, width, 3) for colours, or
    (n, n_pixels). Pixels are whole numbers from 0 to 255, floating-point numbers, or True and
    False. Floating-point numbers should lie in [0, 1]; if they do not, they are taken as they
    are, and models that need pixels in [0, 1] refuse them. Labels are whole numbers or texts.
    If there is no part for testing, every sixth image of each class becomes one. Images are
    put into an order that is always the same.

    Parameters
    ----------
    name : str, path, mapping or tuple
        "digits", "mnist", "fashion-mnist", "kmnist" or another name in ``SOURCES``; a path; a
        mapping with ``"X"``, ``"y"`` and perhaps ``"X_test"``, ``"y_test"`` and
        ``"image_shape"``; or ``(X, y)``.
    data_dir : str or path, optional
    binarize : bool, optional
        Whether pixels become 0 or 1, by the threshold 0.5, or stay as they are. Default: True
        for data sets with a name, False for data of one's own.
    download : bool, optional
        Whether files may be downloaded.

    Returns
    -------
    Dataset
        Of data sets with a name the images are arrays; of data of one's own they are
        `.training.images.Images`, which take no more memory than what is stored.

    Raises
    ------
    ValueError
        If the name is unknown, the arrays do not fit, or a file is damaged or truncated.
    FileNotFoundError
        If a file is missing and cannot be downloaded; the message says which files to put
        where.
    """
    source = find(name, what="name")
    return source.load(called(name, source), data_dir, binarize, download)


def find(data: Any, what: str = "data set") -> Source:
    """Return the source of data for a name of ``SOURCES``, a path, or arrays.

    Parameters
    ----------
    data : str, path, mapping or tuple
        As for `load`.
    what : str, optional
        What is looked for, in the message if there is no such name or path.

    Raises
    ------
    ValueError
        If there is none.
    """
    if isinstance(data, str) and data in SOURCES:
        return SOURCES[data]
    if isinstance(data, (Mapping, tuple)):
        return GivenArrays(data)
    if not isinstance(data, (str, os.PathLike)) or not os.fspath(data):
        expected = "a name, a path, a mapping with X and y, or (X, y)"
        raise ValidationError(f"must be {expected}, got {shown(data)}", attr=what)
    if os.path.exists(data):
        return OwnData(data)
    raise ValueError(
        f"{unknown(what, str(data), SOURCES)}, or the path of your own data, but there is no "
        "file or folder of that name"
    )


def called(name: Any, source: Source) -> str:
    """Return the name of a data set that was loaded."""
    if isinstance(source, OwnData):
        return source.name
    return name if isinstance(name, str) else "data"
