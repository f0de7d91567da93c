"""Images in rows."""

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...validation import (
    ArrayParam,
    PathParam,
    SequenceParam,
    SizesParam,
    TextParam,
    check_as_many,
    checked,
    unfit,
)
from .style import as_text, figure

_DPI = 150
_SIDE, _BETWEEN, _MARGIN = 84, 8, 9  # in dots: an image, the space around it, the border
_PER_LETTER, _LINE = 14, 30  # in dots, of a text


@checked(
    SequenceParam("rows", ArrayParam("rows", ndim=2, finite=False), at_least=1),
    SizesParam("image_shape", lengths=(2, 3)),
    PathParam("path"),
    SequenceParam("titles", TextParam("titles")),
    TextParam("note"),
)
def image_grid(
    rows: Sequence[NDArray],
    image_shape: Sequence[int],
    path: str | os.PathLike,
    titles: Sequence[str] | None = None,
    note: str | None = None,
) -> None:
    """Draw images in rows and write them to a PNG file.

    Parameters
    ----------
    rows : sequence of (n, n_pixels) arrays
        Pixels in [0, 1].
    image_shape : tuple of int
        Height and width, and 3 of images in colour.
    path : str or path
    titles : sequence of str, optional
        One for each row.
    note : str, optional
        A line of text below the images.
    """
    if image_shape[2:] not in ((), (3,)):
        raise unfit("image_shape", "of height, width and perhaps 3 colours", image_shape)
    for row in rows:
        if row.shape[1] != np.prod(image_shape):
            raise unfit("image_shape", f"of {row.shape[1]} pixels, as rows", image_shape)
    if titles is not None:
        check_as_many("titles", titles, "rows", rows)
    picture, middles = _side_by_side(rows, tuple(image_shape))
    height, width, _ = picture.shape
    left = _MARGIN + (_PER_LETTER * max(map(len, titles)) + _MARGIN if titles else 0)
    below = _MARGIN + (_LINE if note else 0)
    w, h = left + width + _MARGIN, below + height + _MARGIN
    with figure(path, size=(w / _DPI, h / _DPI)) as (fig, ((ax,),)):
        # one dot for each element of the picture, so that nothing is smeared
        fig.set_layout_engine("none")
        ax.set_position([left / w, below / h, width / w, height / h])
        ax.imshow(picture, interpolation="none", aspect="auto")
        ax.grid(False)
        ax.spines[:].set_visible(False)
        ax.set_xticks([])
        ax.set_yticks(middles if titles else [], [*map(as_text, titles or [])])
        ax.tick_params(length=0, labelsize="medium")
        if note:
            ax.set_xlabel(note, loc="left", fontsize="medium")


def _side_by_side(rows, image_shape):
    """Return one picture of all images, (height, width, 4), and the middle of each row.

    It is transparent between the images.
    """
    height, width = image_shape[:2]
    scale = max(1, _SIDE // max(height, width))
    n_columns = max(len(row) for row in rows)
    h, w = height * scale + _BETWEEN, width * scale + _BETWEEN
    picture = np.zeros((len(rows), h, n_columns, w, 4))
    for number, row in enumerate(rows):
        images = np.clip(row, 0, 1).reshape(len(row), *image_shape[:2], -1)
        larger = images.repeat(scale, axis=1).repeat(scale, axis=2)
        place = picture[number, : height * scale, : len(row), : width * scale]
        place[..., :3], place[..., 3] = larger.swapaxes(0, 1), 1
    middles = np.arange(len(rows)) * h + height * scale / 2
    picture = picture.reshape(len(rows) * h, n_columns * w, 4)
    return picture[:-_BETWEEN, :-_BETWEEN], middles
