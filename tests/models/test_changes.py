"""Models that are interrupted, copied, or set to something else after they have learned."""

import copy
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import nengo_ngc as ngc
from nengo_ngc import Schedule
from nengo_ngc.backends import open_session
from nengo_ngc.models import density, pff
from nengo_ngc.models.tasks import codes
from nengo_ngc.models.tasks import pff as pff_task
from nengo_ngc.networks import PFF
from nengo_ngc.storage import model_files

from ..conftest import needs_jax
from .small import CLASSIFIERS, NAMES, X, Y, make


def fitted(name, **kwargs):
    model = make(name, **kwargs)
    return model.fit(X) if name == "NGCModel" else model.fit(X, Y)


def interrupted(*args, **kwargs):
    raise KeyboardInterrupt


# --- interruptions


@pytest.mark.parametrize("n_mixture", [2, (1, 2)])
def test_an_interrupted_prior_leaves_the_one_before(n_mixture, tmp_path, monkeypatch):
    model = fitted("NGCModel", output="gaussian", n_mixture=n_mixture)
    before = model.sample(3), model.noise_variance_
    made = density.fitted_mixture

    def second(*args, **kwargs):
        found = made(*args, **kwargs)
        monkeypatch.setattr(density, "fitted_mixture", interrupted)
        return found

    monkeypatch.setattr(density, "fitted_mixture", second if n_mixture != 2 else interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.fit_prior(X[:20])
    np.testing.assert_array_equal(model.sample(3), before[0])
    assert model.noise_variance_ == before[1]
    model.save(tmp_path / "model.npz")


def test_a_model_whose_first_prior_was_interrupted_is_saved(tmp_path, monkeypatch):
    model = make("NGCModel", output="gaussian")
    monkeypatch.setattr(density, "fitted_mixture", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X)
    model.save(tmp_path / "model.npz")
    assert ngc.NGCModel.load(tmp_path / "model.npz").n_iter_ == model.max_epochs


def test_an_interrupted_prior_of_classes_leaves_the_one_before(tmp_path, monkeypatch):
    model = fitted("PFFClassifier")
    before = model.sample(6)
    made, calls = pff.fitted_mixture, []

    def second(*args):
        calls.append(args)
        return interrupted() if calls[1:] else made(*args)

    monkeypatch.setattr(pff, "fitted_mixture", second)
    with pytest.raises(KeyboardInterrupt):
        model.fit_prior(X[:20], Y[:20])
    np.testing.assert_array_equal(model.sample(6), before)
    model.save(tmp_path / "model.npz")


@pytest.mark.parametrize("readout", ["mean-codes", "linear"])
@pytest.mark.parametrize("name", ["SDREncoder", "HebbianEncoder"])
def test_mean_codes_are_those_of_the_weights_after_an_interruption(name, readout, monkeypatch):
    model = make(name, max_epochs=4, readout=readout)
    epochs = model.epochs(X, Y, X, Y)
    for _ in range(3):
        next(epochs)
    evidence, means = model._decide(X), model.mean_codes_
    monkeypatch.setattr(codes.CodeTask, "validate", interrupted, raising=False)
    with pytest.raises(KeyboardInterrupt):
        next(epochs)
    np.testing.assert_array_equal(model.mean_codes_, means)
    np.testing.assert_array_equal(model._decide(X), evidence)


def test_a_linear_readout_is_replaced_together_with_the_means(monkeypatch):
    model = fitted("HebbianEncoder", readout="linear")
    means = model.mean_codes_
    monkeypatch.setattr(codes.LinearReadout, "fitted", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.fit_centroids(X[:20], Y[:20])
    np.testing.assert_array_equal(model.mean_codes_, means)


# --- copies


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_shallow_copy_learns_by_itself(name):
    model = make(name, max_epochs=4)
    epochs = model.epochs(X, Y)
    next(epochs), next(epochs)
    other = copy.copy(model)
    assert len([*other.epochs(X, Y, resume=True)]) == 2
    assert (model.n_iter_, other.n_iter_) == (2, 4)
    assert len([*model.epochs(X, Y, resume=True)]) == 2
    for key, array in model.parameters_.items():
        np.testing.assert_array_equal(array, other.parameters_[key])


# --- other settings


def test_steps_shrink_once_epochs_follow_a_stream(tmp_path):
    def model():
        made = make("RuleClassifier", anneal="linear", optimizer="sgd", learning_rate=0.5)
        return made.partial_fit(X, Y, classes=np.unique(Y))

    model().save(tmp_path / "model.npz")
    loaded = ngc.RuleClassifier.load(tmp_path / "model.npz")
    models = [model(), loaded]
    for each in models:
        assert len([*each.epochs(X, Y, resume=True)]) == 2
    assert models[0].history_[-1]["learning_rate"] == loaded.history_[-1]["learning_rate"]
    for key, array in models[0].parameters_.items():
        np.testing.assert_array_equal(array, loaded.parameters_[key])


@pytest.mark.parametrize("rule", ["backprop", "incremental-predictive-coding"])
def test_steps_of_epochs_after_a_stream_begin_with_their_full_size(rule):
    settings = {"rule": rule, "anneal": "linear", "floor": 0.0, "optimizer": "sgd"}
    model = make("RuleClassifier", **settings)
    for _ in range(3):  # 12 updates, and the two epochs have 8
        model.partial_fit(X, Y, classes=[0, 1, 2])
    before = model.parameters_["W1"].copy()
    next(model.epochs(X, Y, resume=True))
    moved = np.abs(model.parameters_["W1"] - before).max()
    assert moved > 0
    next(model.epochs(X, Y, resume=True))  # in the second half, steps are smaller
    assert 0 < np.abs(model.parameters_["W1"] - before).max() < 2 * moved


@pytest.mark.parametrize("name", NAMES)
def test_parameters_are_not_set_during_an_epoch(name):
    """What an epoch has learned until then would be lost."""
    labels = () if name == "NGCModel" else (Y,)
    plain, model = make(name), make(name)
    refused = []

    def on_batch(about):
        with pytest.raises(RuntimeError, match="verbose must be set between epochs"):
            model.set_params(verbose=False)
        refused.append(about["batch"])

    for _ in plain.epochs(X, *labels):
        pass
    for _ in model.epochs(X, *labels, on_batch=on_batch):
        model.set_params(verbose=False)
    assert refused
    for key, array in plain.parameters_.items():
        np.testing.assert_array_equal(model.parameters_[key], array)


def test_an_assigned_parameter_has_an_effect():
    models = [make("RuleClassifier", anneal=False) for _ in range(2)]
    for model in models:
        next(model.epochs(X, Y))
    models[0].learning_rate = 1e-9
    models[1].set_params(learning_rate=1e-9)
    before = models[0].parameters_["W1"].copy()
    for model in models:
        next(model.epochs(X, Y, resume=True))
        np.testing.assert_allclose(model.parameters_["W1"], before, atol=1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_a_model_may_be_used_in_threads(name, backend):
    use = "transform" if name == "NGCModel" else "predict_proba"
    model = fitted(name, backend=backend)
    parts = [X[i : i + 5] for i in range(0, 40, 5)] * 4
    expected = [getattr(model, use)(part) for part in parts]
    with ThreadPoolExecutor(3) as pool:
        for found, wanted in zip(pool.map(getattr(model, use), parts), expected):
            np.testing.assert_array_equal(found, wanted)


def test_what_would_not_be_loaded_is_not_saved(tmp_path):
    model = fitted("RuleClassifier").set_params(weight_decay=0.01)
    with pytest.raises(ValueError, match="weight_decay"):
        model.save(tmp_path / "model.npz")
    assert not list(tmp_path.iterdir())
    model.set_params(weight_decay=0.0)
    about = {"a": "x" * model_files._MAX_HEADER}
    with pytest.raises(ValueError, match="what is not an array must take at most"):
        model.save(tmp_path / "model.npz", about)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "use", [lambda m: m.partial_fit(X, Y), lambda m: m.epochs(X, Y, resume=True)]
)
def test_settings_are_checked_before_a_model_goes_on(use):
    model = fitted("RuleClassifier").set_params(weight_decay=0.01)
    with pytest.raises(ValueError, match="weight_decay"):
        use(model)


@needs_jax
@pytest.mark.parametrize(
    "use", [lambda m: m.partial_fit(X, Y), lambda m: m.epochs(X, Y, resume=True)]
)
def test_a_model_does_not_go_on_by_another_kind_of_rule(use):
    model = fitted("RuleClassifier", backend="jax", rule="autodiff")
    model.set_params(rule="feedback-alignment")
    with pytest.raises(ValueError, match="rule was changed to 'feedback-alignment' after"):
        use(model)
    assert model.fit(X, Y).n_iter_ == 2


def test_nudging_of_a_stream_has_the_sign_of_the_first_epoch():
    model = make("RuleClassifier", rule="predictive-coding", centred=True, nudging=0.5)
    signs, seen = [], ngc.models.tasks.rules.RuleTask.learn

    def learn(task, x, y):
        signs.append(task._sign)
        return seen(task, x, y)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ngc.models.tasks.rules.RuleTask, "learn", learn)
        model.fit(X, Y).partial_fit(X, Y)
    assert signs == [1.0] * 4 + [-1.0] * 4 + [1.0] * 4


def test_filters_may_learn_from_many_patches_in_a_stream():
    model = make("HebbianEncoder", patches_per_image=5, max_epochs=3)
    model.partial_fit(X, Y, classes=np.unique(Y))
    assert set(model.predict(X)) <= set(Y)


# --- arguments


def test_texts_are_no_numbers():
    y = np.arange(40) % 20
    model = make("RuleClassifier").fit(X, y)
    with pytest.raises(ValueError, match="y must have the labels"):
        model.partial_fit(X, y.astype(str))


def test_arguments_that_would_be_ignored():
    model = make("RuleClassifier")
    with pytest.raises(ValueError, match="X_val must be given together with y_val"):
        model.fit(X, Y, y_val=Y)
    model = fitted("SDREncoder")
    with pytest.raises(ValueError, match="parameters must be None with resume=True"):
        model.epochs(X, Y, resume=True, parameters=model.parameters_)


def test_components_are_compared_on_images_of_all_kinds(monkeypatch):
    model = fitted("NGCModel")
    monkeypatch.setattr(density, "_COMPARED_IMAGES", 5)
    seen = []
    scored = type(model).score_samples

    def score_samples(self, images, *args, **kwargs):
        seen.append(np.asarray(images))
        return scored(self, images, *args, **kwargs)

    monkeypatch.setattr(type(model), "score_samples", score_samples)
    model.set_params(n_mixture=(1, 2)).fit_prior(X, X)
    first, second = seen
    np.testing.assert_array_equal(first, second)
    assert len(first) == 5 and not np.array_equal(first, X[:5])


@pytest.mark.parametrize("name", NAMES)
def test_names_of_features_are_kept_in_files(name, tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=[f"pixel {k}" for k in range(16)])
    model = make(name)
    model.fit(frame) if name == "NGCModel" else model.fit(frame, Y)
    model.save(tmp_path / "model.npz")
    loaded = type(model).load(tmp_path / "model.npz")
    np.testing.assert_array_equal(loaded.feature_names_in_, frame.columns)
    use = loaded.predict_proba if name == "RuleClassifier" else loaded.transform
    use(frame)
    with pytest.raises(ValueError, match="feature names should match"):
        use(frame[frame.columns[::-1]])
    fitted(name).save(tmp_path / "other.npz")
    assert not hasattr(type(model).load(tmp_path / "other.npz"), "feature_names_in_")


# --- random numbers


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_noise_differs_between_epochs_and_between_calls(optimizer, backend, monkeypatch):
    kwargs = {"noise": 0.1, "g_units": 0, "optimizer": optimizer, "learning_rate": 1e-3}
    model = make("PFFClassifier", backend, **kwargs)
    seeds, shifts = [], []
    session = type(model.partial_fit(X, Y, classes=np.unique(Y))._task.training)
    reset, make_wrong = session.reset, pff_task.wrong_labels

    def watched(self, seed=None):
        seeds.append(seed)
        reset(self, seed)

    def wrong_labels(random_state, X, target):
        found = make_wrong(random_state, X, target)
        shifts.append(found[1].tobytes())
        return found

    monkeypatch.setattr(session, "reset", watched)
    monkeypatch.setattr(pff_task, "wrong_labels", wrong_labels)
    model = make("PFFClassifier", backend, **kwargs).fit(X, Y)
    of_epochs = [seed for seed in seeds if seed is not None]
    assert len({*of_epochs}) == len(of_epochs) == 2
    seeds.clear(), shifts.clear()
    for _ in range(3):
        model.partial_fit(X[:10], Y[:10])
    of_calls = [seed for seed in seeds if seed is not None]
    assert len({*of_calls}) == len(of_calls) == 3 and not {*of_calls} & {*of_epochs}
    assert len({*shifts}) == len(shifts) == 3


def test_a_seed_decides_what_is_random(backend):
    together = 2 if backend in ("nengo-dl", "jax") else 1
    schedule = Schedule(4, 2, online=True, interleave=2 // together)

    def build():
        return PFF((16, 6, 5), 3, 0, schedule, noise=0.5, seed=0, optimizer=None)

    session = open_session(backend, build, 2, ["z2"], inputs=("input", "target", "kind"))

    def seen(seed):
        session.reset(seed)
        given = {"target": np.eye(3)[Y[:2]], "kind": np.ones((2, 1))}
        return session.present(X[:2], learn=True, **given)["z2"]

    one, two, again = seen(1), seen(2), seen(1)
    np.testing.assert_array_equal(again, one)
    assert np.any(two != one)
    session.close()
