"""Test images that are noisy, or of which a part is hidden."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...datasets import Dataset
from .base import Curve, LabelTask, Points, error, tested

_DEVIATIONS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)  # of noise, in units of the range of pixels
_SIDES = (0.0, 0.25, 0.375, 0.5, 0.625)  # of the square that is hidden, in those of an image


class Noise(LabelTask):
    """The error of usual models on test images that are worse than those of training.

    All rules with the same seed see the same noise.
    """

    caption = (
        "Models that have learned from clean images, on test images with Gaussian "
        "noise, and with a hidden square at a random place. Pixels stay within their range."
    )
    curves = {
        "noise": Curve("test error (%)", "noise, standard deviation / range of pixels"),
        "occlusion": Curve("test error (%)", "hidden square, side / side of the image"),
    }

    def measure(
        self, model: Any, data: Dataset, cell: Mapping[str, Any], history: Sequence[Mapping]
    ) -> dict[str, Points]:
        X, y = tested(data)
        noisy = [[s, error(model, with_noise(X, s, cell["seed"]), y)] for s in _DEVIATIONS]
        hidden = [
            [side, error(model, occluded(X, data.image_shape, side, cell["seed"]), y)]
            for side in _SIDES
        ]
        return {"noise": noisy, "occlusion": hidden}


def with_noise(X: NDArray, deviation: float, seed: int) -> NDArray:
    """Add Gaussian noise to images, which stay within the range of their pixels.

    Parameters
    ----------
    X : (n, n_pixels) array
    deviation : float
        Standard deviation, in units of the range of ``X``.
    seed : int

    Returns
    -------
    (n, n_pixels) float32 array
    """
    low, high = X.min(), X.max()
    noise = np.random.RandomState(seed).standard_normal(X.shape).astype(np.float32)
    return np.clip(X + np.float32(deviation) * (high - low) * noise, low, high)


def occluded(X: NDArray, image_shape: Sequence[int], side: float, seed: int) -> NDArray:
    """Hide a square of each image, at a random place, by the lowest of all pixels.

    Parameters
    ----------
    X : (n, n_pixels) array
    image_shape : sequence of int
        Height and width, and 3 if there are colours.
    side : float
        Height and width of the square, in units of those of the image.
    seed : int

    Returns
    -------
    (n, n_pixels) array
    """
    images = X.reshape(len(X), *image_shape).copy()
    rng = np.random.RandomState(seed)
    high, wide = (round(side * n) for n in image_shape[:2])
    tops = rng.randint(image_shape[0] - high + 1, size=len(X))
    lefts = rng.randint(image_shape[1] - wide + 1, size=len(X))
    for image, top, left in zip(images, tops, lefts):
        image[top : top + high, left : left + wide] = X.min()
    return images.reshape(X.shape)
