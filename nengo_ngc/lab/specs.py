"""The kinds of model that ``nengo-ngc train`` knows.

Each is one class here: which options it has, how it learns, what is measured of it and
what is drawn. `.lab.runs.Run` and the command line know nothing else of a model.
"""

from abc import ABC, abstractmethod

import numpy as np

from .. import metrics
from ..metrics import codes as analysis
from ..models import HebbianEncoder, NGCModel, PFFClassifier, SDREncoder
from . import plots

N_SHOWN = 12
_N_MAPPED = 1000


class Kind(ABC):
    """What can be done with one kind of model.

    Attributes
    ----------
    estimator : type
        The class of the model.
    arguments : dict of {str: str}
        The estimator's parameter for each option of the command line.
    defaults : dict
        Options for the embedded digits (``"digits"``), and for other data (None).
    binarize : bool
        Whether pixels are made 0 or 1 unless something else is asked for.
    measures : dict of {str: str}
        What ``evaluate`` returns, and how it is called.
    panels : sequence of (str, dict)
        The pictures of the learning curves: what the axis shows, and the label of each
        entry of the model's ``history_``.
    captions : dict of {str: str}
        What the pictures show, by the names of their files.
    n_rows : int
        Rows of samples.
    """

    n_rows = 0
    captions = {"latents": "latents of test images, by t-SNE"}

    _of_all = {
        "hidden": "n_hidden",
        "batch": "batch_size",
        "epochs": "max_epochs",
        "backend": "backend",
        "seed": "random_state",
        "learning_rate": "learning_rate",
        "device": "device",
    }

    def make(self, parameters):
        """A model that has learned nothing."""
        return self.estimator(**parameters)

    def load(self, path):
        """The model in a file."""
        return self.estimator.load(path)

    @abstractmethod
    def epochs(self, model, training, validation, **kwargs):
        """What ``model.epochs`` returns; pairs of images and labels, or None, come in."""

    @abstractmethod
    def finish(self, model, X, y):
        """Fit to the training images what is fitted once learning is over."""

    @abstractmethod
    def say(self, record):
        """An entry of ``history_`` in words."""

    def samples(self, model, n_rows, random_state=None):
        """Rows of samples, and their titles or None."""
        raise ValueError(f"a {type(model).__name__} makes no images, so there are no samples")

    @abstractmethod
    def evaluate(self, model, data, n_log_p, n_samples):
        """Measure a model on test images; see ``measures``."""

    def draw_samples(self, model, image_shape, path, n_rows=None, random_state=None):
        """Write a picture of samples, in rows of twelve."""
        rows, titles = self.samples(model, n_rows or self.n_rows, random_state)
        plots.image_grid(rows, image_shape, path, titles)

    def draw(self, model, data, folder):
        """Write the pictures of a model that has learned into a folder."""
        if self.n_rows:
            self.draw_samples(model, data.image_shape, folder / "samples.png")
        rows = np.random.RandomState(0).permutation(len(data.X_test))[:_N_MAPPED]
        plots.latent_map(
            model.transform(data.X_test[rows]), data.y_test[rows], folder / "latents.png"
        )


