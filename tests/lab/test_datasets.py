"""Data sets, from files that the tests write."""

import gzip
import hashlib
import re
import struct
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pooch
import pytest
import requests

from nengo_ngc import datasets
from nengo_ngc.lab.datasets.published import FILES

SIZES = {"train": 5, "test": 3}
IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
ALL_FILES = list(FILES.values())
NAMES = ["mnist", "fashion-mnist", "kmnist"]


def idx(array):
    """Bytes of an IDX file."""
    header = struct.pack(f">{1 + array.ndim}I", 0x0800 + array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()


def arrays():
    rng = np.random.RandomState(0)
    return {
        (split, kind): rng.randint(high, size=(n, *shape))
        for split, n in SIZES.items()
        for kind, high, shape in (("images", 256, (28, 28)), ("labels", 10, ()))
    }


def sha256(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def contents(monkeypatch):
    """Files of small data sets that take the place of all but digits."""
    files = {FILES[key]: idx(array) for key, array in arrays().items()}
    packed = {name: gzip.compress(content, mtime=0) for name, content in files.items()}
    known = {
        "packed": {name: sha256(content) for name, content in packed.items()},
        "unpacked": {name: sha256(content) for name, content in files.items()},
    }
    for name in NAMES:
        source = datasets.SOURCES[name]
        small = {kind: sums if getattr(source, kind) else {} for kind, sums in known.items()}
        small = replace(source, n_samples=SIZES, **small)
        monkeypatch.setitem(datasets.SOURCES, name, small)
    return files


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """An empty cache in place of the user's, and nothing to download."""

    def no_network(*_, **__):
        raise AssertionError("nothing should be downloaded")

    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "cache" / name)
    monkeypatch.setattr(pooch, "retrieve", no_network)
    monkeypatch.delenv(datasets.DATA_VARIABLE, raising=False)
    return tmp_path / "cache" / "nengo-ngc"


def write(folder, contents, packed=False):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        if packed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))
        else:
            (folder / name).write_bytes(content)
    return folder


def assert_is_small(data, name):
    assert data.name == name and data.image_shape == (28, 28)
    for split, X, y in (
        ("train", data.X_train, data.y_train),
        ("test", data.X_test, data.y_test),
    ):
        grey = arrays()[split, "images"].reshape(SIZES[split], 784) / 255
        np.testing.assert_array_equal(X, grey > 0.5)
        np.testing.assert_array_equal(y, arrays()[split, "labels"])
        assert X.dtype == np.float32


# --- digits


def test_digits_are_split_without_loss():
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    data = datasets.load("digits", binarize=False)
    assert data.image_shape == (8, 8)
    assert data.X_train.shape == (1498, 64) and data.X_test.shape == (299, 64)
    assert data.X_train.dtype == data.X_test.dtype == np.float32

    def rows(X, y):
        return sorted(map(tuple, np.column_stack([X, y])))

    both = rows(data.X_train, data.y_train) + rows(data.X_test, data.y_test)
    assert sorted(both) == rows((images / 16).astype(np.float32), labels)
    assert len(set(both)) == len(both)  # all differ, so none is in both
    assert set(data.y_test) == set(data.y_train) == set(range(10))


def test_digits_are_grey_or_binary():
    grey, binary = datasets.load("digits", binarize=False), datasets.load("digits")
    for X, B in ((grey.X_train, binary.X_train), (grey.X_test, binary.X_test)):
        assert X.min() == 0 and X.max() == 1 and len(np.unique(X)) == 17
        np.testing.assert_array_equal(B, X > 0.5)
        assert B.dtype == np.float32


def test_digits_are_the_same_every_time():
    first, second = datasets.load("digits"), datasets.load("digits")
    for name in ("X_train", "y_train", "X_test", "y_test"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


# --- files


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "name, folder",
    [
        ("mnist", "mnist"),
        ("mnist", "."),
        ("fashion-mnist", "fashion-mnist"),
        ("fashion-mnist", "fashion_mnist"),
        ("kmnist", "kmnist"),
    ],
)
def test_files_are_read(contents, tmp_path, name, folder, packed):
    root = tmp_path / "data"
    write(root / folder, contents, packed)
    assert_is_small(datasets.load(name, root), name)


def test_environment_variable(contents, tmp_path, monkeypatch):
    write(tmp_path / "data" / "mnist", contents)
    monkeypatch.setenv(datasets.DATA_VARIABLE, str(tmp_path / "data"))
    assert_is_small(datasets.load("mnist"), "mnist")


def test_data_dir_goes_before_the_environment_variable(contents, tmp_path, monkeypatch):
    monkeypatch.setenv(datasets.DATA_VARIABLE, str(tmp_path / "elsewhere"))
    assert_is_small(datasets.load("mnist", write(tmp_path / "data", contents)), "mnist")


