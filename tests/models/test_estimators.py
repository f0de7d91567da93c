"""The model in scikit-learn's manner: learning, using, keeping and refusing."""

import copy
import functools
import json
import os
import pickle

import nengo
import numpy as np
import pytest
from scipy.special import logsumexp
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import nengo_ngc as ngc
from nengo_ngc import datasets
from nengo_ngc.backends import Backend
from nengo_ngc.backends.session import Session
from nengo_ngc.metrics import binary_cross_entropy
from nengo_ngc.models import NGCModel
from nengo_ngc.networks.convolutional import Layers
from nengo_ngc.storage import model_files
from nengo_ngc.storage.model_files import FLOATS, WHOLES
from nengo_ngc.training import task
from nengo_ngc.training.autodiff import _expected_of_training

DIGITS = datasets.load("digits").X_train
X, X_VAL = DIGITS[:60], DIGITS[60:75]
RIGHT_HALF = np.tile(np.arange(8) >= 4, 8)


def model(backend="nengo", **kwargs):
    return NGCModel(
        **{
            "n_hidden": (8, 6),
            "steps": 5,
            "batch_size": 10,
            "max_epochs": 4,
            "backend": backend,
            "random_state": 4,
            "learning_rate": 0.02,
            "n_group": 2,
            "n_top_group": 3,
            "n_mixture": 3,
            **kwargs,
        }
    )


@functools.cache
def fitted(backend="nengo"):
    """A model that is shared by tests: copy it before it is changed."""
    return model(backend).fit(X, X_val=X_VAL)


def untrained(**kwargs):
    started = model(**kwargs)
    started.epochs(X)
    return started


def assert_same_bits(a, b):
    """All that learning changed is the same, the optimisers' memory included."""
    assert a._task.learned.keys() == b._task.learned.keys()
    for name, array in a._task.learned.items():
        np.testing.assert_array_equal(array, b._task.learned[name], err_msg=name)


def mean_bce(images, mu):
    return binary_cross_entropy(images, mu).mean()


@pytest.fixture
def presented(monkeypatch):
    """The images that models have learned from, in order."""
    images, present = [], Session.present

    def spy(self, X, learn=False, **others):
        if learn:
            images.extend(X)
        return present(self, X, learn, **others)

    monkeypatch.setattr(Session, "present", spy)
    return images


# --- learning


def test_fit_lowers_the_cross_entropy(backend):
    before = mean_bce(X_VAL, untrained().reconstruct(X_VAL))
    after = mean_bce(X_VAL, fitted(backend).reconstruct(X_VAL))
    assert after < 0.75 * before


def test_history(backend):
    history = fitted(backend).history_
    assert [entry["epoch"] for entry in history] == [1, 2, 3, 4]
    assert fitted(backend).n_iter_ == 4
    for key in ("bce", "val_bce", "discrepancy"):
        assert history[-1][key] < history[0][key]
    expected = mean_bce(X_VAL, fitted(backend).reconstruct(X_VAL))
    assert history[-1]["val_bce"] == pytest.approx(expected, rel=1e-5)


def test_history_is_of_images_before_they_changed_the_weights():
    whole = untrained(batch_size=60)
    expected = mean_bce(X, whole.reconstruct(X))
    entry = next(whole.epochs(X))
    assert entry["bce"] == pytest.approx(expected, rel=1e-5)
    assert entry["samples_per_second"] > 0
    assert "val_bce" not in entry


@pytest.mark.parametrize("variant, state", [("t1-sigma", "z1"), ("pdh", "phi_z1")])
def test_discrepancy_is_summed_over_layers(variant, state):
    whole = untrained(variant=variant, batch_size=60)
    settled = whole._task.training.present(X)
    expected = np.sum((X - settled["mu0"]) ** 2)
    expected += np.sum((settled[state] - settled["mu1"]) ** 2)
    found = next(whole.epochs(X))["discrepancy"]
    assert found == pytest.approx(expected / 60, rel=1e-9)


def test_batches_are_reported():
    seen = []
    list(model(max_epochs=2).epochs(X[:35], on_batch=seen.append))
    assert [(b["epoch"], b["batch"]) for b in seen] == [
        (epoch, batch) for epoch in (1, 2) for batch in (1, 2, 3)
    ]
    assert all(b["n_batches"] == 3 and b["samples_per_second"] > 0 for b in seen)
    again = model(max_epochs=2).fit(X[:35]).history_
    for epoch in (0, 1):
        mean = np.mean([b["bce"] for b in seen[3 * epoch : 3 * epoch + 3]])
        assert again[epoch]["bce"] == pytest.approx(mean)


