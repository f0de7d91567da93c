"""Images to learn: scikit-learn's digits, MNIST, Fashion-MNIST and KMNIST."""

import gzip
import hashlib
import io
import math
import os
import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..validation import ChoiceParam, FlagParam, PathParam, checked

DATA_VARIABLE = "NENGO_NGC_DATA"

_FILES = {
    ("train", "images"): "train-images-idx3-ubyte",
    ("train", "labels"): "train-labels-idx1-ubyte",
    ("test", "images"): "t10k-images-idx3-ubyte",
    ("test", "labels"): "t10k-labels-idx1-ubyte",
}
_N_SAMPLES = {"train": 60000, "test": 10000}
_N_CLASSES = 10


@dataclass(frozen=True)
class Source:
    """Where a data set comes from, and how its files are told from damaged ones.

    Sums are SHA-256, of the files as they are published (packed) and of what is in them.
    """

    title: str
    licence: str
    url: str = ""
    packed: dict = field(default_factory=dict)
    unpacked: dict = field(default_factory=dict)
    image_shape: tuple = (28, 28)


def _sums(*values):
    return dict(zip(_FILES.values(), values))


SOURCES = {
    "digits": Source("8x8 handwritten digits of scikit-learn", "BSD", image_shape=(8, 8)),
    "mnist": Source(
        "28x28 handwritten digits",
        "CC BY-SA 3.0",
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        packed=_sums(
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ),
        unpacked=_sums(
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
    "fashion-mnist": Source(
        "28x28 pictures of clothes",
        "MIT",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        packed=_sums(
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        ),
        unpacked=_sums(
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
    ),
    "kmnist": Source(  # sums of its unpacked files are not published
        "28x28 cursive Japanese characters",
        "CC BY-SA 4.0",
        "https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
        packed=_sums(
            "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
            "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
            "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
            "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
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


@checked(
    ChoiceParam("name", SOURCES),
    PathParam("data_dir"),
    FlagParam("binarize"),
    FlagParam("download"),
)
def load(name, data_dir=None, binarize=True, download=True):
    """Load a data set.

    MNIST and its relatives are read from ``data_dir``, or the directory that the
    environment variable ``NENGO_NGC_DATA`` names, from a folder of the data set's
    name (``fashion_mnist`` for ``"fashion-mnist"``) or the directory itself, packed
    (.gz) or not. Files found nowhere are downloaded once into the user's cache; one that
    is damaged there is downloaded once more. Files are known by their SHA-256, but for the
    unpacked ones of KMNIST, of which only sizes and labels can be checked.

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
    if name == "digits":
        arrays = _digits()
    else:
        directories = _directories(name, data_dir)
        arrays = {}
        for (split, kind), file in _FILES.items():
            arrays[split, kind] = _parse(_content(name, file, directories, download), file)

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
                return _read(path, name, file)
    return _from_cache(name, file, directories, download)


def _from_cache(name, file, directories, download):
    """Read a file of the cache; it is downloaded if it is missing or damaged."""
    import pooch

    cache = Path(pooch.os_cache("nengo-ngc")) / name
    path = cache / f"{file}.gz"
    missing = (
        f"{file} of {name} was not found in "
        f"{', '.join(map(str, [*directories, cache]))}: "
        f"put {', '.join(_FILES.values())} (.gz or not) into a folder {name} of the "
        f"directory that {DATA_VARIABLE} or data_dir names"
    )
    if not download:
        if path.is_file():
            return _read(path, name, file)
        raise FileNotFoundError(missing)
    for tries_left in (1, 0):
        try:
            if not path.is_file():
                _download(path, name, file, missing)
            return _read(path, name, file)
        except ValueError:
            path.unlink(missing_ok=True)
            if not tries_left:
                raise


def _download(path, name, file, missing):
    import pooch

    source = SOURCES[name]
    try:
        pooch.retrieve(
            source.url + path.name,
            known_hash=f"sha256:{source.packed[file]}",
            fname=path.name,
            path=path.parent,
            progressbar=True,
        )
    except OSError as error:
        raise FileNotFoundError(
            f"{missing}; it could not be downloaded: {type(error).__name__}"
        ) from error


def _read(path, name, file):
    """What is in a file, packed or not, once it is known to be undamaged."""
    source, size = SOURCES[name], _size(file)
    with open(path, "rb") as opened:
        # whatever is larger than packing can explain is something else
        content = packed = opened.read(2 * size + 1024)
    if path.suffix == ".gz":
        try:
            with gzip.open(io.BytesIO(packed)) as opened:
                content = opened.read(size + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(
                f"{path} is damaged or truncated: {error}; delete it and load again"
            ) from error
    if len(content) > size:
        raise ValueError(f"{path} is damaged or not {name}: it holds more than {size} bytes")
    _check_sum(path, name, content, source.unpacked.get(file))
    if file not in source.unpacked and path.suffix == ".gz":
        _check_sum(path, name, packed, source.packed[file])
    return content


def _check_sum(path, name, content, expected):
    found = hashlib.sha256(content).hexdigest()
    if expected not in (None, found):
        raise ValueError(
            f"{path} is damaged or not {name}: its SHA-256 is {found}, expected {expected}"
        )


def _shape(file):
    """Sizes that the header of an IDX file says."""
    split, kind = next(key for key, known in _FILES.items() if known == file)
    return (_N_SAMPLES[split], 28, 28) if kind == "images" else (_N_SAMPLES[split],)


def _size(file):
    """Bytes of an unpacked file."""
    shape = _shape(file)
    return 4 + 4 * len(shape) + math.prod(shape)


def _parse(content, file):
    """Read an IDX file: magic number, sizes, unsigned bytes."""
    shape = _shape(file)
    magic, header = 0x0800 + len(shape), 4 + 4 * len(shape)
    if len(content) < header:
        raise ValueError(f"{file} is truncated: {len(content)} bytes")
    found = struct.unpack(f">{1 + len(shape)}I", content[:header])
    if found != (magic, *shape):
        raise ValueError(
            f"{file} is not the IDX file expected: header {found}, expected {(magic, *shape)}"
        )
    data = np.frombuffer(content, np.uint8, offset=header)
    if data.size != math.prod(shape):
        raise ValueError(
            f"{file} is truncated: {data.size} values, expected {math.prod(shape)}"
        )
    data = data.reshape(shape)
    if len(shape) > 1:
        return data / np.float32(255)
    if data.max() >= _N_CLASSES:
        raise ValueError(
            f"{file} is damaged: labels must be below {_N_CLASSES}, got {data.max()}"
        )
    return data.astype(int)
