"""Images that stay as they are stored, in all models."""

import numpy as np
import pytest

from nengo_ngc import Images
from nengo_ngc.models import density, inputs
from nengo_ngc.models.tasks import codes, hebbian
from nengo_ngc.training import task

from .small import (
    CLASSIFIERS,
    NAMES,
    STORED,
    TRANSFORMERS,
    X,
    Y,
    assert_same_bits,
    classes,
    labels,
    make,
)

pytestmark = pytest.mark.slow

ONE_BATCH = 10


class Watched(Images):
    """Images that know how many of them were numbers at once."""

    most = 0

    def __getitem__(self, rows):
        found = super().__getitem__(rows)
        type(self).most = max(self.most, len(found) if found.ndim == 2 else 1)
        return found

    def take(self, rows):
        taken = super().take(rows)
        return type(self)(taken.stored, taken.threshold, taken.rows)


@pytest.mark.parametrize("copied", [np.copy, lambda x: x.copy(), lambda x: x.astype("f4")])
def test_copies_of_mapped_arrays(copied, tmp_path):
    """NumPy calls some of them mapped, although they are in memory."""
    np.save(tmp_path / "X.npy", X.astype(np.float64))
    array = copied(np.load(tmp_path / "X.npy", mmap_mode="r"))
    np.testing.assert_array_equal(Images(array)[:], X)
    found, expected = make("RuleClassifier"), make("RuleClassifier")
    assert_same_bits(found.fit(array, Y), expected.fit(X, Y))
    np.testing.assert_array_equal(found.predict(array), expected.predict(X))


@pytest.fixture(params=["bytes", "floats in a file"])
def watched(request, tmp_path, monkeypatch):
    """The images in a class of their own, which counts anew."""
    for module, name in ((task, "_AT_ONCE"), (hebbian, "_AT_ONCE"), (inputs, "_AT_ONCE")):
        monkeypatch.setattr(module, name, ONE_BATCH)
    monkeypatch.setattr(codes, "_AT_ONCE", ONE_BATCH)
    monkeypatch.setattr(density, "_WEIGHTS_AT_ONCE", ONE_BATCH)
    kind = type("Watched", (Watched,), {})
    if request.param == "bytes":
        return kind(STORED)
    np.save(tmp_path / "X.npy", X)
    return kind(np.load(tmp_path / "X.npy", mmap_mode="r"))


def uses(model, name):
    """All that looks at images, by name."""
    yield from (getattr(model, use) for use in ("transform",) if name in TRANSFORMERS)
    if name == "NGCModel":
        yield model.reconstruct
        yield lambda images: model.reconstruct(images, np.arange(16) < 8)
        yield lambda images: model.score_samples(images, n_samples=5)
        yield model.score
        yield lambda images: model.fit_prior(images).sample(3)
    else:
        yield model.predict
        yield model.predict_proba
        yield lambda images: model.score(images, Y)
    if name == "PFFClassifier":
        yield lambda images: model.fit_prior(images, Y).sample(3)
    if name in ("SDREncoder", "HebbianEncoder"):
        yield lambda images: model.fit_centroids(images, Y).centroids_
    if name == "RuleClassifier":
        yield lambda images: list(model.alignment(images, Y).values())


@pytest.mark.parametrize("name", NAMES)
def test_stored_images_are_like_numbers(name, watched):
    validation = {"X_val": watched, **({} if name == "NGCModel" else {"y_val": Y})}
    found = make(name).fit(watched, *labels(name), **validation)
    validation["X_val"] = X
    expected = make(name).fit(X, *labels(name), **validation)
    assert_same_bits(found, expected)
    timeless = [
        [
            {k: v for k, v in record.items() if k != "samples_per_second"}
            for record in m.history_
        ]
        for m in (found, expected)
    ]
    assert timeless[0] == timeless[1]
    for ours, theirs in zip(uses(found, name), uses(expected, name), strict=True):
        np.testing.assert_array_equal(ours(watched), theirs(X))
    streamed = [
        make(name).partial_fit(images, *labels(name), **classes(name))
        for images in (watched, X)
    ]
    assert_same_bits(*streamed)
    assert 0 < watched.most <= 2 * ONE_BATCH  # of 40


@pytest.mark.parametrize("name", ["NGCModel", "SDREncoder"])
def test_in_minibatches(at_once, name, watched, monkeypatch):
    if at_once == "nengo-dl":
        from nengo_ngc.backends.nengo_dl import autodiff

        monkeypatch.setattr(autodiff, "_MAX_BYTES", 1)
    found = make(name, at_once, max_epochs=1).fit(watched, *labels(name))
    expected = make(name, at_once, max_epochs=1).fit(X, *labels(name))
    assert_same_bits(found, expected)
    np.testing.assert_array_equal(found.transform(watched), expected.transform(X))
    assert 0 < watched.most <= 2 * ONE_BATCH


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "images, message",
    [
        (Images(STORED.reshape(40, 4, 4)[:, :3]), "X has 12 features, but .* is expecting 16"),
        (
            Images(np.where(X > 0.5, np.nan, X)),
            r"(pixels of X must lie in \[0, 1\]|X must be finite), got values from nan",
        ),
        (Images(STORED[:0]), r"0 sample\(s\)"),
    ],
)
def test_bad_stored_images(name, images, message):
    model = make(name).partial_fit(X, *labels(name), **classes(name))
    use = model.predict if name in CLASSIFIERS else model.transform
    with pytest.raises(ValueError, match=message):
        use(images)