def test_progress_is_shown_if_asked_for(capsys):
    model(max_epochs=2, verbose=True).fit(X[:30])
    shown = capsys.readouterr().err
    for part in ("epoch 1/2", "epoch 2/2", "BCE ", "samples/s"):
        assert part in shown
    model(max_epochs=2).fit(X[:30])
    assert capsys.readouterr().err == ""


def test_stops_early():
    """If nothing is learned, no epoch is better than the first."""
    still = model(variant="t1", learning_rate=1e-30, n_iter_no_change=2, max_epochs=6)
    assert still.fit(X[:10], X_val=X_VAL).n_iter_ == 3
    assert still.fit(X[:10]).n_iter_ == 6


@pytest.mark.parametrize(
    "scores, stops",
    [
        ([5, 4], False),
        ([5, 4, 3, 3.5], False),
        ([5, 3, 4, 3.5], True),
        ([5, 3, 4, 3], True),
        ([3, 4, 5, 2.9], False),
    ],
)
def test_patience(scores, stops):
    going = copy.deepcopy(fitted()).set_params(n_iter_no_change=2, max_epochs=9)
    going.history_[:] = [{"val_bce": score} for score in scores]
    assert (next(going.epochs(X, X_VAL, resume=True), None) is None) == stops


def test_order_changes_with_epoch_and_seed(presented):
    for seed in (4, 4, 5):
        list(model(max_epochs=2, random_state=seed).epochs(X))
    rows = {image.tobytes(): row for row, image in enumerate(X)}
    order = np.reshape([rows[image.tobytes()] for image in presented], (6, 60))
    np.testing.assert_array_equal(np.sort(order), np.tile(np.arange(60), (6, 1)))
    np.testing.assert_array_equal(order[:2], order[2:4])
    assert len(np.unique(order, axis=0)) == 4


def test_left_over_images_change_with_epoch(presented):
    assert len(X) % 25 == 10
    list(model(max_epochs=2, batch_size=25).epochs(X))
    assert len(presented) == 100
    halves = presented[:50], presented[50:]
    first, second = ({image.tobytes() for image in half} for half in halves)
    assert len(first) == len(second) == 50
    assert first != second


def test_fit_starts_afresh(backend):
    """Same seed, same bits: neither what was learned nor validation leaves a trace."""
    again = copy.deepcopy(fitted(backend)).partial_fit(X)
    assert np.any(again.parameters_["W1"] != fitted(backend).parameters_["W1"])
    again.fit(X)
    assert_same_bits(again, fitted(backend))
    assert again.n_iter_ == len(again.history_) == 4
    np.testing.assert_array_equal(again.sample(5), fitted(backend).sample(5))


def test_another_seed_is_another_model():
    a, b = (model(random_state=seed, max_epochs=1).fit(X) for seed in (4, 5))
    assert np.any(a.parameters_["W1"] != b.parameters_["W1"])


def test_interrupted_epoch_is_taken_up_from_its_start(backend, tmp_path):
    def interrupt(batch):
        if (batch["epoch"], batch["batch"]) == (3, 4):
            raise KeyboardInterrupt

    half = model(backend)
    with pytest.raises(KeyboardInterrupt):
        list(half.epochs(X, X_VAL, on_batch=interrupt))
    assert half.n_iter_ == len(half.history_) == 2
    half.save(tmp_path / "half.npz")
    for resumed in (half, NGCModel.load(tmp_path / "half.npz")):
        assert len(list(resumed.epochs(X, X_VAL, resume=True))) == 2
        assert_same_bits(resumed, fitted(backend))
        for found, expected in zip(resumed.history_, fitted(backend).history_):
            assert found.keys() == expected.keys()
            assert all(found[k] == expected[k] for k in ("epoch", "bce", "val_bce"))


def test_partial_fit_learns_in_the_order_given(backend, presented):
    straight = model(backend, n_hidden=(4,))
    next(straight.epochs(X))
    images = np.array(presented)
    in_parts = clone(straight).partial_fit(images[:20]).partial_fit(images[20:])
    assert_same_bits(in_parts, straight)


# --- using what was learned


