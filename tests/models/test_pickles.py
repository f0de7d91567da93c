"""Models in pickles, in copies and in other processes."""

import copy
import pickle
import pickletools
import subprocess
import sys

import joblib
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV

from .small import NAMES, X, Y, assert_same_bits, classes, labels, make, output

pytestmark = pytest.mark.slow


def by_joblib(model, path):
    joblib.dump(model, path / "model.joblib")
    return joblib.load(path / "model.joblib")


WAYS = {
    "pickle": lambda model, path: pickle.loads(pickle.dumps(model)),
    "joblib": by_joblib,
    "deepcopy": lambda model, path: copy.deepcopy(model),
    "copy": lambda model, path: copy.copy(model),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("way", WAYS)
def test_copies_say_and_learn_the_same(name, way, tmp_path):
    model = make(name, max_epochs=4)
    epochs = model.epochs(X, *labels(name))
    for _ in range(2):
        next(epochs)
    expected = output(model)  # with a simulator that is open
    copied = WAYS[way](model, tmp_path)
    assert copied.get_params() == model.get_params()
    assert copied.history_ == model.history_ and copied.n_features_in_ == 16
    np.testing.assert_array_equal(output(copied), expected)
    for going in (model, copied):
        going.partial_fit(X[:10], *labels(name, Y[:10]))
    assert_same_bits(copied, model)


@pytest.mark.parametrize("name", ["NGCModel", "SDREncoder"])
def test_learning_goes_on_on_either_simulator(name, backend):
    model = make(name, backend, max_epochs=4)
    epochs = model.epochs(X, *labels(name))
    for _ in range(3):
        next(epochs)
    copied = pickle.loads(pickle.dumps(model))
    next(epochs)
    assert len(list(copied.epochs(X, *labels(name), resume=True))) == 1
    assert_same_bits(copied, model)
    np.testing.assert_array_equal(output(copied), output(model))


@pytest.mark.parametrize("name", ["PFFClassifier", "RuleClassifier"])
def test_noise_of_a_stream_goes_on(name):
    """What is drawn at random does not depend on whether a simulator was opened anew."""
    noisy = {"noise": 0.1} if name == "PFFClassifier" else {"neuron_type": "poisson-relu"}
    model = make(name, **noisy, **({"steps": 5} if name == "RuleClassifier" else {}))
    model.partial_fit(X[:20], Y[:20], **classes(name))
    copied = pickle.loads(pickle.dumps(model))
    quiet = copy.deepcopy(model).set_params(noise=0.0) if name == "PFFClassifier" else None
    for going in (model, copied):
        going.partial_fit(X[20:], Y[20:])
    assert_same_bits(copied, model)
    if quiet is not None:
        quiet.partial_fit(X[20:], Y[20:])
        assert np.any(quiet.parameters_["W1"] != model.parameters_["W1"])


def test_pickles_hold_no_simulator(backend):
    model = make("RuleClassifier", backend).fit(X, Y)
    model.predict(X)
    found = set()
    for code, argument, _ in pickletools.genops(pickle.dumps(model, protocol=2)):
        if code.name == "GLOBAL":
            found.add(argument.split(".")[0].split()[0])
    assert found <= {"nengo_ngc", "numpy", "_codecs", "copy_reg", "__builtin__"}


@pytest.mark.parametrize("name", NAMES)
def test_models_that_have_not_learned(name):
    fresh = pickle.loads(pickle.dumps(make(name)))
    assert fresh.get_params() == make(name).get_params()
    with pytest.raises(NotFittedError):
        fresh.transform(X) if name != "RuleClassifier" else fresh.predict(X)
    begun = make(name)
    begun.epochs(X, *labels(name))
    assert_begun = pickle.loads(pickle.dumps(begun))
    assert hasattr(assert_begun, "parameters_") == hasattr(begun, "parameters_")
    assert len(list(assert_begun.epochs(X, *labels(name), resume=True))) == begun.max_epochs


def test_interrupted_phases_leave_no_trace(tmp_path):
    """Units that had begun used to stay behind, so that the model could not be saved."""
    model = make("HebbianEncoder", max_epochs=4)

    def interrupt(batch):
        if (batch["epoch"], batch["batch"]) == (2, 2):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(model.epochs(X, Y, on_batch=interrupt))
    assert set(model.parameters_) == {"W1", "b1"}
    model.save(tmp_path / "model.npz")
    resumed = type(model).load(tmp_path / "model.npz")
    list(resumed.epochs(X, Y, resume=True))
    assert_same_bits(resumed, make("HebbianEncoder", max_epochs=4).fit(X, Y))


IN_ANOTHER_PROCESS = """
import pickle, sys
import numpy as np
with open(sys.argv[1], "rb") as file:
    X, models = pickle.load(file)
found = [getattr(model, use)(X) for model, use in models]
np.savez(sys.argv[2], *found)
assert "tensorflow" not in sys.modules
"""


def test_in_another_process(tmp_path):
    models = []
    for name in NAMES:
        model = make(name).fit(X, *labels(name)).set_params(backend="nengo")
        models.append((model, "predict_proba" if name != "NGCModel" else "transform"))
    (tmp_path / "models").write_bytes(pickle.dumps((X, models)))
    paths = tmp_path / "models", tmp_path / "found.npz"
    subprocess.run([sys.executable, "-c", IN_ANOTHER_PROCESS, *map(str, paths)], check=True)
    with np.load(paths[1]) as found:
        for k, (model, use) in enumerate(models):
            np.testing.assert_array_equal(found[f"arr_{k}"], getattr(model, use)(X))


def test_grid_search_in_other_processes():
    model = make("RuleClassifier", max_epochs=6, n_hidden=(12,))
    grid = {"learning_rate": [1e-6, 0.05]}
    found = [GridSearchCV(model, grid, cv=2, n_jobs=n_jobs).fit(X, Y) for n_jobs in (None, 2)]
    assert found[0].best_params_ == found[1].best_params_ == {"learning_rate": 0.05}
    for key in ("mean_test_score", "std_test_score"):
        np.testing.assert_array_equal(found[0].cv_results_[key], found[1].cv_results_[key])
    assert_same_bits(found[0].best_estimator_, found[1].best_estimator_)