class _NGC(Kind):
    """Neural generative coding."""

    estimator = NGCModel
    arguments = {
        **Kind._of_all,
        "steps": "steps",
        "variant": "variant",
        "initial": "initial",
        "momentum": "momentum",
        "tolerance": "tolerance",
        "patience": "n_iter_no_change",
    }
    defaults = {
        "digits": {
            "hidden": (72, 72, 72),
            "batch": 50,
            "epochs": 20,
            "validation": 250,
            "patience": 5,
        },
        None: {
            "hidden": (360, 360, 360),
            "batch": 512,
            "epochs": 50,
            "validation": 10_000,
            "patience": 5,
        },
    }
    binarize = True
    measures = {
        "bce": "cross-entropy of reconstructions (nats)",
        "masked_mse": "squared error, right half hidden",
        "log_p": "log p(x) (nats)",
        "probe_error": "logistic regression on latents, error (%)",
    }
    panels = (
        ("cross-entropy (nats per image)", {"bce": "training", "val_bce": "validation"}),
        ("total discrepancy (squared error per image)", {"discrepancy": "training"}),
    )
    captions = {
        **Kind.captions,
        "samples": "samples",
        "reconstructions": "images and what is made of them, whole and half hidden",
    }
    n_rows = 4

    def epochs(self, model, training, validation, **kwargs):
        X_val = None if validation is None else validation[0]
        return model.epochs(training[0], X_val, **kwargs)

    def finish(self, model, X, y):
        model.fit_prior(X)

    def say(self, record):
        validation = f", validation {record['val_bce']:.2f}" if "val_bce" in record else ""
        steps = f", {record['iterations']:.1f} steps" if "iterations" in record else ""
        return f"BCE {record['bce']:.2f} nats{validation}{steps}"

    def samples(self, model, n_rows, random_state=None):
        images = model.sample(n_rows * N_SHOWN, random_state)
        return images.reshape(n_rows, N_SHOWN, -1), None

    def evaluate(self, model, data, n_log_p, n_samples):
        X, mask = data.X_test, right_half(data.image_shape)
        filled_in = model.reconstruct(X, mask)
        return {
            "bce": metrics.binary_cross_entropy(X, model.reconstruct(X)).mean(),
            "masked_mse": metrics.masked_mse(X, filled_in, mask).mean(),
            "log_p": model.score_samples(X[:n_log_p], n_samples=n_samples).mean(),
            "probe_error": _probe_error(model, data),
        }

    def draw(self, model, data, folder):
        super().draw(model, data, folder)
        X, mask = data.X_test[:N_SHOWN], right_half(data.image_shape)
        plots.image_grid(
            [X, model.reconstruct(X), X * ~mask, model.reconstruct(X, mask)],
            data.image_shape,
            folder / "reconstructions.png",
            titles=["image", "reconstruction", "right half hidden", "filled in"],
        )


class _PFF(Kind):
    """Predictive forward-forward."""

    estimator = PFFClassifier
    arguments = {**Kind._of_all, "steps": "steps", "noise": "noise"}
    defaults = {
        "digits": {
            "hidden": (128, 128),
            "batch": 50,
            "epochs": 30,
            "validation": 250,
            "learning_rate": 1e-3,
        },
        None: {"hidden": (500, 500), "batch": 500, "epochs": 5, "validation": 10_000},
    }
    binarize = False
    measures = {
        "error": "test error, labels tried (%)",
        "pass_error": "test error, one feedforward pass (%)",
        "probe_error": "logistic regression on latents, error (%)",
    }
    panels = (
        ("error (%)", {"val_error": "validation"}),
        (
            "goodness at the last step",
            {"positive_goodness": "positives", "negative_goodness": "negatives"},
        ),
        ("generative loss of positives", {"generative_loss": "training"}),
    )
    captions = {**Kind.captions, "samples": "samples of each class"}
    n_rows = 10

    def epochs(self, model, training, validation, **kwargs):
        return model.epochs(*training, *(validation or ()), **kwargs)

    def finish(self, model, X, y):
        model.fit_prior(X, y)

    def say(self, record):
        error = f"error {record['val_error']:.2f} %, " if "val_error" in record else ""
        return (
            f"{error}goodness {record['positive_goodness']:.2f}, "
            f"of negatives {record['negative_goodness']:.2f}"
        )

    def samples(self, model, n_rows, random_state=None):
        labels = [model.classes_[row % len(model.classes_)] for row in range(n_rows)]
        images = model.sample(
            n_rows * N_SHOWN, label=np.repeat(labels, N_SHOWN), random_state=random_state
        )
        return images.reshape(n_rows, N_SHOWN, -1), [str(label) for label in labels]

    def evaluate(self, model, data, n_log_p, n_samples):
        error = 100 * (1 - model.score(data.X_test, data.y_test))
        one_pass = model.set_params(scan=False).score(data.X_test, data.y_test)
        model.set_params(scan=True)
        return {
            "error": error,
            "pass_error": 100 * (1 - one_pass),
            "probe_error": _probe_error(model, data),
        }


