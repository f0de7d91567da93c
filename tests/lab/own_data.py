"""Small data of a user's own, in each of the ways in which they may lie at a path."""

import gzip
import struct

import numpy as np
from matplotlib.image import imread
from PIL import Image

LABELS = np.array(["cat", "dog", "eel"])


def arrays(n=90, shape=(6, 5, 3), labels=LABELS, seed=0):
    """Images whose brightness tells the class, sorted by class, as bytes."""
    rng = np.random.RandomState(seed)
    rows = np.arange(n) * len(labels) // n
    low = (40 + 60 * rows).reshape(-1, *(1,) * len(shape))
    X = (low + rng.randint(60, size=(n, *shape))).astype(np.uint8)
    return {"X": X, "y": labels[rows]}


def with_test(n=90, n_test=30, **kwargs):
    test = arrays(n_test, seed=1, **kwargs)
    return {**arrays(n, **kwargs), "X_test": test["X"], "y_test": test["y"]}


def idx_bytes(array):
    header = struct.pack(f">{1 + array.ndim}I", 0x0800 + array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()


def as_npz(path, data):
    path = path.with_suffix(".npz")
    np.savez(path, **data)
    return path


def as_npy(path, data):
    path.mkdir(parents=True)
    for name, array in data.items():
        np.save(path / f"{name}.npy", array)
    return path


def as_idx(path, data, packed=False, test="t10k"):
    path.mkdir(parents=True)
    for name, array in data.items():
        split = test if name.endswith("_test") else "train"
        kind = "images" if name[0] == "X" else "labels"
        file = path / f"{split}-{kind}-idx{array.ndim}-ubyte"
        content = idx_bytes(array)
        if packed:
            content, file = gzip.compress(content, mtime=0), file.with_suffix(".gz")
        file.write_bytes(content)
    return path


def as_folders(path, data, suffix="png"):
    """Images by class; the order within a class is that of the array."""
    parts = (
        {"": path} if "X_test" not in data else {"": path / "train", "_test": path / "test"}
    )
    for key, folder in parts.items():
        for number, (x, label) in enumerate(zip(data[f"X{key}"], data[f"y{key}"])):
            (folder / str(label)).mkdir(parents=True, exist_ok=True)
            Image.fromarray(x).save(folder / str(label) / f"{number:04d}.{suffix}")
    return path


def in_colour(picture):
    """Whether a PNG file has colours."""
    return np.ptp(imread(picture)[..., :3], axis=2).max() > 0.05