def test_shapes_and_ranges(backend):
    settled = fitted(backend)
    assert settled.transform(X).shape == (60, 6)
    for images in (settled.reconstruct(X[:7]), settled.sample(7)):
        assert images.shape == (7, 64)
        assert np.all((images >= 0) & (images <= 1))
    log_p = settled.score_samples(X[:7], n_samples=10)
    assert log_p.shape == (7,)
    assert np.all(log_p < 0)


def test_images_do_not_depend_on_their_neighbours(backend):
    alone = np.concatenate([fitted(backend).transform(x[None]) for x in X[:12]])
    np.testing.assert_allclose(fitted(backend).transform(X)[:12], alone, atol=1e-6)


def test_images_settle_from_rest(backend):
    """Neither voltages nor filtered spikes of the images before change anything."""
    spiking = model(backend, activation=nengo.LIF(), steps=30, max_epochs=1, tolerance=0.2)
    expected = spiking.fit(X[:20]).transform(X[:12])
    assert np.ptp(expected) > 0.01
    np.testing.assert_array_equal(spiking.transform(X[:12][::-1]), expected[::-1])
    np.testing.assert_array_equal(spiking.transform(X[11:14])[0], expected[11])


def test_noise_repeats_when_training_is_resumed(backend, tmp_path):
    kwargs = {"n_hidden": (8,), "steps": 3, "batch_size": 10, "max_epochs": 2, "g_units": 0}
    whole = ngc.PFFClassifier(noise=0.1, backend=backend, random_state=0, **kwargs)
    labels = np.arange(20) % 2
    epochs = whole.epochs(X[:20], labels)
    next(epochs)
    whole.save(tmp_path / "half.npz")
    next(epochs)
    resumed = ngc.PFFClassifier.load(tmp_path / "half.npz")
    list(resumed.epochs(X[:20], labels, resume=True))
    assert_same_bits(resumed, whole)


def test_simulators_agree(at_once, tmp_path):
    fitted("nengo").save(tmp_path / "model.npz")
    other = NGCModel.load(tmp_path / "model.npz").set_params(backend=at_once)
    expected = fitted("nengo").transform(X)
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(other.transform(X), expected, rtol=0, atol=1e-4)


def test_hidden_pixels_count_for_nothing(backend):
    mask = np.tile(RIGHT_HALF, (60, 1))
    filled = fitted(backend).reconstruct(X, RIGHT_HALF)
    for other in (np.where(mask, 1 - X, X), np.where(mask, 0.5, X)):
        np.testing.assert_array_equal(fitted(backend).reconstruct(other, mask), filled)
    assert np.any(fitted(backend).reconstruct(np.where(mask, X, 1 - X), mask) != filled)
    assert np.any(fitted(backend).reconstruct(X) != filled)
    nothing = fitted(backend).reconstruct(X, np.zeros(64, dtype=bool))
    np.testing.assert_allclose(nothing, fitted(backend).reconstruct(X), atol=1e-6)


def test_mask_of_each_image():
    mask = np.arange(60)[:, None] < 30  # the first images are hidden, others are not
    filled = fitted().reconstruct(X, np.tile(mask, 64))
    assert len(np.unique(filled[:30], axis=0)) == 1
    np.testing.assert_allclose(filled[30:], fitted().reconstruct(X)[30:])


def test_samples_repeat():
    np.testing.assert_array_equal(fitted().sample(5), fitted().sample(5))
    np.testing.assert_array_equal(fitted().sample(5, 1), fitted().sample(5, 1))
    assert np.any(fitted().sample(5, 1) != fitted().sample(5, 2))
    rng = np.random.RandomState(1)
    assert np.any(fitted().sample(5, rng) != fitted().sample(5, rng))


def test_samples_are_not_sorted():
    """Those of one component of the prior do not come one after another."""
    points = copy.deepcopy(fitted())
    points.mixture_.weights_ = np.full(3, 1 / 3)
    points.mixture_.means_ = np.arange(3)[:, None] * np.ones(6)
    points.mixture_.covariances_ = np.zeros((3, 6, 6))
    images = points.sample(60)
    assert len(np.unique(images.round(6), axis=0)) == 3
    assert np.ptp(images[:10].round(6), axis=0).max() > 0


def test_samples_are_like_the_data():
    """Nearer to the mean digit than what an untrained model draws."""
    blank = untrained().fit_prior(X)
    distances = [
        np.abs(m.sample(200).mean(axis=0) - X.mean(axis=0)).mean() for m in (fitted(), blank)
    ]
    assert distances[0] < 0.75 * distances[1]


