"""Images that stay as they are stored and become numbers in [0, 1] a batch at a time."""

import numpy as np


class Images:
    """Rows of pixels over an array that may be larger than memory.

    Indexing with rows returns a float32 array with pixels in [0, 1]. What is stored stays as
    it is: bytes stay bytes, and of an array that is mapped from a file only those rows are
    read that are asked for.

    Parameters
    ----------
    stored : (n, ...) array
        An image in each row: bytes from 0 to 255 (uint8), or floating-point numbers in
        [0, 1]. A `numpy.memmap` is read a batch at a time.
    threshold : float, optional
        Pixels above it become 1 and others 0. None: pixels stay grey.

    Attributes
    ----------
    shape : tuple of int
        (n, n_pixels).
    """

    def __init__(self, stored, threshold=None):
        self.stored = stored.reshape(len(stored), -1)
        self.threshold = threshold

    @property
    def shape(self):
        return self.stored.shape

    def __len__(self):
        return len(self.stored)

    def __getitem__(self, rows):
        """The images of some rows, (n_rows, n_pixels), float32."""
        found = np.asarray(self.stored[rows])
        X = found / np.float32(255) if found.dtype == np.uint8 else found.astype(np.float32)
        if self.threshold is None:
            return X
        return (X > self.threshold).astype(np.float32)
