"""Damaged IDX files, packed and not, gzip bombs among them, as data sets to load."""

import gzip
import hashlib
import struct
import zlib
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import numpy as np

from nengo_ngc import datasets
from nengo_ngc.lab.datasets.published import FILES, PUBLISHED

N, SECONDS, ON_FILES = 500, 600, True

_SIZES = {"train": 50, "test": 30}
# nothing tells pixels of unpacked KMNIST from others: its sums are not published
_FORMS = [("mnist", ""), ("mnist", ".gz"), ("fashion-mnist", ".gz"), ("kmnist", ".gz")]


def attack(folder, n, rng):
    """Damage one file of a small data set at a time, and load the set.

    Parameters
    ----------
    folder : path
        An empty folder to work in.
    n : int
        Attempts.
    rng : numpy.random.RandomState

    Yields
    ------
    what : str
    outcome : str
        "refused", "same", "traceback" or "silent".
    """
    contents = _contents(rng)
    with _small_sets(contents):
        for _ in range(n):
            name, suffix = _FORMS[rng.randint(len(_FORMS))]
            _write(folder / name, contents, suffix)
            file = [*contents][rng.randint(len(contents))]
            path = folder / name / (file + suffix)
            damages = _DAMAGES + (_PACKED_DAMAGES if suffix else [])
            damage = damages[rng.randint(len(damages))]
            path.write_bytes(damage(path.read_bytes(), rng))
            what = f"{name}/{path.name}: {damage.__name__}"
            yield what, _outcome(name, folder, contents, path)


def _outcome(name, folder, contents, path):
    try:
        data = datasets.load(name, folder, binarize=False, download=False)
    except (OSError, ValueError) as error:
        return "refused" if path.name.removesuffix(".gz") in str(error) else "traceback"
    except Exception:
        return "traceback"
    arrays = (data.X_train * 255, data.y_train, data.X_test * 255, data.y_test)
    same = all(
        np.rint(array).astype(np.uint8).tobytes() == content[4 + 4 * content[3] :]
        for array, content in zip(arrays, contents.values())
    )
    return "same" if same else "silent"


def _contents(rng):
    """Files of a small data set, as bytes, by name."""
    contents = {}
    for (split, kind), name in FILES.items():
        shape = (_SIZES[split], 28, 28) if kind == "images" else (_SIZES[split],)
        values = rng.randint(256 if kind == "images" else 10, size=shape, dtype=np.uint8)
        header = struct.pack(f">{1 + len(shape)}I", 0x0800 + len(shape), *shape)
        contents[name] = header + values.tobytes()
    return contents


def _write(folder, contents, suffix):
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    for name, content in contents.items():
        packed = gzip.compress(content, mtime=0) if suffix else content
        (folder / (name + suffix)).write_bytes(packed)


@contextmanager
def _small_sets(contents):
    """Small data sets in the place of those that are downloaded."""

    def sums(change):
        return {k: hashlib.sha256(change(v)).hexdigest() for k, v in contents.items()}

    packed, unpacked = sums(partial(gzip.compress, mtime=0)), sums(bytes)
    for name, source in PUBLISHED.items():
        known = unpacked if source.unpacked else {}
        datasets.SOURCES[name] = replace(
            source, packed=packed, unpacked=known, n_samples=_SIZES
        )
    try:
        yield
    finally:
        datasets.SOURCES.update(PUBLISHED)


# --- damages: (bytes, generator) -> bytes


def _cut(content, rng):
    return content[: rng.randint(len(content))]


def _flip(content, rng):
    changed = bytearray(content)
    changed[rng.randint(len(content))] ^= 1 << int(rng.randint(8))
    return bytes(changed)


def _flip_in_header(content, rng):
    changed = bytearray(content)
    changed[rng.randint(min(16, len(content)))] ^= 1 << int(rng.randint(8))
    return bytes(changed)


def _grow(content, rng):
    return content + rng.bytes(int(rng.randint(1, 5000)))


def _noise(content, rng):
    return rng.bytes(int(rng.randint(1, 5000)))


def _zeros(content, rng):
    start = int(rng.randint(len(content)))
    return content[:start] + bytes(len(content) - start)


def _repeat(content, rng):
    return content * int(rng.randint(2, 5))


def _page(content, rng):
    return b"<html>please log in</html>"


def _empty(content, rng):
    return b""


def _other_format(content, rng):
    starts = [b"\x89PNG\r\n\x1a\n", b"PK\x03\x04", b"\x93NUMPY", b"BZh9"]
    return starts[rng.randint(4)] + content


def _bomb(content, rng):
    """A few megabytes that unpack to gigabytes."""
    return gzip.compress(bytes(2**20), 9) * int(rng.randint(1000, 3000))


def _bomb_after_the_file(content, rng):
    return content + _bomb(content, rng)


def _shorter_inside(content, rng):
    return gzip.compress(_cut(gzip.decompress(content), rng), mtime=0)


def _flipped_inside(content, rng):
    return gzip.compress(_flip(gzip.decompress(content), rng), mtime=0)


def _longer_inside(content, rng):
    return gzip.compress(_grow(gzip.decompress(content), rng), mtime=0)


def _empty_inside(content, rng):
    return gzip.compress(b"", mtime=0) * int(rng.randint(1, 10_000))


def _wrong_end(content, rng):
    return content[:-8] + rng.bytes(8)


def _without_gzip(content, rng):
    return zlib.compress(gzip.decompress(content))


_DAMAGES = [
    _cut,
    _flip,
    _flip_in_header,
    _grow,
    _noise,
    _zeros,
    _repeat,
    _page,
    _empty,
    _other_format,
]
_PACKED_DAMAGES = [
    _bomb,
    _bomb_after_the_file,
    _shorter_inside,
    _flipped_inside,
    _longer_inside,
    _empty_inside,
    _wrong_end,
    _without_gzip,
]