def test_folder_of_the_name_goes_before_the_directory(contents, tmp_path):
    write(tmp_path / "mnist", contents)
    write(tmp_path, {name: b"of another data set" for name in contents})
    assert_is_small(datasets.load("mnist", tmp_path), "mnist")


def test_grey_pixels(contents, tmp_path):
    data = datasets.load("mnist", write(tmp_path / "data", contents), binarize=False)
    grey = arrays()["train", "images"].reshape(-1, 784) / 255
    np.testing.assert_allclose(data.X_train, grey, rtol=1e-6)
    assert data.X_train.dtype == np.float32


def test_cache_is_read(contents, cache):
    write(cache / "mnist", contents, packed=True)
    assert_is_small(datasets.load("mnist", download=False), "mnist")


# --- damage


@pytest.mark.parametrize("name", NAMES)
def test_truncated_archive(contents, tmp_path, name):
    folder = write(tmp_path / "data", contents, packed=True)
    path = folder / f"{IMAGES}.gz"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match=rf"{IMAGES}\.gz is damaged or truncated"):
        datasets.load(name, folder)


def test_not_an_archive(contents, tmp_path):
    folder = write(tmp_path / "data", contents, packed=True)
    (folder / f"{LABELS}.gz").write_bytes(b"<html>please log in</html>")
    with pytest.raises(ValueError, match=rf"{LABELS}\.gz is damaged or truncated"):
        datasets.load("mnist", folder)


def flipped(content):
    return content[:-1] + bytes([content[-1] ^ 1])


@pytest.mark.parametrize("packed", [False, True])
def test_wrong_sum(contents, tmp_path, packed):
    expected = sha256(contents[IMAGES])
    contents[IMAGES] = flipped(contents[IMAGES])
    folder = write(tmp_path / "data", contents, packed)
    message = f"{IMAGES}.* SHA-256 is {sha256(contents[IMAGES])}, expected {expected}"
    with pytest.raises(ValueError, match=message):
        datasets.load("mnist", folder)


def test_wrong_sum_of_an_archive(contents, tmp_path):
    # of KMNIST, only the sums of the archives are known
    contents[LABELS] = flipped(contents[LABELS])
    folder = write(tmp_path / "data", contents, packed=True)
    with pytest.raises(ValueError, match=rf"{LABELS}\.gz is damaged or not kmnist"):
        datasets.load("kmnist", folder)


def test_archives_that_were_packed_elsewhere(contents, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    for name, content in contents.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(content, 1, mtime=1))
    assert_is_small(datasets.load("mnist", folder), "mnist")


@pytest.mark.parametrize("name", NAMES)
def test_unpacking_stops_at_the_known_size(contents, tmp_path, name):
    folder = write(tmp_path / "data", contents)
    (folder / IMAGES).unlink()
    with gzip.open(folder / f"{IMAGES}.gz", "wb", compresslevel=1) as file:
        for _ in range(200):
            file.write(bytes(2**20))
    tracemalloc.start()
    with pytest.raises(ValueError, match=rf"{IMAGES}\.gz is damaged"):
        datasets.load(name, folder)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**22


def test_larger_file(contents, tmp_path):
    contents[IMAGES] += b"0"
    folder = write(tmp_path / "data", contents)
    with pytest.raises(ValueError, match=f"{IMAGES} is damaged .* more than 3936 bytes"):
        datasets.load("kmnist", folder)


def test_labels_that_there_are_not(contents, tmp_path):
    contents[LABELS] = contents[LABELS][:-1] + b"\x0a"
    folder = write(tmp_path / "data", contents)
    with pytest.raises(ValueError, match=f"{LABELS} .*labels must be below 10, got 10"):
        datasets.load("kmnist", folder)


@pytest.mark.parametrize("name", NAMES)
def test_all_sums_are_known(name):
    source = datasets.SOURCES[name]
    for sums in filter(None, (source.packed, source.unpacked)):
        assert list(sums) == ALL_FILES and len(set(sums.values())) == 4
        assert all(re.fullmatch("[0-9a-f]{64}", value) for value in sums.values())
    assert source.packed and (source.unpacked or name == "kmnist")
    assert source.url.startswith("https://")


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda content: content[:-10], "truncated: 3910 bytes of values, expected 3920"),
        (lambda content: content[:10], "truncated: 10 bytes"),
        (lambda content: b"", "truncated: 0 bytes"),
        (
            lambda content: b"\0\0\x08\1" + content[4:],
            r"not .*uint8 \(5,\), .*uint8 \(5, 28, 28\)",
        ),
        (
            lambda content: content[:7] + b"\6" + content[8:],
            r"not .*uint8 \(6, 28, 28\), expected uint8 \(5, 28",
        ),
    ],
)
def test_wrong_content(contents, tmp_path, change, message):
    # unpacked files of KMNIST have no known sum: their content must tell
    contents[IMAGES] = change(contents[IMAGES])
    folder = write(tmp_path / "data", contents)
    with pytest.raises(ValueError, match=f"{IMAGES} is {message}"):
        datasets.load("kmnist", folder)