@pytest.mark.parametrize("n_samples", [1, 50])
def test_score_is_the_mean_likelihood_under_samples(n_samples):
    images = X[:6]
    log_p = [-binary_cross_entropy(images, mu) for mu in fitted().sample(n_samples)]
    expected = logsumexp(log_p, axis=0) - np.log(n_samples)
    found = fitted().score_samples(images, n_samples=n_samples)
    np.testing.assert_allclose(found, expected)


def test_score():
    expected = fitted().score_samples(X[:6], n_samples=5000).mean()
    assert fitted().score(X[:6]) == expected
    assert expected > fitted().score(1 - X[:6])


@pytest.mark.parametrize("chunk_size", [1, 7, 1000])
def test_chunks_only_save_memory(chunk_size):
    found = fitted().score_samples(X[:6], n_samples=30, chunk_size=chunk_size)
    np.testing.assert_allclose(found, fitted().score_samples(X[:6], n_samples=30))


def test_prior_follows_the_parameters():
    changed = copy.deepcopy(fitted()).partial_fit(X)
    with pytest.raises(NotFittedError, match="call fit or fit_prior"):
        changed.sample()
    assert changed.fit_prior(X).sample().shape == (1, 64)


def test_prior_is_of_top_latents():
    prior = fitted().mixture_
    expected = fitted().transform(X).mean(axis=0)
    np.testing.assert_allclose(prior.weights_ @ prior.means_, expected, atol=1e-6)


def test_prior_of_few_images():
    few = copy.deepcopy(fitted()).set_params(n_mixture=50).fit_prior(X[:20])
    assert len(few.mixture_.weights_) == 20


def test_looking_follows_learning():
    """Simulators that were opened before are not used after."""
    learning = copy.deepcopy(fitted())
    before = learning.transform(X), learning.reconstruct(X, RIGHT_HALF)
    learning.partial_fit(X)
    after = learning.transform(X), learning.reconstruct(X, RIGHT_HALF)
    fresh = copy.deepcopy(learning)
    expected = fresh.transform(X), fresh.reconstruct(X, RIGHT_HALF)
    for old, new, same in zip(before, after, expected):
        assert np.any(new != old)
        np.testing.assert_array_equal(new, same)


def test_changed_parameters_take_effect():
    changed = copy.deepcopy(fitted())
    before = changed.transform(X)
    assert np.all(before != changed.set_params(steps=9).transform(X))
    np.testing.assert_array_equal(before, changed.set_params(steps=5).transform(X))


def test_interrupted_presentation_leaves_no_trace(backend, monkeypatch):
    interrupted = copy.deepcopy(fitted(backend))
    expected = interrupted.transform(X[:3])
    runner_class = type(interrupted._task._sessions["infer"])

    def amid(self, data):
        self.steps = 2
        present(self, data)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        present = runner_class._present
        patch.setattr(runner_class, "_present", amid)
        with pytest.raises(KeyboardInterrupt):
            interrupted.transform(X[:3])
    np.testing.assert_array_equal(interrupted.transform(X[:3]), expected)


# --- what is not fitted


@pytest.mark.parametrize(
    "use",
    [
        lambda m: m.transform(X),
        lambda m: m.reconstruct(X),
        lambda m: m.sample(),
        lambda m: m.score(X),
        lambda m: m.score_samples(X),
        lambda m: m.fit_prior(X),
        lambda m: m.save("never written"),
    ],
)
def test_not_fitted(use, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotFittedError, match="NGCModel"):
        use(model())
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("use", [NGCModel.sample, lambda m: m.score(X)])
def test_no_prior(use):
    with pytest.raises(NotFittedError, match="call fit or fit_prior"):
        use(model().partial_fit(X))


# --- keeping


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "model.npz"
    fitted().save(path)
    return path


def test_what_is_saved_is_loaded(backend, tmp_path):
    fitted(backend).save(tmp_path / "model.npz")
    loaded = NGCModel.load(tmp_path / "model.npz")
    assert loaded.get_params() == fitted(backend).get_params()
    assert loaded.history_ == fitted(backend).history_
    assert loaded.n_iter_ == 4
    assert_same_bits(loaded, fitted(backend))
    for use in (
        lambda m: m.transform(X),
        lambda m: m.sample(5),
        lambda m: m.score_samples(X[:5], n_samples=50),
    ):
        np.testing.assert_array_equal(use(loaded), use(fitted(backend)))


def test_without_prior(tmp_path):
    model().partial_fit(X).save(tmp_path / "model.npz")
    with pytest.raises(NotFittedError, match="call fit or fit_prior"):
        NGCModel.load(tmp_path / "model.npz").sample()


