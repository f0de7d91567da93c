"""Images to learn: scikit-learn's digits, MNIST, Fashion-MNIST and KMNIST."""

import gzip
import hashlib
import os
import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .naming import unknown

DATA_VARIABLE = "NENGO_NGC_DATA"

_FILES = {
    ("train", "images"): "train-images-idx3-ubyte",
    ("train", "labels"): "train-labels-idx1-ubyte",
    ("test", "images"): "t10k-images-idx3-ubyte",
    ("test", "labels"): "t10k-labels-idx1-ubyte",
}
_N_SAMPLES = {"train": 60000, "test": 10000}


@dataclass(frozen=True)
class Source:
    """Where a data set comes from and how its files are told from damaged ones."""

    title: str
    licence: str
    url: str = ""
    md5: dict = field(default_factory=dict)  # of the unpacked files
    md5_gz: dict = field(default_factory=dict)  # of the packed ones
    image_shape: tuple = (28, 28)


def _sums(*values):
    return dict(zip(_FILES.values(), values))


SOURCES = {
    "digits": Source("8x8 handwritten digits of scikit-learn", "BSD", image_shape=(8, 8)),
    "mnist": Source(
        "28x28 handwritten digits",
        "CC BY-SA 3.0",
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        md5=_sums(
            "6bbc9ace898e44ae57da46a324031adb",
            "a25bea736e30d166cdddb491f175f624",
            "2646ac647ad5339dbf082846283269ea",
            "27ae3e4e09519cfbb04c329615203637",
        ),
    ),
    "fashion-mnist": Source(
        "28x28 pictures of clothes",
        "MIT",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        md5=_sums(
            "f4a8712d7a061bf5bd6d2ca38dc4d50a",
            "9018921c3c673c538a1fc5bad174d6f9",
            "8181f5470baa50b63fa0f6fddb340f0a",
            "15d484375f8d13e6eb1aabb0c3f46965",
        ),
    ),
    "kmnist": Source(
        "28x28 cursive Japanese characters",
        "CC BY-SA 4.0",
        "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
        md5_gz=_sums(
            "bdb82020997e1d708af4cf47b453dcf7",
            "e144d726b3acfaa3e44228e80efcd344",
            "5c965bf0a639b31b8f53240b1b52f4d7",
            "7320c461ea6c1c855c0b718fb2a4b134",
        ),
    ),
}


@dataclass(frozen=True)
class Dataset:
    """Images and labels, split for training and testing.

    Attributes
    ----------
    name : str
    X_train, X_test : (n, n_pixels) float32 arrays
        Pixels in [0, 1].
    y_train, y_test : (n,) int arrays
        Labels from 0.
    image_shape : tuple of int
        Height and width of an image.
    """

    name: str
    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    image_shape: tuple


def load(name, data_dir=None, binarize=True, download=True):
    """Load a data set.

    MNIST and its relatives are read from ``data_dir``, or the directory that the
    environment variable ``NENGO_NGC_DATA`` names, from a folder of the data set's
    name (``fashion_mnist`` for ``"fashion-mnist"``) or the directory itself, packed
    (.gz) or not. Files found nowhere are downloaded once into the user's cache.

    Parameters
    ----------
    name : {"digits", "mnist", "fashion-mnist", "kmnist"}
    data_dir : str or path, optional
    binarize : bool, optional
        Whether pixels become 0 or 1, by the threshold 0.5, or stay grey.
    download : bool, optional
        Whether files may be downloaded.

    Returns
    -------
    Dataset

    Raises
    ------
    ValueError
        If the name is unknown, or a file is damaged or truncated.
    FileNotFoundError
        If a file is missing and cannot be downloaded; the message says which files
        to put where.
    """
    if name not in SOURCES:
        raise ValueError(unknown("data set", name, SOURCES))
    if name == "digits":
        arrays = _digits()
    else:
        directories = _directories(name, data_dir)
        arrays = {}
        for (split, kind), file in _FILES.items():
            content = _content(name, file, directories, download)
            arrays[split, kind] = _parse(content, file, kind, _N_SAMPLES[split])

    def images(split):
        X = arrays[split, "images"]
        X = X.reshape(len(X), -1).astype(np.float32)
        return (X > 0.5).astype(np.float32) if binarize else X

    return Dataset(
        name,
        images("train"),
        arrays["train", "labels"],
        images("test"),
        arrays["test", "labels"],
        SOURCES[name].image_shape,
    )