# --- what is missing


@pytest.mark.parametrize(
    "name, meant",
    [("minst", "mnist"), ("fashion_mnist", "fashion-mnist"), ("digit", "digits")],
)
def test_unknown_name(name, meant):
    message = f"unknown name '{name}' .*'{meant}'"
    with pytest.raises(ValueError, match=message) as info:
        datasets.load(name)
    assert all(known in str(info.value) for known in datasets.SOURCES)


def test_missing_files_without_download(contents, tmp_path, cache):
    with pytest.raises(FileNotFoundError) as info:
        datasets.load("fashion-mnist", tmp_path, download=False)
    message = str(info.value)
    places = tmp_path / "fashion-mnist", tmp_path / "fashion_mnist", cache
    for part in (*ALL_FILES, datasets.DATA_VARIABLE, *map(str, places)):
        assert part in message


def test_one_missing_file(contents, tmp_path):
    del contents[LABELS]
    folder = write(tmp_path / "data", contents)
    with pytest.raises(FileNotFoundError, match=f"^{LABELS} of mnist was not found"):
        datasets.load("mnist", folder, download=False)


def test_data_dir_that_is_no_directory(tmp_path):
    path = tmp_path / "file"
    path.touch()
    message = "data_dir must be a directory, got .*file"
    with pytest.raises(FileNotFoundError, match=message):
        datasets.load("mnist", path)


# --- downloads


@pytest.fixture
def downloads(contents, monkeypatch):
    """What is downloaded, in turn; afterwards, the right files."""
    waiting, urls = [], []

    def retrieve(url, known_hash, fname, path, **_):
        urls.append(url)
        content = gzip.compress(contents[fname.removesuffix(".gz")], mtime=0)
        content = waiting.pop(0) if waiting else content
        if known_hash != f"sha256:{sha256(content)}":  # as pooch does it
            raise ValueError(f"SHA256 hash of downloaded file ({fname}) does not match")
        Path(path).mkdir(parents=True, exist_ok=True)
        (Path(path) / fname).write_bytes(content)

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    return waiting, urls


@pytest.mark.parametrize("name", NAMES)
def test_download(downloads, name):
    assert_is_small(datasets.load(name), name)
    assert_is_small(datasets.load(name), name)  # from the cache
    source = datasets.SOURCES[name].url
    assert sorted(downloads[1]) == sorted(f"{source}{file}.gz" for file in ALL_FILES)


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_download_is_tried_once_more(downloads, cache, name):
    waiting, urls = downloads
    waiting.append(b"<html>please log in</html>")
    assert_is_small(datasets.load(name), name)
    assert len(urls) == 5


def test_damaged_downloads_are_given_up_and_not_kept(downloads, cache):
    waiting, urls = downloads
    waiting += 2 * [b"<html>please log in</html>"]
    with pytest.raises(ValueError, match="does not match"):
        datasets.load("mnist")
    assert len(urls) == 2 and not list(cache.rglob("*ubyte*"))


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_file_of_the_cache_is_downloaded_again(downloads, contents, cache, name):
    folder = write(cache / name, contents, packed=True)
    path = folder / f"{IMAGES}.gz"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match=rf"{IMAGES}\.gz is damaged or truncated"):
        datasets.load(name, download=False)
    assert_is_small(datasets.load(name), name)
    assert downloads[1] == [f"{datasets.SOURCES[name].url}{IMAGES}.gz"]


@pytest.mark.parametrize(
    "error",
    [
        requests.exceptions.ConnectionError("no route"),
        requests.exceptions.HTTPError("404"),
        requests.exceptions.Timeout("too slow"),
        PermissionError("the cache cannot be written to"),
    ],
)
def test_offline(monkeypatch, cache, error):
    def retrieve(*_, **__):
        raise error

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    with pytest.raises(FileNotFoundError) as info:
        datasets.load("mnist")
    message = str(info.value)
    assert f"could not be downloaded: {type(error).__name__}" in message
    for part in (*ALL_FILES, datasets.DATA_VARIABLE, str(cache / "mnist")):
        assert part in message
    assert info.value.__cause__ is error
    assert not list(cache.rglob("*ubyte*"))
