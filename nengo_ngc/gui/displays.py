"""Nodes that show their input as images in Nengo GUI."""

import base64
import io
from collections.abc import Sequence
from html import escape

import numpy as np
from nengo.exceptions import ValidationError
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from ..validation import (
    ArrayParam,
    EitherParam,
    FiniteParam,
    SequenceParam,
    SizesParam,
    TextParam,
    WholeParam,
    checked,
    unfit,
)

_WIDTH = 100  # of an image, in the units of the SVG picture
_BETWEEN = 255  # grey level of the lines between images


def _of_each_image(name):
    return EitherParam(name, FiniteParam(name), ArrayParam(name, ndim=(1, 2)))


class ImageDisplay:
    r"""Function of a `nengo.Node` that shows the Node's input as images in Nengo GUI.

    ::

        show = ImageDisplay((8, 8), grid=(1, 2), titles=("image", "prediction"))
        display = nengo.Node(show, size_in=show.size_in)
        nengo.Connection(stimulus, display[:64], synapse=None)
        nengo.Connection(net.output, display[64:], synapse=None)

    To open the picture in Nengo GUI, right-click on the Node and choose "HTML". The picture
    is drawn only when Nengo GUI asks for it, so the Node costs next to nothing in any other
    simulation.

    Parameters
    ----------
    image_shape : tuple of int
        Height and width of one image in pixels. With a third number, which must be 3, each
        pixel has a red, a green and a blue value.
    grid : tuple of int, optional
        Number of rows and columns of images. The Node's input consists of all pixels of
        the image at the top left, followed by those of the image to its right, and so on,
        row by row.
    low, high : float or (rows, columns) array_like, optional
        Values that are drawn in black and in white, for all images or for each image; any
        shape that NumPy broadcasts to the grid is accepted. Smaller and larger values are
        drawn in black and in white, too, and NaN is drawn as ``low``.
    titles : sequence of str, optional
        Titles of the columns, which are written below the images.
    every : int, optional
        Number of timesteps after which the picture is drawn again, if it has changed. If
        this is the number of timesteps of a presentation, the picture shows the states on
        which the network has settled.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is out of range or does not fit the grid, or if the Node does not
        have one input for each pixel of all images.
    """

    @checked(
        SizesParam("image_shape", lengths=(2, 3)),
        SizesParam("grid", lengths=(2,)),
        _of_each_image("low"),
        _of_each_image("high"),
        SequenceParam("titles", TextParam("titles")),
        WholeParam("every"),
    )
    def __init__(
        self,
        image_shape: Sequence[int],
        grid: Sequence[int] = (1, 1),
        low: ArrayLike = 0.0,
        high: ArrayLike = 1.0,
        titles: Sequence[str] = (),
        every: int = 10,
    ) -> None:
        self.image_shape, self.grid, self.every = image_shape, grid, every
        if image_shape[2:] not in ((), (3,)):
            expected = "(height, width) or (height, width, 3)"
            raise unfit("image_shape", expected, image_shape, self)
        self._low = self._of_images("low", low)
        self._range = self._of_images("high", high) - self._low
        if not np.all(self._range > 0):
            raise unfit("high", "above low", high, self)
        self.titles = titles
        if len(self.titles) not in (0, self.grid[1]):
            raise unfit("titles", f"one for each of {grid[1]} columns", titles, self)
        self._before, self._after = self._frame()
        self._t: float | None = None
        self._n, self._x = 0, np.zeros(self.size_in)
        self._drawn = self._pixels = self._html = None

    @property
    def size_in(self) -> int:
        """Number of values that the Node receives."""
        return int(np.prod(self.grid) * np.prod(self.image_shape))

    def __call__(self, t: float, x: NDArray) -> None:
        if t == 0 or self._t is None or t <= self._t:  # a new simulation
            if np.size(x) != self.size_in:
                raise ValidationError(
                    f"must be {self.size_in} for {self.grid[0]} x {self.grid[1]} images of "
                    f"shape {self.image_shape}, got {np.size(x)}",
                    attr="size_in",
                )
            self._n = 0
            self._drawn = None
        self._n += t > 0
        self._t, self._x = t, x

    @property
    def _nengo_html_(self):
        # Nengo GUI asks for it at every timestep
        if self._drawn is None or (self._n % self.every == 0 and self._n != self._drawn):
            self._drawn = self._n
            pixels = self.pixels(self._x)
            if self._pixels is None or not np.array_equal(pixels, self._pixels):
                self._pixels = pixels
                self._html = self._before + data_uri(pixels) + self._after
        return self._html

    @checked(ArrayParam("x", ndim=1, finite=False))
    def pixels(self, x: NDArray) -> NDArray[np.uint8]:
        """Return the picture of an input of the Node.

        Parameters
        ----------
        x : (size_in,) array

        Returns
        -------
        (height, width) or (height, width, 3) array of uint8
            All images, with a line of one pixel between them.
        """
        if x.size != self.size_in:
            raise unfit("x", f"{self.size_in} values", x, self)
        (rows, columns), (height, width, *colours) = self.grid, self.image_shape
        images = np.reshape(x, (rows, columns, *self.image_shape))
        scaled = np.clip(np.nan_to_num((images - self._low) / self._range), 0, 1)
        picture = np.full(
            (rows, height + 1, columns, width + 1, *colours), _BETWEEN, dtype=np.uint8
        )
        picture[:, :-1, :, :-1] = (255 * scaled + 0.5).swapaxes(1, 2)
        shape = (rows * (height + 1), columns * (width + 1), *colours)
        return picture.reshape(shape)[:-1, :-1]

    def _of_images(self, name, values):
        try:
            values = np.broadcast_to(np.asarray(values, dtype=float), self.grid)
        except ValueError:
            expected = f"a number or one for each image of the grid {self.grid}"
            raise unfit(name, expected, values, self) from None
        return values.reshape(*self.grid, *(1,) * len(self.image_shape))

    def _frame(self):
        """The HTML text before and after the address of the picture."""
        (rows, columns), (height, width) = self.grid, self.image_shape[:2]
        unit = _WIDTH / width
        w = unit * (columns * (width + 1) - 1)
        h = unit * (rows * (height + 1) - 1)
        longest = max(map(len, self.titles), default=0)
        size = min(0.15 * _WIDTH, 1.7 * _WIDTH / max(longest, 1), 0.06 * w)
        below = 1.5 * size if self.titles else 0
        titles = "".join(
            f'<text x="{unit * (k * (width + 1) + width / 2):g}" y="{h + 1.1 * size:g}">'
            f"{escape(title)}</text>"
            for k, title in enumerate(self.titles)
        )
        # the padding leaves room for the Node's label
        before = (
            '<div style="height:100%;box-sizing:border-box;padding:2em 0.5em 0.5em">'
            f'<svg width="100%" height="100%" viewBox="0 0 {w:g} {h + below:g}">'
            f'<image width="{w:g}" height="{h:g}" preserveAspectRatio="none" '
            'style="image-rendering:pixelated" href="'
        )
        after = f'"/><g font-size="{size:.3g}" text-anchor="middle">{titles}</g></svg></div>'
        return before, after


@checked(ArrayParam("pixels", ndim=(2, 3)))
def data_uri(pixels: NDArray[np.uint8]) -> str:
    """Return a data URI, an address that contains the picture itself in PNG format.

    Parameters
    ----------
    pixels : (height, width) or (height, width, 3) array of uint8

    Returns
    -------
    str
    """
    if pixels.dtype != np.uint8:
        raise unfit("pixels", "an array of uint8", pixels)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")
