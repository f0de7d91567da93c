"""Data of a user's own: what can be loaded, how it is split, and what is refused."""

import gzip

import numpy as np
import pytest
from nengo.exceptions import ValidationError
from PIL import Image

from nengo_ngc import datasets
from nengo_ngc.training.images import Images

from .own_data import arrays, as_folders, as_idx, as_npy, as_npz, with_test

NUMBERS = np.array([0, 1, 7])


def rows_of(X, y):
    return sorted((bytes(x), str(label)) for x, label in zip(X, y))


def stored_rows(images, y):
    """Images as bytes with their labels, whatever the order."""
    return rows_of(np.rint(images[:] * 255).astype(np.uint8), y)


# --- every way in which data may lie at a path


FORMS = {
    "npz": as_npz,
    "npy": as_npy,
    "idx": as_idx,
    "idx.gz": lambda path, data: as_idx(path, data, packed=True),
    "idx test": lambda path, data: as_idx(path, data, test="test"),
    "folders": as_folders,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape", [(6, 5), (6, 5, 3)], ids=["grey", "colour"])
def test_every_form_is_loaded(form, shape, tmp_path):
    given = with_test(shape=shape, labels=NUMBERS)
    path = FORMS[form](tmp_path / "mine", given)
    data = datasets.load(path)
    assert data.name == "mine" and data.image_shape == shape
    assert isinstance(data.X_train, Images) and data.X_train.stored.dtype == np.uint8
    assert data.X_train[:3].dtype == np.float32 and data.y_train.dtype.kind in "iu"
    assert stored_rows(data.X_train, data.y_train) == rows_of(given["X"], given["y"])
    expected = rows_of(given["X_test"], given["y_test"])
    assert stored_rows(data.X_test, data.y_test) == expected


def test_only_files_are_named_without_their_suffix(tmp_path):
    folders = [as_npy(tmp_path / f"v1.{number}", arrays()) for number in (2, 3)]
    assert [datasets.find(path).name for path in folders] == ["v1.2", "v1.3"]
    assert datasets.find(as_npz(tmp_path / "v1", arrays())).name == "v1"


@pytest.mark.parametrize("form", ["npz", "npy", "folders"])
def test_labels_may_be_texts(form, tmp_path):
    data = datasets.load(str(FORMS[form](tmp_path / "mine", arrays())))
    assert set(data.y_train) == set(data.y_test) == {"cat", "dog", "eel"}


@pytest.mark.parametrize("form", ["npz", "npy", "idx", "folders"])
def test_without_a_test_part_every_sixth_of_a_class_is_for_testing(form, tmp_path):
    given = arrays(n=60, labels=NUMBERS)
    data = datasets.load(FORMS[form](tmp_path / "mine", given))
    test = np.concatenate([np.flatnonzero(given["y"] == k)[5::6] for k in NUMBERS])
    expected = rows_of(given["X"][test], given["y"][test])
    assert len(test) == 9
    assert stored_rows(data.X_test, data.y_test) == expected
    both = stored_rows(data.X_train, data.y_train) + expected
    assert sorted(both) == rows_of(given["X"], given["y"])


def test_images_are_mixed_in_the_same_order_every_time(tmp_path):
    path = as_npz(tmp_path / "mine", arrays())
    first, second = datasets.load(path), datasets.load(path)
    np.testing.assert_array_equal(first.X_train[:], second.X_train[:])
    np.testing.assert_array_equal(first.y_train, second.y_train)
    assert set(first.y_train[-15:]) == {"cat", "dog", "eel"}  # they are sorted in the file


def test_arrays_and_mappings():
    given = arrays(shape=(6, 5))
    for data in (datasets.load(given), datasets.load((given["X"], given["y"]))):
        assert data.image_shape == (6, 5) and len(data.X_train) + len(data.X_test) == 90
    with_parts = datasets.load(with_test(shape=(6, 5)))
    assert (len(with_parts.X_train), len(with_parts.X_test)) == (90, 30)


def test_pixels_of_every_type():
    given = arrays(shape=(6, 5))
    grey = datasets.load(given).X_train[:]
    for X in (given["X"].astype(int), given["X"] / 255, given["X"] / np.float32(255)):
        np.testing.assert_allclose(datasets.load((X, given["y"])).X_train[:], grey, rtol=1e-6)
    flags = datasets.load((given["X"] > 127, given["y"])).X_train[:]
    np.testing.assert_array_equal(flags, grey > 0.5)
    np.testing.assert_array_equal(datasets.load(given, binarize=True).X_train[:], grey > 0.5)


@pytest.mark.parametrize(
    "shape, given_shape, expected",
    [
        ((36,), None, (6, 6)),
        ((30,), None, (1, 30)),
        ((30,), (6, 5), (6, 5)),
        ((90,), (6, 5, 3), (6, 5, 3)),
        ((6, 5, 1), None, (6, 5)),
    ],
)
def test_shape_of_flat_images(shape, given_shape, expected, tmp_path):
    given = arrays(shape=shape)
    if given_shape is not None:
        given["image_shape"] = np.array(given_shape)
    assert datasets.load(given).image_shape == expected
    assert datasets.load(as_npz(tmp_path / "mine", given)).image_shape == expected


def test_images_in_files_stay_there(tmp_path):
    data = datasets.load(as_npy(tmp_path / "mine", arrays()))
    assert isinstance(data.X_train.stored, np.memmap)
    packed = datasets.load(as_idx(tmp_path / "idx", arrays(labels=NUMBERS)))
    assert isinstance(packed.X_train.stored, np.memmap)


def test_images_of_several_modes(tmp_path):
    path = as_folders(tmp_path / "mine", arrays(shape=(6, 5)))
    assert datasets.load(path).image_shape == (6, 5)
    palette = Image.new("RGB", (5, 6), (204, 0, 0)).convert("P")
    palette.save(path / "eel" / "x.gif")
    (path / "eel" / ".hidden.png").write_text("no image")
    (path / "eel" / "notes.txt").write_text("no image")
    data = datasets.load(path)
    assert data.image_shape == (6, 5, 3)  # one is in colour
    reds = np.rint(255 * data.X_train[:].reshape(-1, 6, 5, 3)[:, 0, 0])
    assert [204, 0, 0] in reds.tolist()


def test_a_name_goes_before_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    as_npy(tmp_path / "digits", arrays())
    assert datasets.load("digits").image_shape == (8, 8)
    assert datasets.load("./digits").image_shape == (6, 5, 3)


def test_real_numbers_stay_as_they_are():
    given = changed(X=spoilt(-2.5), X_test=spoilt(7))
    data = datasets.load(given)
    assert (data.X_train[:].min(), data.X_test[:].max()) == (-2.5, 7)
    message = r"X: must have pixels in \[0, 1\] to become 0 or 1, got values from -2.5 to 7"
    with pytest.raises(ValueError, match=message):
        datasets.load(given, binarize=True)


def test_validation_images_leave_one_of_each_class():
    given = arrays(n=60, labels=NUMBERS)
    for row in range(0, 60, 7):  # wherever the only image of a class is
        y = given["y"].copy()
        y[row] = 5
        assert datasets.load({**given, "y": y}).y_train.tolist().index(5) == 0


def test_what_is_transparent_is_white(tmp_path):
    ink = np.zeros((6, 5, 4), np.uint8)
    ink[2, 3] = [0, 0, 0, 255]
    half = np.zeros((6, 5, 2), np.uint8)
    half[..., 1] = 128
    for label in ("a", "b"):
        (tmp_path / "mine" / label).mkdir(parents=True)
        for k in range(6):
            Image.fromarray(ink).save(tmp_path / "mine" / label / f"{k}.png")
            Image.fromarray(half).save(tmp_path / "mine" / label / f"grey{k}.png")
    data = datasets.load(tmp_path / "mine")
    images = np.rint(255 * data.X_train[:].reshape(-1, 6, 5, 3)[..., 0])
    of_ink = images[images[:, 2, 3] == 0]
    assert len(of_ink) and np.all(of_ink[:, 0] == 255)
    assert np.all(np.isin(images[images[:, 2, 3] > 0], [127]))


def test_a_palette_of_greys_is_grey(tmp_path):
    path = as_folders(tmp_path / "mine", arrays(shape=(6, 5)))
    grey = Image.fromarray(np.full((6, 5), 77, np.uint8)).convert("P")
    grey.save(path / "eel" / "x.gif")
    data = datasets.load(path)
    assert data.image_shape == (6, 5)
    assert [77] * 30 in np.rint(255 * data.X_train[:]).tolist()


def test_names_of_folders(tmp_path):
    path = as_folders(tmp_path / "mine", arrays(shape=(6, 5)))
    (path / ".thumbnails").mkdir()
    Image.new("L", (5, 6)).save(path / ".thumbnails" / "x.png")
    assert set(datasets.load(path).y_train) == {"cat", "dog", "eel"}
    (path / "eel").rename(path / "train")  # a class, since there are no folders in it
    assert set(datasets.load(path).y_train) == {"cat", "dog", "train"}
    (path / "train").rename(path / ("9" * 19))
    for old, new in (("cat", "1"), ("dog", "2")):
        (path / old).rename(path / new)
    assert set(datasets.load(path).y_train) == {"1", "2", "9" * 19}


def test_folders_beside_train_and_test(tmp_path):
    path = as_folders(tmp_path / "mine", with_test(shape=(6, 5)))
    (path / "notes").mkdir()
    assert len(datasets.load(path).X_test)
    (path / "test").rename(path / "val")
    with pytest.raises(ValueError, match="must have images in train and test only, got val"):
        datasets.load(path)


def test_labels_of_type_object_are_written_as_text(tmp_path):
    given = arrays(shape=(6, 5))
    given["y"] = given["y"].astype(object)
    datasets.GivenArrays(given).write(tmp_path / "mine")
    assert set(datasets.load(tmp_path / "mine").y_train) == {"cat", "dog", "eel"}


def test_what_was_written_before_is_not_mixed_with_new_data(tmp_path):
    datasets.GivenArrays(with_test(shape=(6, 5))).write(tmp_path / "mine")
    given = arrays(n=60, shape=(6, 5))
    datasets.GivenArrays(given).write(tmp_path / "mine")
    found = datasets.load(tmp_path / "mine")
    assert len(found.X_train) + len(found.X_test) == 60


def test_idx_files_in_a_folder_may_be_packed_whatever_they_are_called(tmp_path):
    path = as_idx(tmp_path / "mine", arrays(labels=NUMBERS), packed=True)
    for file in path.glob("*.gz"):
        file.rename(file.with_suffix(""))
    assert datasets.load(path).image_shape


def test_pixels_that_would_all_be_black():
    given = arrays(shape=(6, 5))
    given["X"] = given["X"] // 3
    with pytest.warns(UserWarning, match="all pixels of 75 images are 0 once they are 0 or 1"):
        datasets.load(given, binarize=True)


# --- what is refused


def changed(**changes):
    given = with_test(shape=(6, 5))
    return {**given, **{key: change(given[key]) for key, change in changes.items()}}


def spoilt(value):
    def spoil(X):
        X = X / 255.0
        X[20, 2, 3] = value
        return X

    return spoil


@pytest.mark.parametrize(
    "given, message",
    [
        ({"X": arrays()["X"]}, "y: is missing: X and y are needed, got X"),
        ({}, "X: is missing"),
        ({**arrays(), "Y": 1}, "data: unknown name 'Y' .*'y'"),
        ((arrays()["X"],), "must be .X, y., or a mapping, got 1 arrays"),
        ({**arrays(), "X_test": arrays()["X"]}, "X_test: and y_test must be given together"),
        (
            changed(X=lambda X: X[0]),
            "X: must have one label|X: must be an array|y: must have one",
        ),
        (changed(X=lambda X: X[..., None, None]), "X: must be an array of numbers of shape"),
        (changed(X=lambda X: X[..., None].repeat(2, 3)), "X: must have 1 or 3 colours"),
        (changed(X=lambda X: X.astype(str)), "X: must be an array of numbers"),
        (changed(X=lambda X: X[:0]), "X: must be an array of numbers"),
        (changed(X=spoilt(np.nan)), "X: must be finite, got NaN or infinity"),
        (changed(X=spoilt(np.inf)), "X: must be finite"),
        (changed(X=lambda X: X.astype(int) + 200), "X: must have pixels from 0 to 255"),
        (changed(X=lambda X: X.astype(int) - 200), "X: must have pixels from 0 to 255"),
        (
            changed(X=lambda X: X // 128),
            "X: must have whole numbers from 0 to 255, or be of bool",
        ),
        (changed(X_test=spoilt(np.nan)), "X_test: must be finite"),
        (changed(X_test=lambda X: X[:, :4]), r"X_test: must have images of shape \(6, 5\)"),
        (
            changed(y=lambda y: y[:-1]),
            r"y: must have one label for each image of X \(90\), got 89",
        ),
        (changed(y=lambda y: y[:, None]), "y: must be a one-dimensional array of labels"),
        (changed(y=lambda y: np.linspace(0, 1, 90)), "y: must be a one-dimensional array"),
        (
            changed(y=lambda y: np.repeat("cat", 90)),
            "y: must have two classes or more, got 'cat'",
        ),
        (
            changed(y_test=lambda y: y[:7]),
            r"y_test: must have one label for each image of X_test",
        ),
        (
            changed(y_test=lambda y: np.repeat("cow", 30)),
            "y_test: must have labels that are in y",
        ),
        (changed(y=lambda y: np.where(y == "cat", np.inf, 1)), "y: must be a one-dimensional"),
        (
            changed(X_test=lambda X: X.astype(float)),
            "X_test: must have numbers like those of X .uint8., got float64: whole ",
        ),
        (
            {**arrays(shape=(6, 5)), "image_shape": (5, 6)},
            r"X: must have images of shape \(5, 6\), got \(6, 5\)",
        ),
        (
            {**arrays(shape=(30,)), "image_shape": (-6, -5)},
            r"image_shape: must be \(height, width\)",
        ),
        (arrays(n=9), "X: must have 6 images of a class or more"),
        (
            {**arrays(shape=(30,)), "image_shape": (6, 6)},
            "X: must have the pixels of images of",
        ),
        (
            {**arrays(shape=(30,)), "image_shape": (30,)},
            r"image_shape: must be \(height, width\)",
        ),
    ],
)
def test_unfit_arrays(given, message, tmp_path):
    with pytest.raises(ValidationError, match=message):
        datasets.load(given)
    if isinstance(given, dict):  # files of them are refused in the same words, and named
        with pytest.raises(ValidationError, match=f"mine.npz: ({message})"):
            datasets.load(as_npz(tmp_path / "mine", given))


@pytest.mark.parametrize("value", [3, None, [], ["x"], object(), ""])
def test_what_is_no_data(value):
    with pytest.raises(ValidationError, match="name: must be a name, a path, a mapping"):
        datasets.load(value)


def test_paths_without_data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        ValueError,
        match="unknown name './none'.* your own data, but there is no file or folder",
    ):
        datasets.load("./none")
    (tmp_path / "text.txt").write_text("x")
    for path in (tmp_path, tmp_path / "text.txt"):
        with pytest.raises(
            ValueError, match="must be one of these: an .npz file with X and y; "
        ):
            datasets.load(path)


def write(path, content):
    path.write_bytes(content)
    return path


DAMAGED_FILES = {
    "npy called npz": lambda f: (as_npy(f / "n", arrays()) / "X.npy").rename(f / "m.npz"),
    "cut npz": lambda f: write(as_npz(f / "m", arrays()), b"PK\x03\x04 and no more"),
    "no npz": lambda f: write(f / "m.npz", b"text"),
    "objects": lambda f: as_npz(f / "m", {**arrays(), "y": np.array([{}] * 90)}),
    "cut npy": lambda f: write(as_npy(f / "m", arrays()) / "X.npy", b"\x93NUMPY\x01\x00v"),
    "short npy": lambda f: write(
        f / "m" / "X.npy", (as_npy(f / "m", arrays()) / "X.npy").read_bytes()[:-9]
    ),
    "no image": lambda f: write(as_folders(f / "m", arrays()) / "eel" / "a.png", b"GIF87a"),
    "cut image": lambda f: write(
        f / "m" / "eel" / "0089.png",
        (as_folders(f / "m", arrays()) / "eel" / "0089.png").read_bytes()[:60],
    ),
}


@pytest.mark.parametrize("damage", DAMAGED_FILES.values(), ids=DAMAGED_FILES)
def test_damaged_files_are_named(damage, tmp_path):
    file = damage(tmp_path)
    path = tmp_path / "m" if (tmp_path / "m").is_dir() else file
    with pytest.raises(ValueError, match=f"{file.name}.* (is damaged|cannot be read)"):
        datasets.load(path)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "change, message",
    [
        (lambda content: content[:-10], "truncated|must have 2700 bytes"),
        (lambda content: content + b"x", "truncated|must have 2700 bytes"),
        (lambda content: content[:6], "truncated"),
        (lambda content: b"text" + content, "is not an IDX file"),
    ],
)
def test_damaged_idx_files(packed, change, message, tmp_path):
    path = as_idx(tmp_path / "m", arrays(shape=(6, 5), labels=NUMBERS), packed)
    (file,) = path.glob("train-images*")
    content = file.read_bytes()
    content = gzip.compress(change(gzip.decompress(content))) if packed else change(content)
    file.write_bytes(content)
    with pytest.raises(ValueError, match=f"{file.name}.*({message})"):
        datasets.load(path)