def test_numbers_of_numpy_are_saved(tmp_path):
    settings = {
        "n_hidden": np.array([4, 3]),
        "steps": np.int64(3),
        "learning_rate": np.float32(0.5),
        "random_state": np.random.RandomState(0),
    }
    started = untrained(**settings)
    started.save(tmp_path / "model.npz")
    loaded = NGCModel.load(tmp_path / "model.npz")
    assert (loaded.n_hidden, loaded.steps, loaded.learning_rate) == ((4, 3), 3, 0.5)
    np.testing.assert_array_equal(loaded.transform(X), started.transform(X))


def test_neuron_types_are_not_saved(tmp_path):
    spiking = untrained(activation=nengo.SpikingRectifiedLinear())
    assert spiking.transform(X).shape == (60, 6)
    with pytest.raises(ValueError, match="activation=SpikingRectifiedLinear.*saved"):
        spiking.save(tmp_path / "model.npz")
    assert os.listdir(tmp_path) == []


def test_truncated(path):
    content = path.read_bytes()
    for size in (0, 100, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:size])
        with pytest.raises(ValueError, match=r"model\.npz is damaged"):
            NGCModel.load(path)


def test_damaged(path):
    content = bytearray(path.read_bytes())
    start = content.index(fitted().parameters_["W1"].tobytes())
    content[start] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.npz is damaged"):
        NGCModel.load(path)


def test_other_kind(path):
    class OtherModel(NGCModel):
        pass

    message = r"model\.npz holds a NGCModel .*expected a OtherModel"
    with pytest.raises(ValueError, match=message):
        OtherModel.load(path)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"parameters": None},
        {"parameters": [1, 2]},
        {"parameters": {"n_hiden": [8, 6]}},
        {"parameters": {"variant": "of the future"}},
        {"seed": None},
        {"n_features_in": None},
        {"history": None},
        {"history": 4},
        {"history": [3]},
        {"history": [{"epoch": 2}]},
        {"history": [{"epoch": 1}, {"epoch": 1}]},
        {"history": [{"epoch": 1, "bce": None}]},
        {"unknown": 1},
    ],
)
def test_other_header(path, changes):
    header, arrays = contents(path)
    header.update(changes)
    for name in [name for name, value in changes.items() if value is None]:
        del header[name]
    model_files.save(path, header, arrays)
    if not changes:
        assert_same_bits(NGCModel.load(path), fitted())
        return
    with pytest.raises(ValueError, match=r"model\.npz.*; replace it by a copy"):
        NGCModel.load(path)


def contents(path):
    """The header and the arrays of a model file, unchecked."""
    with np.load(path) as file:
        header = json.loads(file["header.json"])
        arrays = {k: file[k] for k in file.files if k not in ("header.json", "sha256")}
    return header, arrays


def absent(name):
    return lambda arrays: arrays.pop(name)


def converted(name, dtype):
    return lambda arrays: arrays.update({name: arrays[name].astype(dtype)})


def replaced(name, array):
    return lambda arrays: arrays.update({name: array})


@pytest.mark.parametrize(
    "change, message",
    [
        (absent("mixture/means_"), "lacks mixture/means_"),
        (absent("state/W1"), "there are no weights|lacks state/W1"),
        (absent("state/M2"), "lacks state/M2"),
        (absent("state/W1/optimizer_v"), "lacks state/W1/optimizer_v"),
        (absent("previous"), "lacks previous"),
        (converted("state/W1", np.float16), "state/W1 must be of a type .* got <f2"),
        (converted("state/W1", np.int64), "state/W1 must be of a type .* got <i8"),
        (converted("state/W1", np.uint64), "state/W1 must be of a type .* got <u8"),
        (replaced("state/M2", np.zeros((6, 64))), r"state/M2 must have shape \(64, 6\)"),
        (replaced("state/W9", np.zeros((6, 6))), "has unknown state/W9"),
        (replaced("mixture/weights_", np.ones(3)), "weights of a mixture must be"),
        (replaced("mixture/weights_", np.ones(1)), "same number of components"),
    ],
)
def test_other_arrays(path, change, message):
    header, arrays = contents(path)
    change(arrays)
    model_files.save(path, header, arrays)
    with pytest.raises(ValueError, match=rf"model\.npz .*{message}.*; replace it by a copy"):
        NGCModel.load(path)


