"""Models that learn from images that come once, by partial_fit."""

import copy

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from nengo_ngc import DivergenceError

from .small import CLASSIFIERS, NAMES, X, Y, assert_same_bits, classes, labels, make

pytestmark = pytest.mark.slow

CLASSES = [0, 1, 2]


def streamed(model, images=X, y=Y):
    """A copy of a model that has learned images in one call."""
    name = type(model).__name__
    return clone(model).partial_fit(images, *labels(name, y), **classes(name))


def taught_in_order(name, backend):
    """A model after one epoch, and the order in which it saw images."""
    constant = {"anneal": False} if name in ("RuleClassifier", "SDREncoder") else {}
    smaller = {"n_hidden": (4,), "g_units": 0, "steps": 1} if name == "PFFClassifier" else {}
    model = make(name, backend, **constant, **smaller)
    next(model.epochs(X, *labels(name)))
    return model, np.random.RandomState([model._seed, 0]).permutation(len(X))


@pytest.mark.parametrize("name", ["NGCModel", "PFFClassifier", "RuleClassifier", "SDREncoder"])
def test_a_stream_teaches_what_an_epoch_does(name, backend):
    expected, order = taught_in_order(name, backend)
    found = streamed(expected, X[order], Y[order])
    assert_same_bits(found, expected)
    assert found.n_iter_ == 0 and expected.n_iter_ == 1


@pytest.mark.parametrize("name", ["NGCModel", "RuleClassifier", "SDREncoder"])
def test_a_stream_in_parts_is_one_stream(name):
    model = make(name)
    in_parts = streamed(model, X[:20], Y[:20]).partial_fit(X[20:], *labels(name, Y[20:]))
    assert_same_bits(in_parts, streamed(model))


def test_units_of_a_stream_learn_in_any_parts():
    first = streamed(make("HebbianEncoder"), X[:20], Y[:20])
    at_once = copy.deepcopy(first).partial_fit(X[20:], Y[20:])
    in_parts = copy.deepcopy(first).partial_fit(X[20:30], Y[20:30]).partial_fit(X[30:], Y[30:])
    assert_same_bits(in_parts, at_once)
    for name, changes in {"W1": False, "b1": False, "W2": True, "b2": True}.items():
        changed = at_once.parameters_[name] != first.parameters_[name]
        assert np.any(changed) == changes


def test_filters_and_units_of_a_stream_start_as_its_images():
    still = {"learning_rate": 1e-12, "homeostasis": 0.0}
    model = streamed(make("HebbianEncoder", **still))
    np.testing.assert_allclose(
        model._task._present("cells", X[:12]), model.parameters_["W2"], atol=1e-6
    )
    patches = [x.reshape(4, 4)[i : i + 2, j : j + 2] for x in X for i, j in np.ndindex(3, 3)]
    for row in model.parameters_["W1"]:
        assert np.abs(np.reshape(patches, (-1, 4)) - row).max(axis=1).min() < 1e-6


def test_a_stream_of_codes_after_epochs_goes_on_in_their_phase():
    model = make("HebbianEncoder", max_epochs=4)
    epochs = model.epochs(X, Y)
    for phase, changes in (("filters", "W1"), ("units", "W2"), ("units", "W2")):
        assert next(epochs)["phase"] == phase
        going = copy.deepcopy(model).partial_fit(X, Y)
        changed = {
            name
            for name, p in model.parameters_.items()
            if np.any(p != going.parameters_[name])
        }
        assert changed == {changes, f"b{changes[1]}"}
    next(epochs)
    going = copy.deepcopy(model).partial_fit(X, Y)
    np.testing.assert_array_equal(going.parameters_["W2"], model.parameters_["W2"])
    assert np.any(going.parameters_["b2"] != model.parameters_["b2"])


@pytest.mark.parametrize("name", [name for name in NAMES if name != "SDREncoder"])
def test_simulators_agree(at_once, name):
    found = [streamed(make(name, backend)).parameters_ for backend in ("nengo", at_once)]
    for key, array in found[0].items():
        np.testing.assert_allclose(found[1][key], array, atol=1e-4, err_msg=key)