def _digits():
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    test = np.arange(len(images)) % 6 == 5  # every sixth: all writers are in both
    splits = {"train": ~test, "test": test}
    return {
        (split, kind): array[rows]
        for split, rows in splits.items()
        for kind, array in (("images", images / 16), ("labels", labels))
    }


def _directories(name, data_dir):
    if data_dir is not None and not Path(data_dir).is_dir():
        raise FileNotFoundError(f"data_dir must be a directory, got {data_dir}")
    root = data_dir if data_dir is not None else os.environ.get(DATA_VARIABLE)
    if not root:
        return []
    folders = {name, name.replace("-", "_")}
    return [Path(root) / folder for folder in sorted(folders)] + [Path(root)]


def _content(name, file, directories, download):
    for directory in directories:
        for path in (directory / file, directory / f"{file}.gz"):
            if path.is_file():
                return _unpack(path, name, file)
    path = _fetch(name, file, directories, download)
    return _unpack(path, name, file)


def _fetch(name, file, directories, download):
    import pooch

    source = SOURCES[name]
    cache = Path(pooch.os_cache("nengo-ngc")) / name
    path = cache / f"{file}.gz"
    if path.is_file():
        return path
    where = f"a folder {name} of the directory that {DATA_VARIABLE} or data_dir names"
    missing = (
        f"{file} of {name} was not found in "
        f"{', '.join(map(str, [*directories, cache]))}: "
        f"put {', '.join(_FILES.values())} (.gz or not) into {where}"
    )
    if not download:
        raise FileNotFoundError(missing)
    md5 = source.md5_gz.get(file)
    try:
        pooch.retrieve(
            source.url + path.name,
            known_hash=f"md5:{md5}" if md5 else None,
            fname=path.name,
            path=cache,
            progressbar=True,
        )
    except OSError as error:
        raise FileNotFoundError(
            f"{missing}; it could not be downloaded: {type(error).__name__}"
        ) from error
    return path


def _unpack(path, name, file):
    packed = path.read_bytes()
    content = packed
    if path.suffix == ".gz":
        try:
            content = gzip.decompress(packed)
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(
                f"{path} is damaged or truncated: {error}; delete it and load again"
            ) from error
    source = SOURCES[name]
    for sums, data in ((source.md5, content), (source.md5_gz, packed)):
        expected, packed_only = sums.get(file), sums is source.md5_gz
        if expected is None or (packed_only and path.suffix != ".gz"):
            continue
        found = hashlib.md5(data).hexdigest()
        if found != expected:
            raise ValueError(
                f"{path} is damaged or not {name}: its md5 is {found}, "
                f"expected {expected}"
            )
    return content


def _parse(content, file, kind, n_samples):
    """Read an IDX file: magic number, sizes, unsigned bytes."""
    shape = (n_samples, 28, 28) if kind == "images" else (n_samples,)
    magic, header = 0x0800 + len(shape), 4 + 4 * len(shape)
    if len(content) < header:
        raise ValueError(f"{file} is truncated: {len(content)} bytes")
    found = struct.unpack(f">{1 + len(shape)}I", content[:header])
    if found != (magic, *shape):
        raise ValueError(
            f"{file} is not the IDX file expected: header {found}, "
            f"expected {(magic, *shape)}"
        )
    data = np.frombuffer(content, np.uint8, offset=header)
    if data.size != np.prod(shape):
        raise ValueError(
            f"{file} is truncated: {data.size} values, expected {np.prod(shape)}"
        )
    data = data.reshape(shape)
    return data / np.float32(255) if kind == "images" else data.astype(int)
