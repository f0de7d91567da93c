"""The digits that come with scikit-learn."""

import os
from collections.abc import Mapping

import numpy as np

from .base import Source


class Digits(Source):
    """1,797 handwritten digits of 8 x 8 pixels; every sixth is for testing."""

    title, licence, place = "8x8 handwritten digits of scikit-learn", "BSD", "embedded"

    def arrays(
        self, data_dir: str | os.PathLike | None = None, download: bool = True
    ) -> Mapping:
        from sklearn.datasets import load_digits

        images, labels = load_digits(return_X_y=True)
        images = images.reshape(-1, 8, 8) / 16
        test = np.arange(len(images)) % 6 == 5  # every sixth: all writers are in both
        return {
            "X": images[~test],
            "y": labels[~test],
            "X_test": images[test],
            "y_test": labels[test],
        }