class _SDR(Kind):
    """Sparse distributed representations by k winners."""

    estimator = SDREncoder
    arguments = {
        **Kind._of_all,
        "units": "n_units",
        "sparsity": "sparsity",
        "scaling": "scaling",
    }
    defaults = {
        "digits": {
            "hidden": (64,),
            "batch": 50,
            "epochs": 20,
            "validation": 250,
            "learning_rate": 2e-3,
        },
        None: {"hidden": (64,), "batch": 100, "epochs": 15, "validation": 10_000},
    }
    binarize = False
    measures = {
        "error": "test error, nearest class centroid (%)",
        "active_units": "active units of a code",
        "silent_units": "units that are never active",
        "entropy": "mean entropy of units (bit)",
        "probe_error": "logistic regression on codes, error (%)",
    }
    panels = (
        ("error by centroids (%)", {"val_error": "validation"}),
        ("loss", {"loss": "training"}),
        ("units", {"silent_units": "never active"}),
    )
    captions = {
        **Kind.captions,
        "codes": "how often each unit is active in each class of test images",
    }

    def epochs(self, model, training, validation, **kwargs):
        return model.epochs(*training, *(validation or ()), **kwargs)

    def finish(self, model, X, y):
        model.fit_centroids(X, y)

    def say(self, record):
        error = f"error {record['val_error']:.2f} %, " if "val_error" in record else ""
        return f"{error}loss {record['loss']:.4f}, {record['silent_units']} silent units"

    def evaluate(self, model, data, n_log_p, n_samples):
        codes = model.transform(data.X_test)
        return {
            "error": 100 * (1 - model.score(data.X_test, data.y_test)),
            "active_units": codes.sum(axis=1).mean(),
            "silent_units": np.sum(~codes.any(axis=0)),
            "entropy": analysis.unit_entropy(codes).mean(),
            "probe_error": _probe_error(model, data),
        }

    def draw(self, model, data, folder):
        super().draw(model, data, folder)
        classes, means = analysis.class_means(model.transform(data.X_test), data.y_test)
        plots.class_codes(classes, means, folder / "codes.png")


class _Hebbian(_SDR):
    """Sparse distributed representations without gradients."""

    estimator = HebbianEncoder
    arguments = {
        **{k: v for k, v in _SDR.arguments.items() if k != "scaling"},
        "patch": "patch",
        "grid": "grid",
    }
    defaults = {
        "digits": {
            "hidden": (32,),
            "batch": 20,
            "epochs": 4,
            "validation": 250,
            "patch": 4,
        },
        None: {"hidden": (64,), "batch": 100, "epochs": 3, "validation": 10_000},
    }
    panels = tuple(panel for panel in _SDR.panels if panel[0] != "loss")
    captions = {**_SDR.captions, "filters": "filters"}

    def say(self, record):
        if "silent_units" not in record:
            return record["phase"]
        error = f"error {record['val_error']:.2f} %, " if "val_error" in record else ""
        return f"{record['phase']}, {error}{record['silent_units']} silent units"

    def draw(self, model, data, folder):
        super().draw(model, data, folder)
        filters = model.parameters_["W1"]
        rows = [filters[i : i + 16] for i in range(0, len(filters), 16)]
        plots.image_grid(rows, (model.patch, model.patch), folder / "filters.png")


KINDS = {"ngc": _NGC(), "pff": _PFF(), "sdr": _SDR(), "hebbian": _Hebbian()}


def right_half(image_shape):
    """A mask of the right half of an image, flat, True where hidden."""
    height, width = image_shape
    return np.tile(np.arange(width) >= width // 2, height)


def _probe_error(model, data, n_images=10_000):
    rows = np.random.RandomState(0).permutation(len(data.X_train))[:n_images]
    return metrics.probe_error(
        model.transform(data.X_train[rows]),
        data.y_train[rows],
        model.transform(data.X_test),
        data.y_test,
    )