@pytest.mark.parametrize("name", ["RuleClassifier", "SDREncoder"])
def test_steps_do_not_shrink(name):
    found = [streamed(make(name, anneal=anneal)) for anneal in (True, False)]
    for key, array in found[1].parameters_.items():
        np.testing.assert_allclose(found[0].parameters_[key], array, atol=1e-5)


def test_steps_after_fit_are_those_of_its_end():
    """They have shrunk to a twentieth."""
    fitted = make("RuleClassifier", rule="pes", n_hidden=(5,)).fit(X, Y)
    small, large = copy.deepcopy(fitted), copy.deepcopy(fitted)
    small.partial_fit(X[:10], Y[:10])
    large._task.n_updates = 2**31 - 1
    large.partial_fit(X[:10], Y[:10])
    steps = [m.parameters_["W2"] - fitted.parameters_["W2"] for m in (small, large)]
    np.testing.assert_allclose(steps[0], 0.05 * steps[1], rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_a_stream_goes_on_after_fit_and_after_loading(name, tmp_path):
    model = make(name).fit(X, *labels(name))
    if name == "SDREncoder":
        model.set_params(backend="by-hand")
    model.save(tmp_path / "model.npz")
    loaded = type(model).load(tmp_path / "model.npz")
    before = model.parameters_
    for going in (model, loaded):
        going.partial_fit(X[:10], *labels(name, Y[:10]))
        assert going.n_iter_ == len(going.history_) == model.max_epochs
    assert_same_bits(loaded, model)
    assert any(np.any(before[key] != array) for key, array in model.parameters_.items())


@pytest.mark.parametrize("name", NAMES)
def test_streams_are_saved(name, tmp_path):
    model = streamed(make(name), X[:20], Y[:20])
    model.save(tmp_path / "model.npz")
    loaded = type(model).load(tmp_path / "model.npz")
    for going in (model, loaded):
        going.partial_fit(X[20:], *labels(name, Y[20:]))
    assert_same_bits(loaded, model)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_labels_are_predicted_after_the_first_call(name):
    model = make(name).partial_fit(X[:20], Y[:20] % 2, classes=CLASSES)
    np.testing.assert_array_equal(model.classes_, CLASSES)
    assert set(model.predict(X)) <= {0, 1, 2}
    assert model.predict_proba(X).shape == (40, 3)


@pytest.mark.parametrize("name", ["SDREncoder", "HebbianEncoder"])
def test_centroids_of_absent_classes_stay(name):
    model = make(name).partial_fit(X[:20], Y[:20], classes=CLASSES)
    before = model.centroids_.copy()
    assert np.all(before.sum(axis=1) == 3)
    model.partial_fit(X[20:], np.zeros(20, int))
    np.testing.assert_array_equal(model.centroids_[1:], before[1:])
    of_zero = copy.deepcopy(model).partial_fit(X[:20], np.ones(20, int)).centroids_
    np.testing.assert_array_equal(of_zero[0], model.centroids_[0])


def test_further_calls_draw_other_negatives():
    drawn = []

    def negatives(random_state, x, target):
        drawn.append(random_state.randint(10**6))
        return x, np.roll(target, 1, axis=1)

    model = make("PFFClassifier", negatives=negatives)
    model.partial_fit(X[:10], Y[:10], classes=CLASSES)
    model.partial_fit(X[:10], Y[:10])
    assert drawn[0] == np.random.RandomState([model._seed, 0, 1]).randint(10**6)
    assert drawn[1] != drawn[0]


def test_negatives_may_be_made_in_place():
    def anew(random_state, x, target):
        return 0.5 * x, np.roll(target, 1, axis=1)

    def in_place(random_state, x, target):
        x[:], target[:] = anew(random_state, x, target)
        return x, target

    assert_same_bits(
        *(
            streamed(make("PFFClassifier", negatives=f), X[:10], Y[:10])
            for f in (anew, in_place)
        )
    )


# --- any number of images


def others(random_state, x, target):
    """Negative samples that are the same in each call."""
    return x, np.roll(target, 1, axis=1)


@pytest.mark.parametrize("name", NAMES)
def test_images_that_do_not_fill_a_batch_are_a_smaller_one(name):
    settings = {"negatives": others} if name == "PFFClassifier" else {}
    whole = streamed(make(name, **settings), X[:20], Y[:20])
    parts = copy.deepcopy(whole)
    for start in (20, 0):  # the second time there is a session for batches of three
        rows = slice(start, start + 13)
        whole.partial_fit(X[rows], *labels(name, Y[rows]))
        for size, part in ((10, slice(start, start + 10)), (3, slice(start + 10, start + 13))):
            parts.set_params(batch_size=size)
            parts.partial_fit(X[part], *labels(name, Y[part]))
    assert_same_bits(whole, parts)


@pytest.mark.parametrize("name", ["NGCModel", "RuleClassifier", "HebbianEncoder"])
def test_simulators_agree_on_any_number_of_images(at_once, name):
    if (at_once, name) == ("nengo-dl", "NGCModel"):
        pytest.skip("one model is enough on NengoDL")
    # of images of a few numbers, two units may tie, and rounding then decides who wins
    images = np.random.RandomState(3).rand(*X.shape)
    found = []
    for backend in ("nengo", at_once):
        model = streamed(make(name, backend), images[:17], Y[:17])
        model.partial_fit(images[17:20], *labels(name, Y[17:20]))
        found.append(model.partial_fit(images[20:], *labels(name, Y[20:])).parameters_)
    for key, array in found[0].items():
        np.testing.assert_allclose(found[1][key], array, atol=1e-4, err_msg=key)


def test_few_images_are_units_of_a_stream():
    model = make("HebbianEncoder")
    with pytest.warns(UserWarning, match="n_units=12 is larger than the data: there are 7"):
        model.partial_fit(X[:7], Y[:7], classes=CLASSES)
    assert model.partial_fit(X, Y).transform(X).shape == (40, 7)


# --- refusing


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize(
    "given, y, message",
    [
        (None, Y, "classes must be given at the first call of partial_fit, got None"),
        ([1], Y, "classes must have two classes or more, got 1 class"),
        ([0.5, 1.5], Y, "y must have the labels|classes must be labels"),
        ([0, 1], Y, r"y must have the labels \[0, 1\], got 2"),
        (CLASSES, None, "requires y to be passed"),
        (CLASSES, Y[:-1], "39 labels and 40 images"),
    ],
)
def test_bad_labels(name, given, y, message):
    model = make(name)
    with pytest.raises(ValueError, match=message):
        model.partial_fit(X, y, classes=given)
    assert not hasattr(model, "parameters_") and not hasattr(model, "classes_")


def test_other_classes_at_a_further_call():
    model = make("RuleClassifier").partial_fit(X, Y, classes=[2, 0, 1])
    model.partial_fit(X, Y, classes=np.array([1, 0, 2]))
    message = r"classes must be those of the first call, \[0, 1, 2\], got \[0, 1\]"
    with pytest.raises(ValueError, match=message):
        model.partial_fit(X, Y, classes=[0, 1])


def test_codes_need_automatic_differentiation():
    model = make("SDREncoder").set_params(backend="plain")
    with pytest.raises(ValueError, match="must be 'nengo-dl', 'jax'.* by gradients.*'plain'"):
        model.partial_fit(X, Y, classes=CLASSES)


@pytest.mark.parametrize("first", [True, False])
def test_divergence_leaves_the_model_as_it_was(first):
    model = make("RuleClassifier", n_hidden=(8,) * 6, anneal=False)
    if not first:
        model.partial_fit(X, Y, classes=CLASSES)
    before = copy.deepcopy(model)
    model.set_params(learning_rate=1e38)
    with pytest.raises(DivergenceError), np.errstate(all="ignore"):
        model.partial_fit(X, Y, classes=CLASSES)
    if first:
        with pytest.raises(NotFittedError):
            model.predict(X)
    else:
        assert_same_bits(model, before)