def of_autodiff(*shapes):
    return {f"state/autodiff/{k}": shape for k, shape in enumerate(shapes)}


@pytest.mark.parametrize(
    "shapes",
    [
        [(), (4, 6), (4, 6), (2, 4), (2, 4), (4,), (4,), (2,), (2,), ()],
        [(), (4, 6), (4, 6), (2, 4), (2, 4), (6,), (6,), ()],  # joined by NengoDL
    ],
)
def test_what_autodiff_leaves(shapes):
    found = of_autodiff(*shapes)
    layers = Layers((6, 4, 2))
    expected = _expected_of_training(found, layers, n_remembered=1)
    assert {name: array.shape for name, array in expected.items()} == found
    types = [array.types for array in expected.values()]
    assert types == [WHOLES, *(len(shapes) - 2) * [FLOATS], WHOLES]
    for wrong in (shapes[1:], [*shapes, ()], [(), (1, 4, 6), *shapes[2:]]):
        with pytest.raises(ValueError, match="must have the shapes of weights and biases"):
            _expected_of_training(of_autodiff(*wrong), layers, n_remembered=1)


@pytest.mark.parametrize("kind", [complex, "O"])
def test_arrays_that_are_not_saved(tmp_path, kind):
    learned = copy.deepcopy(fitted())
    learned._task.learned["W1"] = learned._task.learned["W1"].astype(kind)
    with pytest.raises(ValueError, match="state/W1 must be of a type like"):
        learned.save(tmp_path / "model.npz")
    assert os.listdir(tmp_path) == []


def test_sizes_of_which_a_file_has_nothing_are_not_built(path):
    header, arrays = contents(path)
    header["parameters"]["n_hidden"] = [8, 10**9]
    model_files.save(path, header, arrays)
    with pytest.raises(ValueError, match="no weights between 8 and 1000000000 units"):
        NGCModel.load(path)


def test_parameters_that_would_not_be_loaded_are_not_saved(tmp_path):
    learned = copy.deepcopy(fitted()).set_params(verbose="yes")
    with pytest.raises(ValueError, match="parameters.verbose must be true or false"):
        learned.save(tmp_path / "model.npz")


def test_parameters_of_another_network_are_not_saved(tmp_path):
    learned = copy.deepcopy(fitted()).set_params(variant="t1")
    with pytest.raises(ValueError, match="changed after it had learned: it has unknown"):
        learned.save(tmp_path / "model.npz")
    assert os.listdir(tmp_path) == []


def test_what_is_said_about_a_model_is_kept(tmp_path):
    fitted().save(tmp_path / "model.npz", about={"dataset": "digits"})
    assert NGCModel.load(tmp_path / "model.npz").about_ == {"dataset": "digits"}


SPRUNG = []


class Trap:
    """What a pickle would run."""

    def __reduce__(self):
        return exec, (f"import {__name__} as tests; tests.SPRUNG.append(1)",)


def test_loading_runs_nothing(path):
    header, arrays = contents(path)
    arrays["state/W1"] = np.array([Trap()], dtype=object)
    np.savez(path, header=np.array(json.dumps(header)), **arrays)
    with pytest.raises(ValueError, match=r"model\.npz is damaged"):
        NGCModel.load(path)
    path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ValueError, match=r"model\.npz is damaged"):
        NGCModel.load(path)
    assert SPRUNG == []
    pickle.loads(path.read_bytes())
    assert SPRUNG == [1]


def test_copies(backend):
    expected = fitted(backend).transform(X[:5])  # opens a simulator
    for copied in (
        copy.deepcopy(fitted(backend)),
        pickle.loads(pickle.dumps(fitted(backend))),
    ):
        np.testing.assert_array_equal(copied.transform(X[:5]), expected)
        np.testing.assert_array_equal(copied.sample(5), fitted(backend).sample(5))
    fresh = clone(fitted(backend))
    assert fresh.get_params() == fitted(backend).get_params()
    assert not hasattr(fresh, "parameters_")


# --- divergence


def test_divergence_is_named_and_undone(backend, tmp_path):
    diverging = copy.deepcopy(fitted(backend))
    diverging.save(tmp_path / "before.npz")
    diverging.set_params(learning_rate=10.0, max_epochs=8)
    for learn in (
        lambda: diverging.partial_fit(X),
        lambda: list(diverging.epochs(X, resume=True)),
    ):
        with pytest.raises(ngc.DivergenceError, match=r"Prec1 .*learning rate") as caught:
            learn()
        assert caught.value.where == "Prec1"
        assert caught.value.step > 0
        assert f"timestep {caught.value.step}" in str(caught.value)
    for kept in (diverging, NGCModel.load(tmp_path / "before.npz")):
        assert_same_bits(kept, fitted(backend))
        np.testing.assert_array_equal(kept.sample(5), fitted(backend).sample(5))
        assert kept.n_iter_ == len(kept.history_) == 4
    np.testing.assert_array_equal(diverging.transform(X), fitted(backend).transform(X))


