"""Defaults fit small data: what is too large is made smaller, with a warning."""

import numpy as np
import pytest

from .small import NAMES, X, Y, assert_same_bits, labels, make


@pytest.mark.parametrize("name", NAMES)
def test_all_images_make_one_batch(name, tmp_path):
    few = X[:6], *labels(name, Y[:6])
    with pytest.warns(
        UserWarning, match="batch_size=10 is larger than the data: .* 6 samples"
    ):
        found = make(name).fit(*few)
    expected = make(name, batch_size=6).fit(*few)
    assert_same_bits(found, expected)
    assert found.batch_size == 10  # parameters stay what they are
    found.save(tmp_path / "model.npz")
    loaded = type(found).load(tmp_path / "model.npz")
    for model in (found, loaded):
        model.partial_fit(X, *labels(name))
    assert_same_bits(found, loaded)


@pytest.mark.parametrize("name", ["NGCModel", "PFFClassifier", "RuleClassifier"])
def test_few_batches_are_said_to_be_few(name, recwarn):
    make(name, max_epochs=3).fit(X, *labels(name))  # 40 images
    said = "12 batches, 4 in each of 3 epochs; choose a smaller batch_size than 10"
    assert any(said in str(one.message) for one in recwarn)
    recwarn.clear()
    make(name, max_epochs=10).fit(X, *labels(name))
    assert not [one for one in recwarn if "batches" in str(one.message)]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "SDREncoder"])
def test_resumed_as_if_not_interrupted(name, tmp_path):
    few = X[:6], *labels(name, Y[:6])
    whole, part = make(name).fit(*few), make(name)
    next(part.epochs(*few))
    part.save(tmp_path / "model.npz")
    resumed = type(part).load(tmp_path / "model.npz")
    list(resumed.epochs(*few, resume=True))
    assert_same_bits(resumed, whole)


def test_angles_of_few_images():
    model = make("RuleClassifier", rule="feedback-alignment").fit(X, Y)
    few = make("RuleClassifier", rule="feedback-alignment", batch_size=3)
    few.fit(X, Y)._task.learned = model._task.learned
    assert model.alignment(X[:3], Y[:3]) == pytest.approx(few.alignment(X[:3], Y[:3]))
    assert model.alignment(X[:3], Y[:3])["W1"] > 1


def test_one_image():
    model = make("NGCModel").fit(X[:1])
    assert np.all(np.isfinite(model.sample(2)))
