"""A small model of each type, and images on which it learns quickly."""

import numpy as np

import nengo_ngc as ngc
from nengo_ngc import backends

STORED = np.random.RandomState(0).randint(0, 256, (40, 16)).astype(np.uint8)
Y = np.arange(40) % 3
STORED[np.arange(40), Y] = 255  # what tells the classes apart
X = np.divide(STORED, 255, dtype=np.float32)

COMMON = {"batch_size": 10, "random_state": 1}
SETTINGS = {
    "NGCModel": {
        "n_hidden": (4, 3),
        "steps": 4,
        "max_epochs": 2,
        "n_group": 2,
        "n_top_group": 3,
        "n_mixture": 2,
        "learning_rate": 0.01,
    },
    "PFFClassifier": {
        "n_hidden": (5, 4),
        "g_units": 2,
        "n_group": 2,
        "steps": 3,
        "max_epochs": 2,
        "n_mixture": 1,
        "learning_rate": 0.01,
    },
    "RuleClassifier": {"n_hidden": (5,), "max_epochs": 2, "learning_rate": 0.01},
    "SDREncoder": {
        "n_hidden": (5,),
        "n_units": 12,
        "sparsity": 0.2,
        "max_epochs": 2,
        "learning_rate": 0.01,
    },
    "HebbianEncoder": {
        "n_hidden": (4,),
        "n_units": 12,
        "sparsity": 0.2,
        "patch": 2,
        "grid": 2,
        "max_epochs": 3,
    },
}
NAMES = list(SETTINGS)
CLASSIFIERS = NAMES[1:]
TRANSFORMERS = [name for name in NAMES if name != "RuleClassifier"]


def make(name, backend="nengo", **kwargs):
    """A small model; sparse codes are learned by NumPy unless the backend can train."""
    if name == "SDREncoder" and not getattr(backends.BACKENDS[backend], "trainer", None):
        backend = "by-hand"
    settings = {**COMMON, "backend": backend, **SETTINGS[name], **kwargs}
    return getattr(ngc, name)(**settings)


def labels(name, y=Y):
    """The arguments besides images from which a model learns."""
    return () if name == "NGCModel" else (y,)


def classes(name):
    """What a model has to be told at the first call of ``partial_fit``."""
    return {} if name == "NGCModel" else {"classes": [0, 1, 2]}


def output(model, images=X):
    """What a model makes of images."""
    return (
        model.predict_proba(images) if hasattr(model, "classes_") else model.transform(images)
    )


def assert_same_bits(a, b):
    """All that two models have learned is the same, the optimisers' memory included."""
    assert a._task.learned.keys() == b._task.learned.keys()
    for name, array in a._task.learned.items():
        np.testing.assert_array_equal(array, b._task.learned[name], err_msg=name)