@pytest.mark.filterwarnings("ignore:overflow")
def test_divergence_of_states(backend):
    diverging = model(backend, n_hidden=(4,), variant="t1", beta=1e30, steps=15)
    with pytest.raises(ngc.DivergenceError, match=r"timestep \d+: (z1|mu0) is not finite"):
        diverging.fit(X)
    assert all(np.all(np.isfinite(p)) for p in diverging.parameters_.values())


def test_divergence_begins_before_numbers_end(backend):
    """Latents of any size used to end in an error of scikit-learn's about its mixture."""
    diverging = copy.deepcopy(fitted(backend))
    diverging._task.learned["W2"] = 1e7 * diverging._task.learned["W2"]
    steps = []
    for use in (lambda: diverging.fit_prior(X), lambda: diverging.partial_fit(X)):
        message = r"diverged at timestep \d+: (phi_)?[zm]\w+ has reached \d\.\de\+\d+"
        with pytest.raises(ngc.DivergenceError, match=message) as caught:
            use()
        steps.append(caught.value.step)
    assert steps[0] % 5 == 0 and steps[0] > 0


def test_parameters_are_looked_at_within_an_epoch(monkeypatch):
    monkeypatch.setattr(task, "_LOOK_EVERY", 2)
    state, diverging, seen = Session.state, copy.deepcopy(fitted()), []
    broken = {"V1": np.full((8, 8), 1e11)}
    monkeypatch.setattr(Session, "state", lambda self: {**state(self), **broken})
    diverging.set_params(max_epochs=9)
    with pytest.raises(ngc.DivergenceError, match="V1 has reached 1.0e[+]11, more than 1e"):
        list(diverging.epochs(X, on_batch=seen.append, resume=True))
    assert len(seen) == 1


def test_what_optimisers_count_may_be_large():
    learning = copy.deepcopy(fitted())
    learning._task.learned["W1/optimizer_t"] = np.array(1e9)
    learning.partial_fit(X)


def test_parameters_that_are_not_finite_are_not_kept(monkeypatch):
    state, diverging = Session.state, copy.deepcopy(fitted())
    broken = {"W2/optimizer_v": np.full((8, 6), np.nan)}
    monkeypatch.setattr(Session, "state", lambda self: {**state(self), **broken})
    with pytest.raises(ngc.DivergenceError, match="W2/optimizer_v is not finite"):
        diverging.partial_fit(X)
    assert_same_bits(diverging, fitted())


# --- refusing


@pytest.mark.parametrize("learn", [NGCModel.fit, NGCModel.epochs])
def test_failed_fit_leaves_the_model_as_it_was(learn):
    learned = copy.deepcopy(fitted())
    with pytest.raises(ValueError, match="X_val must have 50 features like X, got 64"):
        learn(learned, X[:9, :50], X_val=X_VAL)
    np.testing.assert_array_equal(learned.transform(X), fitted().transform(X))


def with_value(value):
    bad = X.copy()
    bad[3, 5] = value
    return bad


@pytest.fixture
def no_work(monkeypatch):
    """Whoever makes a simulator has not checked everything before."""
    fitted()

    def fail(*args, **kwargs):
        raise AssertionError("work has begun")

    monkeypatch.setattr(Backend, "open", fail)


BAD_IMAGES = [
    (with_value(np.nan), "X contains NaN"),
    (with_value(np.inf), "X contains infinity"),
    (with_value(-0.1), r"pixels of X must lie in \[0, 1\], got values from -0\.1"),
    (X * 255, r"pixels of X must lie in \[0, 1\], got values from 0\.0 to 255\.0"),
    (X[0], "Expected 2D array, got 1D array"),
    (X.reshape(60, 8, 8), "dim 3"),
    (X[:0], r"0 sample\(s\)"),
    (X[:, :0], r"0 feature\(s\)"),
    ([["a"] * 64] * 10, "could not convert string"),
]


