"""MNIST and its relatives: IDX files that are published, and known by their hashes."""

import gzip
import hashlib
import io
import math
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...training.progress import draws_bars
from . import idx
from .base import Source
from .checks import Arrays

DATA_VARIABLE = "NENGO_NGC_DATA"

FILES = {
    ("train", "images"): "train-images-idx3-ubyte",
    ("train", "labels"): "train-labels-idx1-ubyte",
    ("test", "images"): "t10k-images-idx3-ubyte",
    ("test", "labels"): "t10k-labels-idx1-ubyte",
}


def _sizes() -> dict[str, int]:
    return {"train": 60000, "test": 10000}


@dataclass(frozen=True)
class Published(Source):
    """A data set in four IDX files, whose hashes tell whether they are damaged.

    Hashes are SHA-256, of the files as they are published (packed) and of what is in them.

    Parameters
    ----------
    name : str
        Of its folder.
    title, licence, url : str
    packed, unpacked : dict of {str: str}, optional
        Hashes by the names of files.
    n_samples : dict of {str: int}, optional
        Images for ``"train"`` and ``"test"``.
    image_shape : tuple of int, optional
    n_classes : int, optional
        Labels are below it.
    """

    name: str
    title: str
    licence: str
    url: str = ""
    packed: dict[str, str] = field(default_factory=dict)
    unpacked: dict[str, str] = field(default_factory=dict)
    n_samples: dict[str, int] = field(default_factory=_sizes)
    image_shape: tuple[int, ...] = (28, 28)
    n_classes: int = 10

    @property
    def place(self) -> str:
        return self.url

    def sizes(self, data_dir: str | os.PathLike | None = None) -> tuple[int, tuple[int, ...]]:
        return self.n_samples["train"], self.image_shape  # nothing is downloaded for that

    def arrays(
        self, data_dir: str | os.PathLike | None = None, download: bool = True
    ) -> Mapping:
        directories = self._directories(data_dir)
        found: dict[tuple[str, str], Any] = {}
        for key, file in FILES.items():
            found[key] = self._array(self._content(file, directories, download), file)
        return {
            "X": found["train", "images"],
            "y": found["train", "labels"],
            "X_test": found["test", "images"],
            "y_test": found["test", "labels"],
        }

    def _checked(self, given: Mapping) -> Arrays:
        return Arrays(**given, image_shape=self.image_shape)  # they are known by their hashes

    def _directories(self, data_dir):
        if data_dir is not None and not Path(data_dir).is_dir():
            raise FileNotFoundError(f"data_dir must be a directory, got {data_dir}")
        root = data_dir if data_dir is not None else os.environ.get(DATA_VARIABLE)
        if not root:
            return []
        folders = {self.name, self.name.replace("-", "_")}
        return [Path(root) / folder for folder in sorted(folders)] + [Path(root)]

    def _content(self, file, directories, download):
        for directory in directories:
            for path in (directory / file, directory / f"{file}.gz"):
                if path.is_file():
                    return self._read(path, file)
        return self._from_cache(file, directories, download)

    def _from_cache(self, file, directories, download):
        """Read a file of the cache; it is downloaded if it is missing or damaged."""
        import pooch

        cache = Path(pooch.os_cache("nengo-ngc")) / self.name
        path = cache / f"{file}.gz"
        missing = (
            f"{file} of {self.name} was not found in "
            f"{', '.join(map(str, [*directories, cache]))}: "
            f"put {', '.join(FILES.values())} (.gz or not) into a folder {self.name} of the "
            f"directory that {DATA_VARIABLE} or data_dir names"
        )
        if not download:
            if path.is_file():
                return self._read(path, file)
            raise FileNotFoundError(missing)
        for tries_left in (1, 0):
            try:
                if not path.is_file():
                    self._download(path, file, missing)
                return self._read(path, file)
            except ValueError:
                path.unlink(missing_ok=True)
                if not tries_left:
                    raise

    def _download(self, path, file, missing):
        import pooch

        try:
            pooch.retrieve(
                self.url + path.name,
                known_hash=f"sha256:{self.packed[file]}",
                fname=path.name,
                path=path.parent,
                progressbar=draws_bars(),
            )
        except OSError as error:
            raise FileNotFoundError(
                f"{missing}; it could not be downloaded: {type(error).__name__}"
            ) from error

    def _read(self, path, file):
        """Return the array in a file, compressed or not, once its hash has been checked."""
        size = self._size(file)
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
            raise ValueError(
                f"{path} is damaged or not {self.name}: it holds more than {size} bytes"
            )
        self._check_sum(path, content, self.unpacked.get(file))
        if file not in self.unpacked and path.suffix == ".gz":
            self._check_sum(path, packed, self.packed[file])
        return content

    def _check_sum(self, path, content, expected):
        found = hashlib.sha256(content).hexdigest()
        if expected not in (None, found):
            raise ValueError(
                f"{path} is damaged or not {self.name}: its SHA-256 is {found}, expected "
                f"{expected}"
            )

    def _shape(self, file):
        """Return the shape that the header of an IDX file must have."""
        split, part = next(key for key, known in FILES.items() if known == file)
        n = self.n_samples[split]
        return (n, *self.image_shape) if part == "images" else (n,)

    def _size(self, file):
        """Return the number of bytes of an uncompressed file."""
        shape = self._shape(file)
        return idx.header_size(len(shape)) + math.prod(shape)

    def _array(self, content, file):
        found = idx.parse(content, file, self._shape(file))
        if found.ndim > 1:
            return found
        if found.max() >= self.n_classes:
            raise ValueError(
                f"{file} is damaged: labels must be below {self.n_classes}, got {found.max()}"
            )
        return found.astype(int)


def _sums(*values):
    return dict(zip(FILES.values(), values))


PUBLISHED = {
    "mnist": Published(
        "mnist",
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
    "fashion-mnist": Published(
        "fashion-mnist",
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
    "kmnist": Published(
        "kmnist",  # sums of its unpacked files are not published
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
