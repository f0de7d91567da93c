"""What a data set is, and how it is loaded."""

import os
import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from nengo.exceptions import ValidationError
from numpy.typing import NDArray

from ...training.images import Images
from . import checks
from .fingerprint import of_arrays

_LOOKED_AT = 1000  # images, for a warning


@dataclass(frozen=True)
class Dataset:
    """Images and labels, split for training and testing.

    Attributes
    ----------
    name : str
    X_train, X_test : (n, n_pixels) float32 arrays or Images
        Pixels in [0, 1], or any finite numbers of data of one's own. `.training.images.Images`
        are read when they are indexed, a batch at a time.
    y_train, y_test : (n,) arrays
        Labels, which are whole numbers or texts.
    image_shape : tuple of int
        Height and width of an image, and 3 if it has colours.
    """

    name: str
    X_train: Any
    y_train: NDArray
    X_test: Any
    y_test: NDArray
    image_shape: tuple[int, ...]


class Source(ABC):
    """A data set, with the method that loads it.

    Subclasses write ``arrays``. Registering one is a line, ``SOURCES["name"] = MySource()``;
    then ``load``, ``nengo-ngc train`` and ``nengo-ngc compare`` know the name.

    Attributes
    ----------
    title, licence : str
        For the list of data sets.
    place : str
        Where it comes from, a URL for example.
    in_memory : bool
        Whether ``load`` returns arrays of float32 rather than `.training.images.Images`,
        which take a quarter of the memory or less.
    shuffled : bool
        Whether images are put into an order of their own, always the same. Needed if they
        are sorted by class, since runs take validation images from the end.
    """

    title = licence = ""
    in_memory = True
    shuffled = False

    @property
    def place(self) -> str:
        return ""

    @abstractmethod
    def arrays(
        self, data_dir: str | os.PathLike | None = None, download: bool = True
    ) -> Mapping:
        """Return images and labels as they are stored.

        Parameters
        ----------
        data_dir : path, optional
            Where the user keeps data sets.
        download : bool, optional
            Whether files may be downloaded.

        Returns
        -------
        mapping of str to array
            ``"X"`` and ``"y"``; ``"X_test"`` and ``"y_test"`` if there is a part for testing;
            ``"image_shape"`` if rows of ``"X"`` are flat images that are not square. See
            `load` for what the arrays may be.
        """

    def dataset(
        self, name: str, data_dir: str | os.PathLike | None = None, download: bool = True
    ) -> Dataset:
        """Return the data set with grey pixels, which are read later if that is possible."""
        return self._dataset(name, self._checked(self.arrays(data_dir, download)))

    def _dataset(self, name, given):
        return Dataset(name, *checks.split(given, self.shuffled), given.image_shape)

    def load(
        self,
        name: str,
        data_dir: str | os.PathLike | None = None,
        binarize: bool | None = None,
        download: bool = True,
    ) -> Dataset:
        """Return the data set, as `.lab.datasets.load` does."""
        given = self._checked(self.arrays(data_dir, download))
        data = self._dataset(name, given)
        if binarize is None:
            binarize = self.in_memory
        if binarize and not (given.low >= 0 and given.high <= 1):
            raise ValidationError(
                "must have pixels in [0, 1] to become 0 or 1, got values from "
                f"{given.low:g} to {given.high:g}; leave them as they are by binarize=False "
                "(on the command line --grey, or --likelihood gaussian of the model ngc)",
                attr="X",
            )

        def as_wanted(X: Images) -> Any:
            X = X.binarized() if binarize else X
            return X[:] if self.in_memory else X

        found = replace(data, X_train=as_wanted(data.X_train), X_test=as_wanted(data.X_test))
        some = found.X_train[:_LOOKED_AT]
        if binarize and some.min() == some.max():
            warnings.warn(
                f"{name}: all pixels of {len(some)} images are {some.min():g} once they are 0 "
                "or 1, with the border at 0.5; leave them as they are by binarize=False (on "
                "the command line --grey)",
                stacklevel=2,
            )
        return found

    def _checked(self, given: Mapping) -> checks.Arrays:
        return checks.checked_arrays(given)

    def sizes(self, data_dir: str | os.PathLike | None = None) -> tuple[int, tuple[int, ...]]:
        """Return the number of training images, and the shape of an image."""
        data = self.dataset("", data_dir)
        return len(data.X_train), data.image_shape

    def identity(self) -> dict[str, Any]:
        """Return what a run stores about data that have a path rather than a name."""
        return {}

    def sha256(self, data_dir: str | os.PathLike | None = None) -> str:
        """Return the SHA-256 of the files or arrays, by which these data can be cited."""
        return self.identity().get("sha256") or of_arrays(self.arrays(data_dir))