def test_incomplete_folders(tmp_path):
    path = as_idx(tmp_path / "idx", arrays(labels=NUMBERS))
    next(path.glob("train-labels*")).unlink()
    with pytest.raises(FileNotFoundError, match="idx has no file train-labels"):
        datasets.load(path)
    path = as_npy(tmp_path / "npy", arrays())
    (path / "y.npy").unlink()
    with pytest.raises(ValidationError, match="npy: y: is missing"):
        datasets.load(path)


def test_images_of_another_size_or_depth(tmp_path):
    path = as_folders(tmp_path / "mine", arrays())
    Image.new("RGB", (7, 6)).save(path / "dog" / "odd.png")
    with pytest.raises(ValueError, match=r"odd.png must be of 5 x 6 pixels .* got 7 x 6"):
        datasets.load(path)
    Image.new("I;16", (5, 6)).save(path / "dog" / "odd.png")
    with pytest.raises(ValueError, match="odd.png must have 8 bits for each colour, got"):
        datasets.load(path)


# --- fingerprints


def test_fingerprint_is_of_the_content_not_of_the_place(tmp_path):
    first = datasets.OwnData(as_npy(tmp_path / "a", arrays())).identity()
    second = datasets.OwnData(as_npy(tmp_path / "b", arrays())).identity()
    other = datasets.OwnData(as_npy(tmp_path / "c", arrays(seed=3))).identity()
    assert first["sha256"] == second["sha256"] != other["sha256"]
    assert first["path"] == str(tmp_path / "a")


def test_fingerprint_of_large_files_looks_at_blocks(tmp_path):
    path = as_npy(tmp_path / "a", {"X": np.zeros((1, 1), np.uint8), "y": NUMBERS})
    with open(path / "X.npy", "r+b") as file:
        file.truncate(2**26)

    def now(place, content):
        with open(path / "X.npy", "r+b") as file:
            file.seek(place)
            file.write(content)
        return datasets.OwnData(path).identity()["sha256"]

    seen = [now(0, b"\0"), now(0, b"\1"), now(2**25 + 2**22, b"\1"), now(2**26 - 1, b"\1")]
    assert len(set(seen)) >= 3  # the first and the last byte count always
