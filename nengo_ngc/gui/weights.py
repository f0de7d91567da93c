"""Nodes that show weights as images in Nengo GUI."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from nengo.exceptions import ValidationError
from numpy.typing import NDArray

from ..validation import CallableParam, WholeParam, checked
from .displays import ImageDisplay


class WeightDisplay:
    """Function of a `nengo.Node` that shows weights as images in Nengo GUI, as they learn.

    ::

        fields = WeightDisplay(lambda sim: net.parameters(sim)["W1"].T, (8, 8), grid=(6, 12))
        nengo.Node(fields, label="receptive fields")
        on_step = fields.on_step

    A Node receives signals, and weights are none. Therefore the display reads them from the
    simulator between two timesteps: Nengo GUI calls a function of the script that is named
    ``on_step`` after each of them. This works on all simulators that can run in Nengo GUI. To
    open the picture, right-click on the Node and choose "HTML".

    Parameters
    ----------
    weights : callable
        ``weights(sim)`` returns an array of the shape (n, n_pixels), of which each row is an
        image. If there are more rows than images in the grid, the first are shown.
    image_shape : tuple of int
        Height and width of one image in pixels, and 3 of images in colour.
    grid : tuple of int, optional
        Number of rows and columns of images.
    titles : sequence of str, optional
        Titles of the columns, which are written below the images.
    every : int, optional
        Number of timesteps after which the weights are read again.

    Raises
    ------
    nengo.exceptions.ValidationError
        If an argument is out of range, or if ``weights`` returns an array of another shape.

    Notes
    -----
    Weights of 0 are grey. The largest weight of all images, in absolute value, is white or
    black.
    """

    @checked(CallableParam("weights"), WholeParam("every"))
    def __init__(
        self,
        weights: Callable[[Any], NDArray],
        image_shape: Sequence[int],
        grid: Sequence[int] = (1, 1),
        titles: Sequence[str] = (),
        every: int = 50,
    ) -> None:
        self.weights, self.every = weights, every
        self._display = ImageDisplay(image_shape, grid, low=-1, titles=titles, every=1)

    def __call__(self, t: float) -> None:
        """Do nothing: the picture is drawn when Nengo GUI asks for it."""

    def on_step(self, sim: Any) -> None:
        """Read the weights, if it is time.

        Parameters
        ----------
        sim : nengo.Simulator or nengo_ngc.jax.Simulator, or None
            The simulator, or None after a reset.
        """
        if sim is not None and (sim.n_steps == 1 or sim.n_steps % self.every == 0):
            self._display(sim.n_steps, self._images(np.asarray(self.weights(sim))))

    def _images(self, weights):
        shape = self._display.image_shape
        n_images, n_pixels = int(np.prod(self._display.grid)), int(np.prod(shape))
        if weights.ndim != 2 or weights.shape[1] != n_pixels:
            raise ValidationError(
                f"must return an array of the shape (n, {n_pixels}) for images of {shape}, "
                f"got one of the shape {weights.shape}",
                attr="weights",
                obj=self,
            )
        images = np.zeros((n_images, n_pixels))
        shown = weights[:n_images]
        largest = np.abs(shown).max(initial=0.0)
        images[: len(shown)] = shown / largest if largest > 0 else 0.0
        return images.ravel()

    @property
    def _nengo_html_(self):
        return self._display._nengo_html_