@pytest.mark.parametrize("images, message", BAD_IMAGES)
@pytest.mark.parametrize("method", ["fit", "partial_fit", "epochs"])
def test_bad_images_are_not_learned(backend, no_work, method, images, message):
    with pytest.raises(ValueError, match=message):
        getattr(model(backend), method)(images)


@pytest.mark.parametrize(
    "images, message",
    [*BAD_IMAGES, (X[:, :60], "X has 60 features, but NGCModel is expecting 64 features")],
)
@pytest.mark.parametrize(
    "method", ["transform", "reconstruct", "score_samples", "fit_prior", "partial_fit"]
)
def test_bad_images_are_not_looked_at(no_work, method, images, message):
    with pytest.raises(ValueError, match=message):
        getattr(copy.deepcopy(fitted()), method)(images)


@pytest.mark.parametrize(
    "images, message",
    [
        (X_VAL[:, :60], "X_val must have 64 features like X, got 60"),
        (with_value(np.nan), "X_val contains NaN"),
        (X_VAL * 2, r"pixels of X_val must lie in \[0, 1\], got values from 0\.0 to 2\.0"),
        (X_VAL[:0], r"0 sample\(s\)"),
    ],
)
def test_bad_validation_images(no_work, images, message):
    with pytest.raises(ValueError, match=message):
        model().fit(X, X_val=images)


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"variant": "phd"}, r"unknown variant 'phd' \(did you mean 'pdh'\?\).*t1-sigma"),
        ({"backend": "nengo_dl"}, r"unknown backend 'nengo_dl' \(did you mean 'nengo-dl'"),
        ({"activation": "rely"}, r"unknown activation 'rely' \(did you mean 'relu'\?\)"),
        ({"batch_size": 0}, "batch_size: must be a whole number of at least 1, got 0"),
        ({"batch_size": 2.5}, "batch_size: must be a whole number of at least 1, got 2.5"),
        ({"steps": 0}, "steps: must be a whole number of at least 1, got 0"),
        ({"max_epochs": -1}, "max_epochs: must be a whole number of at least 1, got -1"),
        (
            {"n_mixture": 0},
            "n_mixture: must be a whole number of at least 1 or a sequence of .*, got 0",
        ),
        ({"n_iter_no_change": 0}, "n_iter_no_change: must be .*at least 1 or None, got 0"),
        (
            {"n_hidden": ()},
            r"n_hidden: must be a sequence of 1 or more whole numbers of at least 1.*got \(\)",
        ),
        (
            {"n_hidden": 8},
            "n_hidden: must be a sequence of 1 or more whole numbers of at least 1.*got 8",
        ),
        ({"n_hidden": (8, 0)}, r"n_hidden: must be .* of at least 1.*got \(8, 0\)"),
        ({"n_hidden": (8, 2.5)}, r"n_hidden: must be .* whole numbers .*got \(8, 2\.5\)"),
    ],
)
def test_bad_parameters(backend, no_work, parameters, message):
    with pytest.raises(ValueError, match=message):
        model(**{"backend": backend, **parameters}).fit(X)


def test_device_is_for_nengo_dl(no_work):
    with pytest.raises(
        ValueError, match="device: must be None with backend='nengo', got '/gpu"
    ):
        model("nengo", device="/gpu:0").fit(X)


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"beta": 0}, "beta.* 0"),
        ({"leak": -1}, "leak.* -1"),
        ({"learning_rate": 0}, "learning_rate.* 0"),
        ({"n_group": 0}, "n_group.* 0"),
    ],
)
def test_bad_parameters_of_the_network(no_work, parameters, message):
    with pytest.raises(ValueError, match=message):
        model(**parameters).fit(X)


@pytest.mark.parametrize("shape", [(63,), (60, 63), (1, 64), (64, 60)])
def test_bad_mask(backend, shape):
    with pytest.raises(ValueError) as caught:
        fitted(backend).reconstruct(X, np.zeros(shape, dtype=bool))
    expected = f"mask must have shape (64,) or (60, 64), got {shape}"
    assert str(caught.value) == expected


@pytest.mark.parametrize("n", [0, -1, 2.5, None])
def test_bad_numbers_of_samples(n):
    for use, name in (
        (lambda: fitted().sample(n), "n_samples"),
        (lambda: fitted().score_samples(X, n_samples=n), "n_samples"),
        (lambda: fitted().score_samples(X, chunk_size=n), "chunk_size"),
    ):
        message = f"{name}: must be a whole number of at least 1, got {n}"
        with pytest.raises(ValueError, match=message):
            use()
