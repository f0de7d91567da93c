"""A folder with a folder of images for each class."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}

_GREY, _COLOUR = {"1", "L", "LA"}, {"RGB", "RGBA", "CMYK", "YCbCr", "HSV", "LAB"}
_PALETTE = {"P", "PA"}  # of greys or of colours

_MOST_DIGITS = 18  # of a label that is a number


def image_files(path: Path) -> list[Path]:
    """Return all images in folders of classes, or in those of ``train`` and ``test``."""
    return [file for part in _parts(path).values() for file in _in_classes(part)]


def read(path: Path, files: list[Path]) -> Mapping:
    """Read images as bytes, all in colour if one is; labels are the names of folders.

    Labels are numbers if all names are.

    Raises
    ------
    ValueError
        Names the first image that is damaged or has another size than the others.
    """
    size, grey = _size_and_mode(files)
    found = {}
    for key, folder in _parts(path).items():
        of_part = _in_classes(folder)
        if not of_part:
            raise ValueError(f"{folder} must have a folder of images for each class")
        found[f"X{key}"] = _pixels(of_part, size, grey)
        found[f"y{key}"] = np.array([file.parent.name for file in of_part])
    return _with_numbers(found)


def _parts(path: Path) -> dict[str, Path]:
    """Return the folders for training and testing, or the folder itself if it has none.

    Raises
    ------
    ValueError
        If there are folders of images beside these, which nothing would use.
    """
    if not _in_classes(path / "train"):  # a class may be called so, too
        return {"": path}
    others = [p for p in _folders(path) if p.name not in ("train", "test") and _in_classes(p)]
    if others:
        raise ValueError(
            f"{path} must have images in train and test only, got {others[0].name}, too; "
            "validation images are held out of those in train"
        )
    return {
        key: path / name
        for key, name in (("", "train"), ("_test", "test"))
        if (path / name).is_dir()
    }


def _in_classes(path: Path) -> list[Path]:
    return sorted(
        file
        for folder in _folders(path)
        for file in folder.iterdir()
        if file.suffix.lower() in _SUFFIXES and not file.name.startswith(".")
    )


def _folders(path: Path) -> list[Path]:
    """Return the folders in a folder, except hidden ones, of which there may be none."""
    if not path.is_dir():
        return []
    return [p for p in path.iterdir() if p.is_dir() and not p.name.startswith(".")]


def _size_and_mode(files: list[Path]) -> tuple[tuple[int, int], bool]:
    """Return the size of all images, (width, height), and whether all are grey."""
    sizes: dict[tuple[int, int], Path] = {}
    grey = True
    for file in files:
        with _opened(file) as image:
            sizes.setdefault(image.size, file)
            if image.mode not in _GREY | _COLOUR | _PALETTE:
                raise ValueError(
                    f"{file} must have 8 bits for each colour, got the mode {image.mode}"
                )
            grey = grey and (image.mode in _GREY or _is_grey(image, file))
        if len(sizes) > 1:
            (first, of_first), ((width, height), _) = sizes.items()
            raise ValueError(
                f"{file} must be of {first[0]} x {first[1]} pixels like {of_first.name}, got "
                f"{width} x {height}"
            )
    return next(iter(sizes)), grey


def _pixels(files: list[Path], size: tuple[int, int], grey: bool) -> NDArray[np.uint8]:
    width, height = size
    found = np.empty((len(files), height, width, *(() if grey else (3,))), np.uint8)
    for row, file in enumerate(files):
        with _opened(file) as image:
            found[row] = _converted(image, "L" if grey else "RGB", file)
    return found


def _is_grey(image: Any, file: Path) -> bool:
    """Return whether an image with a palette has no colours."""
    if image.mode not in _PALETTE:
        return False
    colours = np.asarray(_converted(image, "RGB", file))
    return bool(np.all(colours == colours[..., :1]))


def _converted(image: Any, mode: str, file: Path) -> Any:
    """Return an image in another mode; what is transparent is white."""
    from PIL import Image

    try:
        if image.has_transparency_data:
            ground = Image.new("RGBA", image.size, "white")
            ground.alpha_composite(image.convert("RGBA"))
            image = ground
        return image.convert(mode)
    except (OSError, SyntaxError, ValueError) as error:
        raise ValueError(f"{file} is damaged: {error}") from error


def _opened(file: Path):
    from PIL import Image

    try:
        return Image.open(file)
    except (OSError, Image.DecompressionBombError) as error:
        raise ValueError(f"{file} cannot be read as an image: {error}") from error


def _with_numbers(found: dict[str, NDArray]) -> dict[str, NDArray]:
    labels = {name for key in ("y", "y_test") for name in np.unique(found.get(key, []))}
    if not all(
        name.isdecimal() and len(name) <= _MOST_DIGITS and str(int(name)) == name
        for name in labels
    ):
        return found
    return {key: array.astype(int) if key[0] == "y" else array for key, array in found.items()}
